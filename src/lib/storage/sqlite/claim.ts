import {crc32} from './checksum.ts'
import {QctlError} from '../../errors.ts'
import type {Lease} from '../../job.ts'
import type {ClaimRequest} from '../storage.ts'
import {ANY_ENDED_ASSIGNMENT, type Chosen, type Claimant, Choice, ENDED_ASSIGNMENTS, reading} from './choose.ts'
import type {Connection, Tuple} from './connection.ts'
import {queueByName} from './queue-rows.ts'
import {
  blob,
  LANE_ASSIGNED,
  LANE_OPEN,
  num,
  numOrNull,
  PENDING,
  PROCESSING,
  tagsOf,
  text,
  textOrNull,
} from './rows.ts'
import type {Transaction} from './transaction.ts'

const LIVE_CONSUMER = 'SELECT name, leaving FROM consumer WHERE id = ? AND ended_at IS NULL'

/** What a lease is made of, but for what the claim itself adds. */
const FOR_LEASES = reading([
  'fence', 'attempts', 'crashes', 'snoozes', 'created_at', 'file', 'checksum', 'content_type', 'key', 'tags', 'max_attempts', 'timeout_ms',
  'payload',
])
const FOR_A_LOOK = reading()

const OPEN_ENDED_ASSIGNMENTS = `
UPDATE job SET lane = ${LANE_OPEN}, assigned_to = NULL, assigned_until = NULL
WHERE state = ${PENDING} AND lane = ${LANE_ASSIGNED} AND id IN (${ENDED_ASSIGNMENTS})`

/** Repeats the state: within the transaction it cannot have changed, and if it had, the count would tell. */
const GRANT = `
UPDATE job SET state = ${PROCESSING}, fence = fence + 1, attempts = attempts + 1, progress = NULL, updated_at = ?1
WHERE id IN (SELECT value FROM json_each(?2)) AND state = ${PENDING}`
const GRANT_LEASES = `
INSERT INTO lease (job_id, consumer_id, until, lease_ms, started_at, suspect)
SELECT value, ?1, ?2, ?3, ?4, ?5 FROM json_each(?6)`

/**
 * Says whether a claim would grant anything now, without writing: an idle consumer must not take the write lock, and
 * a commit that changed nothing would wake everybody for another try.
 * @param now wall clock, UTC ms
 */
export function wouldGrant(db: Connection, request: ClaimRequest, now: number): boolean {
  const claimant = claimantOf(db, {...request, limit: Math.min(1, request.limit)})
  const choice = new Choice(db, FOR_A_LOOK, now).of(claimant)
  if ('kind' in choice) return false
  return choice.length > 0 || (claimant.limit > 0 && db.number(ANY_ENDED_ASSIGNMENT, now) !== null)
}

/**
 * Grants up to `request.limit` leases.
 * @throws QctlError `not_found` when the registration has ended
 */
export function claim(tx: Transaction, request: ClaimRequest): readonly Lease[] {
  const {db} = tx
  const claimant = claimantOf(db, request)
  if (claimant.limit > 0 && db.number(ANY_ENDED_ASSIGNMENT, tx.now) !== null) db.run(OPEN_ENDED_ASSIGNMENTS, tx.now)
  const choice = new Choice(db, FOR_LEASES, tx.now, {processingDelta: queueId => tx.processingDelta(queueId)}).of(claimant)
  return 'kind' in choice ? [] : choice.flatMap(chosen => grant(tx, request, chosen))
}

function claimantOf(db: Connection, {consumerId, queues, limit}: ClaimRequest): Claimant {
  const [row] = db.tuples(LIVE_CONSUMER, consumerId)
  if (row === undefined) throw new QctlError('not_found', `consumer registration ${consumerId} has ended`)
  const found = [...new Set(queues)].map(name => queueByName(db, name)).filter(queue => queue !== null)
  return {consumerId, name: text(row[0]), queues: found, limit: row[1] === 1 ? 0 : limit}
}

function grant(tx: Transaction, request: ClaimRequest, {queue, rows, suspect}: Chosen): readonly Lease[] {
  const leaseMs = request.leaseMs ?? queue.settings.leaseMs
  const ids = JSON.stringify(rows.map(row => row[0]))
  const granted = tx.db.run(GRANT, tx.now, ids)
  if (granted !== rows.length) throw new TypeError(`${rows.length} jobs were due but ${granted} could be granted`)
  tx.db.run(GRANT_LEASES, request.consumerId, tx.bootNow + leaseMs, leaseMs, tx.now, suspect ? 1 : 0, ids)
  tx.move(queue.id, PENDING, PROCESSING, granted)
  const meter = tx.meter(queue.id)
  for (const row of rows) meter.noteWait(tx.now - Math.max(num(row[2]), num(row[7])))
  return rows.map(row => leaseOf(row, {queue: queue.name, leaseMs, startedAt: tx.now, grantedBootMs: tx.bootNow}))
}

/** The lease of a job whose row was read just before the claim counted it. */
function leaseOf(row: Tuple, grant: Pick<Lease, 'queue' | 'leaseMs' | 'startedAt' | 'grantedBootMs'>): Lease {
  const payload = blob(row[15])
  return {
    id: num(row[0]),
    fence: num(row[3]) + 1,
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
    ...grant,
  }
}
