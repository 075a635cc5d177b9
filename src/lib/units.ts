import {QctlError} from './errors.ts'

// A strict grammar of our own: the libraries read "5" as five milliseconds and "1 month" as
// thirty days, and a queue that guesses a delay runs a job at the wrong time.
const DURATION_UNITS = {ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000} as const
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|[smhdw])/g
const LONGEST_MS = 100 * 365 * DURATION_UNITS.d

const SIZE_UNITS = {'': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3} as const
const SIZE = /^(\d+(?:\.\d+)?)([kmg]?)(?:i?b)?$/i

function isKeyOf<T extends object>(table: T, key: PropertyKey): key is keyof T {
  return Object.hasOwn(table, key)
}

/**
 * Reads a duration such as `500ms`, `5s`, `1h30m` or `7d`.
 *
 * @param text what the user wrote
 * @returns whole milliseconds
 * @throws {QctlError} `usage` when the text has no unit, an unknown unit, or is longer than a century
 */
export function parseDuration(text: string): number {
  const compact = text.trim().toLowerCase()
  if (/^\d+(\.\d+)?$/.test(compact)) {
    throw new QctlError('usage', `${compact} what? write ${compact}s, ${compact}m or ${compact}h`)
  }
  if (!DURATION.test(compact)) {
    throw new QctlError('usage', `"${text}" is not a duration`, {hint: 'write for example 500ms, 5s, 10m, 1h30m or 7d'})
  }
  let total = 0
  for (const [, amount, unit] of compact.matchAll(DURATION_PART)) {
    if (unit !== undefined && isKeyOf(DURATION_UNITS, unit)) total += Number(amount) * DURATION_UNITS[unit]
  }
  if (total > LONGEST_MS) throw new QctlError('usage', `"${text}" is longer than 100 years`)
  return Math.round(total)
}

/**
 * Writes a duration the way `parseDuration` reads it.
 *
 * @param ms whole milliseconds, not negative
 * @returns for example `1h30m`; `0s` for nothing
 */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms)
  if (rest === 0) return '0s'
  let text = ''
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(rest / DURATION_UNITS[unit])
    rest -= count * DURATION_UNITS[unit]
    if (count > 0) text += `${count}${unit}`
  }
  return text
}

/**
 * Reads a size such as `64k`, `1M`, `10MiB` or plain bytes; a k is 1024 bytes.
 *
 * @param text what the user wrote
 * @returns whole bytes
 * @throws {QctlError} `usage` when it is not a size
 */
export function parseSize(text: string): number {
  const [, amount, letter] = SIZE.exec(text.trim()) ?? []
  const unit = letter?.toLowerCase()
  if (amount === undefined || unit === undefined || !isKeyOf(SIZE_UNITS, unit)) {
    throw new QctlError('usage', `"${text}" is not a size`, {hint: 'write for example 4096, 64k or 1M'})
  }
  return Math.round(Number(amount) * SIZE_UNITS[unit])
}

/**
 * Writes a size the way `parseSize` reads it, exactly.
 *
 * @param bytes whole bytes, not negative
 * @returns for example `64k`; a size that is no whole number of k is written in bytes
 */
export function formatSize(bytes: number): string {
  for (const unit of ['g', 'm', 'k'] as const) {
    const size = SIZE_UNITS[unit]
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit === 'k' ? 'k' : unit.toUpperCase()}`
  }
  return `${bytes}`
}

/**
 * Reads a whole number within bounds.
 *
 * @param text what the user wrote
 * @param min the smallest number allowed
 * @param max the largest number allowed
 * @throws {QctlError} `usage` when it is no whole number or out of bounds
 */
export function parseInteger(text: string, min: number, max: number): number {
  const value = Number(text)
  if (!/^[+-]?\d+$/.test(text.trim()) || !Number.isSafeInteger(value)) {
    throw new QctlError('usage', `"${text}" is not a whole number`)
  }
  if (value < min || value > max) throw new QctlError('usage', `${value} is not between ${min} and ${max}`)
  return value
}
