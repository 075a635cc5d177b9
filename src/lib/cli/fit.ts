import stringWidth from 'string-width'
import type {Column} from './columns.ts'

/** A column with its place in a table. */
export interface Place<Row> {
  readonly column: Column<Row>
  /** What stands in its cells, row by row. */
  readonly texts: readonly string[]
  readonly title: string
  readonly width: number
}

/** A name or a sentence is not cut below this while something else can give way. */
const READABLE = 12
/** Not even when nothing else can. */
const NARROWEST = 6

const GAP_WIDTH = 2

/** How many columns of a terminal a text takes; most are ASCII, which string-width measures a hundred times slower than this. */
export function widthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text)
}

/** Gives a column the room that its texts and its heading take. */
export function placeOf<Row>(column: Column<Row>, texts: readonly string[], title = column.title): Place<Row> {
  return {column, texts, title, width: texts.reduce((widest, text) => Math.max(widest, widthOf(text)), widthOf(title))}
}

/**
 * Makes a table fit: with shorter headings, then by cutting free text, then other text, the widest first, and then by leaving
 * out what can be spared, the last first. Numbers and headings are never cut; what does not fit even so is left too wide.
 *
 * @param places of all columns, as wide as they like
 * @param width columns of the terminal
 * @param maySpare false when every column was asked for
 */
export function fit<Row>(places: readonly Place<Row>[], width: number, maySpare: boolean): readonly Place<Row>[] {
  if (totalOf(places) <= width) return places
  const short = places.map(({column, texts}) => placeOf(column, texts, column.short))
  const readable = narrow(narrow(short, width, READABLE, ({free}) => free === true), width, READABLE, isText)
  if (totalOf(readable) <= width) return readable
  const spared = maySpare ? places.findLastIndex(({column}) => column.spare === true) : -1
  return spared < 0 ? narrow(readable, width, NARROWEST, isText) : fit(places.toSpliced(spared, 1), width, maySpare)
}

function isText<Row>({align}: Column<Row>): boolean {
  return align !== 'right'
}

function totalOf(places: readonly {readonly width: number}[]): number {
  return places.reduce((sum, place) => sum + place.width, GAP_WIDTH * (places.length - 1))
}

/** Takes from the widest of some columns until the row fits, or none of them is above its least width. */
function narrow<Row>(places: readonly Place<Row>[], width: number, least: number, which: (column: Column<Row>) => boolean): readonly Place<Row>[] {
  const widths = places.map((place) => place.width)
  const floors = places.map(({column, title, width: now}) => (which(column) ? Math.min(now, Math.max(least, widthOf(title))) : now))
  for (let excess = totalOf(places) - width; excess > 0; excess -= 1) {
    const rooms = widths.map((now, at) => (now > (floors[at] ?? now) ? now : 0))
    const widest = Math.max(...rooms)
    if (widest === 0) break
    widths[rooms.indexOf(widest)] = widest - 1
  }
  return places.map((place, at) => ({...place, width: widths[at] ?? place.width}))
}
