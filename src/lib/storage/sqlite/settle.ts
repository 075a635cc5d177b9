import type {RunFacts} from '../../job.ts'
import type {Settled, Transition} from '../storage.ts'
import type {Row} from './connection.ts'
import {deadLetter} from './enqueue.ts'
import {keepKey} from './keys.ts'
import {type QueueRow, queueById} from './queue-rows.ts'
import {
  DONE,
  LANE_ASSIGNED,
  LANE_OPEN,
  LANE_SUSPECT,
  num,
  outcomeCode,
  PENDING,
  PROCESSING,
  reasonCode,
  stateCode,
  text,
} from './rows.ts'
import type {Transaction} from './transaction.ts'
import {recordEvent} from './events.ts'

/** ?1 ids with one fence, ?2 now, ?3 the fence. The plain success, many at once. */
const SETTLE_DONE = `
UPDATE job SET state = ${DONE}, updated_at = ?2, lane = iif(assigned_to IS NULL, ${LANE_OPEN}, ${LANE_ASSIGNED})
WHERE id IN (SELECT value FROM json_each(?1)) AND state = ${PROCESSING} AND fence = ?3
RETURNING id, queue_id, attempts, key`
const FREE_LEASES = 'DELETE FROM lease WHERE job_id IN (SELECT value FROM json_each(?1)) RETURNING job_id, started_at, consumer_id'
const CONSUMER_NAME = 'SELECT name FROM consumer WHERE id = ?'

/** The claim as it stands: whether the lease has expired counts only on the boot clock it was granted on. */
const STANDING = `
SELECT j.queue_id, j.key, j.attempts, j.lane, l.consumer_id, l.started_at, l.requested, c.name,
  (c.boot_id <> ?3 OR l.until <= ?4) AS expired
FROM job j JOIN lease l ON l.job_id = j.id JOIN consumer c ON c.id = l.consumer_id
WHERE j.id = ?1 AND j.state = ${PROCESSING} AND j.fence = ?2`
const SETTLE_ONE = `
UPDATE job SET state = ?3, reason = ?4, run_at = iif(?3 = ${PENDING}, ?5, run_at), attempts = attempts - ?6, crashes = crashes + ?7,
  snoozes = snoozes + ?8, lane = iif(?9 = ${LANE_OPEN} AND assigned_to IS NOT NULL, ${LANE_ASSIGNED}, ?9), updated_at = ?10
WHERE id = ?1 AND fence = ?2 AND state = ${PROCESSING}`
const FREE_LEASE = 'DELETE FROM lease WHERE job_id = ?'
const INSERT_ATTEMPT = `
INSERT INTO attempt (job_id, fence, attempt, consumer, started_at, finished_at, outcome, run_ms, exit_code, signal, cause, error,
  cpu_ms, max_rss_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
const INSERT_OUTPUT = `
INSERT INTO output (job_id, fence, stdout, stderr, stdout_dropped_bytes, stderr_dropped_bytes) VALUES (?, ?, ?, ?, ?, ?)`
const INSERT_RESULT = 'INSERT INTO result (job_id, data) VALUES (?1, ?2) ON CONFLICT (job_id) DO UPDATE SET data = ?2'
const PAUSE = 'UPDATE queue SET paused = 1, paused_reason = ?1 WHERE id = ?2 AND paused = 0'

/** Outcomes that say the run ended badly by itself: they count for the consumer as failed. */
const FAILED_OUTCOMES: readonly RunFacts['outcome'][] = ['failed', 'timed_out', 'crashed', 'rejected']
/** Outcomes that were not the handler's doing: they do not count as processed. */
const UNPROCESSED_OUTCOMES: readonly RunFacts['outcome'][] = ['released', 'lost', 'unrunnable', 'snoozed', 'cancelled']

/**
 * Ends runs whose claims still hold.
 * @returns per transition, in order, what became of it
 */
export function settle(tx: Transaction, transitions: readonly Transition[]): readonly Settled[] {
  const settled = settlePlainSuccesses(tx, transitions)
  return transitions.map(transition => {
    if (!isPlainSuccess(transition)) return settleOne(tx, transition)
    // Of two equal acks the first one is settled, the second is late.
    return settled.delete(claimKey(transition)) ? SETTLED : LOST
  })
}

const SETTLED: Settled = {kind: 'settled', deadLetterId: null}
const LOST: Settled = {kind: 'lost'}

function isPlainSuccess(transition: Transition): boolean {
  return transition.to === 'done' && transition.result === null && transition.only === null && transition.run.output === null
}

/** Successes with nothing to keep but the fact: one statement for all of one fence. Returns the claims that held. */
function settlePlainSuccesses(tx: Transaction, transitions: readonly Transition[]): Set<string> {
  const held = new Set<string>()
  const byFence = Map.groupBy(transitions.filter(isPlainSuccess), ({fence}) => fence)
  for (const [fence, group] of byFence) {
    const rows = tx.db.tuples(SETTLE_DONE, JSON.stringify(group.map(({id}) => id)), tx.now, fence)
    if (rows.length === 0) continue
    const runs = new Map(group.toReversed().map(({id, run}) => [id, run]))
    const leases = freeLeases(tx, rows.map(row => num(row[0])))
    for (const [id, queueId, attempt, key] of rows) {
      const jobId = num(id)
      const run = runs.get(jobId)
      const lease = leases.get(jobId)
      if (run === undefined || lease === undefined) throw new TypeError(`job ${jobId} is processing without a lease`)
      held.add(`${jobId}.${fence}`)
      tx.move(num(queueId), PROCESSING, DONE)
      if (key !== null) keepKey(tx, queueById(tx.db, num(queueId)), text(key), jobId)
      recordRun(tx, {jobId, fence, attempt: num(attempt), run, ...lease})
    }
  }
  return held
}

interface LeaseFacts {
  readonly startedAt: number
  readonly consumerId: number
  readonly consumer: string
}

function freeLeases(tx: Transaction, ids: readonly number[]): ReadonlyMap<number, LeaseFacts> {
  const names = new Map<number, string>()
  const leases = new Map<number, LeaseFacts>()
  for (const [id, startedAt, consumer] of tx.db.tuples(FREE_LEASES, JSON.stringify(ids))) {
    const consumerId = num(consumer)
    let name = names.get(consumerId)
    if (name === undefined) names.set(consumerId, (name = text(tx.db.tuples(CONSUMER_NAME, consumerId)[0]?.[0])))
    leases.set(num(id), {startedAt: num(startedAt), consumerId, consumer: name})
  }
  return leases
}

interface EndedRun extends LeaseFacts {
  readonly jobId: number
  readonly fence: number
  readonly attempt: number
  readonly run: RunFacts
}

function recordRun(tx: Transaction, ended: EndedRun): void {
  const {jobId, fence, run} = ended
  tx.db.run(
    INSERT_ATTEMPT, jobId, fence, ended.attempt, ended.consumer, ended.startedAt, tx.now, outcomeCode(run.outcome),
    run.runMs, run.exitCode, run.signal, run.cause, run.error, run.cpuMs, run.maxRssBytes,
  )
  if (run.output !== null) {
    const {stdout, stderr, stdoutDroppedBytes, stderrDroppedBytes} = run.output
    if (stdout.length + stderr.length + stdoutDroppedBytes + stderrDroppedBytes > 0) {
      tx.db.run(INSERT_OUTPUT, jobId, fence, stdout, stderr, stdoutDroppedBytes, stderrDroppedBytes)
    }
  }
  if (!UNPROCESSED_OUTCOMES.includes(run.outcome)) tx.credit(ended.consumerId, FAILED_OUTCOMES.includes(run.outcome))
}

function settleOne(tx: Transaction, transition: Transition): Settled {
  const {id, fence, to} = transition
  const standing = tx.db.get(STANDING, id, fence, tx.bootId, tx.bootNow)
  if (standing === undefined || !conditionHolds(transition, standing)) return LOST
  const requested = standing['requested']
  if (to === 'pending' && (requested === 'cancel' || requested === 'fail')) return {kind: 'requested', requested}
  const queue = queueById(tx.db, num(standing['queue_id']))
  storeOne(tx, transition, num(standing['lane']))
  tx.db.run(FREE_LEASE, id)
  recordRun(tx, {
    jobId: id,
    fence,
    attempt: num(standing['attempts']),
    run: transition.run,
    startedAt: num(standing['started_at']),
    consumerId: num(standing['consumer_id']),
    consumer: text(standing['name']),
  })
  tx.move(queue.id, PROCESSING, stateCode(to))
  if (transition.result !== null) tx.db.run(INSERT_RESULT, id, transition.result)
  if (transition.only !== null) {
    recordEvent(tx, {jobId: id, from: PROCESSING, to: stateCode(to), actor: 'reaper', reason: transition.run.cause ?? 'lost'})
  }
  if (transition.pauseQueue !== null) tx.db.run(PAUSE, transition.pauseQueue, queue.id)
  const key = standing['key']
  if (to !== 'pending' && key != null) keepKey(tx, queue, text(key), id)
  return {kind: 'settled', deadLetterId: to === 'failed' ? deadLetterOf(tx, id, queue) : null}
}

function conditionHolds({only}: Transition, standing: Row): boolean {
  if (only === null) return true
  return only.kind === 'lease_expired' ? standing['expired'] === 1 : standing['consumer_id'] === only.consumerId
}

function storeOne(tx: Transaction, transition: Transition, lane: number): void {
  const {id, fence, to, reason} = transition
  const nextLane = transition.suspect === 'yes' ? LANE_SUSPECT : transition.suspect === 'no' || to !== 'pending' ? LANE_OPEN : lane
  const changed = tx.db.run(
    SETTLE_ONE, id, fence, stateCode(to), reason === null ? null : reasonCode(reason), tx.now + transition.delayMs,
    transition.refund ? 1 : 0, transition.crash ? 1 : 0, transition.snooze ? 1 : 0, nextLane, tx.now,
  )
  if (changed !== 1) throw new TypeError(`job ${id} changed within its own transaction`)
}

/** Copies a job that has just failed to its queue's dead-letter queue, if it names one. Returns the copy's id. */
export function deadLetterOf(tx: Transaction, jobId: number, queue: QueueRow): number | null {
  return queue.deadLetterId === null ? null : deadLetter(tx, jobId, queueById(tx.db, queue.deadLetterId))
}

function claimKey({id, fence}: {readonly id: number; readonly fence: number}): string {
  return `${id}.${fence}`
}

