import type {Job, JobEvent, Run} from '../job.ts'
import type {JobDetails} from '../queue/inspector.ts'
import {bytesField, timeField} from './bytes-json.ts'

/**
 * A job as every JSON document shows it. `test/commands/json-names.test.ts` pins the names.
 * @param job as stored
 * @param now UTC ms, for `scheduled`
 */
export function jobJson(job: Job, now: number): Readonly<Record<string, unknown>> {
  return {
    id: job.id,
    queue: job.queue,
    state: job.state,
    scheduled: job.state === 'pending' && job.runAt > now,
    reason: job.reason,
    error: job.error,
    priority: job.priority,
    run_at: timeField(job.runAt),
    key: job.key,
    tags: job.tags,
    content_type: job.contentType,
    file: job.file,
    payload_bytes: job.payloadBytes,
    attempts: job.attempts,
    max_attempts: job.maxAttempts,
    crashes: job.crashes,
    snoozes: job.snoozes,
    fence: job.fence,
    timeout_ms: job.timeoutMs,
    assigned_to: job.assignedTo,
    assigned_until: timeField(job.assignedUntil),
    requested: job.requested,
    consumer: job.consumer,
    created_at: timeField(job.createdAt),
    updated_at: timeField(job.updatedAt),
    started_at: timeField(job.startedAt),
    finished_at: timeField(job.finishedAt),
    wait_ms: waitMs(job),
    run_ms: job.runMs,
    lease_remaining_ms: job.leaseRemainingMs,
    progress: job.progress,
    ...bytesField('result', job.result),
    origin_id: job.originId,
    dead_letter_id: job.deadLetterId,
  }
}

/** How long its last run had to wait after it might have begun; `null` while it waits. */
export function waitMs(job: Job): number | null {
  return job.state === 'pending' || job.startedAt === null ? null : Math.max(0, job.startedAt - job.runAt)
}

/** A job with payload and history, as `jobs show` has it. */
export function jobDetailsJson({job, runs, events}: JobDetails, now: number): Readonly<Record<string, unknown>> {
  return {
    ...jobJson(job, now),
    ...bytesField('payload', job.payload),
    attempts_list: runs.map(runJson),
    events: events.map(eventJson),
  }
}

function runJson(run: Run): Readonly<Record<string, unknown>> {
  return {
    run: run.run,
    attempt: run.attempt,
    consumer: run.consumer,
    started_at: timeField(run.startedAt),
    finished_at: timeField(run.finishedAt),
    outcome: run.outcome,
    exit_code: run.exitCode,
    signal: run.signal,
    cause: run.cause,
    error: run.error,
    run_ms: run.runMs,
    cpu_ms: run.cpuMs,
    max_rss_bytes: run.maxRssBytes,
    stdout_dropped_bytes: run.stdoutDroppedBytes,
    stderr_dropped_bytes: run.stderrDroppedBytes,
  }
}

function eventJson({at, from, to, actor, reason}: JobEvent): Readonly<Record<string, unknown>> {
  return {at: timeField(at), from, to, actor, reason}
}
