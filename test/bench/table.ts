/** Figures in Markdown. */
import {median} from './statistics.ts'
import type {Unit} from './workload.ts'

/** Stands where there is no figure. */
export const NOTHING = '–'

/** The median, and the least and the most of several. */
export function spread(values: readonly number[] | undefined, write: (value: number) => string): string {
  if (values === undefined || values.length === 0) return NOTHING
  const middle = write(median(values))
  return values.length === 1 ? middle : `${middle} (${write(Math.min(...values))}–${write(Math.max(...values))})`
}

/** As precise as it is worth. */
export function amount(value: number, unit: Unit): string {
  if (unit === 'jobs/s') return Math.round(value).toLocaleString('en')
  return value.toLocaleString('en', {maximumSignificantDigits: 3})
}

/** Of two figures. */
export function ratio(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0)
}

/** A table, its columns aligned. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map(row => row[at]?.length ?? 0)))
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |\n`
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...rows.map(line)].join('')
}
