import {MANY} from '../cli/counted.ts'
import type {Session} from '../cli/session.ts'
import type {Beside} from './beside.ts'
import type {Move} from './screen.ts'

/** What somebody does to the store: shown before it is done, with the same on the command line. */
export interface Act {
  /** As a question: `Cancel job 104211?` */
  readonly title: string
  /** What to know before saying yes: what it touches, what is running, whether it can be undone. */
  readonly facts: readonly string[]
  /** The command that does the same; the whole of it, to paste. `null`: there is none, and the facts say what happens instead. */
  readonly cli: string | null
  readonly tier: Tier
  run(hands: Hands): Promise<Done>
}

/** How sure one has to be: nothing is asked, `y` is typed, or a word is (a count, a queue's name). */
export type Tier = {readonly kind: 'at_once'} | {readonly kind: 'ask'} | {readonly kind: 'type'; readonly word: string}

/** What an act works with. */
export interface Hands {
  readonly session: Session
  readonly beside: Beside
  /** Who does it, for the history. */
  readonly actor: string
  /** Aborted by Esc, and when the program ends. */
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
  /** Settles what dead holders left. */
  readonly reap: () => Promise<unknown>
}

/** What became of an act. */
export interface Done {
  /** One line: what changed, what was skipped. */
  readonly notice: string
  /** What takes it back, where something does; done without being asked again. */
  readonly undo?: Act
  /** What follows on the screen: marks go, a detail whose job is gone is left. */
  readonly moves?: readonly Move[]
}

/** The tier of something done to several things, or to `typed` always: everything that a filter matches. */
export function tierOf(count: number, {typed = false}: {readonly typed?: boolean} = {}): Tier {
  return typed || count > MANY ? {kind: 'type', word: String(count)} : {kind: 'ask'}
}

const SAFE_WORD = /^[A-Za-z0-9_.:@/=+,-]+$/

/** Writes a command line so that a shell reads it as these words. */
export function commandLine(words: readonly string[]): string {
  return words.map(word => (SAFE_WORD.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ')
}
