/** Deleting a queue: in one step it is gone for everybody; then its rows go, some at a time, so that nobody waits for the lock. */
import {QctlError} from '../../errors.ts'
import type {ChangedBy} from '../../store-event.ts'
import {deleteJobs} from './act.ts'
import type {Connection} from './connection.ts'
import {recordQueueEvent} from './events.ts'
import {RAISE_ID_FLOOR} from './ids.ts'
import {forgetMeters} from './meters.ts'
import {queueByName} from './queue-rows.ts'
import {noQueue} from './queues.ts'
import {DONE, LANE_ASSIGNED, LANE_OPEN, LANE_SUSPECT, num, PENDING, text} from './rows.ts'
import type {Transaction} from './transaction.ts'

const DEAD_LETTER_OF = 'SELECT name FROM queue WHERE dead_letter_id = ? LIMIT 1'
/** All jobs of a queue are in its counters: no need to look for them in the table. */
const JOBS = 'SELECT pending + processing + done + failed + cancelled FROM queue WHERE id = ?'
/** No queue that somebody names has blanks in its name. */
const HIDE = `UPDATE queue SET name = 'deleted ' || id, deleted_at = ?2, dead_letter_id = NULL WHERE id = ?1`

/**
 * Removes a queue, with `force` together with its jobs: nothing finds them from now on. `sweepDeleted` does the rest.
 * @throws QctlError `not_found`, `conflict`
 */
export function deleteQueue(tx: Transaction, name: string, {force, by}: {readonly force: boolean; readonly by?: ChangedBy}): void {
  tx.flush()
  const queue = queueByName(tx.db, name)
  if (queue === null) throw noQueue(name)
  const [user] = tx.db.tuples(DEAD_LETTER_OF, queue.id)
  if (user !== undefined) {
    const hint = `first: qctl queues set ${text(user[0])} --dead-letter none`
    throw new QctlError('conflict', `queue ${name} is the dead-letter queue of ${text(user[0])}`, {hint})
  }
  if (queue.processing > 0) throw new QctlError('conflict', `queue ${name} has jobs being processed`)
  if (!force && (tx.db.number(JOBS, queue.id) ?? 0) > 0) {
    throw new QctlError('conflict', `queue ${name} still has jobs`, {hint: 'delete them too with --force --yes'})
  }
  tx.db.run(HIDE, queue.id, tx.now)
  if (by !== undefined) recordQueueEvent(tx, name, by)
}

const DELETED = 'SELECT id FROM queue WHERE deleted_at IS NOT NULL LIMIT 1'
/** By every index that begins with the queue: together they have all jobs that are not processing. */
const pendingIn = (index: string, lane: number): string =>
  `SELECT id FROM job INDEXED BY ${index} WHERE queue_id = ?1 AND state = ${PENDING} AND lane = ${lane}`
const SOME_JOBS = `
SELECT json_group_array(id), count(*), max(id) FROM (
  ${pendingIn('job_ready', LANE_OPEN)} UNION ALL ${pendingIn('job_assigned', LANE_ASSIGNED)} UNION ALL ${pendingIn('job_suspect', LANE_SUSPECT)}
  UNION ALL SELECT id FROM job INDEXED BY job_finished WHERE queue_id = ?1 AND state >= ${DONE} LIMIT ?2)`
const FORGET_KEYS = `
DELETE FROM job_key WHERE (queue_id, key) IN (SELECT queue_id, key FROM job_key WHERE queue_id = ?1 LIMIT ?2)`
const DELETE = 'DELETE FROM queue WHERE id = ?'

/** Whether rows of deleted queues are left. */
export function isSwept(db: Connection): boolean {
  return db.number(DELETED) === null
}

/**
 * Removes some rows of deleted queues.
 * @param limit most jobs, and most keys, to remove
 * @returns how many jobs went
 */
export function sweepDeleted(tx: Transaction, limit: number): number {
  const queueId = tx.db.number(DELETED)
  if (queueId === null || limit < 1) return 0
  const [row] = tx.db.tuples(SOME_JOBS, queueId, limit)
  const jobs = num(row?.[1])
  if (jobs > 0) {
    tx.db.run(RAISE_ID_FLOOR, num(row?.[2]))
    deleteJobs(tx, text(row?.[0]))
    return jobs
  }
  if (tx.db.run(FORGET_KEYS, queueId, limit) === limit) return 0
  forgetMeters(tx.db, queueId)
  tx.db.run(DELETE, queueId)
  return 0
}
