import type {Consumer} from '../job.ts'
import {type Meter, sumOf} from '../meter.ts'
import {type Figures, figuresOf, type Spread} from '../queue/figures.ts'
import type {Counted} from '../standing.ts'
import type {QueueStats} from '../stats.ts'
import {formatDurationShort} from '../time.ts'
import {type Trend, trendUnder} from '../trend.ts'
import type {Column} from './columns.ts'
import {csvColumns} from './csv-columns.ts'
import type {ListFormat} from './print.ts'
import {formatCounted} from './queue-list.ts'

/** One queue in figures, or all together (`name: null`). */
export interface StatsRow {
  readonly name: string | null
  readonly paused: boolean
  readonly counts: QueueStats['counts']
  readonly scheduled: Counted
  readonly oldestPendingMs: number | null
  readonly figures: Figures
  readonly total: Meter | null
  /** Where its backlog is heading; `null` of all together. */
  readonly trend: Trend | null
}

/** One queue in figures. */
export interface QueueStatsRow extends StatsRow {
  readonly name: string
  readonly trend: Trend
}

/** From when on rates and times count, and when that was asked; UTC ms. */
export interface Stretch {
  readonly since: number
  readonly now: number
}

/** The rows of a table of queues; their minutes have to reach back to the stretch and to `TREND_WINDOW_MS`. */
export function statsRows(queues: readonly QueueStats[], consumers: readonly Consumer[], {since, now}: Stretch): readonly QueueStatsRow[] {
  return queues.map(queue => ({...queue, figures: figuresOf(queue, since, now), trend: trendUnder(queue, consumers, now)}))
}

/** What all queues did together. */
export function sumRow(queues: readonly QueueStats[], {since, now}: Stretch): StatsRow {
  const sum = (of: (queue: QueueStats) => number): number => queues.reduce((all, queue) => all + of(queue), 0)
  const oldest = queues.map(({oldestPendingMs}) => oldestPendingMs).filter(ms => ms !== null)
  return {
    name: null,
    paused: false,
    counts: {
      pending: sum(({counts}) => counts.pending),
      processing: sum(({counts}) => counts.processing),
      done: sum(({counts}) => counts.done),
      failed: sum(({counts}) => counts.failed),
      cancelled: sum(({counts}) => counts.cancelled),
    },
    scheduled: {count: sum(({scheduled}) => scheduled.count), isMore: queues.some(({scheduled}) => scheduled.isMore)},
    oldestPendingMs: oldest.length === 0 ? null : Math.max(...oldest),
    figures: figuresOf({minutes: queues.flatMap(({minutes}) => minutes), total: sumOf(queues.map(({total}) => total))}, since, now),
    total: null,
    trend: null,
  }
}

/** A queue in figures as every JSON document shows it. */
function statsJson({name, paused, counts, scheduled, oldestPendingMs, figures, total, trend}: StatsRow): Readonly<Record<string, unknown>> {
  const {pending, processing, done, failed, cancelled} = counts
  return {
    name,
    paused,
    counts: {pending, scheduled: scheduled.count, processing, done, failed, cancelled},
    scheduled_is_more: scheduled.isMore,
    oldest_pending_ms: oldestPendingMs,
    window_ms: figures.spanMs,
    ...meterJson(figures.meter),
    added_per_minute: figures.addedRate,
    done_per_minute: figures.doneRate,
    bad_per_minute: figures.badRate,
    failure_rate: figures.failureRate,
    wait: spreadJson(figures.wait),
    run: spreadJson(figures.run),
    trend: trend?.kind ?? null,
    drained_in_ms: trend?.kind === 'drains' ? Math.round(trend.inMs) : null,
    total: total === null ? null : meterJson(total),
  }
}

function meterJson({added, resubmitted, retried, failed, cancelled, runs}: Meter): Readonly<Record<string, unknown>> {
  return {added, resubmitted, retried, failed, cancelled, runs}
}

function spreadJson({count, averageMs, p50Ms, p95Ms, p99Ms, maxMs}: Spread): Readonly<Record<string, unknown>> {
  return {count, average_ms: averageMs, p50_ms: p50Ms, p95_ms: p95Ms, p99_ms: p99Ms, max_ms: maxMs}
}

function flatStatsJson(row: StatsRow): Readonly<Record<string, unknown>> {
  const {wait, run} = row.figures
  const flat = (prefix: string, spread: Spread): [string, unknown][] =>
    Object.entries(spreadJson(spread)).map(([name, value]) => [`${prefix}_${name}`, value])
  return {...statsJson(row), pending: row.counts.pending, scheduled: row.scheduled.count, processing: row.counts.processing, done: row.figures.meter.runs.done ?? 0, ...Object.fromEntries([...flat('wait', wait), ...flat('run', run)])}
}

const CSV_SHOWN = [
  'name paused pending scheduled processing oldest_pending_ms window_ms added done failed cancelled retried failure_rate',
  'wait_p50_ms wait_p95_ms wait_p99_ms wait_max_ms run_p50_ms run_p95_ms run_p99_ms run_max_ms',
].flatMap(names => names.split(' '))
const CSV_OTHERS = 'wait_count wait_average_ms run_count run_average_ms added_per_minute done_per_minute bad_per_minute resubmitted runs total trend drained_in_ms'.split(' ')

const span = (ms: number | null): string | null => (ms === null ? null : formatDurationShort(Math.round(ms)))
const rate = (perMinute: number): string => (perMinute === 0 ? '0' : perMinute < 9.95 ? perMinute.toFixed(1) : String(Math.round(perMinute)))
const percent = (share: number | null): string | null => (share === null ? null : `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)}%`)

const COLUMNS: readonly Column<StatsRow>[] = [
  {key: 'name', title: 'QUEUE', value: ({name, paused}) => `${name ?? '(all)'}${paused ? ' (paused)' : ''}`, style: ({name}) => (name === null ? 'dim' : 'bold')},
  {key: 'pending', title: 'PENDING', short: 'PEND', value: ({counts}) => counts.pending, align: 'right'},
  {key: 'scheduled', title: 'SCHEDULED', value: ({scheduled}) => formatCounted(scheduled), align: 'right', wide: true},
  {key: 'processing', title: 'PROCESSING', short: 'PROC', value: ({counts}) => counts.processing, align: 'right'},
  {key: 'oldest', title: 'OLDEST', short: 'OLD', value: ({oldestPendingMs}) => span(oldestPendingMs), align: 'right', spare: true},
  {key: 'added', title: 'IN/MIN', short: 'IN/M', value: ({figures}) => rate(figures.addedRate), align: 'right'},
  {key: 'done', title: 'DONE/MIN', short: 'DONE/M', value: ({figures}) => rate(figures.doneRate), align: 'right'},
  {key: 'bad', title: 'BAD/MIN', short: 'BAD/M', value: ({figures}) => rate(figures.badRate), align: 'right', style: ({figures}) => (figures.badRate > 0 ? 'red' : null)},
  {key: 'failure_rate', title: 'BAD', value: ({figures}) => percent(figures.failureRate), align: 'right'},
  {key: 'drained', title: 'DRAINED IN', short: 'DRAIN', value: ({trend}) => (trend === null ? null : drainWords(trend)), align: 'right', spare: true},
  {key: 'wait_p50', title: 'WAIT50', value: ({figures}) => span(figures.wait.p50Ms), align: 'right', wide: true},
  {key: 'wait_p95', title: 'WAIT95', value: ({figures}) => span(figures.wait.p95Ms), align: 'right', spare: true},
  {key: 'wait_p99', title: 'WAIT99', value: ({figures}) => span(figures.wait.p99Ms), align: 'right', wide: true},
  {key: 'run_average', title: 'RUN AVG', value: ({figures}) => span(figures.run.averageMs), align: 'right', wide: true},
  {key: 'run_p50', title: 'RUN50', value: ({figures}) => span(figures.run.p50Ms), align: 'right', spare: true},
  {key: 'run_p95', title: 'RUN95', value: ({figures}) => span(figures.run.p95Ms), align: 'right'},
  {key: 'run_p99', title: 'RUN99', value: ({figures}) => span(figures.run.p99Ms), align: 'right', wide: true},
  {key: 'run_max', title: 'RUN MAX', value: ({figures}) => span(figures.run.maxMs), align: 'right', wide: true},
]

/** How long it takes until what could run has run, as things go; in words. */
export function drainWords(trend: Trend): string {
  switch (trend.kind) {
    case 'empty':
      return '-'
    case 'paused':
      return 'never (paused)'
    case 'unserved':
      return 'never (no consumer)'
    case 'level':
      return '?'
    case 'grows':
      return `never (+${rate(trend.inRate - trend.outRate)}/min)`
    case 'drains':
      return formatDurationShort(trend.inMs)
  }
}

/** How queues in figures are listed. */
export const STATS_LIST: ListFormat<StatsRow> = {
  columns: COLUMNS,
  csv: csvColumns(CSV_SHOWN, CSV_OTHERS, flatStatsJson),
  id: ({name}) => name ?? '',
  toJson: statsJson,
}
