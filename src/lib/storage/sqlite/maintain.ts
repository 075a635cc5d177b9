import {statSync} from 'node:fs'
import type {FinalState, QueueSettings} from '../../job.ts'
import type {Maintained} from '../storage.ts'
import {deleteJob} from './act.ts'
import type {Connection} from './connection.ts'
import {forgetEnded} from './consumers.ts'
import {isSwept, sweepDeleted} from './delete-queue.ts'
import {assertOneMachine, type Viewpoint} from './machines.ts'
import {forgetQueueEvents, hasOldQueueEvents} from './events.ts'
import {hasOldMinutes, pruneMinutes} from './meters.ts'
import {settingsOf} from './queue-rows.ts'
import {num, stateCode, text} from './rows.ts'
import type {Transaction} from './transaction.ts'

const QUEUES = 'SELECT id, settings FROM queue WHERE deleted_at IS NULL'
const EXPIRED = `
SELECT id, state, fence FROM job INDEXED BY job_finished WHERE queue_id = ? AND state = ? AND updated_at < ? AND state >= 4
ORDER BY updated_at LIMIT ?`
const FREE_KEY = 'SELECT 1 FROM job_key INDEXED BY job_key_end WHERE free_at <= ? LIMIT 1'
const FORGET_KEYS = `
DELETE FROM job_key WHERE (queue_id, key) IN (SELECT queue_id, key FROM job_key INDEXED BY job_key_end WHERE free_at <= ? LIMIT ?)`
const ENDED_CONSUMER = `
SELECT 1 FROM consumer c WHERE c.ended_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.consumer_id = c.id) LIMIT 1`

const FINAL_STATES: readonly FinalState[] = ['done', 'failed', 'cancelled']
const NOTHING: Maintained = {deleted: {done: 0, failed: 0, cancelled: 0}, more: false}

/** Free pages are given back when they are many and a good part of the file, so that a busy file does not shrink and grow in turns. */
const VACUUM_MIN_PAGES = 4096
const VACUUM_STEP_PAGES = 512
/** The WAL is cut back when a long reader has let it grow past this. */
const WAL_LIMIT_BYTES = 16 * 1024 * 1024

/**
 * What housekeeping would do now, found without writing; `undefined` = something.
 * @throws QctlError `foreign_host` while another machine shows life in this store
 */
export function nothingToMaintain(db: Connection, view: Viewpoint): Maintained | undefined {
  const {now} = view
  assertOneMachine(db, view)
  const idle =
    db.number(FREE_KEY, now) === null &&
    db.number(ENDED_CONSUMER) === null &&
    isSwept(db) &&
    !hasOldMinutes(db, now) &&
    !hasOldQueueEvents(db, now) &&
    db.tuples(QUEUES).every(([id, settings]) =>
      FINAL_STATES.every(state => expired(db, num(id), settingsOf(text(settings), null), state, now, 1).length === 0),
    )
  return idle ? NOTHING : undefined
}

/** Deletes up to `limit` jobs of deleted queues or past their retention, and as many keys past their window. */
export function maintain(tx: Transaction, limit: number): Maintained {
  assertOneMachine(tx.db, tx)
  const deleted = {done: 0, failed: 0, cancelled: 0}
  let room = limit - sweepDeleted(tx, limit)
  for (const [id, overrides] of tx.db.tuples(QUEUES)) {
    const settings = settingsOf(text(overrides), null)
    for (const state of FINAL_STATES) {
      const jobs = expired(tx.db, num(id), settings, state, tx.now, room)
      for (const job of jobs) deleteJob(tx, {...job, queueId: num(id)})
      deleted[state] += jobs.length
      room -= jobs.length
    }
  }
  const keys = tx.db.run(FORGET_KEYS, tx.now, limit)
  forgetEnded(tx)
  pruneMinutes(tx.db, tx.now)
  forgetQueueEvents(tx)
  return {deleted, more: room === 0 || keys === limit || !isSwept(tx.db)}
}

interface Expired {
  readonly id: number
  readonly state: number
  readonly fence: number
}

function expired(
  db: Connection,
  queueId: number,
  {retention}: QueueSettings,
  state: FinalState,
  now: number,
  limit: number,
): readonly Expired[] {
  const keepMs = {done: retention.doneMs, failed: retention.failedMs, cancelled: retention.cancelledMs}[state]
  if (keepMs === null || limit === 0) return []
  return db
    .tuples(EXPIRED, queueId, stateCode(state), now - keepMs, limit)
    .map(([id, code, fence]) => ({id: num(id), state: num(code), fence: num(fence)}))
}

/** Gives space back to the file system, a little at a time. Outside of transactions. */
export function shrink(db: Connection): void {
  const free = db.number('SELECT freelist_count FROM pragma_freelist_count') ?? 0
  const pages = db.number('SELECT page_count FROM pragma_page_count') ?? 0
  if (free > VACUUM_MIN_PAGES && free > pages / 4) db.exec(`PRAGMA incremental_vacuum(${VACUUM_STEP_PAGES})`)
  const wal = statSync(`${db.path}-wal`, {throwIfNoEntry: false})
  if (wal !== undefined && wal.size > WAL_LIMIT_BYTES) db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
}
