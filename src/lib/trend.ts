/** Where the backlog of a queue is heading: one rule for `stats`, `doctor` and `top`. */
import {average} from './histogram.ts'
import type {Consumer} from './job.ts'
import {type Meter, MINUTE_MS, minuteOf, sumOf} from './meter.ts'
import {liveness} from './process.ts'
import type {MinuteMeter, QueueStats} from './stats.ts'

/** `level`: as much comes as goes, or it is too early to say. Rates are jobs per minute. */
export type Trend =
  | {readonly kind: 'empty' | 'paused' | 'unserved' | 'level'}
  | {readonly kind: 'grows'; readonly inRate: number; readonly outRate: number}
  | {readonly kind: 'drains'; readonly inMs: number}

/** So many whole minutes are looked at. */
const WINDOW_MINUTES = 5
/** How far back the minutes have to be known. */
export const TREND_WINDOW_MS = WINDOW_MINUTES * MINUTE_MS
const LEAST_WORKED_MS = 1000
/** What waits for less than this is no sign of anything. */
const OLD_MS = MINUTE_MS

/** What is known of a queue. */
export type Watched = Pick<QueueStats, 'paused' | 'counts' | 'scheduled' | 'oldestPendingMs' | 'minutes'>

/** Who works on a queue. */
export interface Crew {
  /** UTC ms, since when somebody who lives has served it. */
  readonly since: number
  /** How many jobs they run at once. */
  readonly slots: number
}

/** True for a consumer that takes jobs, as far as this host can tell. */
export function isServing(consumer: Consumer): boolean {
  return consumer.endedAt === null && !consumer.leaving && liveness(consumer.process) !== 'dead'
}

/**
 * The trend of a queue under these consumers.
 * @param consumers all that are registered
 * @param now UTC ms
 */
export function trendUnder(queue: Watched & Pick<QueueStats, 'name'>, consumers: readonly Consumer[], now: number): Trend {
  const serving = consumers.filter(consumer => consumer.queues.includes(queue.name) && isServing(consumer))
  const slots = serving.reduce((sum, {concurrency}) => sum + concurrency, 0)
  return trendOf(queue, serving.length === 0 ? null : {since: Math.min(...serving.map(({startedAt}) => startedAt)), slots}, now)
}

/**
 * Where a backlog is heading. A burst is no stream: what comes in is the median of the last whole minutes. What goes out is
 * counted from when there was both work and somebody to do it. Whatever these say, what has become less does not grow.
 * @param crew `null` = nobody serves the queue
 * @param now UTC ms
 */
export function trendOf(queue: Watched, crew: Crew | null, now: number): Trend {
  const {paused, counts, scheduled, oldestPendingMs, minutes} = queue
  if (oldestPendingMs === null) return {kind: 'empty'}
  if (paused) return {kind: 'paused'}
  if (crew === null) return {kind: 'unserved'}
  const thisMinute = minuteOf(now)
  const recent = since(minutes, thisMinute - MINUTE_MS)
  const inRate = steadyInflow(minutes, thisMinute)
  const began = Math.max(crew.since, recent[0]?.at ?? thisMinute, inRate === 0 ? now - oldestPendingMs : 0)
  const outRate = perMinute(recent.reduce((sum, {meter}) => sum + left(meter), 0), Math.max(LEAST_WORKED_MS, now - began))
  const isMore = [thisMinute, thisMinute - MINUTE_MS, thisMinute - TREND_WINDOW_MS].every(start => growth(since(minutes, start)) >= 0)
  if (inRate > outRate && isMore && oldestPendingMs >= OLD_MS) return {kind: 'grows', inRate, outRate}
  const fallRate = perMinute(-growth(recent), now - (thisMinute - MINUTE_MS))
  // What ended before they began, or before the burst came, may be counted; but nobody is faster than his runs.
  const gain = Math.max(Math.min(outRate, capacity(recent, crew)) - inRate, fallRate)
  const waiting = Math.max(1, counts.pending - scheduled.count)
  return gain > 0 ? {kind: 'drains', inMs: (waiting / gain) * MINUTE_MS} : {kind: 'level'}
}

/** Jobs that come in each minute as a rule; a minute in which nothing happened counts. */
function steadyInflow(minutes: readonly MinuteMeter[], thisMinute: number): number {
  const inEach = Array.from({length: WINDOW_MINUTES}, (_, nth) => {
    const meter = minutes.find(({at}) => at === thisMinute - (nth + 1) * MINUTE_MS)?.meter
    return meter === undefined ? 0 : came(meter)
  })
  return inEach.toSorted((a, b) => a - b)[Math.floor(WINDOW_MINUTES / 2)] ?? 0
}

/** How many jobs a minute a crew can run that take as long as those of these minutes. */
function capacity(minutes: readonly MinuteMeter[], {slots}: Crew): number {
  const runMs = average(sumOf(minutes.map(({meter}) => meter)).run)
  return runMs === null || runMs === 0 ? Number.POSITIVE_INFINITY : perMinute(slots, runMs)
}

/** By how much the backlog has grown; less than 0: it has become less. */
function growth(minutes: readonly MinuteMeter[]): number {
  return minutes.reduce((sum, {meter}) => sum + came(meter) - left(meter), 0)
}

function came({added, resubmitted}: Meter): number {
  return added + resubmitted
}

function left({runs, failed, cancelled}: Meter): number {
  return (runs.done ?? 0) + failed + cancelled
}

function since(minutes: readonly MinuteMeter[], start: number): readonly MinuteMeter[] {
  return minutes.filter(({at}) => at >= start)
}

function perMinute(count: number, spanMs: number): number {
  return (count * MINUTE_MS) / spanMs
}
