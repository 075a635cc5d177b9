import {DEFAULT_SETTINGS, type QueueSettings} from '../../job.ts'
import {num, numOrNull, text} from './rows.ts'
import type {Transaction} from './transaction.ts'
import type {Connection, Tuple} from './connection.ts'

/** A queue's own row, as the writing verbs need it. */
export interface QueueRow {
  readonly id: number
  readonly name: string
  readonly paused: boolean
  /** Jobs processing when the row was read. */
  readonly processing: number
  readonly lastRunAt: number
  readonly settings: QueueSettings
  readonly deadLetterId: number | null
}

const COLUMNS = `q.id, q.name, q.paused, q.processing, q.last_run_at, q.settings, q.dead_letter_id,
  (SELECT d.name FROM queue d WHERE d.id = q.dead_letter_id)`
const BY_NAME = `SELECT ${COLUMNS} FROM queue q WHERE q.name = ?`
const BY_ID = `SELECT ${COLUMNS} FROM queue q WHERE q.id = ?`
const CREATE = 'INSERT INTO queue (name, updated_at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING'

/** The queue of that name, or `null`. */
export function queueByName(db: Connection, name: string): QueueRow | null {
  const [row] = db.tuples(BY_NAME, name)
  return row === undefined ? null : queueRow(row)
}

/** The queue of that id; it must exist. */
export function queueById(db: Connection, id: number): QueueRow {
  const [row] = db.tuples(BY_ID, id)
  if (row === undefined) throw new TypeError(`no queue ${id}`)
  return queueRow(row)
}

/** The queue of that name, made if need be. */
export function ensureQueue(tx: Transaction, name: string): QueueRow {
  const found = queueByName(tx.db, name)
  if (found !== null) return found
  tx.db.run(CREATE, name, tx.now)
  return ensureQueue(tx, name)
}

/** A queue's settings: the defaults, and over them what was set. */
export function settingsOf(overrides: string, deadLetter: string | null): QueueSettings {
  if (overrides === '{}' && deadLetter === null) return DEFAULT_SETTINGS
  const own = JSON.parse(overrides) as Partial<QueueSettings>
  return {
    ...DEFAULT_SETTINGS,
    ...own,
    retention: {...DEFAULT_SETTINGS.retention, ...own.retention},
    deadLetter,
  }
}

function queueRow([id, name, paused, processing, lastRunAt, settings, deadLetterId, deadLetter]: Tuple): QueueRow {
  return {
    id: num(id),
    name: text(name),
    paused: paused === 1,
    processing: num(processing),
    lastRunAt: num(lastRunAt),
    settings: settingsOf(text(settings), deadLetter == null ? null : text(deadLetter)),
    deadLetterId: numOrNull(deadLetterId),
  }
}
