import {type ChangedBy, QUEUE_EVENTS_KEPT_MS} from '../../store-event.ts'
import type {Connection} from './connection.ts'
import type {Transaction} from './transaction.ts'

const INSERT = `
INSERT INTO event (job_id, fence, at, from_state, to_state, actor, reason)
VALUES (?1, (SELECT fence FROM job WHERE id = ?1), ?2, ?3, ?4, ?5, ?6)`

/** A change of a job that was not the end of its run. States are codes; `null` = the job came or went. */
export interface EventRow {
  readonly jobId: number
  readonly from: number | null
  readonly to: number | null
  readonly actor: string
  readonly reason: string
}

/** Writes an event into the job's history. */
export function recordEvent(tx: Transaction, {jobId, from, to, actor, reason}: EventRow): void {
  tx.db.run(INSERT, jobId, tx.now, from, to, actor, reason)
}

const INSERT_OF_QUEUE = 'INSERT INTO event (queue, fence, at, actor, reason) VALUES (?, 0, ?, ?, ?)'
const OLD = 'SELECT 1 FROM event INDEXED BY event_of_queue WHERE job_id IS NULL AND at < ? LIMIT 1'
const FORGET = 'DELETE FROM event WHERE job_id IS NULL AND at < ?'

/** Writes that a queue itself was changed. */
export function recordQueueEvent(tx: Transaction, queue: string, {actor, reason}: ChangedBy): void {
  tx.db.run(INSERT_OF_QUEUE, queue, tx.now, actor, reason)
}

/** Whether there are changes of queues that nobody needs to remember. */
export function hasOldQueueEvents(db: Connection, now: number): boolean {
  return db.number(OLD, now - QUEUE_EVENTS_KEPT_MS) !== null
}

/** Forgets them. */
export function forgetQueueEvents(tx: Transaction): void {
  tx.db.run(FORGET, tx.now - QUEUE_EVENTS_KEPT_MS)
}
