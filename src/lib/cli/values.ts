import {QctlError} from '../errors.ts'
import {KEY_MAX_BYTES, NAME_PATTERN, PRIORITY_MAX, PRIORITY_MIN, STATES, type State} from '../job.ts'
import {parseDuration} from '../time.ts'
import {parseInteger, parseSize} from '../units.ts'

// What flags and arguments take. Each throws a `usage` error that does not name the flag: whoever calls adds that.

/** Reads the name of a queue, a consumer or a tag. */
export function parseName(text: string): string {
  if (NAME_PATTERN.test(text)) return text
  throw new QctlError('usage', `not a name: ${JSON.stringify(text)}`, {hint: 'names are 1 to 128 of A-Z a-z 0-9 _ . : @ / -'})
}

/** Reads a state. */
export function parseState(text: string): State {
  const state = STATES.find(candidate => candidate === text)
  if (state === undefined) throw new QctlError('usage', `"${text}" is not one of ${STATES.join(', ')}`)
  return state
}

/** Reads a priority. */
export function parsePriority(text: string): number {
  return parseInteger(text, PRIORITY_MIN, PRIORITY_MAX)
}

/** Reads how often something is tried. */
export function parseAttempts(text: string): number {
  return parseInteger(text, 1, 1_000_000)
}

/** Reads a number of things, one or more. */
export function parseSome(text: string): number {
  return parseInteger(text, 1, Number.MAX_SAFE_INTEGER)
}

/** Reads a size that is not nothing. */
export function parseSomeBytes(text: string): number {
  const bytes = parseSize(text)
  if (bytes === 0) throw new QctlError('usage', 'must be more than 0')
  return bytes
}

/** With less no program starts. */
const LEAST_MEMORY_BYTES = 1024 * 1024

/** Reads how much memory a program may use. */
export function parseMemory(text: string): number {
  const bytes = parseSize(text)
  if (bytes < LEAST_MEMORY_BYTES) throw new QctlError('usage', `${text} is less than 1M, with which no program starts`)
  return bytes
}

/** Reads a duration that is not nothing. */
export function parseSpan(text: string): number {
  const ms = parseDuration(text)
  if (ms === 0) throw new QctlError('usage', 'must be more than 0')
  return ms
}

/** Reads a duration, or `never` for no end (`null`). */
export function parseSpanOrNever(text: string): number | null {
  return text === 'never' ? null : parseSpan(text)
}

/** Reads a line for a shell, but not a blank one: that would take every job for done. */
export function parseScript(text: string): string {
  if (text.trim() === '') throw new QctlError('usage', 'nothing to run: the script is empty')
  return text
}

/** Reads where to post jobs. */
export function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new QctlError('usage', `not an http or https URL: ${JSON.stringify(text)}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new QctlError('usage', 'everybody can see a command line: no password belongs there', {hint: 'put an Authorization header into --http-header-file'})
  }
  return url
}

/** Reads the key of a job. */
export function parseKey(text: string): string {
  const bytes = Buffer.byteLength(text)
  if (bytes >= 1 && bytes <= KEY_MAX_BYTES && !text.includes('\0')) return text
  throw new QctlError('usage', `a key has 1 to ${KEY_MAX_BYTES} bytes, this has ${bytes}`)
}

/** Reads a content type: printable ASCII. */
export function parseContentType(text: string): string {
  if (/^[!-~][ -~]{0,254}$/.test(text)) return text
  throw new QctlError('usage', `not a content type: ${JSON.stringify(text.slice(0, 80))}`, {hint: 'write it like text/plain'})
}
