import type {JobEvent, Run, RunOutput} from '../../job.ts'
import type {StoreEvent} from '../../store-event.ts'
import type {History} from '../storage.ts'
import type {Connection, Row} from './connection.ts'
import {blob, num, numOrNull, outcomeOf, stateOf, text, textOrNull} from './rows.ts'

const RUNS = `
SELECT a.*, ifnull(o.stdout_dropped_bytes, 0) AS stdout_dropped_bytes, ifnull(o.stderr_dropped_bytes, 0) AS stderr_dropped_bytes
FROM attempt a LEFT JOIN output o ON o.job_id = a.job_id AND o.fence = a.fence WHERE a.job_id = ? ORDER BY a.fence`
const LAST_RUN = `${RUNS} DESC LIMIT 1`
const EVENTS = 'SELECT at, from_state, to_state, actor, reason FROM event WHERE job_id = ? ORDER BY id'
const LAST_EVENT = `${EVENTS} DESC LIMIT 1`
const NEWEST_EVENTS = `
SELECT e.id, e.job_id, e.at, e.from_state, e.to_state, e.actor, e.reason, ifnull(e.queue, q.name) AS queue
FROM event e LEFT JOIN job j ON j.id = e.job_id LEFT JOIN queue q ON q.id = j.queue_id AND q.deleted_at IS NULL
WHERE e.job_id IS NULL OR q.id IS NOT NULL ORDER BY e.id DESC LIMIT ?`
const OUTPUT = 'SELECT * FROM output WHERE job_id = ? ORDER BY fence'

/** What is wanted of a job beside its row. */
export interface Also {
  readonly history?: boolean
  readonly output?: boolean
}

/** The ended runs and the events of a job, oldest first, and the tails of its output: each if wanted. */
export function history(db: Connection, id: number, also: Also): History {
  return {
    runs: also.history === true ? db.all(RUNS, id).map(runOf) : [],
    events: also.history === true ? db.all(EVENTS, id).map(eventOf) : [],
    output: new Map(also.output === true ? db.all(OUTPUT, id).map(row => [num(row['fence']), outputOf(row)]) : []),
  }
}

/** The run of a job that ended last. */
export function lastRun(db: Connection, id: number): Run | null {
  const row = db.get(LAST_RUN, id)
  return row === undefined ? null : runOf(row)
}

/** What was done to a job last. */
export function lastEvent(db: Connection, id: number): JobEvent | null {
  const row = db.get(LAST_EVENT, id)
  return row === undefined ? null : eventOf(row)
}

/** What was done to jobs last, newest first. */
export function newestEvents(db: Connection, limit: number): readonly StoreEvent[] {
  return db.all(NEWEST_EVENTS, limit).map(row => ({...eventOf(row), id: num(row['id']), jobId: numOrNull(row['job_id']), queue: text(row['queue'])}))
}

function runOf(row: Row): Run {
  return {
    run: num(row['fence']),
    attempt: num(row['attempt']),
    consumer: text(row['consumer']),
    startedAt: num(row['started_at']),
    finishedAt: num(row['finished_at']),
    outcome: outcomeOf(num(row['outcome'])),
    runMs: numOrNull(row['run_ms']),
    exitCode: numOrNull(row['exit_code']),
    signal: textOrNull(row['signal']),
    cause: textOrNull(row['cause']),
    error: textOrNull(row['error']),
    cpuMs: numOrNull(row['cpu_ms']),
    maxRssBytes: numOrNull(row['max_rss_bytes']),
    stdoutDroppedBytes: num(row['stdout_dropped_bytes']),
    stderrDroppedBytes: num(row['stderr_dropped_bytes']),
  }
}

function eventOf(row: Row): JobEvent {
  const from = numOrNull(row['from_state'])
  const to = numOrNull(row['to_state'])
  return {
    at: num(row['at']),
    from: from === null ? null : stateOf(from),
    to: to === null ? null : stateOf(to),
    actor: text(row['actor']),
    reason: text(row['reason']),
  }
}

function outputOf(row: Row): RunOutput {
  return {
    records: blob(row['records']),
    stdoutDroppedBytes: num(row['stdout_dropped_bytes']),
    stderrDroppedBytes: num(row['stderr_dropped_bytes']),
  }
}
