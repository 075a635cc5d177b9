import {FAIL_REASONS, type FailReason, RUN_OUTCOMES, type RunOutcome, STATES, type State} from '../../job.ts'
import type {Row} from './connection.ts'

/** Codes of the states in the file; see the first migration for why they start at 2. */
export const PENDING = 2
export const PROCESSING = 3
export const DONE = 4
export const FAILED = 5
export const CANCELLED = 6

export const LANE_OPEN = 0
export const LANE_ASSIGNED = 1
export const LANE_SUSPECT = 2

export function stateCode(state: State): number {
  return STATES.indexOf(state) + PENDING
}

export function stateOf(code: number): State {
  return STATES[code - PENDING] ?? corrupt('state', code)
}

export function reasonCode(reason: FailReason): number {
  return FAIL_REASONS.indexOf(reason)
}

export function reasonOf(code: number): FailReason {
  return FAIL_REASONS[code] ?? corrupt('reason', code)
}

export function outcomeCode(outcome: RunOutcome): number {
  return RUN_OUTCOMES.indexOf(outcome)
}

export function outcomeOf(code: number): RunOutcome {
  return RUN_OUTCOMES[code] ?? corrupt('outcome', code)
}

type Cell = Row[string] | undefined

/** A cell that the schema says is a number. */
export function num(cell: Cell): number {
  return typeof cell === 'number' ? cell : corrupt('number', cell)
}

export function numOrNull(cell: Cell): number | null {
  return cell == null ? null : num(cell)
}

export function text(cell: Cell): string {
  return typeof cell === 'string' ? cell : corrupt('text', cell)
}

export function textOrNull(cell: Cell): string | null {
  return cell == null ? null : text(cell)
}

export function blob(cell: Cell): Uint8Array<ArrayBuffer> {
  // Each blob is copied out of SQLite into memory of its own, which is never shared; the types of node:sqlite do not say so.
  return cell instanceof Uint8Array ? (cell as Uint8Array<ArrayBuffer>) : corrupt('bytes', cell)
}

export function blobOrNull(cell: Cell): Uint8Array | null {
  return cell == null ? null : blob(cell)
}

const NO_TAGS: readonly string[] = []

/** The tags column: a JSON list of strings, or NULL for none. */
export function tagsOf(cell: Cell): readonly string[] {
  return cell == null ? NO_TAGS : (JSON.parse(text(cell)) as readonly string[])
}

function corrupt(what: string, value: unknown): never {
  throw new TypeError(`a ${what} in the database is ${typeof value === 'object' ? typeof value : String(value)}`)
}
