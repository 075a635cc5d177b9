import {Box} from 'ink'
import type {ReactNode} from 'react'
import type {StatsRow} from '../../cli/stats-list.ts'
import type {Spread} from '../../queue/figures.ts'
import {formatDurationShort} from '../../time.ts'
import {type Graphs, lastMinute} from '../figures.ts'
import {useTheme} from '../hooks/use-theme.ts'
import {rate, short} from '../shown.ts'
import {sparkline} from '../sparkline.ts'
import type {Glyphs, Tone} from '../theme.ts'
import type {Words} from '../words.ts'
import {Line} from './line.tsx'

interface PulseProps {
  /** The queues together. */
  readonly total: StatsRow
  readonly graphs: Graphs
  /** When all of it was read, UTC ms. */
  readonly now: number
  readonly width: number
  /** Only the lines that matter most. */
  readonly isShort?: boolean
}

/** Lines that it takes, and the least. */
export const PULSE_LINES = 5
export const SHORT_PULSE_LINES = 2
/** Room beside a graph: its name, and now, average and most. */
const BESIDE = 49
const MOST_MINUTES = 120

/** How many minutes have room in a graph. */
export function graphMinutes(width: number): number {
  return Math.max(10, Math.min(MOST_MINUTES, width - BESIDE))
}

/** What all queues do together: graphs of the last minutes, how long jobs wait and run, counts by state. */
export function Pulse({total, graphs, now, width, isShort = false}: PulseProps): ReactNode {
  const {glyphs} = useTheme()
  const {figures} = total
  const done = graph('done/min', graphs.done, now, 'done', glyphs)
  const all: readonly Words[] = [
    graph('in/min', graphs.added, now, 'pending', glyphs),
    done,
    graph('bad/min', graphs.bad, now, 'failed', glyphs),
    [' wait ', percentiles(figures.wait), '   run ', percentiles(figures.run), '   of 5m'],
    stateWords(total, glyphs, width),
  ]
  const lines = isShort ? [done, stateWords(total, glyphs, width)] : all
  return (
    <Box flexDirection="column" height={lines.length}>
      {lines.map((words, at) => (
        <Line key={at} words={words} width={width} />
      ))}
    </Box>
  )
}

/**
 * A graph one line high with its numbers.
 * @param now when the values were read, UTC ms
 */
export function graph(name: string, values: readonly number[], now: number, tone: Tone, {levels}: Glyphs): Words {
  const over = values.slice(0, -1)
  const average = over.reduce((sum, value) => sum + value, 0) / Math.max(1, over.length)
  const line = sparkline(values, levels)
  const numbers = `  now ${rate(lastMinute(values, now)).padStart(5)}  avg ${rate(average).padStart(5)}  max ${rate(Math.max(...values)).padStart(5)}  ${values.length}m`
  // The last minute is not over.
  return [` ${name.padEnd(8)} `, {text: line.slice(0, -1), tone}, {text: line.slice(-1), tone: 'dim'}, numbers]
}

function percentiles({p50Ms, p95Ms, p99Ms}: Spread): Words {
  return `p50 ${shownMs(p50Ms)}  p95 ${shownMs(p95Ms)}  p99 ${shownMs(p99Ms)}`
}

/** A measured time, or that there is none. */
export function shownMs(ms: number | null): string {
  return ms === null ? '-' : formatDurationShort(Math.round(ms))
}

/** Where all states have room. */
const WIDE = 100

/** How many jobs are in each state; those that are scheduled are pending. */
export function stateWords({counts, scheduled}: StatsRow, {states}: Glyphs, width: number): Words {
  const state = (name: keyof Glyphs['states'], count: number, more = ''): Words => {
    const text = `${states[name]} ${name} ${short(count)}${more}`
    return [count === 0 ? {text, tone: 'dim'} : {text, tone: name}, '  ']
  }
  return [
    ' ',
    state('pending', counts.pending, scheduled.count === 0 ? '' : ` (${short(scheduled.count)}${scheduled.isMore ? '+' : ''} scheduled)`),
    state('processing', counts.processing),
    state('failed', counts.failed),
    state('done', counts.done),
    width < WIDE ? '' : state('cancelled', counts.cancelled),
  ]
}
