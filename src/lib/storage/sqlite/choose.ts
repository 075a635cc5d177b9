import type {Barred} from '../../standing.ts'
import type {Connection, Tuple} from './connection.ts'
import type {QueueRow} from './queue-rows.ts'
import {LANE_ASSIGNED, LANE_OPEN, LANE_SUSPECT, num, PENDING} from './rows.ts'

const HOLDS_SUSPECT = 'SELECT 1 FROM lease WHERE consumer_id = ? AND suspect = 1'
const HOLDS_SINCE = 'SELECT min(started_at) FROM lease WHERE consumer_id = ?'
/** A job in hand that has run for longer may run for hours: see `mustBecomeEmpty`. */
const SHORT_RUN_MS = 10_000

/**
 * Whether a job may run, given the latest `run_at` its queue stamped on a job that could run at once (or now, if that is later)
 * and now. The two differ only after the wall clock stepped back: then what carries a `run_at` ahead of now may run if it could when
 * that was written (it is no later than the write, or the stamp itself), while a delay or a backoff still waits.
 */
export const isDue = (stamped: string, now: string): string =>
  `run_at <= ${stamped} AND (run_at <= ${now} OR run_at <= updated_at OR run_at = ${stamped})`

/** The latest `run_at` of a job that could run at once, for `isDue`. */
export function stampedBy(queue: Pick<QueueRow, 'lastRunAt'>, now: number): number {
  return Math.max(now, queue.lastRunAt)
}

/** How many more jobs of the queue may start now. */
export function roomIn({paused, settings, processing}: QueueRow, processingDelta: number): number {
  if (paused) return 0
  return settings.concurrency === null ? Number.POSITIVE_INFINITY : Math.max(0, settings.concurrency - processing - processingDelta)
}

const ANY_SUSPECT = `SELECT 1 FROM job INDEXED BY job_suspect WHERE queue_id = ? AND state = ${PENDING} AND lane = ${LANE_SUSPECT} LIMIT 1`
const dueSuspect = (columns: string): string => `
SELECT ${columns} FROM job INDEXED BY job_suspect
WHERE queue_id = ?1 AND state = ${PENDING} AND lane = ${LANE_SUSPECT} AND ${isDue('?2', '?4')}
  AND (assigned_to IS NULL OR assigned_to = ?3 OR assigned_until <= ?4)
ORDER BY priority DESC, run_at, id LIMIT 1`

/** How one lane of pending jobs is walked. ?1 is the queue; the consumer's name, where it matters, is the last parameter. */
interface Lane {
  /** The next priority below ?2. */
  readonly next: string
  /** The next priority below ?2 at which a job is due, given stamp ?3 and now ?4: looks at a thousand in a millisecond. */
  readonly nextDue: string
  /** The due jobs of priority ?2 in order, given stamp ?3 and now ?4, at most ?5 of them. */
  readonly due: string
}

const OPEN = (): string => `FROM job INDEXED BY job_ready WHERE queue_id = ?1 AND state = ${PENDING} AND lane = ${LANE_OPEN}`
const ASSIGNED = (name: string): string =>
  `FROM job INDEXED BY job_assigned WHERE queue_id = ?1 AND state = ${PENDING} AND lane = ${LANE_ASSIGNED} AND assigned_to = ${name}`

function laneOf(jobs: (name: string) => string, columns: string): Lane {
  const next = (priority: string, name: string): string => `SELECT priority ${jobs(name)} AND priority < ${priority} ORDER BY priority DESC LIMIT 1`
  return {
    next: next('?2', '?3'),
    nextDue: `
WITH RECURSIVE level (at) AS (SELECT (${next('?2', '?5')}) UNION ALL SELECT (${next('level.at', '?5')}) FROM level WHERE at IS NOT NULL)
SELECT at FROM level WHERE at IS NOT NULL AND EXISTS (SELECT 1 ${jobs('?5')} AND priority = level.at AND ${isDue('?3', '?4')}) LIMIT 1`,
    due: `SELECT ${columns} ${jobs('?6')} AND priority = ?2 AND ${isDue('?3', '?4')} ORDER BY run_at, id LIMIT ?5`,
  }
}

/** What a choice reads of each job. The first three columns are always the same: they order. */
export interface Reading {
  readonly suspect: string
  readonly open: Lane
  readonly assigned: Lane
}

/** @param columns what else to read */
export function reading(columns: readonly string[] = []): Reading {
  const all = ['id', 'priority', 'run_at', ...columns].join(', ')
  return {suspect: dueSuspect(all), open: laneOf(OPEN, all), assigned: laneOf(ASSIGNED, all)}
}

const NO_ROWS: readonly Tuple[] = []

/** Above every priority. */
const TOP = 1_000_000
/** After so many priorities in a row without a due job the walk asks for the next one that has some: that question costs as much as four steps. */
const PATIENT_STEPS = 4

/** Who claims, where, and how much. */
export interface Claimant {
  readonly consumerId: number
  readonly name: string
  /** Those that exist, each once, in the order asked. */
  readonly queues: readonly QueueRow[]
  readonly limit: number
}

/** Some jobs of one queue, in the order they must start. */
export interface Chosen {
  readonly queue: QueueRow
  readonly rows: readonly Tuple[]
  readonly suspect: boolean
}

/** ?1 is now. The assignments that the next claim opens to all: some at a time, the rest has its turn at the next claims. */
const ENDED = `FROM job INDEXED BY job_assignment_end WHERE state = ${PENDING} AND lane = ${LANE_ASSIGNED} AND assigned_until <= ?1`
export const ANY_ENDED_ASSIGNMENT = `SELECT 1 ${ENDED} LIMIT 1`
export const ENDED_ASSIGNMENTS = `SELECT id ${ENDED} ORDER BY assigned_until LIMIT 1000`
const DUE_ENDED = `
SELECT id, priority, run_at FROM job WHERE id IN (${ENDED_ASSIGNMENTS}) AND queue_id = ?2 AND ${isDue('?3', '?1')} ORDER BY priority DESC, run_at, id`

export interface ChoiceOptions {
  /** How many more jobs of a queue are processing than its row says. */
  readonly processingDelta?: (queueId: number) => number
  /** True chooses as if the assignments that the next claim opens were open. Then only the first three columns are read of them. */
  readonly foresee?: boolean
}

/**
 * Which jobs a claim gets at one moment: the one place that knows. The claim grants what is chosen here, an idle consumer asks
 * whether that would be anything, and `explain` asks where in it a job stands.
 */
export class Choice {
  readonly #db: Connection
  readonly #reading: Reading
  readonly #now: number
  readonly #options: ChoiceOptions
  readonly #open = new Map<number, {readonly limit: number; readonly rows: readonly Tuple[]}>()

  /** @param now wall clock, UTC ms */
  constructor(db: Connection, reading: Reading, now: number, options: ChoiceOptions = {}) {
    this.#db = db
    this.#reading = reading
    this.#now = now
    this.#options = options
  }

  /** What a claim gets now, queue by queue. */
  of(claimant: Claimant): readonly Chosen[] | Barred {
    const {consumerId, queues, name, limit} = claimant
    if (limit < 1) return []
    if (this.#db.number(HOLDS_SUSPECT, consumerId) !== null) return {kind: 'holds_suspect'}
    const suspect = this.#suspectFor(claimant)
    if (suspect !== null) {
      const since = this.#db.number(HOLDS_SINCE, consumerId)
      if (since === null) return [suspect]
      const [id, , dueSince] = suspect.rows[0] ?? []
      if (mustBecomeEmpty(num(dueSince), since, this.#now)) return {kind: 'suspect_due', jobId: num(id)}
    }
    const chosen: Chosen[] = []
    let wanted = limit
    for (const queue of queues) {
      const rows = this.dueIn(queue, name, Math.min(wanted, this.#roomIn(queue)))
      if (rows.length > 0) chosen.push({queue, rows, suspect: false})
      wanted -= rows.length
    }
    return chosen
  }

  #roomIn(queue: QueueRow): number {
    return roomIn(queue, this.#options.processingDelta?.(queue.id) ?? 0)
  }

  /** Suspects are rare: the first look is a bare probe of an index that is nearly always empty. */
  #suspectFor({queues, name}: Claimant): Chosen | null {
    for (const queue of queues) {
      if (this.#roomIn(queue) === 0 || this.#db.number(ANY_SUSPECT, queue.id) === null) continue
      const rows = this.#db.tuples(this.#reading.suspect, queue.id, stampedBy(queue, this.#now), name, this.#now)
      if (rows.length > 0) return {queue, rows, suspect: true}
    }
    return null
  }

  /** The next due jobs of a queue for the consumer of that name, in the order they must start, whether the queue has room or not. */
  dueIn(queue: QueueRow, name: string, limit: number): readonly Tuple[] {
    if (limit < 1) return []
    const open = this.#openIn(queue, limit)
    const assigned = this.#walk(this.#reading.assigned, queue, limit, [name])
    const ended = this.#options.foresee === true ? this.#endedIn(queue) : NO_ROWS
    if (assigned.length === 0 && ended.length === 0) return open
    const distinct = new Map([...open, ...assigned, ...ended].map(row => [row[0], row]))
    return [...distinct.values()].sort(inStartingOrder).slice(0, limit)
  }

  /** Read once, for however many consumers are asked about. */
  #openIn(queue: QueueRow, limit: number): readonly Tuple[] {
    const known = this.#open.get(queue.id)
    if (known !== undefined && known.limit >= limit) return known.rows.slice(0, limit)
    const rows = this.#walk(this.#reading.open, queue, limit, [])
    this.#open.set(queue.id, {limit, rows})
    return rows
  }

  #endedIn(queue: QueueRow): readonly Tuple[] {
    if (this.#db.number(ANY_ENDED_ASSIGNMENT, this.#now) === null) return NO_ROWS
    return this.#db.tuples(DUE_ENDED, this.#now, queue.id, stampedBy(queue, this.#now))
  }

  /**
   * Walks the distinct priorities downward and probes each for due jobs, so that neither the backlog nor the scheduled jobs
   * slow it.
   */
  #walk(lane: Lane, queue: QueueRow, limit: number, name: readonly string[]): readonly Tuple[] {
    const time = [stampedBy(queue, this.#now), this.#now]
    const found: Tuple[] = []
    let inVain = 0
    let priority = this.#db.number(lane.next, queue.id, TOP, ...name)
    while (priority !== null) {
      const rows = this.#db.tuples(lane.due, queue.id, priority, ...time, limit - found.length, ...name)
      for (const row of rows) found.push(row)
      if (found.length === limit) break
      inVain = rows.length === 0 ? inVain + 1 : 0
      const below = [queue.id, priority]
      priority =
        inVain < PATIENT_STEPS ? this.#db.number(lane.next, ...below, ...name) : this.#db.number(lane.nextDue, ...below, ...time, ...name)
    }
    return found
  }
}

/**
 * Whether a consumer is to take no more, so that it is empty soon and can run a suspect alone. Not one whose oldest job looks
 * long: its other slots would idle. Long is measured by how long the suspect has been waiting, so nobody idles for longer than
 * the suspect did, and where every job takes L the suspect runs after 3 L at the latest.
 */
function mustBecomeEmpty(dueSince: number, heldSince: number, now: number): boolean {
  return now - heldSince <= Math.max(SHORT_RUN_MS, (now - dueSince) / 2)
}

function inStartingOrder(a: Tuple, b: Tuple): number {
  return num(b[1]) - num(a[1]) || num(a[2]) - num(b[2]) || num(a[0]) - num(b[0])
}
