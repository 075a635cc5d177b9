import {QctlError} from '../../errors.ts'
import {DEFAULT_SETTINGS, type Queue, type QueueSettings} from '../../job.ts'
import type {QueueChange, SettingsChange} from '../storage.ts'
import {isDue, stampedBy} from './choose.ts'
import type {Connection, Row} from './connection.ts'
import {ensureQueue, queueByName, type QueueRow, settingsOf} from './queue-rows.ts'
import {LANE_ASSIGNED, LANE_OPEN, LANE_SUSPECT, num, PENDING, text, textOrNull} from './rows.ts'
import type {Transaction} from './transaction.ts'

const COLUMNS = `q.id, q.name, q.last_run_at, q.paused, q.paused_reason, q.pending, q.processing, q.done, q.failed, q.cancelled, q.settings,
  (SELECT d.name FROM queue d WHERE d.id = q.dead_letter_id) AS dead_letter`
const ALL = `SELECT ${COLUMNS} FROM queue q WHERE q.deleted_at IS NULL ORDER BY q.name`
const ONE = `SELECT ${COLUMNS} FROM queue q WHERE q.name = ?`

/** The three indexes of pending jobs, each with what comes before `priority` in it. */
const LANES = [
  {index: 'job_ready', lane: LANE_OPEN},
  {index: 'job_assigned', lane: LANE_ASSIGNED},
  {index: 'job_suspect', lane: LANE_SUSPECT},
] as const
const within = (index: string, lane: number): string =>
  `FROM job INDEXED BY ${index} WHERE queue_id = ?1 AND state = ${PENDING} AND lane = ${lane}`
const OPEN = within('job_ready', LANE_OPEN)
const NEXT_PRIORITY = `SELECT max(priority) ${OPEN} AND priority < ?2`
const FIRST_RUN_AT = `SELECT min(run_at) ${OPEN} AND priority = ?2`
/** ?3 is the stamp (see `isDue`). ?4 caps the count: past it the other side is counted. */
const COUNT_AHEAD = `SELECT count(*) FROM (SELECT 1 ${OPEN} AND priority = ?2 AND run_at > ?3 LIMIT ?4)`
const COUNT_DUE = `SELECT count(*) FROM (SELECT 1 ${OPEN} AND priority = ?2 AND run_at <= ?3 LIMIT ?4)`
/** ?5 is now. Between it and the stamp, which lie apart only after the clock stepped back, are jobs that may run and jobs that wait. */
const COUNT_WAITING = `
SELECT count(*) FROM (
  SELECT run_at, updated_at ${OPEN} AND priority = ?2 AND run_at <= ?3 AND run_at > ?5 LIMIT ?4)
WHERE NOT (${isDue('?3', '?5')})`
const APART = LANES.filter(({lane}) => lane !== LANE_OPEN).map(
  ({index, lane}) =>
    `SELECT count(*) AS pending, count(*) FILTER (WHERE NOT (${isDue('?2', '?3')})) AS ahead, min(run_at) AS first ${within(index, lane)}`,
)
/** Counting so many index entries takes about a millisecond. */
const COUNT_CAP = 20_000

/** The named queues that exist, or all, by name. */
export function queues(db: Connection, names: readonly string[] | undefined, now: number): readonly Queue[] {
  const rows = names === undefined ? db.all(ALL) : [...new Set(names)].sort().flatMap(name => db.all(ONE, name))
  return rows.map(row => queueOf(db, row, now))
}

function queueOf(db: Connection, row: Row, now: number): Queue {
  const counts = {
    pending: num(row['pending']),
    processing: num(row['processing']),
    done: num(row['done']),
    failed: num(row['failed']),
    cancelled: num(row['cancelled']),
  }
  const waiting = counts.pending === 0 ? NONE_WAITING : pendingFacts(db, num(row['id']), counts.pending, {now, stamped: stampedBy({lastRunAt: num(row['last_run_at'])}, now)})
  return {
    name: text(row['name']),
    paused: row['paused'] === 1,
    pausedReason: textOrNull(row['paused_reason']),
    counts,
    scheduled: waiting.scheduled,
    oldestPendingMs: waiting.first === null || counts.pending === waiting.scheduled ? null : Math.max(0, now - waiting.first),
    settings: settingsOf(text(row['settings']), textOrNull(row['dead_letter'])),
  }
}

interface PendingFacts {
  readonly scheduled: number
  /** The smallest `run_at`. */
  readonly first: number | null
}

const NONE_WAITING: PendingFacts = {scheduled: 0, first: null}

/**
 * How many pending jobs lie ahead and which is the first, without walking the backlog:
 * of the two sides of now the smaller one is counted, the other is the rest.
 */
function pendingFacts(db: Connection, queueId: number, pending: number, {now, stamped}: {readonly now: number; readonly stamped: number}): PendingFacts {
  const apart = APART.map(sql => db.get(sql, queueId, stamped, now))
  const apartPending = apart.reduce((sum, row) => sum + num(row?.['pending']), 0)
  const apartAhead = apart.reduce((sum, row) => sum + num(row?.['ahead']), 0)
  const firsts = apart.map(row => row?.['first']).filter(first => typeof first === 'number')
  const priorities: number[] = []
  let priority = db.number(NEXT_PRIORITY, queueId, 1_000_000)
  while (priority !== null) {
    priorities.push(priority)
    const first = db.number(FIRST_RUN_AT, queueId, priority)
    if (first !== null) firsts.push(first)
    priority = db.number(NEXT_PRIORITY, queueId, priority)
  }
  const open = pending - apartPending
  const count = (sql: string, cap: number, ...more: readonly number[]): number =>
    priorities.reduce((sum, at) => (sum >= cap ? sum : sum + (db.number(sql, queueId, at, stamped, cap - sum, ...more) ?? 0)), 0)
  let ahead = count(COUNT_AHEAD, COUNT_CAP)
  if (ahead >= COUNT_CAP) ahead = open - count(COUNT_DUE, open)
  if (stamped > now) ahead += count(COUNT_WAITING, COUNT_CAP, now)
  return {scheduled: ahead + apartAhead, first: firsts.length === 0 ? null : Math.min(...firsts)}
}

/** The settings in force of the named queues, in order. */
export function settings(db: Connection, names: readonly string[]): readonly QueueSettings[] {
  return names.map(name => queueByName(db, name)?.settings ?? DEFAULT_SETTINGS)
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
  const [changed] = queues(tx.db, [name], tx.now)
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
