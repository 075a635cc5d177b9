import type {Act, Done} from './acts.ts'
import type {AnyScreen, Form, Frame, Mode, Moment, Preparation, Prompt} from './screen.ts'
import {SCREENS, TABS} from './screens/index.ts'
import type {TextLine} from './text-line.ts'
import type {Tone} from './theme.ts'

/** All that `top` knows at a moment. Never changed, only replaced, by `reduce`. */
export interface State {
  readonly size: Frame
  readonly mode: Mode
  /** False with `--read-only`. */
  readonly mayAct: boolean
  /** The numbered screen that is shown, or that what is shown was opened from. */
  readonly tab: string
  /** By numbered screen: itself and what was opened from it; the last is on top. */
  readonly stacks: Readonly<Record<string, readonly View[]>>
  readonly intervalMs: number
  /** Since when nothing is asked, UTC ms. */
  readonly frozenAt: number | null
  /** How long the last look took, ms. */
  readonly tookMs: number
  readonly trouble: Trouble | null
  readonly overlay: Overlay | null
  readonly notice: Notice | null
  /** Takes back what was done last: `null` = nothing was done, 'never' = that cannot be taken back. */
  readonly undo: Act | 'never' | null
  /** The job that was taken by hand. */
  readonly inHand: number | null
  /** The next q quits, whatever is in the hand. */
  readonly isLeaving: boolean
  /** How often it was told to stop and leave the terminal to the shell (see `useSuspension`). */
  readonly suspensions: number
  readonly location: string
  /** What `--db` said; `null` when commands find the database without. */
  readonly db: string | null
  readonly now: number
  readonly lastKeyAt: number
  /** Numbers views, so that an answer is not taken for that of another question. */
  readonly nextView: number
}

/** A screen with what it remembers and what it got. */
export interface View {
  readonly number: number
  readonly screen: string
  readonly own: unknown
  readonly seen: {readonly facts: unknown; readonly at: number} | null
}

/** The database cannot be asked. */
export interface Trouble {
  readonly message: string
  readonly hint: string | null
  readonly retryAt: number
}

export interface Notice {
  readonly text: string
  readonly tone: Tone
  readonly at: number
}

/** What lies over the screen and gets the keys. */
export type Overlay =
  | {readonly kind: 'help'; readonly offset: number}
  | {readonly kind: 'confirm'; readonly act: Act; readonly line: TextLine; readonly openedAt: number}
  | Filling
  | {readonly kind: 'prompt'; readonly prompt: Prompt; readonly line: TextLine; readonly wrong: string | null}
  /** `form`: where it came from. */
  | {readonly kind: 'busy'; readonly what: string; readonly done: number; readonly total: number; readonly form?: Filling}

/** A form that is being filled in. */
export interface Filling {
  readonly kind: 'form'
  readonly form: Form
  readonly lines: readonly TextLine[]
  readonly field: number
  readonly wrong: readonly (string | null)[]
}

/** What happens to `top`. */
export type Event =
  | {readonly kind: 'key'; readonly name: string; readonly at: number}
  | {readonly kind: 'paste'; readonly text: string}
  | {readonly kind: 'resized'; readonly size: Frame}
  | {readonly kind: 'clock'; readonly at: number}
  | {readonly kind: 'looked'; readonly view: number; readonly facts: unknown; readonly inHand: number | null; readonly at: number; readonly tookMs: number}
  | {readonly kind: 'lost'; readonly trouble: Trouble; readonly at: number}
  | {readonly kind: 'found'; readonly note: string; readonly at: number}
  | {readonly kind: 'prepared'; readonly act: Act; readonly at: number}
  | {readonly kind: 'progress'; readonly done: number; readonly total: number}
  | {readonly kind: 'acted'; readonly done: Done; readonly at: number}
  | {readonly kind: 'refused'; readonly message: string; readonly at: number}

/** What is to be done about it, outside of `reduce`. */
export type Effect =
  | {readonly kind: 'quit'}
  | {readonly kind: 'look'}
  | {readonly kind: 'repaint'}
  | {readonly kind: 'copy'; readonly text: string}
  | {readonly kind: 'run'; readonly act: Act}
  | {readonly kind: 'prepare'; readonly prepare: Preparation}
  /** Stops what runs. */
  | {readonly kind: 'stop'}

/** What came of an event. */
export interface Step {
  readonly state: State
  readonly effects: readonly Effect[]
}

/** How `top` was started. */
export interface Start {
  readonly size: Frame
  readonly mode: Mode
  readonly mayAct: boolean
  readonly intervalMs: number
  readonly screen: string
  readonly location: string
  readonly db?: string | null
  readonly now: number
}

/** How it begins. */
export function initialState({screen, ...start}: Start): State {
  const views = TABS.map(({id, start: own}, number) => [id, [{number, screen: id, own, seen: null}]] as const)
  return {
    ...start,
    db: start.db ?? null,
    tab: screen,
    stacks: Object.fromEntries(views),
    frozenAt: null,
    tookMs: 0,
    trouble: null,
    overlay: null,
    notice: null,
    undo: null,
    inHand: null,
    isLeaving: false,
    suspensions: 0,
    lastKeyAt: start.now,
    nextView: views.length,
  }
}

/** Lines above and below what a screen draws: header, tabs, rule; notice, footer. */
const AROUND = 5
/** Lines of the banner that says why the database cannot be asked. */
export const BANNER_LINES = 3

/** The view on top. */
export function shownView(state: State): View {
  const view = state.stacks[state.tab]?.at(-1)
  if (view === undefined) throw new Error(`no screen ${state.tab}`)
  return view
}

/** The screen on top. */
export function shownScreen(state: State): AnyScreen {
  const {screen} = shownView(state)
  const found = SCREENS[screen]
  if (found === undefined) throw new Error(`no screen ${screen}`)
  return found
}

/** The room that a screen has. */
export function frameOf({size, trouble}: Pick<State, 'size' | 'trouble'>): Frame {
  return {columns: size.columns, rows: Math.max(1, size.rows - AROUND - (trouble === null ? 0 : BANNER_LINES))}
}

/** What the screen on top sees. */
export function momentOf(state: State): Moment<unknown, unknown> {
  const {own, seen} = shownView(state)
  return {own, facts: seen?.facts ?? null, at: seen?.at ?? state.now, frame: frameOf(state), mode: state.mode, db: state.db}
}

/** Replaces the view on top. */
export function withView(state: State, change: (view: View) => View): State {
  const stack = state.stacks[state.tab] ?? []
  return {...state, stacks: {...state.stacks, [state.tab]: [...stack.slice(0, -1), change(shownView(state))]}}
}

/** Says something in one line. */
export function noticed(state: State, text: string, tone: Tone = 'plain'): State {
  return {...state, notice: {text, tone, at: state.now}}
}
