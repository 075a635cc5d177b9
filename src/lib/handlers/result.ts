/** What a handler gives as the result of its job, and how it is stored. */
import {RESULT_MAX_BYTES} from '../job.ts'
import type {Outcome} from '../outcome.ts'

/**
 * A result as it is stored: text and bytes as they are, anything else as compact JSON.
 * @returns `null` = none: for nothing, `null`, and what JSON has no word for (a function, a symbol)
 * @throws TypeError for what JSON cannot write: a cycle, a bigint
 */
export function resultBytes(result: unknown): Uint8Array | null {
  if (result === undefined || result === null) return null
  if (result instanceof Uint8Array) return result
  const text = typeof result === 'string' ? result : (JSON.stringify(result) as string | undefined)
  return text === undefined ? null : Buffer.from(text)
}

/** Success with this result. One that is too large fails the job for good: the same handler would give the same again. */
export function doneWith(result: Uint8Array | null): Extract<Outcome, {kind: 'done' | 'rejected'}> {
  if (result === null || result.length <= RESULT_MAX_BYTES) return {kind: 'done', result}
  return {kind: 'rejected', reason: 'permanent', error: `the result has ${result.length} bytes; a result may have 1 MiB`}
}
