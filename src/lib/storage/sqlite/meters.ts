/**
 * Where meters are kept. A queue's row has that of the minute which is being counted, so that counting costs no page of its own;
 * the first write of another minute moves it to the table, and adds it to what was counted ever: the row of minute 0.
 */
import {EMPTY_METER, METER_KEPT_MS, type Meter, minuteOf, sumOf} from '../../meter.ts'
import type {Connection, Tuple} from './connection.ts'
import {decodeMeters, encodeMeter} from './meter-bytes.ts'
import {blob, num} from './rows.ts'

/** Minutes past their time wait until there are so many that one deletion pays: a store at rest is left alone most of the time. */
const PRUNED_TOGETHER_MS = 60 * 60_000

const EVER = 0

const COUNTING = 'SELECT minute, added, meter FROM queue WHERE id = ?'
const SIZE = 'SELECT ifnull(length(meter), 0) FROM queue WHERE id = ? AND minute = ?'
const FOLD = 'UPDATE queue SET meter = ? WHERE id = ?'
/** With what else is in it the row of a queue still fits in its page. */
const FOLDED_BYTES = 2000
const COUNT_ANEW = 'UPDATE queue SET minute = ?, added = 0, meter = NULL WHERE id = ?'
const KEPT = 'SELECT added, meter FROM meter WHERE minute = ? AND queue_id = ?'
const KEEP = `
INSERT INTO meter (minute, queue_id, added, meter) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (minute, queue_id) DO UPDATE SET added = ?3, meter = ?4`
const TOTALS = `SELECT queue_id, added, meter FROM meter WHERE minute = ${EVER}`
const SINCE = `SELECT queue_id, minute, added, meter FROM meter WHERE minute > ${EVER} AND minute >= ? ORDER BY minute`
const OLDEST = `SELECT min(minute) FROM meter WHERE minute > ${EVER}`
const PRUNE = `DELETE FROM meter WHERE minute > ${EVER} AND minute < ?`
const FORGET = 'DELETE FROM meter WHERE queue_id = ?'

/** A meter from its columns. */
export function meterOf(added: number, cell: Tuple[number] | undefined): Meter {
  return cell == null ? {...EMPTY_METER, added} : {...sumOf(decodeMeters(blob(cell))), added}
}

/**
 * Makes one of the meters that lie in a row in a queue's column, once they are many.
 * @returns false when the row is at another minute
 */
export function foldMeters(db: Connection, queueId: number, minute: number): boolean {
  const bytes = db.number(SIZE, queueId, minute)
  if (bytes === null) return false
  if (bytes <= FOLDED_BYTES) return true
  const [row] = db.tuples(COUNTING, queueId)
  db.run(FOLD, encodeMeter(meterOf(0, row?.[2])), queueId)
  return true
}

/** Puts the minute that a queue's row has counted so far away, and begins another one. */
export function closeMinute(db: Connection, queueId: number, next: number): void {
  const [row] = db.tuples(COUNTING, queueId)
  if (row === undefined) return
  const [minute, added] = [num(row[0]), num(row[1])]
  if (added > 0 || row[2] !== null) {
    const meter = meterOf(added, row[2])
    // The minute is there already when the clock stepped back.
    for (const at of [minute, EVER]) addTo(db, at, queueId, meter)
  }
  db.run(COUNT_ANEW, next, queueId)
}

function addTo(db: Connection, minute: number, queueId: number, meter: Meter): void {
  const [row] = db.tuples(KEPT, minute, queueId)
  const before = row === undefined ? EMPTY_METER : meterOf(num(row[0]), row[1])
  db.run(KEEP, minute, queueId, before.added + meter.added, encodeMeter(sumOf([before, meter])))
}

/** What was counted ever, by queue; without the minutes that are being counted. */
export function totals(db: Connection): ReadonlyMap<number, Meter> {
  return new Map(db.tuples(TOTALS).map(([queueId, added, cell]) => [num(queueId), meterOf(num(added), cell)]))
}

/** A minute of one queue that is over. */
export interface KeptMinute {
  readonly queueId: number
  readonly at: number
  readonly meter: Meter
}

/** The minutes from that of `since` on that are over, oldest first. */
export function minutesSince(db: Connection, since: number): readonly KeptMinute[] {
  return db.tuples(SINCE, minuteOf(since)).map(([queueId, minute, added, cell]) => ({
    queueId: num(queueId), at: num(minute), meter: meterOf(num(added), cell),
  }))
}

/** Whether there are minutes to forget. */
export function hasOldMinutes(db: Connection, now: number): boolean {
  const oldest = db.number(OLDEST)
  return oldest !== null && oldest < now - METER_KEPT_MS - PRUNED_TOGETHER_MS
}

/** Forgets the minutes past their time. */
export function pruneMinutes(db: Connection, now: number): void {
  if (hasOldMinutes(db, now)) db.run(PRUNE, now - METER_KEPT_MS)
}

/** Forgets all that was counted of a queue. */
export function forgetMeters(db: Connection, queueId: number): void {
  db.run(FORGET, queueId)
}
