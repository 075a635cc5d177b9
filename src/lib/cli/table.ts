import type {ChalkInstance} from 'chalk'
import CliTable from 'cli-table3'
import {safeText} from '../safe-text.ts'
import type {Column} from './columns.ts'
import {fit, type Place, placeOf, widthOf} from './fit.ts'

/** How to lay out a table. */
export interface Layout {
  /** Columns of the terminal; null lays out for a pipe: no lines, nothing cut. */
  readonly width: number | null
  /** False when every column was asked for, so that none may be left out of a terminal that is too narrow; default true. */
  readonly maySpare?: boolean
  readonly paint: ChalkInstance
}

const GAP = '  '

const RULE_BELOW_HEAD = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '',
  bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  left: '', 'left-mid': '', right: '', 'right-mid': '',
  mid: '─', 'mid-mid': '──', middle: GAP,
} as const

/**
 * Lays rows out in columns.
 *
 * @param rows what to print
 * @param columns which columns, in order
 * @param layout where it goes
 * @returns the lines, each ended by a line feed; the head alone when there are no rows
 */
export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], {width, maySpare = true, paint}: Layout): string {
  const all = columns.map((column) => placeOf(column, rows.map((row) => cellText(column, row))))
  const places = width === null ? all : fit(all, width, maySpare)
  const head = places.map(({title}) => paint.bold(title))
  const cells = rows.map((row, at) => places.map((place) => painted(place, row, at, paint)))
  const widths = places.map((place) => place.width)
  const aligns = places.map(({column}) => column.align ?? 'left')
  const lines = width === null ? pad([head, ...cells], widths, aligns) : drawn(head, cells, widths, aligns)
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}

/** For a pipe: nothing to draw and nothing to cut, so no cli-table3, which takes a millisecond per row when it is cold. */
function pad(rows: readonly (readonly string[])[], widths: readonly number[], aligns: readonly ('left' | 'right')[]): string[] {
  return rows.map((cells) =>
    cells
      .map((cell, at) => {
        const blanks = ' '.repeat(Math.max(0, (widths[at] ?? 0) - widthOf(cell)))
        return aligns[at] === 'right' ? `${blanks}${cell}` : `${cell}${blanks}`
      })
      .join(GAP),
  )
}

/** For a terminal. */
function drawn(
  head: readonly string[],
  cells: readonly (readonly string[])[],
  widths: readonly number[],
  aligns: readonly ('left' | 'right')[],
): string[] {
  const table = new CliTable({
    head: [...head],
    colAligns: [...aligns],
    colWidths: [...widths],
    chars: RULE_BELOW_HEAD,
    // Without empty lists cli-table3 colours even what goes into a pipe.
    style: {head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0},
  })
  for (const row of cells) table.push([...row])
  return table.toString().split('\n')
}

function cellText<Row>(column: Column<Row>, row: Row): string {
  const value = column.value(row)
  return value === null ? '' : safeText(String(value))
}

function painted<Row>({column, texts}: Place<Row>, row: Row, at: number, paint: ChalkInstance): string {
  const text = texts[at] ?? ''
  const style = column.style?.(row) ?? null
  return style === null ? text : paint[style](text)
}

/**
 * Writes rows as CSV (RFC 4180): a head of column keys, CRLF, quotes only where needed.
 * By hand, because it is these lines and the libraries for it are larger than all our tables.
 *
 * @param rows what to print
 * @param columns which columns, in order
 */
export function renderCsv<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const records = [columns.map((column) => column.key), ...rows.map((row) => columns.map((column) => cellText(column, row)))]
  return records.map((record) => `${record.map(quoteCsv).join(',')}\r\n`).join('')
}

function quoteCsv(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
