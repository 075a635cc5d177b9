import type {Consumer} from '../../job.ts'
import type {NewConsumer, Registered} from '../storage.ts'
import type {Connection, Row} from './connection.ts'
import {processOf} from './leases.ts'
import {takeStore} from './machines.ts'
import {num, numOrNull, text} from './rows.ts'
import type {Transaction} from './transaction.ts'

const COLUMNS = `c.*, (SELECT count(*) FROM lease l WHERE l.consumer_id = c.id) AS jobs`
const LISTED = `
SELECT c.*, ifnull(h.jobs, 0) AS jobs
FROM consumer c LEFT JOIN (SELECT consumer_id, count(*) AS jobs FROM lease GROUP BY consumer_id) h ON h.consumer_id = c.id
WHERE c.ended_at IS NULL OR h.jobs > 0 ORDER BY c.name, c.id`
const LIVE_BY_NAME = `SELECT ${COLUMNS} FROM consumer c WHERE c.name = ? AND c.ended_at IS NULL`
const INSERT = `
INSERT INTO consumer (name, pid, start_time, boot_id, pid_namespace, host, machine_id, queues, concurrency, started_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`
const END = 'UPDATE consumer SET ended_at = ? WHERE id = ? AND ended_at IS NULL'
const LEAVE = 'UPDATE consumer SET leaving = 1 WHERE id = ? AND ended_at IS NULL AND leaving = 0'
/** A registration is only of use while it lives or holds jobs; history rows carry the name themselves. */
const FORGET_ENDED = `
DELETE FROM consumer WHERE ended_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.consumer_id = consumer.id)`

/**
 * Registers a consumer under its name.
 * @throws QctlError `foreign_host` while another machine shows life in this store
 */
export function register(tx: Transaction, consumer: NewConsumer): Registered {
  takeStore(tx, consumer.process)
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

/** Ends a registration, and forgets it once it holds nothing. */
export function unregister(tx: Transaction, consumerId: number): void {
  tx.db.run(END, tx.now, consumerId)
  forgetEnded(tx)
}

/** Nothing more is granted to a registration; it has not ended yet. */
export function leave(tx: Transaction, consumerId: number): void {
  tx.db.run(LEAVE, consumerId)
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
    extendedAt: numOrNull(row['extended_at']),
    leaving: row['leaving'] === 1,
    jobs: num(row['jobs']),
    processed: num(row['processed']),
    failed: num(row['failed']),
  }
}
