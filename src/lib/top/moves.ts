import {formatDuration} from '../time.ts'
import type {Act} from './acts.ts'
import type {AnyScreen, Move} from './screen.ts'
import {SCREENS} from './screens/index.ts'
import {type Effect, noticed, type State, type Step, type View, withView} from './state.ts'
import {textLine} from './text-line.ts'

/** How often to look, ms. */
const PACES = [500, 1000, 2000, 5000, 10_000, 30_000] as const

/** What a key's answer makes of the state. */
export function moved(state: State, move: Move): Step {
  switch (move.kind) {
    case 'own':
      return step(withView(state, view => ({...view, own: move.own})))
    case 'open':
      return step(opened(state, move.screen, move.own), {kind: 'look'})
    case 'back':
      return step(back(state), {kind: 'look'})
    case 'go':
      return step(gone(state, move.screen, move.own), {kind: 'look'})
    case 'refresh':
      return step(state, {kind: 'look'})
    case 'act':
    case 'prepare':
    case 'undo':
      return acting(state, move)
    case 'form': {
      const {form} = move
      const overlay = {kind: 'form', form, lines: form.fields.map(({value}) => textLine(value)), field: 0, wrong: form.fields.map(() => null)} as const
      return step({...state, overlay})
    }
    case 'prompt':
      return step({...state, overlay: {kind: 'prompt', prompt: move.prompt, line: textLine(move.prompt.text), wrong: null}})
    case 'notice':
      return step(noticed(state, move.text, move.tone))
    case 'copy':
      return step(noticed(state, `copied: ${move.text}`), {kind: 'copy', text: move.text})
    case 'help':
      return step({...state, overlay: {kind: 'help', offset: 0}})
    case 'freeze':
      return state.frozenAt === null ? step({...state, frozenAt: state.now}) : step({...state, frozenAt: null}, {kind: 'look'})
    case 'repaint':
      return step(state, {kind: 'repaint'}, {kind: 'look'})
    case 'suspend':
      return step(suspended(state))
    case 'pace':
      return step(paced(state, move.step))
    case 'mode':
      return step(switched(state))
    case 'quit':
      return (state.stacks[state.tab]?.length ?? 0) > 1 ? step(back(state), {kind: 'look'}) : leaving(state)
    case 'leave':
      return step(state, {kind: 'quit'})
  }
}

function step(state: State, ...effects: readonly Effect[]): Step {
  return {state, effects}
}

/** Not without a word about the job in the hand. */
function leaving(state: State): Step {
  const {inHand, isLeaving} = state
  if (inHand === null || isLeaving) return step(state, {kind: 'quit'})
  return step(noticed({...state, isLeaving: true}, `job ${inHand} is in your hand and goes back when you quit: q again quits`, 'warning'))
}

/** Nobody would keep a lease, nor go on with what was begun. */
function suspended(state: State): State {
  if (state.overlay?.kind === 'busy') return noticed(state, 'not while something is being done')
  if (state.inHand !== null) return noticed(state, `not while job ${state.inHand} is in your hand: its lease would run out`, 'warning')
  return {...state, suspensions: state.suspensions + 1}
}

function opened(state: State, screen: string, own: unknown): State {
  const view: View = {number: state.nextView, screen: screenOf(screen).id, own, seen: null}
  const stack = [...(state.stacks[state.tab] ?? []), view]
  return {...state, nextView: state.nextView + 1, stacks: {...state.stacks, [state.tab]: stack}}
}

function back(state: State): State {
  const stack = state.stacks[state.tab] ?? []
  return stack.length > 1 ? {...state, stacks: {...state.stacks, [state.tab]: stack.slice(0, -1)}} : state
}

/** To a numbered screen: as it was left, or as `own` says. */
function gone(state: State, screen: string, own: unknown): State {
  if (own === undefined) return {...state, tab: screen}
  const {id} = screenOf(screen)
  const view: View = {number: state.nextView, screen: id, own, seen: null}
  return {...state, tab: id, nextView: state.nextView + 1, stacks: {...state.stacks, [id]: [view]}}
}

function screenOf(id: string): AnyScreen {
  const screen = SCREENS[id]
  if (screen === undefined) throw new Error(`no screen ${id}`)
  return screen
}

function paced(state: State, by: 1 | -1): State {
  const at = PACES.findIndex(ms => ms >= state.intervalMs)
  const next = PACES[Math.min(PACES.length - 1, Math.max(0, (at === -1 ? PACES.length - 1 : at) + by))] ?? state.intervalMs
  return noticed({...state, intervalMs: next}, `refresh every ${formatDuration(next)}`)
}

function switched(state: State): State {
  if (!state.mayAct) return noticed(state, 'looking only: --read-only was given', 'warning')
  return state.mode === 'admin'
    ? noticed({...state, mode: 'ops'}, 'OPS: looking only')
    : noticed({...state, mode: 'admin'}, 'ADMIN: capitals change things; A ends it', 'warning')
}

/** The only way to an act: not while looking only, not while the database is away. */
function acting(state: State, move: Extract<Move, {kind: 'act' | 'prepare' | 'undo'}>): Step {
  if (!state.mayAct || state.mode !== 'admin') return step(noticed(state, 'looking only: press A for ADMIN', 'warning'))
  if (state.trouble !== null) return step(noticed(state, 'the database is away: nothing can be changed', 'warning'))
  if (move.kind === 'prepare') {
    return step({...state, overlay: {kind: 'busy', what: move.what, done: 0, total: 0}}, {kind: 'prepare', prepare: move.prepare})
  }
  if (move.kind === 'undo') {
    if (state.undo === null) return step(noticed(state, 'nothing to undo: nothing has been done here yet'))
    if (state.undo === 'never') return step(noticed(state, 'what was done last cannot be undone', 'warning'))
    return running({...state, undo: null}, state.undo)
  }
  if (move.act.tier.kind === 'at_once') return running(state, move.act)
  return step({...state, overlay: {kind: 'confirm', act: move.act, line: textLine(), openedAt: state.now}})
}

/** Does it, without a question. */
export function running(state: State, act: Act): Step {
  return step({...state, overlay: {kind: 'busy', what: act.title, done: 0, total: 0}}, {kind: 'run', act})
}

/** One move after another. */
export function inTurn(state: State, moves: readonly Move[]): Step {
  return moves.reduce<Step>(
    (before, move) => {
      const after = moved(before.state, move)
      return {state: after.state, effects: [...before.effects, ...after.effects]}
    },
    {state, effects: []},
  )
}
