import {QctlError} from '../../errors.ts'
import type {Queue} from '../../job.ts'
import type {QueueChange, SettingsChange} from '../storage.ts'
import type {Connection, Row} from './connection.ts'
import {recordQueueEvent} from './events.ts'
import {ensureQueue, queueByName, type QueueRow, settingsOf} from './queue-rows.ts'
import {num, text, textOrNull} from './rows.ts'
import type {Transaction} from './transaction.ts'

const COLUMNS = `
  q.id, q.name, q.paused, q.paused_reason, q.pending, q.processing, q.done, q.failed, q.cancelled, q.settings,
  (SELECT d.name FROM queue d WHERE d.id = q.dead_letter_id) AS dead_letter`

/** The named queues that exist, or all, by name. */
export function queues(db: Connection, names: readonly string[] | undefined): readonly Queue[] {
  return rowsOf(db, names, COLUMNS).map(queueOf)
}

/** Their rows, with what `stats` needs beside. */
export function queueRows(db: Connection, names: readonly string[] | undefined): readonly Row[] {
  return rowsOf(db, names, `${COLUMNS}, q.last_run_at, q.minute, q.added, q.meter`)
}

function rowsOf(db: Connection, names: readonly string[] | undefined, columns: string): readonly Row[] {
  if (names === undefined) return db.all(`SELECT ${columns} FROM queue q WHERE q.deleted_at IS NULL ORDER BY q.name`)
  return [...new Set(names)].sort().flatMap(name => db.all(`SELECT ${columns} FROM queue q WHERE q.name = ?`, name))
}

/** A queue from its columns. */
export function queueOf(row: Row): Queue {
  const counts = {
    pending: num(row['pending']),
    processing: num(row['processing']),
    done: num(row['done']),
    failed: num(row['failed']),
    cancelled: num(row['cancelled']),
  }
  return {
    name: text(row['name']),
    paused: row['paused'] === 1,
    pausedReason: textOrNull(row['paused_reason']),
    counts,
    settings: settingsOf(text(row['settings']), textOrNull(row['dead_letter'])),
  }
}

const SET = 'UPDATE queue SET settings = ?2, dead_letter_id = ?3, updated_at = ?4 WHERE id = ?1'
/** Pausing again without a reason keeps the one there is, and the time. */
const SET_PAUSED = `
UPDATE queue SET paused = ?2, paused_reason = iif(?2 = 1, coalesce(?3, paused_reason), NULL),
  paused_at = iif(?2 = 1, coalesce(paused_at, ?4), NULL), updated_at = ?4 WHERE id = ?1`
const SETTINGS = 'SELECT settings FROM queue WHERE id = ?'
/** Everything reachable from ?1 by following dead-letter links; true when ?2 is among it. */
const REACHES = `
WITH RECURSIVE chain (id) AS (
  SELECT ?1 UNION SELECT q.dead_letter_id FROM queue q JOIN chain ON q.id = chain.id WHERE q.dead_letter_id IS NOT NULL)
SELECT 1 FROM chain WHERE id = ?2`

/**
 * Creates or changes a queue.
 * @throws QctlError `conflict`, `not_found`
 */
export function setQueue(tx: Transaction, name: string, change: QueueChange): Queue {
  const existing = queueByName(tx.db, name)
  if (existing !== null && change.create === 'must') throw new QctlError('conflict', `queue ${name} exists already`)
  if (existing === null && change.create === 'never') throw noQueue(name)
  const queue = existing ?? ensureQueue(tx, name)
  if (change.settings !== undefined) saveSettings(tx, queue, change.settings)
  if (change.paused !== undefined) {
    const {paused, reason} = change.paused
    tx.db.run(SET_PAUSED, queue.id, paused ? 1 : 0, paused ? reason : null, tx.now)
  }
  if (change.by !== undefined) recordQueueEvent(tx, name, change.by)
  const [changed] = queues(tx.db, [name])
  if (changed === undefined) throw new TypeError(`queue ${name} is gone within its own transaction`)
  return changed
}

function saveSettings(tx: Transaction, queue: QueueRow, {deadLetter, ...change}: SettingsChange): void {
  const own = JSON.parse(text(tx.db.tuples(SETTINGS, queue.id)[0]?.[0])) as Record<string, unknown>
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete own[key]
    else own[key] = value
  }
  const deadLetterId = deadLetter === undefined ? queue.deadLetterId : deadLetter === null ? null : target(tx, queue, deadLetter)
  tx.db.run(SET, queue.id, JSON.stringify(own), deadLetterId, tx.now)
}

function target(tx: Transaction, queue: QueueRow, name: string): number {
  if (name === queue.name) throw new QctlError('conflict', `queue ${name} cannot be its own dead-letter queue`)
  const {id} = ensureQueue(tx, name)
  if (tx.db.number(REACHES, id, queue.id) !== null) {
    throw new QctlError('conflict', `dead-letter queues would go in a circle: ${name} leads back to ${queue.name}`)
  }
  return id
}

/** The error for a queue that does not exist. */
export function noQueue(name: string): QctlError {
  return new QctlError('not_found', `no queue ${name}`, {hint: 'see: qctl queues list'})
}
