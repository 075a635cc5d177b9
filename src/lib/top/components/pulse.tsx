import {Box} from 'ink'
import type {ReactNode} from 'react'
import type {Spread} from '../../queue/figures.ts'
import type {QueueStats} from '../../stats.ts'
import {formatDurationShort} from '../../time.ts'
import {graphsOf, totalRow} from '../figures.ts'
import {useTheme} from '../hooks/use-theme.ts'
import {rate, short} from '../shown.ts'
import {sparkline} from '../sparkline.ts'
import type {Glyphs, Tone} from '../theme.ts'
import type {Words} from '../words.ts'
import {Line} from './line.tsx'

interface PulseProps {
  readonly queues: readonly QueueStats[]
  /** When the figures were read, UTC ms. */
  readonly now: number
  readonly width: number
}

/** Room beside a graph: its name, and now, average and most. */
const BESIDE = 49
const MOST_MINUTES = 120
/** Where all states have room. */
const WIDE = 100

/** What all queues do together: graphs of the last minutes, how long jobs wait and run, counts by state. Five lines. */
export function Pulse({queues, now, width}: PulseProps): ReactNode {
  const {glyphs} = useTheme()
  const {figures, counts, scheduled} = totalRow(queues, now)
  const minutes = Math.max(10, Math.min(MOST_MINUTES, width - BESIDE))
  const {added, done, bad} = graphsOf(queues, minutes, now)
  const rest = `${minutes}m`
  const lines: readonly Words[] = [
    graph('in/min', added, figures.addedRate, 'pending', glyphs, rest),
    graph('done/min', done, figures.doneRate, 'done', glyphs, rest),
    graph('bad/min', bad, figures.badRate, 'failed', glyphs, rest),
    [' wait ', spread(figures.wait), '   run ', spread(figures.run), '   5m'],
    [
      ' ',
      state('pending', counts.pending - scheduled.count, glyphs),
      state('processing', counts.processing, glyphs),
      state('scheduled', scheduled.count, glyphs),
      state('failed', counts.failed, glyphs),
      state('done', counts.done, glyphs),
      ...(width < WIDE ? [] : [state('cancelled', counts.cancelled, glyphs)]),
    ],
  ]
  return (
    <Box flexDirection="column" height={lines.length}>
      {lines.map((words, at) => (
        <Line key={at} words={words} width={width} />
      ))}
    </Box>
  )
}

function graph(name: string, values: readonly number[], now: number, tone: Tone, {levels}: Glyphs, rest: string): Words {
  const over = values.slice(0, -1)
  const average = over.reduce((sum, value) => sum + value, 0) / Math.max(1, over.length)
  const line = sparkline(values, levels)
  const numbers = `  now ${rate(now).padStart(5)}  avg ${rate(average).padStart(5)}  max ${rate(Math.max(...values)).padStart(5)}  ${rest}`
  // The last minute is not over.
  return [` ${name.padEnd(8)} `, {text: line.slice(0, -1), tone}, {text: line.slice(-1), tone: 'dim'}, numbers]
}

function spread({p50Ms, p95Ms, p99Ms}: Spread): Words {
  const shown = (ms: number | null): string => (ms === null ? '-' : formatDurationShort(Math.round(ms)))
  return [`p50 ${shown(p50Ms)}  p95 ${shown(p95Ms)}  p99 ${shown(p99Ms)}`]
}

function state(name: keyof Glyphs['states'], count: number, glyphs: Glyphs): Words {
  const text = `${glyphs.states[name]} ${name} ${short(count)}`
  return [count === 0 ? {text, tone: 'dim'} : {text, tone: name}, '  ']
}
