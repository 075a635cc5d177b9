import {QctlError} from '../errors.ts'
import {
  DEFAULT_ASSIGNMENT_MS,
  HARD_MAX_PAYLOAD_BYTES,
  KEY_MAX_BYTES,
  NAME_PATTERN,
  type NewJob,
  PRIORITY_MAX,
  PRIORITY_MIN,
  type Schedule,
} from '../job.ts'
import type {FieldsOf} from '../known-fields.ts'

/** A job as a caller writes it: everything but the payload may be left out. */
export interface JobInput {
  /** Default `default`. */
  readonly queue?: string | undefined
  /** Bytes as they are; a string is its UTF-8 bytes. */
  readonly payload: Uint8Array | string
  readonly type?: string | null | undefined
  readonly file?: boolean | undefined
  readonly priority?: number | undefined
  /** Wait this long first; not together with `runAt`. */
  readonly delayMs?: number | undefined
  /** Not before this time, UTC ms. */
  readonly runAt?: number | undefined
  readonly maxAttempts?: number | null | undefined
  readonly timeoutMs?: number | null | undefined
  readonly key?: string | null | undefined
  readonly tags?: readonly string[] | undefined
  readonly assignedTo?: string | null | undefined
  /** Default 10 min; `null` = for ever. */
  readonly assignedForMs?: number | null | undefined
}

/** What a `JobInput` may have. */
export const JOB_FIELDS: FieldsOf<JobInput> = {
  queue: true, payload: true, type: true, file: true, priority: true, delayMs: true, runAt: true, maxAttempts: true, timeoutMs: true, key: true,
  tags: true, assignedTo: true, assignedForMs: true,
}

/** What messages call the fields that programs and people write differently. */
type Spelling = Readonly<Record<'delayMs' | 'runAt' | 'maxAttempts' | 'timeoutMs' | 'assignedTo' | 'assignedForMs', string>>

/** As flags and NDJSON have them. */
const IN_TEXT: Spelling = {
  delayMs: 'delay', runAt: 'run_at', maxAttempts: 'max_attempts', timeoutMs: 'timeout', assignedTo: 'assigned_to', assignedForMs: 'assigned_for',
}
/** As the library has them. */
export const IN_PROGRAMS: Spelling = {
  delayMs: 'delayMs', runAt: 'runAt', maxAttempts: 'maxAttempts', timeoutMs: 'timeoutMs', assignedTo: 'assignedTo', assignedForMs: 'assignedForMs',
}

/** RFC 2045 token "/" token, with parameters: enough to keep nonsense and control characters out. */
const CONTENT_TYPE_PATTERN = /^[!-~][ -~]{0,254}$/
const NOW: Schedule = {kind: 'now'}
const NO_TAGS: readonly string[] = []
const ENCODER = new TextEncoder()

/**
 * Checks a caller's job and fills in what was left out.
 * @param input the job as the caller wrote it
 * @param called what messages call its fields
 * @returns the job as storage takes it
 * @throws QctlError `bad_input` naming the field and the value; `payload_too_large` above 256 MiB
 */
export function newJob(input: JobInput, called: Spelling = IN_TEXT): NewJob {
  const payload = typeof input.payload === 'string' ? ENCODER.encode(input.payload) : input.payload
  if (!(payload instanceof Uint8Array)) throw bad('payload', input.payload, 'a string or bytes')
  if (payload.length > HARD_MAX_PAYLOAD_BYTES) {
    throw new QctlError('payload_too_large', `payload of ${payload.length} bytes is above the hard limit of 256 MiB`)
  }
  return {
    queue: name('queue', input.queue ?? 'default'),
    payload,
    contentType: input.type == null ? null : contentType(input.type),
    file: input.file == null ? false : yesOrNo('file', input.file),
    priority: input.priority === undefined ? 0 : integer('priority', input.priority, PRIORITY_MIN, PRIORITY_MAX),
    when: schedule(input, called),
    maxAttempts: input.maxAttempts == null ? null : integer(called.maxAttempts, input.maxAttempts, 1, 1_000_000),
    timeoutMs: input.timeoutMs == null ? null : integer(called.timeoutMs, input.timeoutMs, 1, MAX_SPAN_MS),
    key: input.key == null ? null : keyOf(input.key),
    tags: input.tags === undefined || input.tags.length === 0 ? NO_TAGS : tagsOf(input.tags),
    assignedTo: input.assignedTo == null ? null : name(called.assignedTo, input.assignedTo),
    assignedForMs: assignment(input, called),
  }
}

/**
 * Checks the name of a queue, consumer or tag.
 * @param field what it names, for the message
 * @throws QctlError `bad_input`
 */
export function name(field: string, value: string): string {
  // Most calls name the same few queues: remember the last good one instead of matching again.
  if (value === lastName) return value
  if (typeof value !== 'string' || !NAME_PATTERN.test(value)) {
    throw bad(field, value, '1 to 128 of A-Z a-z 0-9 _ . : @ / -')
  }
  lastName = value
  return value
}
let lastName: string | null = null

/** A hundred years: nothing sensible is longer, and every sum with a wall clock stays exact. */
const MAX_SPAN_MS = 100 * 366 * 86_400_000
/** 9999-12-31T23:59:59.999Z: the last time RFC 3339 can write. */
const MAX_TIME_MS = 253_402_300_799_999

function schedule(input: JobInput, called: Spelling): Schedule {
  if (input.delayMs !== undefined && input.runAt !== undefined) {
    throw new QctlError('bad_input', `${called.delayMs} and ${called.runAt} exclude each other`)
  }
  if (input.delayMs !== undefined && input.delayMs !== 0) {
    return {kind: 'after', delayMs: integer(called.delayMs, input.delayMs, 0, MAX_SPAN_MS)}
  }
  if (input.runAt !== undefined) return {kind: 'at', runAt: integer(called.runAt, input.runAt, 0, MAX_TIME_MS)}
  return NOW
}

function assignment(input: JobInput, called: Spelling): number | null {
  if (input.assignedTo == null) {
    if (input.assignedForMs != null) throw new QctlError('bad_input', `${called.assignedForMs} needs ${called.assignedTo}`)
    return null
  }
  if (input.assignedForMs === undefined) return DEFAULT_ASSIGNMENT_MS
  return input.assignedForMs === null ? null : integer(called.assignedForMs, input.assignedForMs, 1, MAX_SPAN_MS)
}

/**
 * Checks a whole number.
 * @param field what it is, for the message
 * @throws QctlError `bad_input`
 */
export function integer(field: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw bad(field, value, `a whole number from ${min} to ${max}`)
  }
  return value
}

function yesOrNo(field: string, value: boolean): boolean {
  if (typeof value !== 'boolean') throw bad(field, value, 'true or false')
  return value
}

function keyOf(key: string): string {
  const bytes = typeof key === 'string' && key.isWellFormed() ? ENCODER.encode(key).length : 0
  if (bytes < 1 || bytes > KEY_MAX_BYTES || key.includes('\0')) {
    throw bad('key', key, `1 to ${KEY_MAX_BYTES} bytes of text`)
  }
  return key
}

function tagsOf(tags: readonly string[]): readonly string[] {
  if (!Array.isArray(tags)) throw bad('tags', tags, 'a list of tags')
  return [...new Set(tags.map(tag => name('tag', tag)))]
}

function contentType(type: string): string {
  if (typeof type !== 'string' || !CONTENT_TYPE_PATTERN.test(type)) throw bad('type', type, 'printable ASCII, at most 255')
  return type
}

function bad(field: string, value: unknown, expected: string): QctlError {
  const shown = (typeof value === 'string' ? JSON.stringify(value) : String(value)).slice(0, 80)
  return new QctlError('bad_input', `${field} ${shown} is not valid: expected ${expected}`)
}
