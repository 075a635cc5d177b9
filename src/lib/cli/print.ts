import type {ChalkInstance} from 'chalk'
import type {OutputFormat} from '../config.ts'
import type {OutputStream} from '../output-record.ts'
import {safeText} from '../safe-text.ts'
import {selectColumns, type Column} from './columns.ts'
import {forPeople} from './csv-columns.ts'
import {safeJson} from './safe-output.ts'
import {painter, screenWidth} from './terminal.ts'

/** The formats of commands that print one thing, which is no table. */
export const ONE_THING: readonly OutputFormat[] = ['table', 'wide', 'json', 'ndjson']

/** What can be printed on; `papers.ts` has the two of the process. */
export interface Paper {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string | Uint8Array): boolean
}

/** What the flags say about printing. */
export interface PrintOptions {
  readonly output: OutputFormat
  /** `--columns`, when given. */
  readonly columns?: readonly string[] | undefined
  /** Nothing but errors on stderr. */
  readonly quiet: boolean
  readonly verbose: boolean
  readonly out: Paper
  readonly err: Paper
  /** How to paint what goes to `out`. */
  readonly paint: ChalkInstance
  /** How to paint what goes to `err`; none when absent. */
  readonly paintNotes?: ChalkInstance
}

/** How a list of one kind of thing is printed, in every output format. */
export interface ListFormat<Row> {
  readonly columns: readonly Column<Row>[]
  /** The columns of CSV, with values for programs; those of tables when absent. */
  readonly csv?: readonly Column<Row>[]
  /** What `--output id` prints, one per line. */
  readonly id: (row: Row) => string | number
  /** One item of the JSON document, in snake_case with null for what is absent. */
  readonly toJson: (row: Row) => unknown
}

/** A page of a list. */
export interface Page<Row> {
  readonly items: readonly Row[]
  /** The cursor of the next page; null when this is the last. */
  readonly next: string | null
  /** How far a search went; null for a list that was not searched. */
  readonly searched: {readonly rows: number; readonly complete: boolean} | null
}

/** Prints: data to stdout and nothing else, everything that is not data to stderr. */
export class Printer {
  readonly #options: PrintOptions

  constructor(options: PrintOptions) {
    this.#options = options
  }

  get output(): OutputFormat {
    return this.#options.output
  }

  /** True when one JSON document is expected on stdout. */
  get isJson(): boolean {
    return this.#options.output === 'json'
  }

  /** True when a program reads: json or ndjson. */
  get isMachine(): boolean {
    return this.#options.output === 'json' || this.#options.output === 'ndjson'
  }

  /** True when nothing but errors may go to stderr. */
  get isQuiet(): boolean {
    return this.#options.quiet
  }

  /** Paints what goes to stdout. */
  get paint(): ChalkInstance {
    return this.#options.paint
  }

  /** Columns of the terminal that stdout is; null when it is none. */
  get width(): number | null {
    return screenWidth(this.#options.out)
  }

  /** Writes lines of data. The caller has made foreign text safe. */
  line(text = ''): void {
    this.#options.out.write(`${text}\n`)
  }

  /** Writes data as it is; only `--raw` and payloads in a pipe may. */
  raw(data: string | Uint8Array): void {
    this.#options.out.write(data)
  }

  /** True when what goes there is read on a terminal. */
  isScreen(stream: OutputStream): boolean {
    return this.#paper(stream).isTTY === true
  }

  /** Writes what a handler wrote to that stream. The caller has made it safe where `isScreen`. */
  foreign(data: string | Uint8Array, stream: OutputStream): void {
    this.#paper(stream).write(data)
  }

  /** Writes one JSON document, or with `ndjson` one line. */
  json(value: unknown): void {
    this.line(safeJson(value, this.#options.output === 'ndjson' ? undefined : 2))
  }

  /**
   * Writes a result that is not a list: JSON for programs, lines for people.
   *
   * @param value the JSON document
   * @param text called only when people read. Gives lines, which are made safe here; or writes what is painted, with `line`
   */
  result(value: unknown, text: () => string | readonly string[] | undefined | void): void {
    if (this.isMachine) return this.json(value)
    const lines = text() ?? []
    for (const line of typeof lines === 'string' ? [lines] : lines) this.line(safeText(line))
  }

  /**
   * Says what a dry run found: JSON for programs, a note for people, since nothing is there yet that could be data.
   *
   * @param value the document, with the names of the one of the real run
   */
  rehearsal(value: unknown, note: string): void {
    if (this.isMachine) this.json(value)
    this.note(note)
  }

  /**
   * Writes a list in the format that was asked for.
   *
   * @param page the items, and where the next page begins
   * @param format how such items look
   * @throws {QctlError} `usage` for an unknown column
   */
  async list<Row>(page: Page<Row>, format: ListFormat<Row>): Promise<void> {
    const {output, columns: chosen, out, paint} = this.#options
    const {columns: ofTables, csv: ofCsv = ofTables} = format
    // Programs find in CSV the names of JSON and no others; people may ask for those, too.
    const columns = output === 'csv' ? selectColumns(ofCsv, chosen, false) : selectColumns(ofTables, chosen, output === 'wide', forPeople(ofCsv))
    if (output === 'json') {
      return this.json({items: page.items.map(format.toJson), next: page.next, searched: page.searched})
    }
    if (output === 'ndjson') return page.items.forEach((row) => this.line(safeJson(format.toJson(row))))
    if (output === 'id') return page.items.forEach((row) => this.line(safeText(String(format.id(row)))))
    const {renderCsv, renderTable} = await import('./table.ts')
    // A wide table is for scrolling: nothing is cut.
    const width = output === 'wide' ? null : screenWidth(out)
    const layout = {width, maySpare: chosen === undefined, paint}
    out.write(output === 'csv' ? renderCsv(page.items, columns) : renderTable(page.items, columns, layout))
  }

  /** Tells the user something: progress, what was done, where. Nothing with `-q`. One line. */
  note(text: string): void {
    if (!this.#options.quiet) this.#options.err.write(`${safeText(text)}\n`)
  }

  /** Warns the user. Nothing with `-q`. One line. */
  warn(text: string): void {
    const paint = this.#options.paintNotes ?? painter(0)
    if (!this.#options.quiet) this.#options.err.write(`${paint.yellow('warning:')} ${safeText(text)}\n`)
  }

  /** Suggests what to do next. Nothing with `-q` or when a program reads. One line. */
  hint(text: string): void {
    if (!this.isMachine) this.note(text)
  }

  /** Says more to who asked for it with `-v`. One line. */
  detail(text: string): void {
    if (this.#options.verbose) this.note(text)
  }

  #paper(stream: OutputStream): Paper {
    return stream === 'stdout' ? this.#options.out : this.#options.err
  }
}
