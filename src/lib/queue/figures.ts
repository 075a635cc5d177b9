import {average, type Histogram, percentile} from '../histogram.ts'
import {badRuns, failureRate, type Meter, MINUTE_MS, minuteOf, sumOf} from '../meter.ts'
import type {MinuteMeter} from '../stats.ts'

/** What happened in a stretch of time, as people ask for it. */
export interface Figures {
  /** How long the stretch was: from the start of its first minute to now. */
  readonly spanMs: number
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

/**
 * The figures of a stretch that ends now.
 * @param minutes of one queue or of several
 * @param since where it begins: the minute of that time is the first that counts
 */
export function figuresOf(minutes: readonly MinuteMeter[], since: number, now: number): Figures {
  const start = minuteOf(since)
  const meter = sumOf(minutes.filter(({at}) => at >= start).map(minute => minute.meter))
  const spanMs = Math.max(1, now - start)
  const rate = (count: number): number => (count * MINUTE_MS) / spanMs
  return {
    spanMs,
    meter,
    addedRate: rate(meter.added),
    doneRate: rate(meter.runs.done ?? 0),
    badRate: rate(badRuns(meter)),
    failureRate: failureRate(meter),
    wait: spreadOf(meter.wait),
    run: spreadOf(meter.run),
  }
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
