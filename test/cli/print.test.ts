import {describe, expect, test} from 'bun:test'
import type {Column} from '../../src/lib/cli/columns.ts'
import {Printer, type ListFormat, type Page, type PrintOptions} from '../../src/lib/cli/print.ts'
import {colorLevel, painter} from '../../src/lib/cli/terminal.ts'

interface Row {
  readonly id: number
  readonly queue: string
  readonly error: string | null
}

const COLUMNS: readonly Column<Row>[] = [
  {key: 'id', title: 'ID', value: ({id}) => id, align: 'right'},
  {key: 'queue', title: 'QUEUE', value: ({queue}) => queue, style: () => 'green'},
  {key: 'error', title: 'ERROR', value: ({error}) => error, wide: true},
]
const FORMAT: ListFormat<Row> = {columns: COLUMNS, id: ({id}) => id, toJson: (row) => row}
const PAGE: Page<Row> = {
  items: [{id: 7, queue: 'mail', error: 'a "b", c'}, {id: 1234, queue: '日本\u001b[31m', error: null}],
  next: 'c1',
  searched: null,
}

/** Prints to memory. */
async function printed(options: Partial<PrintOptions>, use: (print: Printer) => unknown, columns?: number): Promise<{out: string; err: string}> {
  const texts = {out: '', err: ''}
  const paper = (name: 'out' | 'err') => ({
    isTTY: columns !== undefined,
    columns,
    write: (text: string | Uint8Array) => ((texts[name] += String(text)), true),
  })
  await use(new Printer({output: 'table', quiet: false, verbose: false, paint: painter(0), out: paper('out'), err: paper('err'), ...options}))
  return texts
}

describe('a list', () => {
  const list = async (options: Partial<PrintOptions>, columns?: number): Promise<string> =>
    (await printed(options, (print) => print.list(PAGE, FORMAT), columns)).out

  test('in a pipe has no lines and no colour', async () => {
    expect(await list({})).toBe('  ID  QUEUE\n   7  mail\n1234  日本\\x1b[31m\n')
  })

  test('on a terminal has a rule below its head, and fits', async () => {
    const text = await list({columns: ['id', 'queue', 'error'], paint: painter(1)}, 20)
    expect(text).toContain('\u001b[32mmail')
    expect(text).toContain('─')
    const widths = Bun.stripANSI(text).split('\n').map((line) => Bun.stringWidth(line))
    expect(Math.max(...widths)).toBeLessThanOrEqual(20)
  })

  test('wide is not cut on a terminal', async () => {
    expect(await list({output: 'wide'}, 12)).toBe('  ID  QUEUE         ERROR\n   7  mail          a "b", c\n1234  日本\\x1b[31m\n')
  })

  test('as CSV, JSON, NDJSON and ids', async () => {
    expect(await list({output: 'csv'})).toBe('id,queue\r\n7,mail\r\n1234,日本\\x1b[31m\r\n')
    expect(await list({output: 'csv', columns: ['error', 'id']})).toBe('error,id\r\n"a ""b"", c",7\r\n,1234\r\n')
    expect(JSON.parse(await list({output: 'json'}))).toEqual({items: PAGE.items, next: 'c1', searched: null})
    expect((await list({output: 'ndjson'})).trim().split('\n').map((line): unknown => JSON.parse(line))).toEqual([...PAGE.items])
    expect(await list({output: 'id'})).toBe('7\n1234\n')
  })

  test('refuses an unknown column and names the columns', async () => {
    const error: unknown = await list({columns: ['idd']}).catch((reason: unknown) => reason)
    expect(error).toMatchObject({code: 'usage', message: 'unknown column "idd"', hint: 'the columns are id, queue, error'})
  })

  test('of nothing is its head', async () => {
    const {out} = await printed({}, (print) => print.list({items: [], next: null, searched: null}, FORMAT))
    expect(out).toBe('ID  QUEUE\n')
  })
})

describe('a table that is too wide', () => {
  interface Line {
    readonly name: string
    readonly count: number
    readonly rest: number
    readonly why: string
  }
  const columns: readonly Column<Line>[] = [
    {key: 'name', title: 'NAME', value: ({name}) => name},
    {key: 'count', title: 'PROCESSING', short: 'PROC', value: ({count}) => count, align: 'right'},
    {key: 'rest', title: 'REST', value: ({rest}) => rest, align: 'right', spare: true},
    {key: 'why', title: 'WHY', value: ({why}) => why, free: true},
  ]
  const items: readonly Line[] = [{name: 'a-rather-long-name', count: 123456, rest: 7, why: 'because nobody has told it to'}]
  const at = async (width: number, chosen?: readonly string[]): Promise<readonly string[]> => {
    const format: ListFormat<Line> = {columns, id: ({name}) => name, toJson: (row) => row}
    const {out} = await printed({columns: chosen}, (print) => print.list({items, next: null, searched: null}, format), width)
    const [head = '', , row = ''] = out.split('\n')
    return [head, row]
  }

  test('gets shorter headings, then shorter sentences, then shorter names, then fewer columns', async () => {
    expect(await at(69)).toEqual([
      'NAME                PROCESSING  REST  WHY',
      'a-rather-long-name      123456     7  because nobody has told it to',
    ])
    expect(await at(65)).toEqual([
      'NAME                  PROC  REST  WHY',
      'a-rather-long-name  123456     7  because nobody has told it to',
    ])
    expect(await at(50)).toEqual(['NAME                  PROC  REST  WHY', 'a-rather-long-name  123456     7  because nobody …'])
    expect(await at(42)).toEqual(['NAME              PROC  REST  WHY', 'a-rather-long…  123456     7  because nob…'])
    expect(await at(34)).toEqual(['NAME            PROC  WHY', 'a-rather-lo…  123456  because nob…'])
  })

  test('keeps the columns that were asked for, and never cuts a heading or a number', async () => {
    expect(await at(34, ['name', 'count', 'rest', 'why'])).toEqual(['NAME         PROC  REST  WHY', 'a-rather…  123456     7  because …'])
    expect(await at(10)).toEqual(['NAME      PROC  WHY', 'a-rat…  123456  becau…'])
  })
})

describe('notes', () => {
  test('go to stderr, are harmless, and are silenced by -q', async () => {
    const use = (print: Printer): void => {
      print.note('made \u001b[2J')
      print.warn('careful')
      print.hint('next')
      print.detail('more')
    }
    expect(await printed({}, use)).toEqual({out: '', err: 'made \\x1b[2J\nwarning: careful\nnext\n'})
    expect((await printed({quiet: true}, use)).err).toBe('')
    expect((await printed({verbose: true, output: 'json'}, use)).err).toBe('made \\x1b[2J\nwarning: careful\nmore\n')
  })
})

describe('a result', () => {
  test('is JSON for programs and lines for people', async () => {
    const use = (print: Printer): void => print.result({stored: 1}, () => '1 stored')
    expect((await printed({}, use)).out).toBe('1 stored\n')
    expect((await printed({output: 'json'}, use)).out).toBe('{\n  "stored": 1\n}\n')
    expect((await printed({output: 'ndjson'}, use)).out).toBe('{"stored":1}\n')
  })
})

describe('colour', () => {
  const terminal = {isTTY: true, getColorDepth: () => 8}
  test.each([
    ['auto', terminal, {}, 2],
    ['auto', {}, {}, 0],
    ['auto', terminal, {NO_COLOR: '1'}, 0],
    ['auto', terminal, {NO_COLOR: ''}, 2],
    ['auto', terminal, {TERM: 'dumb'}, 0],
    ['auto', {}, {FORCE_COLOR: '1'}, 1],
    ['auto', {}, {FORCE_COLOR: '3'}, 3],
    ['auto', terminal, {FORCE_COLOR: '0'}, 0],
    ['always', {}, {NO_COLOR: '1'}, 1],
    ['never', terminal, {FORCE_COLOR: '1'}, 0],
  ] as const)('%s %p %p is level %i', (choice, screen, env, level) => {
    expect(colorLevel(choice, screen, env)).toBe(level)
  })
})
