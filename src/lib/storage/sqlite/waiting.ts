/** What waits in a queue, found without walking the backlog. */
import type {Counted} from '../../standing.ts'
import {isDue} from './choose.ts'
import type {Connection} from './connection.ts'
import {LANE_ASSIGNED, LANE_OPEN, LANE_SUSPECT, num, PENDING} from './rows.ts'

/** Counting so many index entries takes half a millisecond. */
export const COUNTED = 10_000

const within = (index: string, lane: number): string =>
  `FROM job INDEXED BY ${index} WHERE queue_id = ?1 AND state = ${PENDING} AND lane = ${lane}`
const OPEN = within('job_ready', LANE_OPEN)
const NEXT_PRIORITY = `SELECT max(priority) ${OPEN} AND priority < ?2`
const FIRST_RUN_AT = `SELECT min(run_at) ${OPEN} AND priority = ?2`
/** ?3 is the stamp (see `isDue`), ?4 where counting stops. */
const AHEAD = `SELECT count(*) FROM (SELECT 1 ${OPEN} AND priority = ?2 AND run_at > ?3 LIMIT ?4)`
const DUE = `SELECT count(*) FROM (SELECT 1 ${OPEN} AND priority = ?2 AND run_at <= ?3 LIMIT ?4)`
/** ?5 is now. Between it and the stamp, which lie apart only after the clock stepped back, are jobs that may run and jobs that wait. */
const DELAYED = `
SELECT count(*) FROM (
  SELECT run_at, updated_at ${OPEN} AND priority = ?2 AND run_at <= ?3 AND run_at > ?5 LIMIT ?4)
WHERE NOT (${isDue('?3', '?5')})`
/** Assigned jobs and suspects are few, and their indexes are in no order that helps. */
const APART = [within('job_assigned', LANE_ASSIGNED), within('job_suspect', LANE_SUSPECT)].map(
  jobs =>
    `SELECT count(*), count(*) FILTER (WHERE NOT (${isDue('?2', '?3')})), min(run_at) FROM (SELECT run_at, updated_at ${jobs} LIMIT ${COUNTED})`,
)

export interface Waiting {
  readonly scheduled: Counted
  /** The earliest `run_at` of those that could run now; `null` when none could. */
  readonly oldestRunAt: number | null
}

/** The two times that decide what is due: now, and the latest `run_at` that was stamped on a job that could run at once. */
export interface Moment {
  readonly now: number
  readonly stamped: number
}

const NOTHING: Waiting = {scheduled: {count: 0, isMore: false}, oldestRunAt: null}

/**
 * How many pending jobs have their time ahead, and since when the oldest of the others waits.
 * Of the two sides of now the smaller one is counted, the other is the rest; where both are large the answer says so.
 */
export function waitingIn(db: Connection, queueId: number, pending: number, moment: Moment): Waiting {
  if (pending === 0) return NOTHING
  const apart = apartIn(db, queueId, moment)
  const levels = levelsOf(db, queueId)
  const ahead = aheadOn(db, queueId, levels, apart.isMore ? null : pending - apart.pending, moment)
  const scheduled = {count: ahead.count + apart.ahead, isMore: ahead.isMore || apart.isMore}
  const isAnyDue = scheduled.isMore || scheduled.count < pending
  const firsts = [...apart.firsts, ...levels.map(({first}) => first)]
  return {scheduled, oldestRunAt: isAnyDue && firsts.length > 0 ? Math.min(...firsts) : null}
}

interface Level {
  readonly priority: number
  /** The earliest `run_at` on it. */
  readonly first: number
}

function levelsOf(db: Connection, queueId: number): readonly Level[] {
  const levels: Level[] = []
  let priority = db.number(NEXT_PRIORITY, queueId, 1_000_000)
  while (priority !== null) {
    levels.push({priority, first: num(db.number(FIRST_RUN_AT, queueId, priority))})
    priority = db.number(NEXT_PRIORITY, queueId, priority)
  }
  return levels
}

/** @param open how many open jobs there are, `null` when that is not known */
function aheadOn(db: Connection, queueId: number, levels: readonly Level[], open: number | null, {now, stamped}: Moment): Counted {
  const count = (sql: string, ...more: readonly number[]): number =>
    levels.reduce(
      (sum, {priority}) => (sum >= COUNTED ? sum : sum + (db.number(sql, queueId, priority, stamped, COUNTED - sum, ...more) ?? 0)),
      0,
    )
  const delayed = stamped > now ? count(DELAYED, now) : 0
  const ahead = count(AHEAD)
  if (ahead < COUNTED) return {count: ahead + delayed, isMore: delayed === COUNTED}
  const due = open === null ? COUNTED : count(DUE)
  return open === null || due === COUNTED ? {count: COUNTED, isMore: true} : {count: open - due + delayed, isMore: false}
}

interface Apart {
  readonly pending: number
  readonly ahead: number
  readonly firsts: readonly number[]
  readonly isMore: boolean
}

function apartIn(db: Connection, queueId: number, {now, stamped}: Moment): Apart {
  const lanes = APART.flatMap(sql => db.tuples(sql, queueId, stamped, now))
  return {
    pending: lanes.reduce((sum, [pending]) => sum + num(pending), 0),
    ahead: lanes.reduce((sum, [, ahead]) => sum + num(ahead), 0),
    firsts: lanes.map(([, , first]) => first).filter(first => typeof first === 'number'),
    isMore: lanes.some(([pending]) => pending === COUNTED),
  }
}
