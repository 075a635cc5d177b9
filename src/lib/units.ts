import {QctlError} from './errors.ts'

const SIZE_UNITS = {'': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3} as const
// By hand: the libraries disagree on whether a k is 1000 or 1024 and round what they print.
const SIZE = /^(\d+)([kmg]?)(?:i?b)?$/

/**
 * Reads a size such as `64k`, `1M`, `10MiB` or plain bytes; a k is 1024 bytes.
 *
 * @param text what the user wrote
 * @returns whole bytes
 * @throws {QctlError} `usage` when it is not a size
 */
export function parseSize(text: string): number {
  const [, amount, unit = ''] = SIZE.exec(text.trim().toLowerCase()) ?? []
  const bytes = Number(amount) * SIZE_UNITS[unit as keyof typeof SIZE_UNITS]
  if (!Number.isSafeInteger(bytes)) {
    throw new QctlError('usage', `not a size: ${JSON.stringify(text)}`, {hint: 'write it like 4096, 64k or 1M'})
  }
  return bytes
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

/** Writes a size for people, with two digits at least: `812k`, `1.7M`, `43M`. */
export function formatSizeShort(bytes: number): string {
  for (const unit of ['g', 'm'] as const) {
    const size = bytes / SIZE_UNITS[unit]
    if (size >= 1) return `${size < 10 ? size.toFixed(1) : Math.round(size)}${unit.toUpperCase()}`
  }
  return `${Math.ceil(bytes / SIZE_UNITS.k)}k`
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
    throw new QctlError('usage', `not a whole number: ${JSON.stringify(text)}`)
  }
  if (value < min || value > max) throw new QctlError('usage', `${value} is not between ${min} and ${max}`)
  return value
}
