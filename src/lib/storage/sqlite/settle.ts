import type {RunFacts} from '../../job.ts'
import type {Settled, Transition} from '../storage.ts'
import type {Row} from './connection.ts'
import {deadLetter} from './enqueue.ts'
import {keepKey} from './keys.ts'
import {boundViewpoint, expired} from './machines.ts'
import {type QueueRow, queueById} from './queue-rows.ts'
import {
  DONE,
  LANE_ASSIGNED,
  LANE_OPEN,
  LANE_SUSPECT,
  num,
  numOrNull,
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
  ${expired(['?3', '?4', '?5', '?6'])} AS expired
FROM job j JOIN lease l ON l.job_id = j.id JOIN consumer c ON c.id = l.consumer_id
WHERE j.id = ?1 AND j.state = ${PROCESSING} AND j.fence = ?2`
const SETTLE_ONE = `
UPDATE job SET state = ?3, reason = ?4, run_at = iif(?3 = ${PENDING}, ?5, run_at), attempts = attempts - ?6, crashes = crashes + ?7,
  snoozes = snoozes + ?8, lane = iif(?9 = ${LANE_OPEN} AND assigned_to IS NOT NULL, ${LANE_ASSIGNED}, ?9), updated_at = ?10,
  progress = coalesce(?11, progress)
WHERE id = ?1 AND fence = ?2 AND state = ${PROCESSING}`
const FREE_LEASE = 'DELETE FROM lease WHERE job_id = ?'
const MARK_COMPANY = 'UPDATE lease SET bereft = 1 WHERE consumer_id = ?'
const INSERT_ATTEMPT = `
INSERT INTO attempt (job_id, fence, attempt, consumer, started_at, finished_at, outcome, run_ms, exit_code, signal, cause, error,
  cpu_ms, max_rss_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
/** A success without an exit status, the bulk of in-process work: half the columns, half the cost. */
const INSERT_BARE_ATTEMPT = `
INSERT INTO attempt (job_id, fence, attempt, consumer, started_at, finished_at, outcome, run_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
/** The end of a claim as its holder would tell it again. What a reaper wrote has another outcome, or none of these facts. */
const STORED = `
SELECT j.dead_letter_id FROM attempt a JOIN job j ON j.id = a.job_id
WHERE a.job_id = ?1 AND a.fence = ?2 AND a.outcome = ?3 AND a.exit_code IS ?4 AND a.signal IS ?5 AND a.cause IS ?6 AND a.error IS ?7
  AND a.run_ms IS ?8 AND a.cpu_ms IS ?9 AND a.max_rss_bytes IS ?10`
const INSERT_OUTPUT = `
INSERT INTO output (job_id, fence, stdout_dropped_bytes, stderr_dropped_bytes, records) VALUES (?, ?, ?, ?, ?)`
const INSERT_RESULT = 'INSERT INTO result (job_id, data) VALUES (?1, ?2) ON CONFLICT (job_id) DO UPDATE SET data = ?2'
const PAUSE = 'UPDATE queue SET paused = 1, paused_reason = ?1 WHERE id = ?2 AND paused = 0'

/** Outcomes that say the run ended badly by itself. Others but `done` were not the handler's doing and do not count for the consumer. */
const FAILED_OUTCOMES: readonly RunFacts['outcome'][] = ['failed', 'timed_out', 'crashed', 'rejected']

/**
 * Ends runs whose claims still hold.
 * @returns per transition, in order, what became of it
 */
export function settle(tx: Transaction, transitions: readonly Transition[]): readonly Settled[] {
  const answers = new Array<Settled>(transitions.length).fill(LOST)
  const plain = new Map<number, Place[]>()
  const known = storedBefore(tx, transitions)
  for (const [place, answer] of known) answers[place] = answer
  for (const [place, transition] of transitions.entries()) {
    if (!isPlainSuccess(transition) || known.has(place)) continue
    const group = plain.get(transition.fence)
    if (group === undefined) plain.set(transition.fence, [{place, transition}])
    else group.push({place, transition})
  }
  for (const [fence, group] of plain) {
    for (const place of settlePlainSuccesses(tx, fence, group)) answers[place] = SETTLED
  }
  for (const [place, transition] of transitions.entries()) {
    if (!isPlainSuccess(transition) && !known.has(place)) answers[place] = settleOne(tx, transition)
  }
  return answers
}

const SETTLED: Settled = {kind: 'settled', deadLetterId: null}
const LOST: Settled = {kind: 'lost'}

/** A transition and where in the batch it stands. */
interface Place {
  readonly place: number
  readonly transition: Transition
}

function isPlainSuccess({to, result, progress, only}: Transition): boolean {
  return to === 'done' && result === null && progress === null && only === null
}

/** Successes of one fence with nothing to keep but the fact: one statement for all. Returns the places of those that held. */
function settlePlainSuccesses(tx: Transaction, fence: number, group: readonly Place[]): readonly number[] {
  const ids = JSON.stringify(group.map(({transition}) => transition.id))
  const rows = tx.db.tuples(SETTLE_DONE, ids, tx.now, fence)
  if (rows.length === 0) return []
  const leases = freeLeases(tx, rows.length === group.length ? ids : JSON.stringify(rows.map(row => row[0])))
  const settled = new Map(rows.map(row => [num(row[0]), row]))
  return group.flatMap(({place, transition}) => {
    const row = settled.get(transition.id)
    const lease = leases.get(transition.id)
    // Of two equal acks the first one is settled, the second is late.
    if (row === undefined || !settled.delete(transition.id)) return []
    if (lease === undefined) throw new TypeError(`job ${transition.id} is processing without a lease`)
    const [, queueId, attempt, key] = row
    tx.move(num(queueId), PROCESSING, DONE)
    if (key != null) keepKey(tx, queueById(tx.db, num(queueId)), text(key), transition.id)
    recordRun(tx, {jobId: transition.id, fence, attempt: num(attempt), run: transition.run, lease})
    return [place]
  })
}

const NONE_STORED: ReadonlyMap<number, Settled> = new Map()

/** The transitions, by their place, that were stored when they were sent the first time. */
function storedBefore(tx: Transaction, transitions: readonly Transition[]): ReadonlyMap<number, Settled> {
  if (!transitions.some(({again}) => again)) return NONE_STORED
  const stored = new Map<number, Settled>()
  for (const [place, {id, fence, run, again}] of transitions.entries()) {
    if (!again) continue
    const facts = [run.exitCode, run.signal, run.cause, run.error, run.runMs, run.cpuMs, run.maxRssBytes]
    const [row] = tx.db.tuples(STORED, id, fence, outcomeCode(run.outcome), ...facts)
    if (row !== undefined) stored.set(place, {kind: 'settled', deadLetterId: numOrNull(row[0])})
  }
  return stored
}

interface LeaseFacts {
  readonly startedAt: number
  readonly consumerId: number
  readonly consumer: string
}

function freeLeases(tx: Transaction, ids: string): ReadonlyMap<number, LeaseFacts> {
  const names = new Map<number, string>()
  const leases = new Map<number, LeaseFacts>()
  for (const [id, startedAt, consumer] of tx.db.tuples(FREE_LEASES, ids)) {
    const consumerId = num(consumer)
    let name = names.get(consumerId)
    if (name === undefined) names.set(consumerId, (name = text(tx.db.tuples(CONSUMER_NAME, consumerId)[0]?.[0])))
    leases.set(num(id), {startedAt: num(startedAt), consumerId, consumer: name})
  }
  return leases
}

interface EndedRun {
  readonly jobId: number
  readonly fence: number
  readonly attempt: number
  readonly run: RunFacts
  readonly lease: LeaseFacts
}

function recordRun(tx: Transaction, {jobId, fence, attempt, run, lease}: EndedRun): void {
  const common = [jobId, fence, attempt, lease.consumer, lease.startedAt, tx.now, outcomeCode(run.outcome), run.runMs] as const
  if (run.outcome === 'done' && run.exitCode === null) tx.db.run(INSERT_BARE_ATTEMPT, ...common)
  else tx.db.run(INSERT_ATTEMPT, ...common, run.exitCode, run.signal, run.cause, run.error, run.cpuMs, run.maxRssBytes)
  if (run.output !== null) {
    const {records, stdoutDroppedBytes, stderrDroppedBytes} = run.output
    tx.db.run(INSERT_OUTPUT, jobId, fence, stdoutDroppedBytes, stderrDroppedBytes, records)
  }
  if (run.outcome === 'done') tx.credit(lease.consumerId, false)
  else if (FAILED_OUTCOMES.includes(run.outcome)) tx.credit(lease.consumerId, true)
}

function settleOne(tx: Transaction, transition: Transition): Settled {
  const {id, fence, to} = transition
  const standing = tx.db.get(STANDING, id, fence, ...boundViewpoint(tx))
  if (standing === undefined || !conditionHolds(transition, standing)) return LOST
  const requested = standing['requested']
  if (to === 'pending' && (requested === 'cancel' || requested === 'fail')) return {kind: 'requested', requested}
  const queue = queueById(tx.db, num(standing['queue_id']))
  storeOne(tx, transition, num(standing['lane']))
  tx.db.run(FREE_LEASE, id)
  if (transition.only?.kind === 'holder') tx.db.run(MARK_COMPANY, transition.only.consumerId)
  recordRun(tx, {
    jobId: id,
    fence,
    attempt: num(standing['attempts']),
    run: transition.run,
    lease: {
      startedAt: num(standing['started_at']),
      consumerId: num(standing['consumer_id']),
      consumer: text(standing['name']),
    },
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
    transition.progress,
  )
  if (changed !== 1) throw new TypeError(`job ${id} changed within its own transaction`)
}

/** Copies a job that has just failed to its queue's dead-letter queue, if it names one. Returns the copy's id. */
export function deadLetterOf(tx: Transaction, jobId: number, queue: QueueRow): number | null {
  return queue.deadLetterId === null ? null : deadLetter(tx, jobId, queueById(tx.db, queue.deadLetterId))
}
