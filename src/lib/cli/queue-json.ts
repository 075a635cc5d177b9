import type {QueueSettings} from '../job.ts'
import {retryWindowMs} from '../queue/backoff.ts'
import type {QueueStats} from '../stats.ts'

/** A queue as every JSON document shows it. */
export function queueJson(queue: QueueStats): Readonly<Record<string, unknown>> {
  const {pending, processing, done, failed, cancelled} = queue.counts
  return {
    name: queue.name,
    paused: queue.paused,
    paused_reason: queue.pausedReason,
    counts: {pending, scheduled: queue.scheduled.count, processing, done, failed, cancelled},
    scheduled_is_more: queue.scheduled.isMore,
    oldest_pending_ms: queue.oldestPendingMs,
    settings: settingsJson(queue.settings),
    retry_window_ms: retryWindowMs(queue.settings.backoff, queue.settings.maxAttempts),
  }
}

/** The document of a queue without its levels, for CSV. */
export function flatQueueJson(queue: QueueStats): Readonly<Record<string, unknown>> {
  return {...queueJson(queue), ...queue.counts, scheduled: queue.scheduled.count, ...settingsJson(queue.settings)}
}

function settingsJson(settings: QueueSettings): Readonly<Record<string, unknown>> {
  const {backoff, retention} = settings
  return {
    max_attempts: settings.maxAttempts,
    backoff: {base_ms: backoff.baseMs, cap_ms: backoff.capMs, factor: backoff.factor},
    crash_limit: settings.crashLimit,
    lease_ms: settings.leaseMs,
    timeout_ms: settings.timeoutMs,
    concurrency: settings.concurrency,
    retention: {done_ms: retention.doneMs, failed_ms: retention.failedMs, cancelled_ms: retention.cancelledMs},
    key_window_ms: settings.keyWindowMs,
    max_payload_bytes: settings.maxPayloadBytes,
    dead_letter: settings.deadLetter,
  }
}
