import {Box} from 'ink'
import type {ReactNode} from 'react'
import type {StatsRow} from '../../cli/stats-list.ts'
import type {Spread} from '../../queue/figures.ts'
import type {QueueRow} from '../columns.ts'
import {drainWords} from '../../cli/stats-list.ts'
import type {Graphs} from '../figures.ts'
import {useTheme} from '../hooks/use-theme.ts'
import {rate} from '../shown.ts'
import {chart} from '../sparkline.ts'
import type {Glyphs} from '../theme.ts'
import {fitText, type Words} from '../words.ts'
import {Line} from './line.tsx'
import {graph, shownMs, stateWords} from './pulse.tsx'

interface WidePulseProps {
  readonly total: StatsRow
  readonly rows: readonly QueueRow[]
  readonly graphs: Graphs
  /** When all of it was read, UTC ms. */
  readonly now: number
  readonly width: number
}

/** Lines that it takes. */
export const WIDE_PULSE_LINES = 9
const CHART_LINES = 4
/** Room for the times beside the chart, and for its scale. */
const TIMES = 46
const SCALE = 8

/** How many minutes have room in the chart. */
export function wideMinutes(width: number): number {
  return Math.max(10, Math.min(120, width - TIMES - SCALE - 3))
}

/** As `Pulse`, where there is room: a chart, the times as a table, how long it takes to drain. */
export function WidePulse({total, rows, graphs, now, width}: WidePulseProps): ReactNode {
  const {glyphs} = useTheme()
  const {figures} = total
  const minutes = graphs.done.length
  const times: readonly Words[] = [
    {text: row('last 5 min', ['p50', 'p95', 'p99', 'max']), tone: 'dim'},
    spread('wait', figures.wait),
    spread('run', figures.run),
    '',
    ['in ', rate(figures.addedRate), '/min  done ', rate(figures.doneRate), '/min  bad ', {text: rate(figures.badRate), tone: figures.badRate > 0 ? 'failed' : 'plain'}, '/min'],
  ]
  const left = [{text: fitText(` Done per minute, last ${minutes} min`, SCALE + minutes), tone: 'title'} as const, ...bars(graphs.done, glyphs)]
  const lines = left.map((words, at): Words => [words, '   ', times[at] ?? ''])
  const below: readonly Words[] = [
    graph('in/min', graphs.added, now, 'pending', glyphs),
    graph('bad/min', graphs.bad, now, 'failed', glyphs),
    [' drained in  ', {text: drains(rows), tone: 'dim'}],
    stateWords(total, glyphs, width),
  ]
  return (
    <Box flexDirection="column" height={WIDE_PULSE_LINES}>
      {[...lines, ...below].map((words, at) => (
        <Line key={at} words={words} width={width} />
      ))}
    </Box>
  )
}

function bars(values: readonly number[], {levels}: Glyphs): readonly Words[] {
  const most = Math.max(...values, 0)
  return chart(values, CHART_LINES, levels).map((line, at): Words => {
    const scale = at === 0 ? rate(most) : at === CHART_LINES - 1 ? '0' : ''
    return [{text: `${scale.padStart(SCALE - 2)}  `, tone: 'dim'}, {text: line.slice(0, -1), tone: 'done'}, {text: line.slice(-1), tone: 'dim'}]
  })
}

function row(name: string, cells: readonly string[]): string {
  return `${name.padEnd(12)}${cells.map(cell => cell.padStart(8)).join('')}`
}

function spread(name: string, {p50Ms, p95Ms, p99Ms, maxMs}: Spread): Words {
  return row(name, [p50Ms, p95Ms, p99Ms, maxMs].map(shownMs))
}

function drains(rows: readonly QueueRow[]): string {
  const waiting = rows.filter(({oldestPendingMs}) => oldestPendingMs !== null)
  return waiting.length === 0 ? 'nothing waits' : waiting.map(queue => `${queue.name} ${drainWords(queue.trend)}`).join(', ')
}
