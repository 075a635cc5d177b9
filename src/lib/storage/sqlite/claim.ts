import {crc32} from './checksum.ts'
import {QctlError} from '../../errors.ts'
import type {Lease} from '../../job.ts'
import type {ClaimRequest} from '../storage.ts'
import type {Connection, Tuple} from './connection.ts'
import {type QueueRow, queueByName} from './queue-rows.ts'
import {
  blob,
  LANE_ASSIGNED,
  LANE_OPEN,
  LANE_SUSPECT,
  num,
  numOrNull,
  PENDING,
  PROCESSING,
  tagsOf,
  text,
  textOrNull,
} from './rows.ts'
import type {Transaction} from './transaction.ts'

const LIVE_CONSUMER = 'SELECT name FROM consumer WHERE id = ? AND ended_at IS NULL'
const HOLDS_SUSPECT = 'SELECT 1 FROM lease WHERE consumer_id = ? AND suspect = 1'
const HOLDS_ANY = 'SELECT 1 FROM lease WHERE consumer_id = ? LIMIT 1'

/** What a lease is made of, but for what the claim itself adds. `run_at` and `priority` only order. */
const LEASE_COLUMNS = `id, priority, run_at, fence, attempts, crashes, snoozes, created_at, file, checksum, content_type, key, tags,
  max_attempts, timeout_ms, payload`

const ANY_SUSPECT = `SELECT 1 FROM job INDEXED BY job_suspect WHERE queue_id = ? AND state = ${PENDING} AND lane = ${LANE_SUSPECT} LIMIT 1`
/**
 * Whether a job may run, given the latest `run_at` its queue stamped on a job that could run at once (or now, if that is later)
 * and now. The two differ only after the wall clock stepped back: then what carries a `run_at` ahead of now may run if it could when
 * that was written (it is no later than the write, or the stamp itself), while a delay or a backoff still waits.
 */
const isDue = (stamped: string, now: string): string =>
  `run_at <= ${stamped} AND (run_at <= ${now} OR run_at <= updated_at OR run_at = ${stamped})`
const DUE_SUSPECT = `
SELECT ${LEASE_COLUMNS} FROM job INDEXED BY job_suspect
WHERE queue_id = ?1 AND state = ${PENDING} AND lane = ${LANE_SUSPECT} AND ${isDue('?2', '?4')}
  AND (assigned_to IS NULL OR assigned_to = ?3 OR assigned_until <= ?4)
ORDER BY priority DESC, run_at, id LIMIT 1`

const ENDED_ASSIGNMENT = `
SELECT 1 FROM job INDEXED BY job_assignment_end WHERE state = ${PENDING} AND lane = ${LANE_ASSIGNED} AND assigned_until <= ? LIMIT 1`
/** Some at a time: the rest has its turn at the next claims. */
const OPEN_ENDED_ASSIGNMENTS = `
UPDATE job SET lane = ${LANE_OPEN}, assigned_to = NULL, assigned_until = NULL
WHERE state = ${PENDING} AND lane = ${LANE_ASSIGNED} AND id IN (
  SELECT id FROM job INDEXED BY job_assignment_end WHERE state = ${PENDING} AND lane = ${LANE_ASSIGNED} AND assigned_until <= ?
  ORDER BY assigned_until LIMIT 1000)`

/**
 * The claim walks the distinct priorities downward and probes each for due jobs, so that neither the backlog
 * nor the scheduled jobs slow it. The same walk over what is open and over what is assigned to this consumer.
 */
const NEXT_PRIORITY_OPEN = `
SELECT priority FROM job INDEXED BY job_ready
WHERE queue_id = ?1 AND state = ${PENDING} AND lane = ${LANE_OPEN} AND priority < ?2 ORDER BY priority DESC LIMIT 1`
const DUE_OPEN = `
SELECT ${LEASE_COLUMNS} FROM job INDEXED BY job_ready
WHERE queue_id = ?1 AND state = ${PENDING} AND lane = ${LANE_OPEN} AND priority = ?2 AND ${isDue('?3', '?5')}
ORDER BY run_at, id LIMIT ?4`
const NEXT_PRIORITY_ASSIGNED = `
SELECT priority FROM job INDEXED BY job_assigned
WHERE queue_id = ?1 AND state = ${PENDING} AND lane = ${LANE_ASSIGNED} AND assigned_to = ?3 AND priority < ?2
ORDER BY priority DESC LIMIT 1`
const DUE_ASSIGNED = `
SELECT ${LEASE_COLUMNS} FROM job INDEXED BY job_assigned
WHERE queue_id = ?1 AND state = ${PENDING} AND lane = ${LANE_ASSIGNED} AND assigned_to = ?6 AND priority = ?2 AND ${isDue('?3', '?5')}
ORDER BY run_at, id LIMIT ?4`

/** Repeats the state: within the transaction it cannot have changed, and if it had, the count would tell. */
const GRANT = `
UPDATE job SET state = ${PROCESSING}, fence = fence + 1, attempts = attempts + 1, progress = NULL, updated_at = ?1
WHERE id IN (SELECT value FROM json_each(?2)) AND state = ${PENDING}`
const GRANT_LEASES = `
INSERT INTO lease (job_id, consumer_id, until, lease_ms, started_at, suspect)
SELECT value, ?1, ?2, ?3, ?4, ?5 FROM json_each(?6)`

/** Above every priority. */
const TOP = 1_000_000

/**
 * Says whether a claim would grant anything now, without writing: an idle consumer must not take the write lock.
 * It refuses wherever `claim` does: a commit that changed nothing would wake everybody for another try.
 * @param now wall clock, UTC ms
 */
export function wouldGrant(db: Connection, request: ClaimRequest, now: number): boolean {
  const name = consumerName(db, request.consumerId)
  if (request.limit < 1 || db.number(HOLDS_SUSPECT, request.consumerId) !== null) return false
  if (db.number(ENDED_ASSIGNMENT, now) !== null) return true
  const queues = openQueues(db, request).filter(queue => roomIn(queue, 1, 0) > 0)
  if (queues.some(queue => suspectOf(db, queue, name, now) !== null)) return db.number(HOLDS_ANY, request.consumerId) === null
  return queues.some(queue => candidates(db, queue, name, now, 1).length > 0)
}

/**
 * Grants up to `request.limit` leases.
 * @throws QctlError `not_found` when the registration has ended
 */
export function claim(tx: Transaction, request: ClaimRequest): readonly Lease[] {
  const {db} = tx
  const name = consumerName(db, request.consumerId)
  if (request.limit < 1 || db.number(HOLDS_SUSPECT, request.consumerId) !== null) return []
  if (db.number(ENDED_ASSIGNMENT, tx.now) !== null) db.run(OPEN_ENDED_ASSIGNMENTS, tx.now)
  const queues = openQueues(db, request)
  const suspect = dueSuspect(tx, queues, name)
  if (suspect !== null) {
    if (db.number(HOLDS_ANY, request.consumerId) !== null) return []
    return grant(tx, request, suspect.queue, [suspect.row], true)
  }
  const leases: Lease[] = []
  for (const queue of queues) {
    const room = roomIn(queue, request.limit - leases.length, tx.processingDelta(queue.id))
    if (room === 0) continue
    const rows = candidates(db, queue, name, tx.now, room)
    if (rows.length > 0) leases.push(...grant(tx, request, queue, rows, false))
  }
  return leases
}

/** The queues asked for that exist, in the order asked. */
function openQueues(db: Connection, request: ClaimRequest): readonly QueueRow[] {
  return request.queues.map(name => queueByName(db, name)).filter(queue => queue !== null)
}

function consumerName(db: Connection, consumerId: number): string {
  const [row] = db.tuples(LIVE_CONSUMER, consumerId)
  if (row === undefined) throw new QctlError('not_found', `consumer registration ${consumerId} has ended`)
  return text(row[0])
}

/** How many more jobs of the queue may start now, at most `wanted`. */
function roomIn(queue: QueueRow, wanted: number, processingDelta: number): number {
  if (queue.paused) return 0
  const {concurrency} = queue.settings
  if (concurrency === null) return wanted
  return Math.max(0, Math.min(wanted, concurrency - queue.processing - processingDelta))
}

function dueSuspect(tx: Transaction, queues: readonly QueueRow[], name: string): {row: Tuple; queue: QueueRow} | null {
  for (const queue of queues) {
    if (roomIn(queue, 1, tx.processingDelta(queue.id)) === 0) continue
    const row = suspectOf(tx.db, queue, name, tx.now)
    if (row !== null) return {row, queue}
  }
  return null
}

/** Suspects are rare: the first look is a bare probe of an index that is nearly always empty. */
function suspectOf(db: Connection, queue: QueueRow, name: string, now: number): Tuple | null {
  if (db.number(ANY_SUSPECT, queue.id) === null) return null
  return db.tuples(DUE_SUSPECT, queue.id, stampedBy(queue, now), name, now)[0] ?? null
}

/** The rows of the next due jobs of a queue for this consumer, in the order they must start. */
function candidates(db: Connection, queue: QueueRow, name: string, now: number, limit: number): readonly Tuple[] {
  const open = walk(db, queue, now, limit, NEXT_PRIORITY_OPEN, DUE_OPEN, null)
  const assigned = walk(db, queue, now, limit, NEXT_PRIORITY_ASSIGNED, DUE_ASSIGNED, name)
  return assigned.length === 0 ? open : [...open, ...assigned].sort(inStartingOrder).slice(0, limit)
}

/** After the wall clock stepped back, jobs that could run at once carry a `run_at` ahead of it (see `stampRunAt`). */
function stampedBy(queue: QueueRow, now: number): number {
  return Math.max(now, queue.lastRunAt)
}

function inStartingOrder(a: Tuple, b: Tuple): number {
  return num(b[1]) - num(a[1]) || num(a[2]) - num(b[2]) || num(a[0]) - num(b[0])
}

function walk(
  db: Connection,
  queue: QueueRow,
  now: number,
  limit: number,
  nextPriority: string,
  due: string,
  name: string | null,
): readonly Tuple[] {
  const own = name === null ? [] : [name]
  const found: Tuple[] = []
  const stamped = stampedBy(queue, now)
  let priority = db.number(nextPriority, queue.id, TOP, ...own)
  while (priority !== null && found.length < limit) {
    for (const row of db.tuples(due, queue.id, priority, stamped, limit - found.length, now, ...own)) found.push(row)
    if (found.length < limit) priority = db.number(nextPriority, queue.id, priority, ...own)
  }
  return found
}

function grant(tx: Transaction, request: ClaimRequest, queue: QueueRow, rows: readonly Tuple[], suspect: boolean): readonly Lease[] {
  const leaseMs = request.leaseMs ?? queue.settings.leaseMs
  const ids = JSON.stringify(rows.map(row => row[0]))
  const granted = tx.db.run(GRANT, tx.now, ids)
  if (granted !== rows.length) throw new TypeError(`${rows.length} jobs were due but ${granted} could be granted`)
  tx.db.run(GRANT_LEASES, request.consumerId, tx.bootNow + leaseMs, leaseMs, tx.now, suspect ? 1 : 0, ids)
  tx.move(queue.id, PENDING, PROCESSING, granted)
  return rows.map(row => leaseOf(row, queue.name, leaseMs, tx.now))
}

/** The lease of a job whose row was read just before the claim counted it. */
function leaseOf(row: Tuple, queue: string, leaseMs: number, startedAt: number): Lease {
  const payload = blob(row[15])
  return {
    id: num(row[0]),
    fence: num(row[3]) + 1,
    queue,
    attempt: num(row[4]) + 1,
    crashes: num(row[5]),
    snoozes: num(row[6]),
    priority: num(row[1]),
    createdAt: num(row[7]),
    file: row[8] === 1,
    intact: crc32(payload) === row[9],
    contentType: textOrNull(row[10]),
    key: textOrNull(row[11]),
    tags: tagsOf(row[12]),
    maxAttempts: numOrNull(row[13]),
    timeoutMs: numOrNull(row[14]),
    payload,
    startedAt,
    leaseMs,
  }
}
