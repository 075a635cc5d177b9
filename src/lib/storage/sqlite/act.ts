import type {Acted, Action, SkipReason, Target} from '../storage.ts'
import type {Row} from './connection.ts'
import {recordEvent} from './events.ts'
import {RAISE_ID_FLOOR} from './ids.ts'
import {holdKeyAgain, keepKey, releaseKey} from './keys.ts'
import {queueById} from './queue-rows.ts'
import {CANCELLED, FAILED, LANE_ASSIGNED, LANE_OPEN, LANE_SUSPECT, num, PENDING, PROCESSING, reasonCode, stateCode, stateOf, text} from './rows.ts'
import {deadLetterOf} from './settle.ts'
import type {Transaction} from './transaction.ts'

const LOOK = `
SELECT j.id, j.queue_id, j.state, j.fence, j.key, j.assigned_to FROM job j JOIN queue q ON q.id = j.queue_id
WHERE j.id = ? AND q.deleted_at IS NULL`
/** Every change repeats state and fence, so that it cannot touch a job that is not as it was looked at. */
const GUARD = 'WHERE id = ?1 AND state = ?2 AND fence = ?3'
const FINISH = `
UPDATE job SET state = ?4, reason = ?5, updated_at = ?6, lane = iif(assigned_to IS NULL, ${LANE_OPEN}, ${LANE_ASSIGNED}) ${GUARD}`
const RESUBMIT = `
UPDATE job SET state = ${PENDING}, run_at = ?4, attempts = 0, crashes = 0, snoozes = 0, reason = NULL, progress = NULL, updated_at = ?5 ${GUARD}`
/** What could run at once when it was written still can, see `isDue`: also when the wall clock has stepped back since. */
const ASSIGN = `
UPDATE job SET assigned_to = ?4, assigned_until = ?5, lane = iif(lane = ${LANE_SUSPECT}, lane, ${LANE_ASSIGNED}),
  updated_at = iif(run_at <= updated_at, max(run_at, ?6), ?6) ${GUARD}`
const REQUEST = 'UPDATE lease SET requested = ?2 WHERE job_id = ?1'
const REQUESTED = 'SELECT requested FROM lease WHERE job_id = ?'
const DELETE_RESULT = 'DELETE FROM result WHERE job_id = ?'
const PARTS = ['attempt', 'output', 'event', 'result'] as const
const DELETE_PARTS = PARTS.map(table => `DELETE FROM ${table} WHERE job_id = ?`)
const DELETE_JOB = `DELETE FROM job ${GUARD}`

interface Seen {
  readonly id: number
  readonly queueId: number
  readonly state: number
  readonly fence: number
  readonly key: string | null
}

/**
 * Does one thing to many jobs, each if it still is as it was seen.
 * @returns per target, in order, what became of it
 */
export function act(tx: Transaction, action: Action, targets: readonly Target[], actor: string): readonly Acted[] {
  return targets.map(target => {
    const row = tx.db.get(LOOK, target.id)
    if (row === undefined) return {id: target.id, kind: 'missing'}
    const job = seenRow(row)
    const asSeen = target.seen === null || (stateCode(target.seen.state) === job.state && target.seen.fence === job.fence)
    return asSeen ? actOn(tx, action, job, actor) : skipped(job, 'changed since')
  })
}

function seenRow(row: Row): Seen {
  const key = row['key']
  return {
    id: num(row['id']),
    queueId: num(row['queue_id']),
    state: num(row['state']),
    fence: num(row['fence']),
    key: key == null ? null : text(key),
  }
}

function actOn(tx: Transaction, action: Action, job: Seen, actor: string): Acted {
  switch (action.kind) {
    case 'cancel':
      return stop(tx, job, CANCELLED, action.reason, actor)
    case 'fail':
      return stop(tx, job, FAILED, action.reason, actor)
    case 'resubmit':
      return resubmit(tx, job, action.reason, actor)
    case 'delete':
      return remove(tx, job)
    case 'assign':
      return assign(tx, job, action, actor)
  }
}

function stop(tx: Transaction, job: Seen, to: typeof CANCELLED | typeof FAILED, reason: string, actor: string): Acted {
  if (job.state === to) return {id: job.id, kind: 'already', state: stateOf(to)}
  if (job.state === PROCESSING) return request(tx, job, to, reason, actor)
  if (job.state !== PENDING) return skipped(job, 'finished')
  assertChanged(job, tx.db.run(FINISH, job.id, job.state, job.fence, to, to === FAILED ? reasonCode('admin') : null, tx.now))
  tx.move(job.queueId, PENDING, to)
  const queue = queueById(tx.db, job.queueId)
  if (job.key !== null) keepKey(tx, queue, job.key, job.id)
  if (to === FAILED) deadLetterOf(tx, job.id, queue)
  recordEvent(tx, {jobId: job.id, from: PENDING, to, actor, reason})
  return {id: job.id, kind: 'changed', state: stateOf(to)}
}

/** The holder has to kill the handler and settle; asking twice for the same is asking once. */
function request(tx: Transaction, job: Seen, to: typeof CANCELLED | typeof FAILED, reason: string, actor: string): Acted {
  const word = to === CANCELLED ? 'cancel' : 'fail'
  if (tx.db.tuples(REQUESTED, job.id)[0]?.[0] !== word) {
    assertChanged(job, tx.db.run(REQUEST, job.id, word))
    recordEvent(tx, {jobId: job.id, from: PROCESSING, to: PROCESSING, actor, reason: `${word} requested: ${reason}`})
  }
  return {id: job.id, kind: 'requested', fence: job.fence}
}

function resubmit(tx: Transaction, job: Seen, reason: string, actor: string): Acted {
  if (job.state === PENDING) return skipped(job, 'pending')
  if (job.state === PROCESSING) return skipped(job, 'processing')
  if (job.key !== null && !holdKeyAgain(tx, job.queueId, job.key, job.id)) return skipped(job, 'key held by another job')
  const queue = queueById(tx.db, job.queueId)
  const runAt = tx.stampRunAt(queue.id, queue.lastRunAt)
  assertChanged(job, tx.db.run(RESUBMIT, job.id, job.state, job.fence, runAt, tx.now))
  tx.db.run(DELETE_RESULT, job.id)
  tx.move(job.queueId, job.state, PENDING)
  recordEvent(tx, {jobId: job.id, from: job.state, to: PENDING, actor, reason})
  return {id: job.id, kind: 'changed', state: 'pending'}
}

function assign(tx: Transaction, job: Seen, action: Extract<Action, {kind: 'assign'}>, actor: string): Acted {
  if (job.state !== PENDING) return skipped(job, 'not pending')
  const until = action.forMs === null ? null : tx.now + action.forMs
  assertChanged(job, tx.db.run(ASSIGN, job.id, job.state, job.fence, action.consumer, until, tx.now))
  recordEvent(tx, {jobId: job.id, from: PENDING, to: PENDING, actor, reason: action.reason})
  return {id: job.id, kind: 'changed', state: 'pending'}
}

function remove(tx: Transaction, job: Seen): Acted {
  if (job.state === PROCESSING) return skipped(job, 'processing')
  if (job.key !== null && job.state === PENDING) releaseKey(tx, job.queueId, job.key, job.id)
  deleteJob(tx, job)
  return {id: job.id, kind: 'changed', state: null}
}

/** Deletes a job that is not processing, with its history, output and result; its key's window goes on. */
export function deleteJob(tx: Transaction, job: Pick<Seen, 'id' | 'queueId' | 'state' | 'fence'>): void {
  tx.db.run(RAISE_ID_FLOOR, job.id)
  assertChanged(job, tx.db.run(DELETE_JOB, job.id, job.state, job.fence))
  for (const sql of DELETE_PARTS) tx.db.run(sql, job.id)
  tx.move(job.queueId, job.state, null)
}

const DELETE_ALL_PARTS = PARTS.map(table => `DELETE FROM ${table} WHERE job_id IN (SELECT value FROM json_each(?))`)
const DELETE_ALL = `DELETE FROM job WHERE id IN (SELECT value FROM json_each(?)) AND state <> ${PROCESSING}`

/**
 * Deletes jobs of a deleted queue with all that belongs to them. No counter is moved.
 * @param ids a JSON list
 */
export function deleteJobs(tx: Transaction, ids: string): void {
  for (const sql of DELETE_ALL_PARTS) tx.db.run(sql, ids)
  tx.db.run(DELETE_ALL, ids)
}

function skipped(job: Seen, why: SkipReason): Acted {
  return {id: job.id, kind: 'skipped', state: stateOf(job.state), why}
}

function assertChanged(job: {readonly id: number}, changed: number): void {
  if (changed !== 1) throw new TypeError(`job ${job.id} changed within its own transaction`)
}
