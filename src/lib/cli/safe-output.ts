import {escapeJson, safeText} from '../safe-text.ts'

/**
 * Makes bytes harmless: valid UTF-8 as by `safeText`, any other byte as `\xNN`.
 *
 * @param bytes anything that came from outside
 * @param options as for `safeText`
 */
export function safeBytes(bytes: Uint8Array, options: {readonly multiline?: boolean} = {}): string {
  let text = ''
  let start = 0
  while (start < bytes.length) {
    const end = validUntil(bytes, start)
    text += safeText(new TextDecoder('utf-8', {ignoreBOM: true}).decode(bytes.subarray(start, end)), options)
    const bad = bytes[end]
    if (bad !== undefined) text += `\\x${bad.toString(16).padStart(2, '0')}`
    start = end + 1
  }
  return text
}

/** The end of the longest valid UTF-8 that starts at `start`. */
function validUntil(bytes: Uint8Array, start: number): number {
  let at = start
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at)
    if (length === 0) return at
    at += length
  }
  return at
}

/** How many bytes the character at `at` has; 0 when it is not valid UTF-8 (RFC 3629, table 3-7 of Unicode). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0
  if (lead < 0x80) return 1
  const length = lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0
  for (let offset = 1; offset < length; offset += 1) {
    const byte = bytes[at + offset] ?? 0
    const low = offset > 1 ? 0x80 : lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
    const high = offset > 1 ? 0xbf : lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
    if (byte < low || byte > high) return 0
  }
  return length
}

/**
 * Writes a value as JSON that a terminal may show: what JSON leaves bare but a terminal obeys is escaped, too.
 *
 * @param value any JSON value
 * @param indent blanks per level; none gives one line
 */
export function safeJson(value: unknown, indent?: number): string {
  return escapeJson(JSON.stringify(value, null, indent))
}
