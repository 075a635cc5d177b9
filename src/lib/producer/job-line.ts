import {isAbsolute} from 'node:path'
import {QctlError} from '../errors.ts'
import type {JobInput} from '../queue/new-job.ts'
import {parseDuration, systemClock} from '../time.ts'
import {parseTime} from '../time-parse.ts'
import {compactField} from './compact-json.ts'
import type {JobDefaults} from './numbered-job.ts'

type Draft = {-readonly [Name in keyof JobInput]: JobInput[Name]}
/** Sets one field of the job. What `newJob` checks is not checked here. */
type Reader = (job: Draft, value: unknown, line: string) => void

/** The fields of a line. There are no others. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['queue', (job, value) => void (job.queue = asText('queue', value))],
  ['payload', readPayloadField],
  ['payload_base64', (job, value) => void (job.payload = fromBase64(asText('payload_base64', value)))],
  ['file', (job, value) => void (job.file = asBoolean('file', value))],
  ['type', (job, value) => void (job.type = asText('type', value))],
  ['priority', (job, value) => void (job.priority = asNumber('priority', value))],
  ['run_at', (job, value) => setTime(job, undefined, parsed('run_at', value, parseRunAt))],
  ['delay', (job, value) => setTime(job, parsed('delay', value, parseDuration), undefined)],
  ['max_attempts', (job, value) => void (job.maxAttempts = asNumber('max_attempts', value))],
  ['timeout', (job, value) => void (job.timeoutMs = parsed('timeout', value, parseDuration))],
  ['key', (job, value) => void (job.key = asText('key', value))],
  ['tags', (job, value) => void (job.tags = asTexts('tags', value))],
  ['assigned_to', (job, value) => void (job.assignedTo = asText('assigned_to', value))],
  ['assigned_for', (job, value) => void (job.assignedForMs = parsed('assigned_for', value, parseSpan))],
])

/**
 * Reads one line of NDJSON input.
 * @param line the text of one JSON object
 * @param defaults what the job has when the line does not say otherwise; a `null` says nothing, except as the payload
 * @returns the job, still to be checked by `newJob`
 * @throws QctlError `bad_input`
 */
export function parseJobLine(line: string, defaults: JobDefaults): JobInput {
  const fields = parseObject(line)
  const job: Draft = {...defaults, payload: ''}
  for (const field in fields) {
    const reader = READERS.get(field)
    if (reader === undefined) throw unknownField(field)
    const value = fields[field]
    if (value !== null || field === 'payload') reader(job, value, line)
  }
  if ('payload' in fields === 'payload_base64' in fields) {
    throw new QctlError('bad_input', 'needs payload or payload_base64, and not both')
  }
  if ('run_at' in fields && 'delay' in fields) throw new QctlError('bad_input', 'run_at and delay exclude each other')
  if (job.file === true) checkPath(job.payload)
  return job
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new QctlError('bad_input', `not JSON: ${excerpt(line)}`, {cause})
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new QctlError('bad_input', `not a JSON object: ${excerpt(line)}`, {hint: 'write {"payload": …}'})
  }
  return value as Readonly<Record<string, unknown>>
}

function readPayloadField(job: Draft, value: unknown, line: string): void {
  if (typeof value === 'string') {
    // UTF-8 has no form for half of a surrogate pair; encoding it would store another payload than was given.
    if (!value.isWellFormed()) throw bad('payload', value, 'text without half surrogate pairs, or payload_base64')
    job.payload = value
  } else {
    job.payload = compactField(line, 'payload', value)
    job.type ??= 'application/json'
  }
}

/** A line that says when beats the defaults wholly. */
function setTime(job: Draft, delayMs: number | undefined, runAt: number | undefined): void {
  job.delayMs = delayMs
  job.runAt = runAt
}

function checkPath(payload: Uint8Array | string): void {
  const path = typeof payload === 'string' ? payload : new TextDecoder().decode(payload)
  if (!isAbsolute(path)) throw bad('payload', path, 'an absolute path, because file is true')
}

function parseRunAt(text: string): number {
  return parseTime(text, systemClock.wallNow())
}

/** Reads a duration or `never`. */
function parseSpan(text: string): number | null {
  return text === 'never' ? null : parseDuration(text)
}

function parsed<Value>(field: string, value: unknown, parse: (text: string) => Value): Value {
  try {
    return parse(typeof value === 'number' ? String(value) : asText(field, value))
  } catch (error) {
    if (!(error instanceof QctlError)) throw error
    throw new QctlError('bad_input', error.message.startsWith(field) ? error.message : `${field}: ${error.message}`)
  }
}

function asText(field: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw bad(field, value, 'a string')
}

function asTexts(field: string, value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(item => asText(field, item))
  throw bad(field, value, 'a list of strings')
}

function asNumber(field: string, value: unknown): number {
  if (typeof value === 'number') return value
  throw bad(field, value, 'a number')
}

function asBoolean(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw bad(field, value, 'true or false')
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

function fromBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !BASE64.test(text)) throw bad('payload_base64', text, 'base64 with padding')
  return Buffer.from(text, 'base64')
}

function unknownField(field: string): QctlError {
  return new QctlError('bad_input', `unknown field ${excerpt(JSON.stringify(field))}`, {
    hint: `the fields are ${[...READERS.keys()].join(', ')}`,
  })
}

function bad(field: string, value: unknown, expected: string): QctlError {
  return new QctlError('bad_input', `${field} ${excerpt(JSON.stringify(value))} is not valid: expected ${expected}`)
}

function excerpt(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
