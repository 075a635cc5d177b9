import {formatDuration} from '../time.ts'
import {keyNamed} from './keys.ts'
import {inTurn, moved} from './moves.ts'
import {pasted, pressedOver} from './overlay.ts'
import {type Event, momentOf, noticed, shownScreen, type State, type Step, withView} from './state.ts'

/** ADMIN ends by itself after this long without a key. */
const IDLE_MS = 5 * 60_000
/** A notice stays this long, and until the next key at least. */
const NOTICE_MS = 15_000

/** What an event makes of the state, and what is to be done about it. Pure: it asks no clock and no store. */
export function reduce(state: State, event: Event): Step {
  switch (event.kind) {
    case 'key':
      return oneKeyLater(state, pressed({...state, now: Math.max(state.now, event.at), lastKeyAt: event.at}, event.name))
    case 'paste':
      return only(state.overlay === null ? state : {...state, overlay: pasted(state.overlay, event.text)})
    case 'resized':
      return resized(state, event.size)
    case 'clock':
      return only(aged({...state, now: event.at}))
    case 'looked':
      return only(aged(looked(state, event)))
    case 'lost':
      return only(aged({...state, trouble: event.trouble, now: event.at}))
    case 'found':
      return {state: noticed({...state, trouble: null, now: event.at}, event.note, 'good'), effects: [{kind: 'look'}]}
    case 'prepared':
      return state.overlay?.kind === 'busy' ? moved({...state, overlay: null, now: event.at}, {kind: 'act', act: event.act}) : only(state)
    case 'progress':
      return only(state.overlay?.kind === 'busy' ? {...state, overlay: {...state.overlay, done: event.done, total: event.total}} : state)
    case 'acted': {
      const {notice, undo = 'never', moves = []} = event.done
      const text = undo === 'never' ? notice : `${notice}  U undo`
      const {state: next, effects} = inTurn({...closedBusy(state), undo, now: event.at}, moves)
      return {state: noticed(next, text, 'good'), effects: [...effects, {kind: 'look'}]}
    }
    case 'refused':
      return {state: noticed({...reopened(state), now: event.at}, event.message, 'error'), effects: [{kind: 'look'}]}
  }
}

/** What the terminal makes of a frame of another size, nobody knows: it is drawn anew. */
function resized(state: State, size: State['size']): Step {
  if (size.columns === state.size.columns && size.rows === state.size.rows) return only(state)
  return {state: {...state, size}, effects: [{kind: 'repaint'}, {kind: 'look'}]}
}

function only(state: State): Step {
  return {state, effects: []}
}

function closedBusy(state: State): State {
  return state.overlay?.kind === 'busy' ? {...state, overlay: null} : state
}

/** As before it was tried: a form stays filled in. */
function reopened(state: State): State {
  return state.overlay?.kind === 'busy' ? {...state, overlay: state.overlay.form ?? null} : state
}

/** That q was answered with a warning counts for one key. */
function oneKeyLater({isLeaving}: State, {state, effects}: Step): Step {
  return {state: isLeaving ? {...state, isLeaving: false} : state, effects}
}

function pressed(state: State, name: string): Step {
  if (name === 'ctrl-c') return moved(state, {kind: 'leave'})
  if (name === 'ctrl-z') return moved(state, {kind: 'suspend'})
  if (state.overlay !== null) return pressedOver(state, state.overlay, name)
  const moment = momentOf(state)
  const key = keyNamed(name, shownScreen(state), moment)
  if (key === null) return only({...state, notice: null})
  if (key.acts === true && state.mode !== 'admin') return only(noticed(state, state.mayAct ? 'looking only: press A for ADMIN' : 'looking only: --read-only was given', 'warning'))
  return inTurn({...state, notice: null}, [key.press(moment)].flat())
}

function looked(state: State, {view, facts, inHand, at, tookMs}: Extract<Event, {kind: 'looked'}>): State {
  const now = {...state, now: at, tookMs, inHand}
  // The answer to a question of a screen that has been left meanwhile.
  return withView(now, shown => (shown.number === view ? {...shown, seen: {facts, at}} : shown))
}

/** What passes by itself. */
function aged(state: State): State {
  const quiet = state.notice !== null && state.now - state.notice.at > NOTICE_MS ? {...state, notice: null} : state
  if (quiet.mode !== 'admin' || quiet.now - quiet.lastKeyAt <= IDLE_MS) return quiet
  const away = {...quiet, mode: 'ops', overlay: quiet.overlay?.kind === 'busy' ? quiet.overlay : null} as const
  return noticed(away, `ADMIN ended: no key for ${formatDuration(IDLE_MS)}`, 'warning')
}
