import {average, type Histogram, percentile} from '../histogram.ts'
import {badRuns, failureRate, type Meter, MINUTE_MS, minuteOf, sumOf} from '../meter.ts'
import type {QueueStats} from '../stats.ts'

/** What happened in a stretch of time, as people ask for it. */
export interface Figures {
  /** How long the stretch was: from the start of its first minute to now, or since there was anything to count; a minute at least. */
  readonly spanMs: number
  /** Nothing was counted before it. */
  readonly isAll: boolean
  readonly meter: Meter
  /** Per minute: jobs added, runs that went well, runs that went wrong. */
  readonly addedRate: number
  readonly doneRate: number
  readonly badRate: number
  /** Of the runs that did something, the share that went wrong; `null` when there were none. */
  readonly failureRate: number | null
  readonly wait: Spread
  readonly run: Spread
}

/** How measured times are spread, ms; all `null` when nothing was measured. Percentiles are off by 3 % at most. */
export interface Spread {
  readonly count: number
  readonly averageMs: number | null
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
  readonly maxMs: number | null
}

/** What the figures of one queue, or of several together, are made from. */
export type Counts = Pick<QueueStats, 'minutes' | 'total'>

/**
 * The figures of a stretch that ends now. Of what is younger than the stretch it begins with the first minute that counts.
 * @param since where it begins: the minute of that time is the first that counts
 */
export function figuresOf({minutes, total}: Counts, since: number, now: number): Figures {
  const start = minuteOf(since)
  const within = minutes.filter(({at}) => at >= start)
  const meter = sumOf(within.map(minute => minute.meter))
  const isAll = size(meter) === size(total)
  const first = isAll ? Math.min(now, ...within.map(({at}) => at)) : start
  const spanMs = Math.max(MINUTE_MS, now - first)
  const rate = (count: number): number => (count * MINUTE_MS) / spanMs
  return {
    spanMs,
    isAll,
    meter,
    addedRate: rate(meter.added),
    doneRate: rate(meter.runs.done ?? 0),
    badRate: rate(badRuns(meter)),
    failureRate: failureRate(meter),
    wait: spreadOf(meter.wait),
    run: spreadOf(meter.run),
  }
}

/** All that was counted: it only grows, so that two of the same queue are equal when this is. */
function size({added, resubmitted, failed, cancelled, runs}: Meter): number {
  return Object.values(runs).reduce((sum, count) => sum + count, added + resubmitted + failed + cancelled)
}

function spreadOf(histogram: Histogram): Spread {
  const {count, maxMs} = histogram
  return {
    count,
    averageMs: average(histogram),
    p50Ms: percentile(histogram, 0.5),
    p95Ms: percentile(histogram, 0.95),
    p99Ms: percentile(histogram, 0.99),
    maxMs: count === 0 ? null : maxMs,
  }
}
