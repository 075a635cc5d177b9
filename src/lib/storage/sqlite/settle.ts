import type {RunFacts} from '../../job.ts'
import type {Settled, Transition} from '../storage.ts'
import type {Row} from './connection.ts'
import {deadLetter} from './enqueue.ts'
import {keepKey} from './keys.ts'
import {boundViewpoint, expired} from './machines.ts'
import {type QueueRow, queueById} from './queue-rows.ts'
import {
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
import {isPlainSuccess, settleDone} from './settle-done.ts'
import {recordEvent, recordQueueEvent} from './events.ts'

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
const MARK_COMPANY = 'UPDATE lease SET bereft = 1 WHERE consumer_id = ? AND bereft = 0'
const INSERT_ATTEMPT = `
INSERT INTO attempt (job_id, fence, attempt, consumer, started_at, finished_at, outcome, run_ms, exit_code, signal, cause, error,
  cpu_ms, max_rss_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
/** The end of a claim as its holder would tell it again. What a reaper wrote has another outcome, or none of these facts. */
const STORED = `
SELECT j.dead_letter_id FROM attempt a JOIN job j ON j.id = a.job_id
WHERE a.job_id = ?1 AND a.fence = ?2 AND a.outcome = ?3 AND a.exit_code IS ?4 AND a.signal IS ?5 AND a.cause IS ?6 AND a.error IS ?7
  AND a.run_ms IS ?8 AND a.cpu_ms IS ?9 AND a.max_rss_bytes IS ?10`
const INSERT_OUTPUT = `
INSERT INTO output (job_id, fence, stdout_dropped_bytes, stderr_dropped_bytes, records) VALUES (?, ?, ?, ?, ?)`
const INSERT_RESULT = 'INSERT INTO result (job_id, data) VALUES (?1, ?2) ON CONFLICT (job_id) DO UPDATE SET data = ?2'
const PAUSE = 'UPDATE queue SET paused = 1, paused_reason = ?1, paused_at = ?3 WHERE id = ?2 AND paused = 0'

/** Outcomes that say the run ended badly by itself. Others but `done` were not the handler's doing and do not count for the consumer. */
const FAILED_OUTCOMES: readonly RunFacts['outcome'][] = ['failed', 'timed_out', 'crashed', 'rejected']

/**
 * Ends runs whose claims still hold.
 * @returns per transition, in order, what became of it
 */
export function settle(tx: Transaction, transitions: readonly Transition[]): readonly Settled[] {
  const answers = new Array<Settled>(transitions.length).fill(LOST)
  const known = storedBefore(tx, transitions)
  for (const [place, answer] of known) answers[place] = answer
  const fresh = transitions.map((transition, place) => ({place, transition})).filter(({place}) => !known.has(place))
  const successes = Map.groupBy(fresh.filter(({transition}) => isPlainSuccess(transition)), ({transition}) => transition.fence)
  for (const [fence, group] of successes) {
    const stored = settleDone(tx, fence, group.map(({transition}) => transition))
    for (const {place, transition} of group) {
      if (stored) recordOutput(tx, transition)
      answers[place] = stored ? SETTLED : settleOne(tx, transition)
    }
  }
  for (const {place, transition} of fresh) if (!isPlainSuccess(transition)) answers[place] = settleOne(tx, transition)
  return answers
}

const SETTLED: Settled = {kind: 'settled', deadLetterId: null}
const LOST: Settled = {kind: 'lost'}

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

/** Writes the history row of an ended run. */
function recordRun(tx: Transaction, {id, fence, run}: Transition, standing: Row): void {
  tx.db.run(
    INSERT_ATTEMPT, id, fence, num(standing['attempts']), text(standing['name']), num(standing['started_at']), tx.now,
    outcomeCode(run.outcome), run.runMs, run.exitCode, run.signal, run.cause, run.error, run.cpuMs, run.maxRssBytes,
  )
  if (run.outcome === 'done') tx.credit(num(standing['consumer_id']), {processed: 1, failed: 0})
  else if (FAILED_OUTCOMES.includes(run.outcome)) tx.credit(num(standing['consumer_id']), {processed: 1, failed: 1})
}

function recordOutput(tx: Transaction, {id, fence, run: {output}}: Transition): void {
  if (output === null) return
  tx.db.run(INSERT_OUTPUT, id, fence, output.stdoutDroppedBytes, output.stderrDroppedBytes, output.records)
}

function settleOne(tx: Transaction, transition: Transition): Settled {
  const {id, fence, to} = transition
  const standing = tx.db.get(STANDING, id, fence, ...boundViewpoint(tx))
  if (standing === undefined || !conditionHolds(transition, standing)) return LOST
  const requested = standing['requested']
  if (to === 'pending' && (requested === 'cancel' || requested === 'fail')) return {kind: 'requested', requested}
  const queue = queueById(tx.db, num(standing['queue_id']))
  const runAt = transition.delayMs > 0 || to !== 'pending' ? tx.now + transition.delayMs : tx.stampRunAt(queue.id, queue.lastRunAt)
  storeOne(tx, transition, {runAt, lane: num(standing['lane'])})
  tx.db.run(FREE_LEASE, id)
  if (transition.only !== null) tx.db.run(MARK_COMPANY, num(standing['consumer_id']))
  recordRun(tx, transition, standing)
  recordOutput(tx, transition)
  tx.move(queue.id, PROCESSING, stateCode(to))
  const meter = tx.meter(queue.id)
  meter.noteRun(transition.run.outcome, transition.run.runMs)
  if (to === 'pending' && !transition.refund) meter.count('retried', 1)
  if (transition.result !== null) tx.db.run(INSERT_RESULT, id, transition.result)
  if (transition.only !== null) {
    recordEvent(tx, {jobId: id, from: PROCESSING, to: stateCode(to), actor: 'reaper', reason: transition.run.cause ?? 'lost'})
  }
  if (transition.pauseQueue !== null && tx.db.run(PAUSE, transition.pauseQueue, queue.id, tx.now) > 0) {
    recordQueueEvent(tx, queue.name, {actor: text(standing['name']), reason: `paused: ${transition.pauseQueue}`})
  }
  const key = standing['key']
  if (to !== 'pending' && key != null) keepKey(tx, queue, text(key), id)
  return {kind: 'settled', deadLetterId: to === 'failed' ? deadLetterOf(tx, id, queue) : null}
}

function conditionHolds({only}: Transition, standing: Row): boolean {
  if (only === null) return true
  return only.kind === 'lease_expired' ? standing['expired'] === 1 : standing['consumer_id'] === only.consumerId
}

function storeOne(tx: Transaction, transition: Transition, {runAt, lane}: {readonly runAt: number; readonly lane: number}): void {
  const {id, fence, to, reason} = transition
  const nextLane = transition.suspect === 'yes' ? LANE_SUSPECT : transition.suspect === 'no' || to !== 'pending' ? LANE_OPEN : lane
  const changed = tx.db.run(
    SETTLE_ONE, id, fence, stateCode(to), reason === null ? null : reasonCode(reason), runAt,
    transition.refund ? 1 : 0, transition.crash ? 1 : 0, transition.snooze ? 1 : 0, nextLane, tx.now,
    transition.progress,
  )
  if (changed !== 1) throw new TypeError(`job ${id} changed within its own transaction`)
}

/** Copies a job that has just failed to its queue's dead-letter queue, if it names one. Returns the copy's id. */
export function deadLetterOf(tx: Transaction, jobId: number, queue: QueueRow): number | null {
  return queue.deadLetterId === null ? null : deadLetter(tx, jobId, queueById(tx.db, queue.deadLetterId))
}
