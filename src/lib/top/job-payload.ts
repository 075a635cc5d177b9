import {counted} from '../cli/counted.ts'
import {jobDetailsJson} from '../cli/job-json.ts'
import {safeJson} from '../cli/safe-output.ts'
import type {SeenJob} from './job-reader.ts'
import {size} from './shown.ts'
import {folded, type Words} from './words.ts'

/** More lines are not shown: they are read elsewhere. */
const MOST_LINES = 5000
const BYTES_A_LINE = 16

/** The payload of a job, as what it is: JSON, else text, else bytes. */
export function payloadLines({job, payload}: SeenJob, width: number): readonly Words[] {
  const isWhole = payload.length === job.payloadBytes
  const {kind, lines} = readable(payload, isWhole)
  const rest = isWhole ? '' : `, the first ${counted(payload.length, 'byte')} of it`
  const head: Words = {text: ` ${[kind, job.contentType, size(job.payloadBytes)].filter(part => part !== null).join(', ')}${rest}`, tone: 'dim'}
  const body = bodyOf(lines, width)
  const foot: readonly Words[] = isWhole && body.length < MOST_LINES ? [] : [{text: ` all of it: qctl jobs show ${job.id} --raw`, tone: 'dim'}]
  return [head, '', ...body, ...foot]
}

function bodyOf(lines: readonly string[], width: number): readonly Words[] {
  const body: Words[] = []
  for (const line of lines) {
    for (const part of folded(line, width - 2)) body.push(` ${part}`)
    if (body.length >= MOST_LINES) break
  }
  return body.slice(0, MOST_LINES)
}

/** All that JSON documents say of a job. */
export function jsonLines({job, payload, ...history}: SeenJob, now: number, width: number): readonly Words[] {
  const document = jobDetailsJson({job: {...job, payload}, ...history}, now)
  const isWhole = payload.length === job.payloadBytes
  const lines = safeJson(isWhole ? document : {...document, payload: null}, 2).split('\n')
  const note: readonly Words[] = isWhole ? [] : [{text: ` without the payload, which is large: qctl jobs show ${job.id} --json`, tone: 'dim'}]
  return [...note, ...bodyOf(lines, width)]
}

function readable(payload: Uint8Array, isWhole: boolean): {readonly kind: string; readonly lines: readonly string[]} {
  const text = textOf(payload, isWhole)
  if (text === null) return {kind: 'bytes', lines: hexLines(payload)}
  const json = isWhole ? prettyOf(text) : null
  return json === null ? {kind: 'text', lines: text.replace(/\n$/, '').split('\n')} : {kind: 'JSON', lines: json.split('\n')}
}

/** Bytes as text; `null` when they are none. The last character of a part may be cut. */
function textOf(bytes: Uint8Array, isWhole: boolean): string | null {
  if (bytes.includes(0)) return null
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes, {stream: !isWhole})
  } catch {
    return null
  }
}

/** An object or a list on many lines; anything else is short, or no JSON. Numbers of more digits than are exact stay text. */
function prettyOf(text: string): string | null {
  if (!/^\s*[[{]/.test(text) || /\d{16}/.test(text)) return null
  try {
    return safeJson(JSON.parse(text), 2)
  } catch {
    return null
  }
}

function hexLines(bytes: Uint8Array): readonly string[] {
  return Array.from({length: Math.min(MOST_LINES + 1, Math.ceil(bytes.length / BYTES_A_LINE))}, (_, row) => {
    const part = bytes.subarray(row * BYTES_A_LINE, (row + 1) * BYTES_A_LINE)
    const hex = [...part].map(byte => byte.toString(16).padStart(2, '0')).join(' ')
    const text = [...part].map(byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    return `${(row * BYTES_A_LINE).toString(16).padStart(6, '0')}  ${hex.padEnd(3 * BYTES_A_LINE)} ${text}`
  })
}
