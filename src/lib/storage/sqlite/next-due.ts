import type {Connection} from './connection.ts'
import {LANE_OPEN, PENDING} from './rows.ts'

/** So many pairs of queue and priority are looked at; whoever has more waits for the poll. */
const MOST_LEVELS = 200
const LEVEL = `FROM job INDEXED BY job_ready WHERE state = ${PENDING} AND lane = ${LANE_OPEN}`
/** Jumps from one pair of queue and priority to the next, so that its cost does not grow with the jobs. */
const NEXT_DUE = `
WITH RECURSIVE level (queue_id, priority) AS (
  SELECT * FROM (SELECT queue_id, priority ${LEVEL} ORDER BY queue_id, priority LIMIT 1)
  UNION ALL
  SELECT next.queue_id, next.priority FROM level CROSS JOIN job AS next
  ON next.id = ifnull(
    (SELECT id ${LEVEL} AND queue_id = level.queue_id AND priority > level.priority ORDER BY priority LIMIT 1),
    (SELECT id ${LEVEL} AND queue_id > level.queue_id ORDER BY queue_id, priority LIMIT 1))
  LIMIT ${MOST_LEVELS}
)
SELECT min((SELECT run_at ${LEVEL} AND queue_id = level.queue_id AND priority = level.priority AND run_at > ?1 ORDER BY run_at LIMIT 1)) FROM level`

/**
 * When the next job that waits for its time comes due, as far as that is cheap to know: a hint for who would look then.
 * @param now wall clock, UTC ms
 * @returns UTC ms; `null` when there is none
 */
export function nextDue(db: Connection, now: number): number | null {
  return db.number(NEXT_DUE, now)
}
