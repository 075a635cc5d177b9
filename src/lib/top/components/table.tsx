import {Box} from 'ink'
import type {ReactNode} from 'react'
import type {CellStyle, Column} from '../../cli/columns.ts'
import {fit, type Place, placeOf} from '../../cli/fit.ts'
import {safeText} from '../../safe-text.ts'
import {useTheme} from '../hooks/use-theme.ts'
import type {Tone} from '../theme.ts'
import {fitText, type Words} from '../words.ts'
import {Line} from './line.tsx'

const TONES: Readonly<Record<CellStyle, Tone>> = {
  bold: 'bold', dim: 'dim', red: 'failed', green: 'done', yellow: 'warning', blue: 'done', cyan: 'processing', magenta: 'scheduled',
}

const GAP = '  '

interface TableProps<Row> {
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly width: number
  /** Lines, the head among them. */
  readonly height: number
  /** The row under the cursor; absent where there is none. */
  readonly cursor?: number
  /** True for rows that are marked. */
  readonly isMarked?: (row: Row) => boolean
  /** What stands there when there are no rows. */
  readonly empty?: Words
}

/** Rows in columns, as on paper (see `cli/fit.ts`), with a cursor that stays in sight. */
export function Table<Row>({columns, rows, width, height, cursor, isMarked = () => false, empty = 'nothing'}: TableProps<Row>): ReactNode {
  const {glyphs} = useTheme()
  if (height <= 0) return null
  const first = firstShown(cursor ?? 0, height - 1, rows.length)
  const shown = rows.slice(first, first + height - 1)
  const texts = (column: Column<Row>): string[] => shown.map(row => safeText(String(column.value(row) ?? '')))
  const places = fit(columns.map(column => placeOf(column, texts(column))), width - 3, true)
  const lines = shown.map((row, at): Words => {
    const isUnder = first + at === cursor
    const sign = `${isUnder ? glyphs.cursor : ' '}${isMarked(row) ? glyphs.mark : ' '} `
    const words = [sign, ...places.map((place, nth) => cell(place, row, at, {cut: glyphs.cut, gap: nth === places.length - 1 ? '' : GAP}))]
    return isUnder ? {text: words.map(word => (typeof word === 'string' ? word : word.text)).join('').padEnd(width), tone: 'chosen'} : words
  })
  const head = places.map(({column, title, width: room}) => fitText(title, room, {align: column.align ?? 'left'})).join(GAP)
  return (
    <Box flexDirection="column" height={height}>
      <Line words={['   ', head]} width={width} tone="dim" />
      {lines.length === 0 && height > 1 ? <Line words={['   ', empty]} width={width} tone="dim" /> : lines.map((words, at) => <Line key={at} words={words} width={width} />)}
    </Box>
  )
}

function cell<Row>({column, texts, width}: Place<Row>, row: Row, at: number, {cut, gap}: {readonly cut: string; readonly gap: string}): {readonly text: string; readonly tone?: Tone} {
  const style = column.style?.(row) ?? null
  const text = `${fitText(texts[at] ?? '', width, {align: column.align ?? 'left', cut})}${gap}`
  return style === null ? {text} : {text, tone: TONES[style]}
}

/** The row at the top, so that the cursor stands in the middle where it can. */
export function firstShown(cursor: number, height: number, count: number): number {
  return Math.max(0, Math.min(cursor - Math.floor(height / 2), count - height))
}
