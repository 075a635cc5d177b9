/** What qctl and a worker write to each other: one JSON object per line. Pure. */
import type {Lease} from '../../job.ts'
import type {Outcome} from '../../outcome.ts'
import type {OutputStream} from '../../output-record.ts'
import {parseDuration} from '../../time.ts'
import type {RunContext, Stop} from '../handler.ts'
import {doneWith, resultBytes} from '../result.ts'
import {Lie} from './lines.ts'

/** What a worker says of one job. */
export interface Message {
  readonly id: number
  readonly fence: number
  readonly said: Said
}

export type Said =
  /** The answer: there is one per job. */
  | {readonly kind: 'answer'; readonly outcome: Outcome}
  | {readonly kind: 'progress'; readonly value: number}
  /** Only workers of modules: the function was called, until then the job waited for others. */
  | {readonly kind: 'began'}
  /** Only workers of modules: they know which job prints. */
  | {readonly kind: 'printed'; readonly stream: OutputStream; readonly text: string}

const QUOTED_MAX = 100
const DONE: Said = {kind: 'answer', outcome: {kind: 'done', result: null}}
const BEGAN: Said = {kind: 'began'}

/** The line that gives a job to a worker. */
export function jobLine(lease: Lease, {maxAttempts, timeoutMs}: Pick<RunContext, 'maxAttempts' | 'timeoutMs'>): string {
  const {id, queue, attempt, fence, key, contentType, file, payload} = lease
  const facts = {id, queue, attempt, max_attempts: maxAttempts, fence, key, content_type: contentType, file, timeout_ms: timeoutMs}
  const text = textOf(payload)
  return `${JSON.stringify(text === null ? {...facts, payload_base64: base64Of(payload)} : {...facts, payload: text})}\n`
}

/** A mark of the byte order is part of a payload like everything else. */
const UTF8 = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true})

/** `null` when it is none. */
function textOf(payload: Uint8Array): string | null {
  try {
    return UTF8.decode(payload)
  } catch {
    return null
  }
}

function base64Of(payload: Uint8Array): string {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('base64')
}

/** The line that tells a worker of a module that a job has to end. */
export function stopLine({id, fence}: Lease, {cause}: Stop): string {
  return `${JSON.stringify({id, fence, stop: cause})}\n`
}

/**
 * Reads a line of a worker.
 * @throws Lie
 */
export function readMessage(line: string): Message {
  const message = parse(line)
  const {id, fence} = message
  if (!Number.isSafeInteger(id) || !Number.isSafeInteger(fence)) throw new Lie(`an answer without id and fence: ${quoted(line)}`)
  return {id: id as number, fence: fence as number, said: saidIn(message, line)}
}

type Fields = Readonly<Record<string, unknown>>

function parse(line: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new Lie(`not JSON: ${quoted(line)}`)
  }
  if (typeof value !== 'object' || value === null) throw new Lie(`not an answer: ${quoted(line)}`)
  return value as Fields
}

function saidIn(message: Fields, line: string): Said {
  const {ok, result, result_base64: base64, error, retry, progress, snooze, began, stdout, stderr} = message
  if (ok === true) {
    if (result === undefined && base64 === undefined) return DONE
    return {kind: 'answer', outcome: doneWith(base64 === undefined ? resultBytes(result) : decoded(base64, line))}
  }
  if (error !== undefined) return {kind: 'answer', outcome: failed(typeof error === 'string' ? error : JSON.stringify(error), retry, line)}
  if (snooze !== undefined) return {kind: 'answer', outcome: {kind: 'snoozed', delayMs: snooze === null ? null : durationOf(snooze, line)}}
  if (typeof progress === 'number') return {kind: 'progress', value: progress}
  if (began === true) return BEGAN
  if (typeof stdout === 'string') return {kind: 'printed', stream: 'stdout', text: stdout}
  if (typeof stderr === 'string') return {kind: 'printed', stream: 'stderr', text: stderr}
  throw new Lie(`neither "ok": true nor "error" nor "progress": ${quoted(line)}`)
}

function failed(error: string, retry: unknown, line: string): Outcome {
  if (retry === false) return {kind: 'rejected', reason: 'permanent', error}
  return {kind: 'failed', error, retryAfterMs: retry === undefined || retry === null ? null : durationOf(retry, line)}
}

function decoded(base64: unknown, line: string): Uint8Array {
  if (typeof base64 !== 'string') throw new Lie(`"result_base64" is no text: ${quoted(line)}`)
  return Buffer.from(base64, 'base64')
}

function durationOf(value: unknown, line: string): number {
  try {
    return parseDuration(String(value))
  } catch {
    throw new Lie(`not a duration such as "10m": ${quoted(line)}`)
  }
}

function quoted(line: string): string {
  return JSON.stringify(line.length > QUOTED_MAX ? `${line.slice(0, QUOTED_MAX)}…` : line)
}
