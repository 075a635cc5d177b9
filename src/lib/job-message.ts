/**
 * What a handler says to its consumer over `QCTL_SOCKET`, and what it is answered: a line of JSON each. Claims are named in
 * every message, because one socket serves all runs of a consumer.
 *
 *   {"id":7,"fence":3,"progress":0.4}                     → {"ok":true}
 *   {"id":7,"fence":3,"result":"text"}   or "result_base64"
 *   {"id":7,"fence":3,"snooze":"10m"}    or "snooze":true, by the backoff of the queue
 *                                                         → {"ok":false,"code":"conflict","message":"…"}
 */
import {ERRORS, type ErrorCode, QctlError, sentence} from './errors.ts'
import {type Claim, RESULT_MAX_BYTES} from './job.ts'
import {formatDuration, parseDuration} from './time.ts'

/** One thing a run may say of itself. */
export type Saying =
  /** 0…1. */
  | {readonly kind: 'progress'; readonly value: number}
  | {readonly kind: 'result'; readonly bytes: Uint8Array}
  /** `null` = by the queue's backoff. */
  | {readonly kind: 'snooze'; readonly delayMs: number | null}

export interface Message {
  readonly claim: Claim
  readonly saying: Saying
}

export type Answer =
  | {readonly ok: true}
  | {readonly ok: false; readonly code: ErrorCode; readonly message: string}

/** A result in base64 and what is around it; a longer line is no message. */
export const LINE_MAX_BYTES = Math.ceil(RESULT_MAX_BYTES / 3) * 4 + 1024

/** A message as a line, without its end. */
export function writeMessage({claim: {id, fence}, saying}: Message): string {
  return JSON.stringify({id, fence, ...fieldOf(saying)})
}

function fieldOf(saying: Saying): object {
  switch (saying.kind) {
    case 'progress':
      return {progress: saying.value}
    case 'result':
      return {result_base64: Buffer.from(saying.bytes).toString('base64')}
    case 'snooze':
      return {snooze: saying.delayMs === null ? true : formatDuration(saying.delayMs)}
  }
}

/**
 * Reads a message. Whether the values make sense is for whoever it is said to.
 * @throws QctlError `bad_input`
 */
export function readMessage(line: string): Message {
  const {id, fence, ...rest} = objectOf(line)
  if (!isCount(id) || !isCount(fence)) throw refused('"id" and "fence" must be those of the run')
  const [field, ...more] = Object.entries(rest)
  if (field === undefined || more.length > 0) throw refused('one of "progress", "result", "result_base64" and "snooze" is wanted')
  return {claim: {id, fence}, saying: sayingOf(...field)}
}

function sayingOf(name: string, value: unknown): Saying {
  if (name === 'progress' && typeof value === 'number') return {kind: 'progress', value}
  if (name === 'result' && typeof value === 'string') return {kind: 'result', bytes: Buffer.from(value)}
  if (name === 'result_base64' && typeof value === 'string') return {kind: 'result', bytes: bytesOf(value)}
  if (name === 'snooze' && (value === true || typeof value === 'string')) {
    return {kind: 'snooze', delayMs: value === true ? null : delayOf(value)}
  }
  throw refused(`there is no ${JSON.stringify(name)} with such a value`)
}

function objectOf(line: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw refused('not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused('not a JSON object')
  return {...value}
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0
}

function bytesOf(base64: string): Uint8Array {
  const bytes = Buffer.from(base64, 'base64')
  // Buffer skips what is none.
  if (bytes.toString('base64') !== base64) throw refused('"result_base64" is not base64')
  return bytes
}

function delayOf(text: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    throw refused(sentence(error))
  }
}

function refused(why: string): QctlError {
  return new QctlError('bad_input', `no message: ${why}`)
}

/** An answer as a line, without its end. */
export function writeAnswer(answer: Answer): string {
  return JSON.stringify(answer)
}

/** The refusal that an error stands for. */
export function refusalOf(error: unknown): Answer {
  if (error instanceof QctlError) return {ok: false, code: error.code, message: error.message}
  return {ok: false, code: 'internal', message: String(error)}
}

/**
 * Reads an answer.
 * @throws QctlError the refusal, or `unavailable` when nothing of the kind was answered
 */
export function readAnswer(line: string): void {
  let answer: unknown
  try {
    answer = JSON.parse(line)
  } catch {
    answer = null
  }
  if (typeof answer === 'object' && answer !== null && 'ok' in answer) {
    if (answer.ok === true) return
    if ('code' in answer && 'message' in answer && isErrorCode(answer.code)) throw new QctlError(answer.code, String(answer.message))
  }
  throw new QctlError('unavailable', 'what listens on QCTL_SOCKET is no consumer')
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code)
}
