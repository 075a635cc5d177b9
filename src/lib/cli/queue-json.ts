import type {Queue, QueueSettings} from '../job.ts'
import {retryWindowMs} from '../queue/backoff.ts'

/** A queue as every JSON document shows it. */
export function queueJson(queue: Queue): Readonly<Record<string, unknown>> {
  const {pending, processing, done, failed, cancelled} = queue.counts
  return {
    name: queue.name,
    paused: queue.paused,
    paused_reason: queue.pausedReason,
    counts: {pending, scheduled: queue.scheduled, processing, done, failed, cancelled},
    oldest_pending_ms: queue.oldestPendingMs,
    settings: settingsJson(queue.settings),
    retry_window_ms: retryWindowMs(queue.settings.backoff, queue.settings.maxAttempts),
  }
}

/** The document of a queue without its levels, for CSV. */
export function flatQueueJson(queue: Queue): Readonly<Record<string, unknown>> {
  return {...queueJson(queue), ...queue.counts, scheduled: queue.scheduled, ...settingsJson(queue.settings)}
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
