import {formatBackoff, retryWindowMs} from '../queue/backoff.ts'
import {safeText} from '../safe-text.ts'
import type {Counted} from '../standing.ts'
import type {QueueStats} from '../stats.ts'
import {formatDuration, formatDurationLong, formatDurationShort} from '../time.ts'
import {formatSize} from '../units.ts'
import type {Column} from './columns.ts'
import {csvColumns} from './csv-columns.ts'
import type {ListFormat, Printer} from './print.ts'
import {flatQueueJson, queueJson} from './queue-json.ts'

function state(queue: QueueStats): string {
  return queue.paused ? `paused${queue.pausedReason === null ? '' : `: ${queue.pausedReason}`}` : 'active'
}

/** Counted to a bound: `10000+` is that many or more. */
export function formatCounted({count, isMore}: Counted): string {
  return isMore ? `${count}+` : String(count)
}

function wait(queue: QueueStats): string | null {
  return queue.oldestPendingMs === null ? null : formatDurationShort(queue.oldestPendingMs)
}

const COLUMNS: readonly Column<QueueStats>[] = [
  {key: 'name', title: 'QUEUE', value: queue => queue.name, style: () => 'bold'},
  {key: 'pending', title: 'PENDING', short: 'PEND', value: queue => queue.counts.pending, align: 'right'},
  {key: 'scheduled', title: 'SCHEDULED', short: 'SCHED', value: queue => formatCounted(queue.scheduled), align: 'right', spare: true},
  {key: 'processing', title: 'PROCESSING', short: 'PROC', value: queue => queue.counts.processing, align: 'right'},
  {key: 'done', title: 'DONE', value: queue => queue.counts.done, align: 'right'},
  {
    key: 'failed',
    title: 'FAILED',
    short: 'FAIL',
    value: queue => queue.counts.failed,
    align: 'right',
    style: queue => (queue.counts.failed > 0 ? 'red' : null),
  },
  {key: 'cancelled', title: 'CANCELLED', short: 'CANC', value: queue => queue.counts.cancelled, align: 'right', spare: true},
  {key: 'oldest', title: 'OLDEST', short: 'OLD', value: wait, align: 'right'},
  {key: 'state', title: 'STATE', value: state, free: true, style: queue => (queue.paused ? 'yellow' : null)},
  {key: 'max_attempts', title: 'ATTEMPTS', value: queue => queue.settings.maxAttempts, align: 'right', wide: true},
  {key: 'backoff', title: 'BACKOFF', value: queue => formatBackoff(queue.settings.backoff), wide: true},
  {key: 'concurrency', title: 'AT ONCE', value: queue => queue.settings.concurrency, align: 'right', wide: true},
  {key: 'dead_letter', title: 'DEAD LETTER', value: queue => queue.settings.deadLetter, wide: true},
]

const CSV_SHOWN = 'name paused paused_reason pending scheduled processing done failed cancelled oldest_pending_ms'.split(' ')
const CSV_OTHERS = [
  'max_attempts backoff crash_limit lease_ms timeout_ms concurrency retention key_window_ms max_payload_bytes dead_letter retry_window_ms',
].flatMap(names => names.split(' '))

/** How queues are listed. */
export const QUEUE_LIST: ListFormat<QueueStats> = {
  columns: COLUMNS,
  csv: csvColumns(CSV_SHOWN, CSV_OTHERS, flatQueueJson),
  id: queue => queue.name,
  toJson: queueJson,
}

/** Prints one queue with its settings for people. */
export function printQueue(queue: QueueStats, print: Printer): void {
  const {counts, settings} = queue
  const {retention} = settings
  const kept = (ms: number | null): string => (ms === null ? 'for ever' : formatDuration(ms))
  const facts: readonly (readonly [string, string])[] = [
    ['pending', `${counts.pending} (${formatCounted(queue.scheduled)} of them scheduled)`],
    ['processing', String(counts.processing)],
    ['done', String(counts.done)],
    ['failed', String(counts.failed)],
    ['cancelled', String(counts.cancelled)],
    ['oldest', wait(queue) ?? 'nothing waits'],
    ['attempts', `${settings.maxAttempts}, ${retrySentence(queue)}`],
    ['backoff', formatBackoff(settings.backoff)],
    ['crash limit', String(settings.crashLimit)],
    ['lease', formatDuration(settings.leaseMs)],
    ['timeout', settings.timeoutMs === null ? 'none: an attempt may take for ever' : formatDuration(settings.timeoutMs)],
    ['concurrency', settings.concurrency === null ? 'no limit' : String(settings.concurrency)],
    ['retention', `done ${kept(retention.doneMs)}, failed ${kept(retention.failedMs)}, cancelled ${kept(retention.cancelledMs)}`],
    ['key window', formatDuration(settings.keyWindowMs)],
    ['max payload', formatSize(settings.maxPayloadBytes)],
    ['dead letter', settings.deadLetter ?? 'none'],
  ]
  print.line(`${print.paint.bold(safeText(queue.name))}  ${safeText(state(queue))}`)
  const width = Math.max(...facts.map(([name]) => name.length))
  for (const [name, value] of facts) print.line(`  ${print.paint.dim(name.padEnd(width))}  ${safeText(value)}`)
}

function retrySentence({settings}: QueueStats): string {
  if (settings.maxAttempts === 1) return 'gives up at once'
  return `gives up after at most ${formatDurationLong(retryWindowMs(settings.backoff, settings.maxAttempts))}`
}
