/** What `qctl job …` takes, and what it says to the consumer: for oclif's way and for the short one. */
import {isTerminal} from '../descriptor.ts'
import {QctlError} from '../errors.ts'
import {type Claim, RESULT_MAX_BYTES} from '../job.ts'
import type {Saying} from '../job-message.ts'
import {argumentBytes} from '../producer/argument-bytes.ts'
import {parseDuration} from '../time.ts'
import {asText, type ArgTable, type ArgValues} from './flags.ts'
import {openStdin} from './stdin.ts'

export const PROGRESS_ARGS = {
  percent: {summary: 'how much is done, in percent: 40, 40% or 12.5', parse: parsePercent, required: true},
} as const satisfies ArgTable

export const RESULT_ARGS = {
  text: {summary: 'the result; all of stdin when it is - or absent', parse: asText},
} as const satisfies ArgTable

export const SNOOZE_ARGS = {
  delay: {summary: 'how long, as in 10m; absent: by the backoff of the queue', parse: parseDuration},
} as const satisfies ArgTable

/**
 * Reads how much is done: `40`, `40%` or `12.5`.
 * @returns 0…100
 * @throws QctlError `usage`, also for a number that looks like a fraction of 1
 */
function parsePercent(text: string): number {
  const [, number, sign] = /^(\d{1,3}(?:\.\d+)?)(%?)$/.exec(text) ?? []
  const percent = Number(number)
  if (number === undefined || percent > 100) throw new QctlError('usage', `${JSON.stringify(text)} is not a percentage from 0 to 100`)
  // Somebody thinks of a fraction.
  if (percent > 0 && percent < 1 && sign === '') {
    throw new QctlError('usage', `${text} of what?`, {hint: `write ${Math.round(percent * 100)} for a part of ${text}, or ${text}%`})
  }
  return percent
}

/** `qctl job progress`: what goes to the consumer is a fraction, 0…1. */
export function progressSaying({percent}: ArgValues<typeof PROGRESS_ARGS>): Saying {
  return {kind: 'progress', value: percent / 100}
}

/**
 * `qctl job result`: the argument byte for byte, or all of stdin.
 * @throws QctlError `bad_input` above 1 MiB, of which no more is read; `usage` when stdin is a terminal; `not_found` when it cannot be read
 */
export async function resultSaying({text}: ArgValues<typeof RESULT_ARGS>): Promise<Saying> {
  return {kind: 'result', bytes: text === undefined || text === '-' ? await readStdin() : bytesOf(text)}
}

/** `qctl job snooze`: for how long, in ms; `null` = by the queue's backoff. */
export function snoozeSaying({delay}: ArgValues<typeof SNOOZE_ARGS>): Saying {
  return {kind: 'snooze', delayMs: delay ?? null}
}

/** What is printed for programs once it was taken. */
export function saidJson({id, fence}: Claim, saying: Saying): object {
  switch (saying.kind) {
    case 'progress':
      return {id, fence, progress: saying.value}
    case 'result':
      return {id, fence, result_bytes: saying.bytes.length}
    case 'snooze':
      return {id, fence, snooze_ms: saying.delayMs}
  }
}

function bytesOf(text: string): Uint8Array {
  const [bytes = text] = argumentBytes([text])
  return checked(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes)
}

async function readStdin(): Promise<Uint8Array> {
  if (isTerminal(0)) throw new QctlError('usage', 'the result is missing', {hint: 'write it as an argument, or give it on stdin'})
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of openStdin()) {
    chunks.push(chunk)
    length += chunk.length
    if (length > RESULT_MAX_BYTES) break
  }
  return checked(Buffer.concat(chunks))
}

function checked(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= RESULT_MAX_BYTES) return bytes
  throw new QctlError('bad_input', 'a result may have 1 MiB', {hint: 'what is larger belongs into a file, whose path can be the result'})
}
