import type {Key, Moment, Move} from './screen.ts'

/** Where a list is in a screen: its rows, and the cursor, which stays on its row when the rows move. */
export interface ListOf<Own, Facts, Row> {
  readonly rows: (facts: Facts, own: Own) => readonly Row[]
  readonly idOf: (row: Row) => string
  /** `null` = on the first row, whichever that is. */
  readonly cursor: (own: Own) => Cursor | null
  readonly withCursor: (own: Own, cursor: Cursor) => Own
}

/** Where the cursor was put. */
export interface Cursor {
  /** Of the row. */
  readonly id: string
  /** Where the row was: if it goes, the cursor stays in this place. */
  readonly place: number
}

/** The place of the row under the cursor. −1 when there are no rows. */
export function cursorAt<Row>(rows: readonly Row[], idOf: (row: Row) => string, cursor: Cursor | null): number {
  if (cursor === null || rows.length === 0) return Math.min(0, rows.length - 1)
  const at = rows.findIndex(row => idOf(row) === cursor.id)
  return at >= 0 ? at : Math.min(cursor.place, rows.length - 1)
}

/** The row under the cursor. */
export function rowUnder<Own, Facts, Row>(list: ListOf<Own, Facts, Row>, {own, facts}: Moment<Own, Facts>): Row | null {
  if (facts === null) return null
  const rows = list.rows(facts, own)
  return rows[cursorAt(rows, list.idOf, list.cursor(own))] ?? null
}

/**
 * The key that opens the row under the cursor.
 * @param help what is opened
 */
export function openKey<Own, Facts, Row>(list: ListOf<Own, Facts, Row>, help: string, open: (row: Row) => Move<never>): Key<Own, Facts> {
  return {
    keys: ['enter'],
    label: 'open',
    help,
    press: moment => {
      const row = rowUnder(list, moment)
      return row === null ? [] : open(row)
    },
  }
}

/** The keys that move the cursor of a list. */
export function listKeys<Own, Facts, Row>(list: ListOf<Own, Facts, Row>): readonly Key<Own, Facts>[] {
  const key = (keys: readonly string[], help: string, to: (at: number, page: number, last: number) => number): Key<Own, Facts> => ({
    keys,
    label: '',
    help,
    press: ({own, facts, frame}): Move<Own> | readonly [] => {
      const rows = facts === null ? [] : list.rows(facts, own)
      const last = rows.length - 1
      const at = cursorAt(rows, list.idOf, list.cursor(own))
      const place = Math.max(0, Math.min(last, to(at, Math.max(1, frame.rows - 4), last)))
      const row = rows[place]
      return row === undefined ? [] : {kind: 'own', own: list.withCursor(own, {id: list.idOf(row), place})}
    },
  })
  return [
    key(['up', 'k'], 'row above', at => at - 1),
    key(['down', 'j'], 'row below', at => at + 1),
    key(['pageup', 'ctrl-b'], 'page above', (at, page) => at - page),
    key(['pagedown', 'ctrl-f'], 'page below', (at, page) => at + page),
    key(['home', 'g'], 'first row', () => 0),
    key(['end', 'G'], 'last row', (_at, _page, last) => last),
  ]
}
