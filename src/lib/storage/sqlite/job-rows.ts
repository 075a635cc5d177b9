import type {Job} from '../../job.ts'
import type {JobRecord} from '../storage.ts'
import type {Connection, Row} from './connection.ts'
import {type Also, history} from './history.ts'
import {blob, blobOrNull, DONE, num, numOrNull, PENDING, reasonOf, stateOf, tagsOf, text, textOrNull} from './rows.ts'

/** It was resubmitted after its last run. */
const TAKEN_UP = `j.attempts = 0 AND EXISTS (
  SELECT 1 FROM event e WHERE e.job_id = j.id AND e.fence = j.fence AND e.from_state >= ${DONE} AND e.to_state = ${PENDING})`
/** The last run's error; a job that was taken up again has none, also when it ends before it is run. */
export const ERROR = `iif(a.error IS NULL OR (${TAKEN_UP}), NULL, a.error)`
/** The holder, else the consumer of the last run. */
export const CONSUMER = 'coalesce(c.name, a.consumer)'

/** What a job is read from: its row, its lease and holder while processing, its last run. */
export const JOB_TABLES = `
job j JOIN queue q ON q.id = j.queue_id AND q.deleted_at IS NULL
LEFT JOIN lease l ON l.job_id = j.id LEFT JOIN consumer c ON c.id = l.consumer_id
LEFT JOIN attempt a ON a.job_id = j.id AND a.fence = j.fence
LEFT JOIN result r ON r.job_id = j.id`

/** :boot and :boot_now say what a lease is worth now. */
export const JOB_COLUMNS = `
j.id, q.name AS queue, j.state, j.reason, ${ERROR} AS error, j.priority, j.run_at, j.key, j.tags, j.content_type, j.file,
length(j.payload) AS payload_bytes, j.attempts, j.max_attempts, j.crashes, j.snoozes, j.fence, j.timeout_ms, j.assigned_to,
j.assigned_until, l.requested, ${CONSUMER} AS consumer, j.created_at, j.updated_at, coalesce(l.started_at, a.started_at) AS started_at,
iif(j.state >= ${DONE}, j.updated_at, NULL) AS finished_at, a.run_ms,
iif(c.boot_id = :boot, l.until - :boot_now, iif(l.until IS NULL, NULL, -1)) AS lease_remaining_ms,
j.progress, r.data AS result, j.origin_id, j.dead_letter_id`

const LISTED = `SELECT ${JOB_COLUMNS} FROM ${JOB_TABLES} WHERE j.id = :id`
const GET = `SELECT ${JOB_COLUMNS}, j.payload FROM ${JOB_TABLES} WHERE j.id = :id`

/** The boot clock a reading of leases is made on. */
export type BootTime = {readonly boot: string; readonly boot_now: number}

/** The jobs of these ids that exist, with payload, in the order asked. */
export function getJobs(db: Connection, ids: readonly number[], time: BootTime, also: Also): readonly JobRecord[] {
  return ids.flatMap(id => {
    const row = db.get(GET, {...time, id})
    return row === undefined ? [] : [{...jobOf(row), payload: blob(row['payload']), history: history(db, id, also)}]
  })
}

/** One job without its payload; `null` when there is none of that id. */
export function getListed(db: Connection, id: number, time: BootTime): Job | null {
  const row = db.get(LISTED, {...time, id})
  return row === undefined ? null : jobOf(row)
}

/** A row of `JOB_COLUMNS` as a job. */
export function jobOf(row: Row): Job {
  const requested = row['requested']
  const reason = numOrNull(row['reason'])
  return {
    id: num(row['id']),
    queue: text(row['queue']),
    state: stateOf(num(row['state'])),
    reason: reason === null ? null : reasonOf(reason),
    error: textOrNull(row['error']),
    priority: num(row['priority']),
    runAt: num(row['run_at']),
    key: textOrNull(row['key']),
    tags: tagsOf(row['tags']),
    contentType: textOrNull(row['content_type']),
    file: row['file'] === 1,
    payloadBytes: num(row['payload_bytes']),
    attempts: num(row['attempts']),
    maxAttempts: numOrNull(row['max_attempts']),
    crashes: num(row['crashes']),
    snoozes: num(row['snoozes']),
    fence: num(row['fence']),
    timeoutMs: numOrNull(row['timeout_ms']),
    assignedTo: textOrNull(row['assigned_to']),
    assignedUntil: numOrNull(row['assigned_until']),
    requested: requested === 'cancel' || requested === 'fail' ? requested : null,
    consumer: textOrNull(row['consumer']),
    createdAt: num(row['created_at']),
    updatedAt: num(row['updated_at']),
    startedAt: numOrNull(row['started_at']),
    finishedAt: numOrNull(row['finished_at']),
    runMs: numOrNull(row['run_ms']),
    leaseRemainingMs: numOrNull(row['lease_remaining_ms']),
    progress: numOrNull(row['progress']),
    result: blobOrNull(row['result']),
    originId: numOrNull(row['origin_id']),
    deadLetterId: numOrNull(row['dead_letter_id']),
  }
}
