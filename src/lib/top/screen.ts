import type {ReactNode} from 'react'
import type {Act, Hands} from './acts.ts'
import type {Sources} from './sources.ts'
import type {Tone} from './theme.ts'

/** Room to draw in. */
export interface Frame {
  readonly columns: number
  readonly rows: number
}

/**
 * One screen. `Own` is what it remembers (cursor, filter, which job), `Facts` what it last got from the store.
 * Both are data and are never changed, only replaced.
 */
export interface Screen<Own, Facts> {
  readonly id: string
  readonly title: string
  /** Its number key; `null` for one that is opened from another. */
  readonly digit: string | null
  readonly start: Own
  /** Keys that work here; those of all screens (`keys.ts`) come after. */
  readonly keys: readonly Key<Own, Facts>[]
  /** Asks the store what is to be drawn; called each tick, never twice at once. */
  look(own: Own, sources: Sources, frame: Frame): Promise<Facts>
  /** Draws it: `frame.rows` lines at most. */
  View(moment: Moment<Own, Facts>): ReactNode
  /** True while the facts must stay as they are: rows are marked. */
  isHeld?(own: Own): boolean
  /** How often to look while something goes on that is to be seen at once, ms; `null` = as often as was asked for. */
  paceMs?(own: Own, facts: Facts | null): number | null
}

/** What a screen's keys and its drawing can see. */
export interface Moment<Own, Facts> {
  readonly own: Own
  /** `null` before the first answer. */
  readonly facts: Facts | null
  /** When the facts were got, UTC ms. */
  readonly at: number
  readonly frame: Frame
  readonly mode: Mode
  /** What `--db` said, for commands that are shown; `null` when they find the database without. */
  readonly db: string | null
}

/** Looking only, or changing things too. */
export type Mode = 'ops' | 'admin'

/** A key and what it does. Footer, help and README are made from these. */
export interface Key<Own, Facts> {
  /** Names as in `key-names.ts`; the first is shown. */
  readonly keys: readonly string[]
  /** A word for the footer; '' keeps it out of there. */
  readonly label: string
  /** A sentence for the help. */
  readonly help: string
  /** True: it changes something, and works in ADMIN only. By custom a capital letter. */
  readonly acts?: boolean
  /** False where it does nothing just now: then it is not in the footer, and the next one with that name gets the key. */
  when?(moment: Moment<Own, Facts>): boolean
  press(moment: Moment<Own, Facts>): Move<Own> | readonly Move<Own>[]
}

/** What a key leads to. */
export type Move<Own = unknown> =
  /** The screen remembers this from now on. */
  | {readonly kind: 'own'; readonly own: Own}
  /** Another screen on top of this one; made by that screen's own function, which knows what to put into `own`. */
  | {readonly kind: 'open'; readonly screen: string; readonly own: unknown}
  /** To the screen under this one. */
  | {readonly kind: 'back'}
  /** To a numbered screen; with `own` as that screen's function gives it. */
  | {readonly kind: 'go'; readonly screen: string; readonly own?: unknown}
  /** Ask the store now. */
  | {readonly kind: 'refresh'}
  /** Do something, after the question that its tier asks for. */
  | {readonly kind: 'act'; readonly act: Act}
  /** Find out first what an act would touch (count, snapshot); then as `act`. `what` is shown meanwhile. */
  | {readonly kind: 'prepare'; readonly what: string; readonly prepare: Preparation}
  | {readonly kind: 'form'; readonly form: Form}
  | {readonly kind: 'prompt'; readonly prompt: Prompt<Own>}
  | {readonly kind: 'notice'; readonly text: string; readonly tone?: Tone}
  /** Puts text on the clipboard of the terminal (OSC 52). */
  | {readonly kind: 'copy'; readonly text: string}
  | {readonly kind: 'help'}
  | {readonly kind: 'freeze'}
  /** Draw all of the screen anew. */
  | {readonly kind: 'repaint'}
  /** Stop until the shell lets it go on. */
  | {readonly kind: 'suspend'}
  | {readonly kind: 'pace'; readonly step: 1 | -1}
  | {readonly kind: 'mode'}
  | {readonly kind: 'undo'}
  /** Back from a detail, or the end. */
  | {readonly kind: 'quit'}
  /** The end, from anywhere. */
  | {readonly kind: 'leave'}

/** Finds out what an act would touch. */
export type Preparation = (hands: Hands) => Promise<Act>

/** A dialog in which things are filled in. */
export interface Form {
  readonly title: string
  readonly fields: readonly Field[]
  /** The command that does the same with these values. */
  cli?(values: Readonly<Record<string, string>>): string
  /** What it leads to; usually an `act`. Called when every `check` is content. */
  submit(values: Readonly<Record<string, string>>): Move
}

export interface Field {
  readonly name: string
  readonly label: string
  readonly value: string
  /** What may stand there, in a few words. */
  readonly hint?: string
  /** Several lines may be pasted into it. */
  readonly hasLines?: boolean
  /** What is wrong with it; `null` when nothing is. */
  check?(text: string): string | null
}

/** One line of text, asked for at the foot of the screen. */
export interface Prompt<Own = unknown> {
  readonly label: string
  readonly text: string
  check?(text: string): string | null
  submit(text: string): Move<Own> | readonly Move<Own>[]
}

/** A screen among others: nobody but itself knows what it remembers and what it got. */
export type AnyScreen = Screen<unknown, unknown>

/** Makes a screen fit for the table. Its own state and facts are handed to it only, so their types need not be known outside. */
export function defineScreen<Own, Facts>(screen: Screen<Own, Facts>): AnyScreen {
  return screen as unknown as AnyScreen
}
