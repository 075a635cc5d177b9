import {QctlError} from '../../errors.ts'
import type {Consumer} from '../../job.ts'
import {kernelOf} from '../../time.ts'
import type {NewConsumer, Registered} from '../storage.ts'
import type {Connection, Row} from './connection.ts'
import {kernel, processOf} from './leases.ts'
import {num, numOrNull, text} from './rows.ts'
import type {Transaction} from './transaction.ts'

const COLUMNS = `c.*, (SELECT count(*) FROM lease l WHERE l.consumer_id = c.id) AS jobs`
const LISTED = `
SELECT * FROM (SELECT ${COLUMNS} FROM consumer c) WHERE ended_at IS NULL OR jobs > 0 ORDER BY name, id`
const LIVE_BY_NAME = `SELECT ${COLUMNS} FROM consumer c WHERE c.name = ? AND c.ended_at IS NULL`
const INSERT = `
INSERT INTO consumer (name, pid, start_time, boot_id, pid_namespace, host, machine_id, queues, concurrency, started_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`
const END = 'UPDATE consumer SET ended_at = ? WHERE id = ? AND ended_at IS NULL'
/** A registration is only of use while it lives or holds jobs; history rows carry the name themselves. */
const FORGET_ENDED = `
DELETE FROM consumer WHERE ended_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.consumer_id = consumer.id)`

/** A consumer of another kernel, and when this store was last written. */
const FOREIGN = `
SELECT name, host, (SELECT max(updated_at) FROM queue) AS last_write FROM consumer
WHERE ended_at IS NULL AND ${kernel('boot_id')} <> ?1 AND machine_id <> ?2 LIMIT 1`
/** A store last written this recently, with consumers of another kernel registered, is taken to be in use there. */
const SIGN_OF_LIFE_MS = 60_000

/**
 * Registers a consumer under its name.
 * @throws QctlError `foreign_host` while another kernel shows life in this store
 */
export function register(tx: Transaction, consumer: NewConsumer): Registered {
  assertOneKernel(tx, consumer)
  const taken = tx.db.get(LIVE_BY_NAME, consumer.name)
  if (taken !== undefined) {
    if (num(taken['id']) !== consumer.replaces) return {kind: 'taken', by: consumerOf(taken)}
    tx.db.run(END, tx.now, num(taken['id']))
  }
  const {process} = consumer
  const [row] = tx.db.tuples(
    INSERT, consumer.name, process.pid, process.startTime, process.bootId, process.pidNamespace, process.host,
    process.machineId, JSON.stringify(consumer.queues), consumer.concurrency, tx.now,
  )
  return {kind: 'registered', id: num(row?.[0])}
}

function assertOneKernel(tx: Transaction, {process}: NewConsumer): void {
  const foreign = tx.db.get(FOREIGN, kernelOf(process.bootId), process.machineId)
  if (foreign === undefined) return
  const lastWrite = numOrNull(foreign['last_write']) ?? 0
  if (Math.abs(tx.now - lastWrite) > SIGN_OF_LIFE_MS) return
  const message = `${tx.db.path} is in use by consumer ${text(foreign['name'])} on another machine (${text(foreign['host'])})`
  throw new QctlError('foreign_host', message, {hint: 'one SQLite file belongs to one running machine; use PostgreSQL for several'})
}

/** Ends a registration, and forgets it once it holds nothing. */
export function unregister(tx: Transaction, consumerId: number): void {
  tx.db.run(END, tx.now, consumerId)
  forgetEnded(tx)
}

/** Removes registrations that ended and hold nothing. */
export function forgetEnded(tx: Transaction): void {
  tx.db.run(FORGET_ENDED)
}

/** The registrations that live or hold jobs still, by name. */
export function consumers(db: Connection): readonly Consumer[] {
  return db.all(LISTED).map(consumerOf)
}

function consumerOf(row: Row): Consumer {
  return {
    id: num(row['id']),
    name: text(row['name']),
    process: processOf(row),
    queues: JSON.parse(text(row['queues'])) as readonly string[],
    concurrency: num(row['concurrency']),
    startedAt: num(row['started_at']),
    endedAt: numOrNull(row['ended_at']),
    jobs: num(row['jobs']),
    processed: num(row['processed']),
    failed: num(row['failed']),
  }
}
