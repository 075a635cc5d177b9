import {inTurn, moved, running} from './moves.ts'
import {noticed, type Overlay, type State, type Step} from './state.ts'
import {edited, pastedText, type TextLine, typed} from './text-line.ts'

/** A key that comes so soon after a question was typed before anybody could read it. */
const UNREAD_MS = 250
const HELP_PAGE = 10

/** What a key does while something lies over the screen. */
export function pressedOver(state: State, overlay: Overlay, name: string): Step {
  if (name === 'esc') return closed(state, overlay)
  switch (overlay.kind) {
    case 'help':
      return helped(state, overlay, name)
    case 'confirm':
      return answered(state, overlay, name)
    case 'form':
      return filled(state, overlay, name)
    case 'prompt':
      return prompted(state, overlay, name)
    case 'busy':
      return only(state)
  }
}

/** Text that was pasted goes into what is being typed, and nowhere else. Where there is one line only, several are refused: none is lost silently. */
export function pasted(overlay: Overlay, text: string): Overlay {
  const whole = pastedText(text)
  switch (overlay.kind) {
    case 'prompt': {
      const one = oneLine(whole)
      return one === null ? {...overlay, wrong: SEVERAL_LINES} : {...overlay, line: typed(overlay.line, one), wrong: null}
    }
    case 'form': {
      const more = overlay.form.fields[overlay.field]?.hasLines === true ? whole : oneLine(whole)
      if (more === null) return {...overlay, wrong: overlay.wrong.with(overlay.field, SEVERAL_LINES)}
      return {...overlay, lines: overlay.lines.map((line, at) => (at === overlay.field ? typed(line, more) : line)), wrong: overlay.wrong.with(overlay.field, null)}
    }
    default:
      return overlay
  }
}

const SEVERAL_LINES = 'nothing was pasted: it has several lines, and here is room for one'

/** Copied lines often have their end with them. */
function oneLine(text: string): string | null {
  const line = text.replace(/\n$/, '')
  return line.includes('\n') ? null : line
}

function only(state: State): Step {
  return {state, effects: []}
}

function closed(state: State, overlay: Overlay): Step {
  const open = {...state, overlay: null}
  return {state: open, effects: overlay.kind === 'busy' ? [{kind: 'stop'}] : []}
}

function helped(state: State, overlay: Extract<Overlay, {kind: 'help'}>, name: string): Step {
  const by = {down: 1, j: 1, up: -1, k: -1, pagedown: HELP_PAGE, space: HELP_PAGE, pageup: -HELP_PAGE}[name]
  if (by !== undefined) return only({...state, overlay: {...overlay, offset: Math.max(0, overlay.offset + by)}})
  return only(name === 'q' || name === '?' || name === 'enter' ? {...state, overlay: null} : state)
}

/** Enter says no, unless the word was typed that has to be. */
function answered(state: State, overlay: Extract<Overlay, {kind: 'confirm'}>, name: string): Step {
  if (state.now - overlay.openedAt < UNREAD_MS) return only(state)
  const {act, line} = overlay
  if (act.tier.kind !== 'type') return name === 'y' ? running(state, act) : name === 'n' || name === 'enter' ? closed(state, overlay) : only(state)
  if (name === 'enter') return line.text === act.tier.word ? running(state, act) : only(noticed(state, `nothing was done: type ${act.tier.word}, or Esc`, 'warning'))
  const next = edited(line, name)
  return only(next === null ? state : {...state, notice: null, overlay: {...overlay, line: next}})
}

function prompted(state: State, overlay: Extract<Overlay, {kind: 'prompt'}>, name: string): Step {
  const {prompt, line} = overlay
  if (name !== 'enter') {
    const next = edited(line, name)
    return only(next === null ? state : {...state, overlay: {...overlay, line: next, wrong: null}})
  }
  const wrong = prompt.check?.(line.text) ?? null
  if (wrong !== null) return only({...state, overlay: {...overlay, wrong}})
  return inTurn({...state, overlay: null}, [prompt.submit(line.text)].flat())
}

function filled(state: State, overlay: Extract<Overlay, {kind: 'form'}>, name: string): Step {
  const {form, lines, field} = overlay
  const last = form.fields.length - 1
  if (name === 'tab' || name === 'down') return only({...state, overlay: {...overlay, field: field === last ? 0 : field + 1}})
  if (name === 'shift-tab' || name === 'up') return only({...state, overlay: {...overlay, field: field === 0 ? last : field - 1}})
  if (name === 'ctrl-s') return submitted(state, overlay)
  if (name === 'enter') return field < last ? only({...state, overlay: {...overlay, field: field + 1}}) : submitted(state, overlay)
  const next = edited(lines[field] ?? {text: '', at: 0}, name)
  if (next === null) return only(state)
  return only({...state, overlay: {...overlay, lines: lines.map((line, at) => (at === field ? next : line)), wrong: overlay.wrong.map((wrong, at) => (at === field ? null : wrong))}})
}

/** The values of a form by name. */
export function valuesOf({form, lines}: {readonly form: Extract<Overlay, {kind: 'form'}>['form']; readonly lines: readonly TextLine[]}): Readonly<Record<string, string>> {
  return Object.fromEntries(form.fields.map(({name}, at) => [name, lines[at]?.text ?? '']))
}

function submitted(state: State, overlay: Extract<Overlay, {kind: 'form'}>): Step {
  const {form, lines} = overlay
  const wrong = form.fields.map((field, at) => field.check?.(lines[at]?.text ?? '') ?? null)
  const first = wrong.findIndex(each => each !== null)
  if (first >= 0) return only({...state, overlay: {...overlay, wrong, field: first}})
  const {state: next, effects} = moved({...state, overlay: null}, form.submit(valuesOf(overlay)))
  // If it is refused, what was filled in is still there.
  return {state: next.overlay?.kind === 'busy' ? {...next, overlay: {...next.overlay, form: overlay}} : next, effects}
}
