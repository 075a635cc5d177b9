import {crc32} from './checksum.ts'
import {QctlError} from '../../errors.ts'
import type {Enqueued, NewJob} from '../../job.ts'
import type {Value} from './connection.ts'
import {LAST_ID} from './ids.ts'
import {HOLD_KEY, KEY_HOLDER} from './keys.ts'
import {ensureQueue, type QueueRow} from './queue-rows.ts'
import {LANE_ASSIGNED, LANE_OPEN, PENDING} from './rows.ts'
import type {Transaction} from './transaction.ts'

/** How many plain jobs one INSERT carries: 32 rows cost less than half of 32 statements, 64 no less. */
const CHUNK = 32

const PLAIN_COLUMNS = `id, queue_id, state, lane, priority, run_at, fence, attempts, crashes, snoozes, created_at, updated_at,
  file, checksum, payload`
/** One plain row: all settings are the queue's; ?1 first id, ?2 queue, ?3 priority, ?4 run_at, ?5 now, ?6 file, ?7 content type. */
const plainRow = (i: number): string =>
  `(?1 + ${i}, ?2, ${PENDING}, ${LANE_OPEN}, ?3, ?4, 0, 0, 0, 0, ?5, ?5, ?6, ?${8 + 2 * i}, ?${9 + 2 * i}, ?7)`
const insertPlain = (rows: number): string =>
  `INSERT INTO job (${PLAIN_COLUMNS}, content_type) VALUES ${Array.from({length: rows}, (_, i) => plainRow(i)).join(', ')}`
const INSERT_PLAIN_ONE = insertPlain(1)
let insertPlainChunk: string | undefined

const INSERT_FULL = `
INSERT INTO job (${PLAIN_COLUMNS}, content_type, key, tags, max_attempts, timeout_ms, assigned_to, assigned_until)
VALUES (?1, ?2, ${PENDING}, ?10, ?3, ?4, 0, 0, 0, 0, ?5, ?5, ?6, ?8, ?9, ?7, ?11, ?12, ?13, ?14, ?15, ?16)`

/** A job on its way into the table. */
interface Placed {
  readonly job: NewJob
  readonly queue: QueueRow
  readonly id: number
  readonly runAt: number
}

/**
 * Stores jobs in order.
 * @returns where each ended up, in order
 * @throws QctlError `payload_too_large`
 */
export function enqueue(tx: Transaction, jobs: readonly NewJob[]): readonly Enqueued[] {
  const queues = new Map<string, QueueRow>()
  const queueOf = (name: string): QueueRow => {
    let queue = queues.get(name)
    if (queue === undefined) queues.set(name, (queue = ensureQueue(tx, name)))
    return queue
  }
  for (const job of jobs) assertFits(job, queueOf(job.queue))
  return placeAll(tx, jobs, queueOf)
}

function assertFits(job: NewJob, queue: QueueRow): void {
  const limit = queue.settings.maxPayloadBytes
  if (job.payload.length <= limit) return
  const message = `payload of ${job.payload.length} bytes is above the limit of queue ${queue.name} (${limit} bytes)`
  throw new QctlError('payload_too_large', message, {hint: 'raise it with: qctl queues set NAME --max-payload SIZE'})
}

function placeAll(tx: Transaction, jobs: readonly NewJob[], queueOf: (name: string) => QueueRow): readonly Enqueued[] {
  let id = lastId(tx)
  const placed: Placed[] = []
  const answers: Enqueued[] = []
  for (const job of jobs) {
    const queue = queueOf(job.queue)
    const holder = job.key === null ? null : tx.db.number(KEY_HOLDER, queue.id, job.key, tx.now)
    if (holder !== null) {
      answers.push({id: holder, queue: job.queue, existing: true})
      continue
    }
    id += 1
    if (job.key !== null) tx.db.run(HOLD_KEY, queue.id, job.key, id)
    placed.push({job, queue, id, runAt: runAt(tx, job, queue)})
    answers.push({id, queue: job.queue, existing: false})
  }
  insertAll(tx, placed)
  return answers
}

function lastId(tx: Transaction): number {
  return tx.db.number(LAST_ID) ?? 0
}

function runAt(tx: Transaction, {when}: NewJob, queue: QueueRow): number {
  const asked = when.kind === 'now' ? 0 : when.kind === 'after' ? tx.now + when.delayMs : when.runAt
  return asked > tx.now ? asked : tx.stampRunAt(queue.id, queue.lastRunAt)
}

function insertAll(tx: Transaction, placed: readonly Placed[]): void {
  let start = 0
  while (start < placed.length) {
    const first = placed[start]
    if (first === undefined) break
    const length = isPlain(first.job) ? plainRun(placed, start, first) : 1
    if (length === CHUNK) insertChunk(tx, placed, start, first)
    else for (const one of placed.slice(start, start + length)) insertOne(tx, one)
    tx.move(first.queue.id, null, PENDING, length)
    start += length
  }
}

/** How many jobs from `start` on differ in nothing but id and payload; at most a chunk. */
function plainRun(placed: readonly Placed[], start: number, first: Placed): number {
  let length = 1
  while (length < CHUNK) {
    const next = placed[start + length]
    if (next === undefined || next.queue !== first.queue || next.runAt !== first.runAt) break
    if (next.job.priority !== first.job.priority || next.job.file !== first.job.file) break
    if (next.job.contentType !== first.job.contentType || !isPlain(next.job)) break
    length += 1
  }
  return length
}

function isPlain(job: NewJob): boolean {
  return (
    job.key === null &&
    job.tags.length === 0 &&
    job.maxAttempts === null &&
    job.timeoutMs === null &&
    job.assignedTo === null
  )
}

function insertChunk(tx: Transaction, placed: readonly Placed[], start: number, first: Placed): void {
  insertPlainChunk ??= insertPlain(CHUNK)
  const values: Value[] = plainValues(tx, first)
  for (let i = start; i < start + CHUNK; i += 1) {
    const payload = placed[i]?.job.payload
    if (payload !== undefined) values.push(crc32(payload), payload)
  }
  tx.db.run(insertPlainChunk, ...values)
}

function insertOne(tx: Transaction, one: Placed): void {
  const {job} = one
  const values = [...plainValues(tx, one), crc32(job.payload), job.payload]
  if (isPlain(job)) {
    tx.db.run(INSERT_PLAIN_ONE, ...values)
    return
  }
  const tags = job.tags.length === 0 ? null : JSON.stringify(job.tags)
  const lane = job.assignedTo === null ? LANE_OPEN : LANE_ASSIGNED
  const until = job.assignedForMs === null ? null : tx.now + job.assignedForMs
  const own = [lane, job.key, tags, job.maxAttempts, job.timeoutMs, job.assignedTo, until]
  tx.db.run(INSERT_FULL, ...values, ...own)
}

function plainValues(tx: Transaction, {id, queue, job, runAt}: Placed): Value[] {
  return [id, queue.id, job.priority, runAt, tx.now, job.file ? 1 : 0, job.contentType]
}

/** Copies a failed job into its queue's dead-letter queue: a new pending job, same payload, type, file and tags. */
const COPY_JOB = `
INSERT INTO job (${PLAIN_COLUMNS}, content_type, tags, origin_id)
SELECT ?1, ?2, ${PENDING}, ${LANE_OPEN}, priority, ?3, 0, 0, 0, 0, ?4, ?4, file, checksum, payload, content_type, tags, id
FROM job WHERE id = ?5`
const LINK_COPY = 'UPDATE job SET dead_letter_id = ?1 WHERE id = ?2'

/**
 * Puts a copy of a job that has just failed into the dead-letter queue.
 * @returns the copy's id
 */
export function deadLetter(tx: Transaction, jobId: number, queue: QueueRow): number {
  const id = lastId(tx) + 1
  tx.db.run(COPY_JOB, id, queue.id, tx.stampRunAt(queue.id, queue.lastRunAt), tx.now, jobId)
  tx.db.run(LINK_COPY, id, jobId)
  tx.move(queue.id, null, PENDING)
  return id
}
