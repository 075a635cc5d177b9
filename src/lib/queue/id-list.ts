/** Job ids as people write them: `42`, `40-50`, `@last`, `@last-failed`. */
import {QctlError} from '../errors.ts'

export type IdSpec =
  | {readonly kind: 'id'; readonly id: number}
  /** Every job from `from` to `to`, both included. */
  | {readonly kind: 'range'; readonly from: number; readonly to: number}
  /** The newest job. */
  | {readonly kind: 'last'}
  /** The job that failed last. */
  | {readonly kind: 'last-failed'}

/**
 * Reads ids. Strict: `0x10`, `1e3`, ` 1`, `-1`, `0`, `007` and anything above 2^53 − 1 are refused, so that no slip names another job.
 * @throws QctlError usage
 */
export function parseIds(words: readonly string[]): IdSpec[] {
  return words.map(parseIdSpec)
}

function parseIdSpec(word: string): IdSpec {
  if (word === '@last') return {kind: 'last'}
  if (word === '@last-failed') return {kind: 'last-failed'}
  const [, fromText, toText] = /^(\d+)-(\d+)$/.exec(word) ?? []
  if (fromText === undefined || toText === undefined) return {kind: 'id', id: parseId(word)}
  const from = parseId(fromText)
  const to = parseId(toText)
  if (from > to) throw new QctlError('usage', `range runs backwards: ${word}`, {hint: `write ${to}-${from}`})
  return {kind: 'range', from, to}
}

/**
 * Reads one id.
 * @throws QctlError usage
 */
export function parseId(word: string): number {
  const id = Number(word)
  if (!/^[1-9]\d*$/.test(word) || !Number.isSafeInteger(id)) {
    throw new QctlError('usage', `not a job id: ${JSON.stringify(word)}`, {hint: 'ids are numbers like 42, ranges like 40-50, @last or @last-failed'})
  }
  return id
}
