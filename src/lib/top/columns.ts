import {aliveOf, type BusyConsumer} from '../cli/consumer-json.ts'
import type {Column} from '../cli/columns.ts'
import {formatCounted} from '../cli/queue-list.ts'
import type {QueueStatsRow} from '../cli/stats-list.ts'
import {formatDurationShort} from '../time.ts'
import {rate, short} from './shown.ts'
import type {Glyphs} from './theme.ts'

/** A queue as the tables of `top` show it. */
export interface QueueRow extends QueueStatsRow {
  /** How many consumers that live serve it, and how many of its jobs they may run at once. */
  readonly consumers: number
  readonly slots: number
}

const span = (ms: number | null): string => (ms === null ? '-' : formatDurationShort(Math.round(ms)))

/** What is to be said of a queue in a word: as `queues list` does, or that nobody takes what waits. */
export function queueState({paused, oldestPendingMs, consumers}: QueueRow): 'paused' | 'no consumer' | 'active' {
  if (paused) return 'paused'
  return oldestPendingMs !== null && consumers === 0 ? 'no consumer' : 'active'
}

/** How queues are listed on a screen. */
export function queueColumns(glyphs: Glyphs): readonly Column<QueueRow>[] {
  const signs = {paused: glyphs.paused, 'no consumer': '!', active: ' '}
  return [
    {key: 'name', title: 'QUEUE', value: ({name}) => name, style: () => 'bold'},
    {
      key: 'state',
      title: '  STATE',
      value: row => `${signs[queueState(row)]} ${queueState(row)}`,
      style: row => (queueState(row) === 'paused' || queueState(row) === 'no consumer' ? 'yellow' : null),
    },
    {key: 'pending', title: 'PENDING', short: 'PEND', value: ({counts}) => short(counts.pending), align: 'right'},
    {key: 'scheduled', title: 'SCHED', value: ({scheduled}) => formatCounted(scheduled), align: 'right', spare: true},
    {key: 'processing', title: 'PROC/MAX', short: 'PROC', value: ({counts, slots}) => `${counts.processing}/${slots}`, align: 'right'},
    {key: 'failed', title: 'FAILED', short: 'FAIL', value: ({counts}) => short(counts.failed), align: 'right', style: ({counts}) => (counts.failed > 0 ? 'red' : null)},
    {key: 'added', title: 'IN/MIN', short: 'IN/M', value: ({figures}) => rate(figures.addedRate), align: 'right', spare: true},
    {key: 'done', title: 'DONE/MIN', short: 'DONE/M', value: ({figures}) => rate(figures.doneRate), align: 'right'},
    {key: 'wait', title: 'WAIT95', value: ({figures}) => span(figures.wait.p95Ms), align: 'right', spare: true},
    {key: 'oldest', title: 'OLDEST', short: 'OLD', value: ({oldestPendingMs}) => span(oldestPendingMs), align: 'right', spare: true},
    {key: 'run', title: 'RUN95', value: ({figures}) => span(figures.run.p95Ms), align: 'right', spare: true},
  ]
}

/**
 * How consumers are listed on a screen.
 * @param now UTC ms
 */
export function consumerColumns(now: number): readonly Column<BusyConsumer>[] {
  const age = (since: number): string => formatDurationShort(Math.max(0, now - since))
  const first = ({held}: BusyConsumer): BusyConsumer['held'][number] | undefined => held[0]
  return [
    {key: 'name', title: 'CONSUMER', value: ({name}) => name, style: () => 'bold'},
    {key: 'pid', title: 'PID', value: ({process}) => process.pid, align: 'right', spare: true},
    {key: 'queues', title: 'QUEUES', value: ({queues}) => queues.join(',')},
    {key: 'busy', title: 'BUSY', value: ({jobs, concurrency}) => `${jobs}/${concurrency}`, align: 'right'},
    {key: 'current', title: 'CURRENT JOB', short: 'CURRENT', value: consumer => currentJob(consumer), free: true},
    {key: 'for', title: 'FOR', value: consumer => (first(consumer) === undefined ? '-' : age(first(consumer)?.startedAt ?? now)), align: 'right'},
    {key: 'processed', title: 'PROCESSED', short: 'PROC', value: ({processed}) => short(processed), align: 'right', spare: true},
    {key: 'failed', title: 'FAILED', short: 'FAIL', value: ({failed}) => short(failed), align: 'right', spare: true, style: ({failed}) => (failed > 0 ? 'red' : null)},
    {key: 'up', title: 'UP', value: ({startedAt}) => age(startedAt), align: 'right', spare: true},
    {key: 'alive', title: 'ALIVE', value: consumer => aliveOf(consumer), style: consumer => (aliveOf(consumer) === 'no' ? 'red' : null)},
  ]
}

function currentJob({held, leaving}: BusyConsumer): string {
  const [first] = held
  const more = held.length > 1 ? ` +${held.length - 1}` : ''
  const job = first === undefined ? '-' : `#${first.id} ${first.queue}${more}`
  return leaving ? `${job} takes no more` : job
}
