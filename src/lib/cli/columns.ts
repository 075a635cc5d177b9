import {QctlError} from '../errors.ts'

/** How a cell may be painted; the names are chalk's. */
export type CellStyle = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan' | 'magenta'

/** One column, of every table that qctl prints. */
export interface Column<Row> {
  /** The name for `--columns` and the first line of CSV; the same word as in JSON. */
  readonly key: string
  /** The head of the column on paper. */
  readonly title: string
  /** The head where there is little room, when `title` is longer than what stands below it. */
  readonly short?: string
  /** What stands in the cell; null is an empty one. */
  readonly value: (row: Row) => string | number | null
  /** How the cell is painted, if at all. */
  readonly style?: (row: Row) => CellStyle | null
  /** Numbers read better when their ends meet. */
  readonly align?: 'right'
  /** True: left out unless the output is `wide` or the column is asked for. */
  readonly wide?: boolean
  /** True: a sentence, which is cut before names are. */
  readonly free?: boolean
  /** True: left out of a terminal where the others have no room, unless it was asked for. */
  readonly spare?: boolean
}

/**
 * Chooses the columns to print.
 *
 * @param columns every column there is, in order
 * @param chosen `--columns`, undefined when not given; its order counts
 * @param wide true for `--output wide`
 * @param others columns that are printed only when they are chosen
 * @throws {QctlError} `usage` for a column that does not exist, naming those that do
 */
export function selectColumns<Row>(
  columns: readonly Column<Row>[],
  chosen: readonly string[] | undefined,
  wide: boolean,
  others: readonly Column<Row>[] = [],
): readonly Column<Row>[] {
  if (chosen === undefined) return columns.filter((column) => wide || column.wide !== true)
  const all = new Map([...others, ...columns].map((column) => [column.key, column]))
  return chosen.map((key) => {
    const column = all.get(key)
    if (column !== undefined) return column
    const known = [...new Set([...columns, ...others].map((candidate) => candidate.key))].join(', ')
    throw new QctlError('usage', `unknown column "${key}"`, {hint: `the columns are ${known}`})
  })
}
