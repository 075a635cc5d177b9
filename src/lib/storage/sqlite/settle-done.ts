/** Plain successes, the bulk of all ends: settled many at once, a statement each for their history, their state and their leases. */
import type {Transition} from '../storage.ts'
import {keepKey} from './keys.ts'
import {queueById} from './queue-rows.ts'
import {DONE, LANE_ASSIGNED, LANE_OPEN, num, outcomeCode, PROCESSING, text} from './rows.ts'
import type {Transaction} from './transaction.ts'

/** ?1 is a list of ids, ?2 the fence of all of them. CROSS JOIN: in this order. */
const HELD = `j.state = ${PROCESSING} AND j.fence = ?2 CROSS JOIN lease l ON l.job_id = j.id`
const CLAIMED = `FROM json_each(?1) ids CROSS JOIN job j ON j.id = ids.value AND ${HELD}`
const STANDING = `SELECT j.queue_id, l.consumer_id, count(*), count(j.key) ${CLAIMED} GROUP BY j.queue_id, l.consumer_id`
const QUEUES = `SELECT j.id, j.queue_id ${CLAIMED}`
const KEYS = `SELECT j.queue_id, j.key, j.id ${CLAIMED} WHERE j.key IS NOT NULL`
/** ?1 is a list of [id, run_ms, exit_code, cpu_ms, max_rss_bytes]. */
const INSERT_ATTEMPTS = `
INSERT INTO attempt (job_id, fence, attempt, consumer, started_at, finished_at, outcome, run_ms, exit_code, cpu_ms, max_rss_bytes)
SELECT j.id, j.fence, j.attempts, c.name, l.started_at, ?3, ?4,
  run.value ->> 1, run.value ->> 2, run.value ->> 3, run.value ->> 4
FROM json_each(?1) run CROSS JOIN job j ON j.id = run.value ->> 0 AND ${HELD} CROSS JOIN consumer c ON c.id = l.consumer_id`
const SETTLE = `
UPDATE job SET state = ${DONE}, updated_at = ?3, lane = iif(assigned_to IS NULL, ${LANE_OPEN}, ${LANE_ASSIGNED})
WHERE id IN (SELECT value FROM json_each(?1)) AND state = ${PROCESSING} AND fence = ?2`
const FREE_LEASES = 'DELETE FROM lease WHERE job_id IN (SELECT value FROM json_each(?1))'

/** A success with nothing to keep but its history. */
export function isPlainSuccess({to, result, progress, only, run}: Transition): boolean {
  return to === 'done' && result === null && progress === null && only === null && run.signal === null && run.cause === null && run.error === null
}

/**
 * Settles plain successes of one fence, all of them or none.
 * @returns false when one of the claims does not hold, or is there twice: then nothing was written
 */
export function settleDone(tx: Transaction, fence: number, successes: readonly Transition[]): boolean {
  const jobs = successes.map(({id}) => id)
  if (new Set(jobs).size < jobs.length) return false
  const ids = JSON.stringify(jobs)
  const standing = tx.db.tuples(STANDING, ids, fence).map(row => row.map(num))
  if (sum(standing, 2) !== successes.length) return false
  const queues = queuesOf(tx, standing, ids, fence)
  if (sum(standing, 3) > 0) keepKeys(tx, ids, fence)
  const runs = successes.map(({id, run}) => [id, run.runMs, run.exitCode, run.cpuMs, run.maxRssBytes])
  tx.db.run(INSERT_ATTEMPTS, JSON.stringify(runs), fence, tx.now, outcomeCode('done'))
  const settled = tx.db.run(SETTLE, ids, fence, tx.now)
  const freed = tx.db.run(FREE_LEASES, ids)
  if (settled !== successes.length || freed !== settled) throw new TypeError('jobs changed within their own transaction')
  for (const [queueId = 0, consumerId = 0, count = 0] of standing) {
    tx.move(queueId, PROCESSING, DONE, count)
    tx.credit(consumerId, {processed: count, failed: 0})
  }
  meterRuns(tx, queues, successes)
  return true
}

function meterRuns(tx: Transaction, queues: ReadonlyMap<number, number> | number, successes: readonly Transition[]): void {
  const byQueue = typeof queues === 'number' ? [[queues, successes] as const] : Map.groupBy(successes, ({id}) => queues.get(id) ?? 0)
  for (const [queueId, group] of byQueue) tx.meter(queueId).noteRuns('done', group.map(({run}) => run.runMs))
}

/** The queue of each job, or that of them all: nearly always there is only one. */
function queuesOf(tx: Transaction, standing: readonly (readonly number[])[], ids: string, fence: number): ReadonlyMap<number, number> | number {
  const [first] = standing
  if (first !== undefined && standing.every(([queueId]) => queueId === first[0])) return first[0] ?? 0
  return new Map(tx.db.tuples(QUEUES, ids, fence).map(([id, queueId]) => [num(id), num(queueId)]))
}

function sum(rows: readonly (readonly number[])[], column: number): number {
  return rows.reduce((total, row) => total + (row[column] ?? 0), 0)
}

function keepKeys(tx: Transaction, ids: string, fence: number): void {
  for (const [queueId, key, id] of tx.db.tuples(KEYS, ids, fence)) keepKey(tx, queueById(tx.db, num(queueId)), text(key), num(id))
}
