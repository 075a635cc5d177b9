/** The big file of W5: a million pending and a million finished jobs, written by SQL because that takes seconds. */
import {closeSync, fsyncSync, openSync} from 'node:fs'
import {DatabaseSync} from 'node:sqlite'
import {crc32} from '../../src/lib/storage/sqlite/checksum.ts'
import {CANCELLED, DONE, FAILED, LANE_OPEN, outcomeCode, PENDING, reasonCode} from '../../src/lib/storage/sqlite/rows.ts'
import {payloadText} from './jobs.ts'

/** How many of each; the finished ones are the older. */
export interface Sizes {
  readonly pending: number
  readonly finished: number
}

/** Every so many finished jobs one has failed: more than a list can fetch and sort. */
const FAILED_EVERY = 20
/** Every so many finished jobs one was cancelled: few enough. */
const CANCELLED_EVERY = 70
/** Of the finished job `i`. */
const STATE = `iif(i % ${FAILED_EVERY} = 1, ${FAILED}, iif(i % ${CANCELLED_EVERY} = 0, ${CANCELLED}, ${DONE}))`
/** Every so many jobs one is in the second queue. */
const MAIL_EVERY = 100
export const MAIL = 'mail'

const QUEUES = 'INSERT INTO queue (id, name, last_run_at, updated_at) VALUES (1, :first, :now, :now), (2, :second, :now, :now)'
const COUNT = 'WITH RECURSIVE n (i) AS (SELECT :from UNION ALL SELECT i + 1 FROM n WHERE i < :to)'
const PENDING_JOBS = `${COUNT}
INSERT INTO job (id, queue_id, state, lane, priority, run_at, fence, attempts, crashes, snoozes, created_at, updated_at, file, checksum, payload)
SELECT i, iif(i % ${MAIL_EVERY} = 0, 2, 1), ${PENDING}, ${LANE_OPEN}, 0, :now, 0, 0, 0, 0, :now, :now, 0, :checksum, :payload FROM n`
const FINISHED_JOBS = `${COUNT}
INSERT INTO job (id, queue_id, state, lane, priority, run_at, fence, attempts, crashes, snoozes, created_at, updated_at, file, checksum, reason, payload)
SELECT i, iif(i % ${MAIL_EVERY} = 0, 2, 1), ${STATE}, ${LANE_OPEN}, 0, :now, 1, 1, 0, 0, :now, :now, 0, :checksum,
  iif(i % ${FAILED_EVERY} = 1, ${reasonCode('attempts')}, NULL), :payload FROM n`
const ATTEMPTS = `
INSERT INTO attempt (job_id, fence, attempt, consumer, started_at, finished_at, outcome, run_ms)
SELECT id, fence, attempts, 'bench', updated_at, updated_at, iif(state = ${FAILED}, ${outcomeCode('failed')}, ${outcomeCode('done')}), 1
FROM job WHERE state > ${PENDING} ORDER BY id`
const COUNTERS = `
UPDATE queue SET pending = (SELECT count(*) FROM job WHERE queue_id = queue.id AND state = ${PENDING}),
  done = (SELECT count(*) FROM job WHERE queue_id = queue.id AND state = ${DONE}),
  failed = (SELECT count(*) FROM job WHERE queue_id = queue.id AND state = ${FAILED}),
  cancelled = (SELECT count(*) FROM job WHERE queue_id = queue.id AND state = ${CANCELLED})`

/** Fills an empty database of the engine that nobody has open. */
export function fillBySql(path: string, {pending, finished}: Sizes): void {
  const db = new DatabaseSync(path)
  const now = Date.now() - 60_000
  const payload = Buffer.from(payloadText(0))
  const common = {now, payload, checksum: crc32(payload)}
  // No log while filling: a crash may spoil this file.
  db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -200000; BEGIN')
  db.prepare(QUEUES).run({first: 'default', second: MAIL, now})
  if (finished > 0) db.prepare(FINISHED_JOBS).run({...common, from: 1, to: finished})
  db.prepare(PENDING_JOBS).run({...common, from: finished + 1, to: finished + pending})
  db.exec(`${ATTEMPTS}; ${COUNTERS}; COMMIT; PRAGMA journal_mode = WAL`)
  db.close()
  sync(path)
}

/** Writing it back must not be paid by those who are measured. */
function sync(path: string): void {
  const fd = openSync(path, 'r')
  fsyncSync(fd)
  closeSync(fd)
}
