/**
 * The one filter language of command line, dashboard and REST, as a tree. `filter-parse.ts` makes it from text, each storage
 * engine compiles it to bound SQL, and `matches` in `filter-match.ts` says what the SQL has to mean.
 *
 * The tree is simpler than the language: `!=` is a `not`, `=` is an `in` of one, `age` is an order of `created`, and the
 * views `scheduled` and `retrying` are spelled out. It holds absolute times, so whoever watches parses anew each time.
 * There is no third truth value: an absent text is `''`, an absent path in a payload matches nothing, and `not` turns
 * exactly what does not match into what does.
 */
import type {State} from '../job.ts'

/** Fields compared as numbers; `created`, `updated` and `run_at` are UTC ms. None is ever absent. */
export type NumberField = 'id' | 'priority' | 'attempts' | 'created' | 'updated' | 'run_at'

/** Fields compared as text; null is `''`. `tag` is true when any of the job's tags matches, and `''` is a job without tags. */
export type TextField = 'queue' | 'key' | 'tag' | 'consumer' | 'reason' | 'error'

export type Order = '<' | '<=' | '>' | '>='

/** Steps into a JSON payload: a string is a key of an object, a number an index of an array. Never empty. */
export type PayloadPath = readonly (string | number)[]

/**
 * What a JSON scalar is compared with: a string with `text`, anything else with `scalar`
 * (undefined: with nothing; the value was quoted or is no JSON scalar).
 */
export interface PayloadValue {
  readonly text: string
  readonly scalar: number | boolean | null | undefined
}

export type Filter =
  /** Every job. */
  | {readonly kind: 'all'}
  /** Two parts or more. */
  | {readonly kind: 'and' | 'or'; readonly parts: readonly Filter[]}
  | {readonly kind: 'not'; readonly part: Filter}
  | {readonly kind: 'state'; readonly states: readonly State[]}
  | {readonly kind: 'number'; readonly field: NumberField; readonly op: Order; readonly value: number}
  | {readonly kind: 'number'; readonly field: NumberField; readonly op: 'in'; readonly values: readonly number[]}
  | {readonly kind: 'text'; readonly field: TextField; readonly op: 'in'; readonly values: readonly string[]}
  /** Contains `value`, which is not empty; A–Z and a–z are alike, nothing else is. */
  | {readonly kind: 'text'; readonly field: TextField; readonly op: 'contains'; readonly value: string}
  | {readonly kind: 'payload'; readonly path: PayloadPath; readonly op: 'in'; readonly values: readonly PayloadValue[]}
  /** A number orders JSON numbers only, a string JSON strings only, by their UTF-8 bytes. */
  | {readonly kind: 'payload'; readonly path: PayloadPath; readonly op: Order; readonly value: number | string}
  /** As for text; JSON strings only. */
  | {readonly kind: 'payload'; readonly path: PayloadPath; readonly op: 'contains'; readonly value: string}

/** Matches every job. */
export const EVERY_JOB: Filter = {kind: 'all'}

/** What says "every job" on a command line, where a blank text is more likely a variable that is not set. */
export const EVERY_JOB_TEXT = 'id>=1'

/** All of these; none given matches every job. */
export function and(...filters: readonly Filter[]): Filter {
  const parts = filters.flatMap((filter) => (filter.kind === 'all' ? [] : filter.kind === 'and' ? filter.parts : [filter]))
  const [only] = parts
  if (only === undefined) return EVERY_JOB
  return parts.length === 1 ? only : {kind: 'and', parts}
}

/** Any of these. */
export function or(first: Filter, ...others: readonly Filter[]): Filter {
  if (others.length === 0) return first
  return {kind: 'or', parts: [first, ...others].flatMap((filter) => (filter.kind === 'or' ? filter.parts : [filter]))}
}
