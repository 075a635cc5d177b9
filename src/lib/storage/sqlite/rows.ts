import {FAIL_REASONS, type FailReason, RUN_OUTCOMES, type RunOutcome, STATES, type State} from '../../job.ts'
import type {Row} from './connection.ts'

/** Codes of the states in the file; see the first migration for why they start at 2. */
export const PENDING = 2
export const PROCESSING = 3
export const DONE = 4
export const FAILED = 5
export const CANCELLED = 6

/** Codes of the lanes of a pending job: open to all, assigned to one consumer, to be run alone. */
export const LANE_OPEN = 0
export const LANE_ASSIGNED = 1
export const LANE_SUSPECT = 2

/** A state as it is in the file. */
export function stateCode(state: State): number {
  return STATES.indexOf(state) + PENDING
}

/**
 * A state as it is everywhere else.
 * @throws TypeError for a code that is none
 */
export function stateOf(code: number): State {
  return STATES[code - PENDING] ?? corrupt('state', code)
}

/** Why a job failed, as it is in the file. */
export function reasonCode(reason: FailReason): number {
  return FAIL_REASONS.indexOf(reason)
}

/**
 * Why a job failed.
 * @throws TypeError for a code that is none
 */
export function reasonOf(code: number): FailReason {
  return FAIL_REASONS[code] ?? corrupt('reason', code)
}

/** How a run ended, as it is in the file. */
export function outcomeCode(outcome: RunOutcome): number {
  return RUN_OUTCOMES.indexOf(outcome)
}

/**
 * How a run ended.
 * @throws TypeError for a code that is none
 */
export function outcomeOf(code: number): RunOutcome {
  return RUN_OUTCOMES[code] ?? corrupt('outcome', code)
}

/** A value of a row. The functions below take it for what the schema says it is, and throw TypeError when it is something else. */
type Cell = Row[string] | undefined

/** The number in a cell. */
export function num(cell: Cell): number {
  return typeof cell === 'number' ? cell : corrupt('number', cell)
}

/** The number in a cell; `null` for NULL. */
export function numOrNull(cell: Cell): number | null {
  return cell == null ? null : num(cell)
}

/** The text in a cell. */
export function text(cell: Cell): string {
  return typeof cell === 'string' ? cell : corrupt('text', cell)
}

/** The text in a cell; `null` for NULL. */
export function textOrNull(cell: Cell): string | null {
  return cell == null ? null : text(cell)
}

/** The bytes in a cell: the caller's own. */
export function blob(cell: Cell): Uint8Array<ArrayBuffer> {
  // Each blob is copied out of SQLite into memory of its own, which is never shared; the types of node:sqlite do not say so.
  return cell instanceof Uint8Array ? (cell as Uint8Array<ArrayBuffer>) : corrupt('bytes', cell)
}

/** The bytes in a cell; `null` for NULL. */
export function blobOrNull(cell: Cell): Uint8Array | null {
  return cell == null ? null : blob(cell)
}

const NO_TAGS: readonly string[] = []

/**
 * The tags column: a JSON list of strings, or NULL for none.
 * @throws SyntaxError when it is no JSON
 */
export function tagsOf(cell: Cell): readonly string[] {
  return cell == null ? NO_TAGS : (JSON.parse(text(cell)) as readonly string[])
}

function corrupt(what: string, value: unknown): never {
  throw new TypeError(`a ${what} in the database is ${typeof value === 'object' ? typeof value : String(value)}`)
}
