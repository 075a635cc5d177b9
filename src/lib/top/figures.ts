import {type StatsRow, statsRows, type Stretch, sumRow} from '../cli/stats-list.ts'
import type {Consumer} from '../job.ts'
import {badRuns, MINUTE_MS, minuteOf} from '../meter.ts'
import type {MinuteMeter, QueueStats} from '../stats.ts'
import {isServing} from '../trend.ts'
import type {QueueRow} from './columns.ts'

/** Rates and times on the screens are those of this stretch. */
const WINDOW_MS = 5 * MINUTE_MS

/** Queues with their figures and who serves them. */
export function queueRows(queues: readonly QueueStats[], consumers: readonly Consumer[], now: number): readonly QueueRow[] {
  const serving = consumers.filter(isServing)
  return statsRows(queues, consumers, stretchTo(now)).map(row => {
    const own = serving.filter(({queues: names}) => names.includes(row.name))
    return {...row, consumers: own.length, slots: own.reduce((sum, {concurrency}) => sum + concurrency, 0)}
  })
}

/** All queues together. */
export function totalRow(queues: readonly QueueStats[], now: number): StatsRow {
  return sumRow(queues, stretchTo(now))
}

function stretchTo(now: number): Stretch {
  return {since: now - WINDOW_MS, now}
}

/** What a graph shows, minute by minute; the last is not over. */
export interface Graphs {
  readonly added: readonly number[]
  readonly done: readonly number[]
  readonly bad: readonly number[]
}

/** The last minutes of several queues together. */
export function graphsOf(queues: readonly {readonly minutes: readonly MinuteMeter[]}[], count: number, now: number): Graphs {
  const first = minuteOf(now) - (count - 1) * MINUTE_MS
  const graphs = {added: zeros(count), done: zeros(count), bad: zeros(count)}
  for (const {at, meter} of queues.flatMap(({minutes}) => minutes)) {
    const bin = Math.round((at - first) / MINUTE_MS)
    if (bin < 0 || bin >= count) continue
    add(graphs.added, bin, meter.added)
    add(graphs.done, bin, meter.runs.done ?? 0)
    add(graphs.bad, bin, badRuns(meter))
  }
  return graphs
}

/**
 * How much of something there was in the last sixty seconds: what the minute that is not over has, and of the one before it as much as is missing.
 * @param values minute by minute
 */
export function lastMinute(values: readonly number[], now: number): number {
  const gone = (now - minuteOf(now)) / MINUTE_MS
  return (values.at(-1) ?? 0) + (values.at(-2) ?? 0) * (1 - gone)
}

function zeros(count: number): number[] {
  return new Array<number>(count).fill(0)
}

function add(bins: number[], at: number, count: number): void {
  bins[at] = (bins[at] ?? 0) + count
}
