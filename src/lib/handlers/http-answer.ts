/** What the answer to a POST means for the job. */
import type {Outcome} from '../outcome.ts'

export interface HttpAnswer {
  readonly status: number
  readonly statusMessage: string
  readonly retryAfter: string | null
  readonly location: string | null
  /** Its beginning, if it `isCut`. */
  readonly body: Uint8Array
  readonly isCut: boolean
}

/** Not the request is wrong, but the moment: Request Timeout, Too Early, Too Many Requests. */
const LATER: readonly number[] = [408, 425, 429]
/** Whoever asks for more has made a mistake: the job would be lost from sight. */
const LONGEST_RETRY_MS = 86_400_000
const LINE_MAX = 200

/**
 * Decides what an answer means.
 * @param now UTC ms, for a `Retry-After` that is a date
 */
export function answerOutcome(answer: HttpAnswer, now: number): Outcome {
  const {status, body, isCut} = answer
  // The work is done whatever the answer says about it; half an answer would be worse than none.
  if (status >= 200 && status < 300) return {kind: 'done', result: isCut || body.length === 0 ? null : body}
  const error = describe(answer)
  if (status < 500 && !LATER.includes(status)) return {kind: 'rejected', reason: 'permanent', error}
  const hintMs = retryAfterMs(answer.retryAfter, now)
  // A minimum: a server that is down for long and asks for a second each time would have all attempts within seconds.
  return {kind: 'failed', error, retryAfterMs: null, ...(hintMs === null ? {} : {notBeforeMs: hintMs})}
}

/**
 * How long the server wants to be left alone, more than 0.
 * @returns `null` when it does not say, or names a moment that is over: its clock may be behind
 */
export function retryAfterMs(text: string | null, now: number): number | null {
  const value = text?.trim() ?? ''
  // Date.parse reads nearly anything; a date of HTTP begins with the day of the week.
  const ms = /^\d{1,12}$/.test(value) ? Number(value) * 1000 : /^[A-Z][a-z]+,? /.test(value) ? Date.parse(value) - now : Number.NaN
  return ms > 0 ? Math.min(ms, LONGEST_RETRY_MS) : null
}

function describe({status, statusMessage, location, body}: HttpAnswer): string {
  const head = `HTTP ${status} ${statusMessage}`.trimEnd()
  if (status >= 300 && status < 400) return `${head}: redirects are not followed${location === null ? '' : ` (to ${location.slice(0, LINE_MAX)})`}`
  const text = new TextDecoder().decode(body.subarray(0, 4 * LINE_MAX))
  const line = text.split('\n').find(one => one.trim() !== '')?.trim().slice(0, LINE_MAX) ?? ''
  return line === '' ? head : `${head}: ${line}`
}
