import {claimKey} from '../../claim-key.ts'
import type {Claim, ProcessIdentity} from '../../job.ts'
import type {Extension, Held} from '../storage.ts'
import type {Connection, Row} from './connection.ts'
import {boundViewpoint, expired, type Viewpoint} from './machines.ts'
import {num, numOrNull, text, textOrNull} from './rows.ts'
import type {Transaction} from './transaction.ts'

/** ?1 ids with one fence, ?2 the fence, ?3 the new end, ?4 now, ?5 the boot both are measured in, ?6 how long. */
const EXTEND = `
UPDATE lease SET until = ?3, lease_ms = ?6, bereft = 0
WHERE job_id IN (SELECT id FROM job WHERE id IN (SELECT value FROM json_each(?1)) AND fence = ?2) AND until > ?4
  AND consumer_id IN (SELECT id FROM consumer WHERE boot_id = ?5)
RETURNING job_id, consumer_id`
/** ?1 pairs of id and progress: only of leases that were prolonged in this transaction. */
const REPORT = `
UPDATE job SET progress = r.value ->> 1 FROM json_each(?1) r WHERE job.id = r.value ->> 0`

const HELD = `
SELECT l.job_id, j.fence, q.name AS queue, j.attempts, j.crashes, j.snoozes, j.max_attempts, l.requested, l.started_at,
  ${expired(['?1', '?2', '?3', '?4'])} AS expired, l.bereft, c.id AS consumer_id, c.name AS consumer,
  c.pid, c.start_time, c.boot_id, c.pid_namespace, c.host, c.machine_id
FROM lease l JOIN job j ON j.id = l.job_id JOIN queue q ON q.id = j.queue_id JOIN consumer c ON c.id = l.consumer_id`
const HELD_BY_ALL = `${HELD} ORDER BY l.started_at, l.job_id`
const HELD_BY_ONE = `${HELD} WHERE l.consumer_id = ?5 ORDER BY l.started_at, l.job_id`

const EXTENDED = 'UPDATE consumer SET extended_at = ? WHERE id = ?'

/**
 * Prolongs leases that still hold, and stores what their runs report.
 * @returns the claims that do not
 */
export function extend(tx: Transaction, extensions: readonly Extension[], leaseMs: number): readonly Claim[] {
  const extended = new Set<string>()
  const holders = new Set<number>()
  for (const [fence, group] of Map.groupBy(extensions, claim => claim.fence)) {
    const ids = JSON.stringify(group.map(({id}) => id))
    const rows = tx.db.tuples(EXTEND, ids, fence, tx.bootNow + leaseMs, tx.bootNow, tx.bootId, leaseMs)
    for (const [id, consumer] of rows) {
      extended.add(claimKey({id: num(id), fence}))
      holders.add(num(consumer))
    }
  }
  for (const holder of holders) tx.db.run(EXTENDED, tx.now, holder)
  const isExtended = (claim: Claim): boolean => extended.has(claimKey(claim))
  const reports = extensions.flatMap(one => (one.progress != null && isExtended(one) ? [[one.id, one.progress]] : []))
  if (reports.length > 0) tx.db.run(REPORT, JSON.stringify(reports))
  return extensions.filter(one => !isExtended(one))
}

/** The jobs being processed, oldest claim first. */
export function held(db: Connection, view: Viewpoint, consumerId: number | undefined): readonly Held[] {
  const bound = boundViewpoint(view)
  const rows = consumerId === undefined ? db.all(HELD_BY_ALL, ...bound) : db.all(HELD_BY_ONE, ...bound, consumerId)
  return rows.map(heldRow)
}

function heldRow(row: Row): Held {
  const requested = row['requested']
  return {
    id: num(row['job_id']),
    fence: num(row['fence']),
    queue: text(row['queue']),
    attempt: num(row['attempts']),
    crashes: num(row['crashes']),
    snoozes: num(row['snoozes']),
    maxAttempts: numOrNull(row['max_attempts']),
    requested: requested === 'cancel' || requested === 'fail' ? requested : null,
    startedAt: num(row['started_at']),
    leaseExpired: row['expired'] === 1,
    bereft: row['bereft'] === 1,
    consumerId: num(row['consumer_id']),
    consumer: text(row['consumer']),
    process: processOf(row),
  }
}

/** The process columns of a consumer row. */
export function processOf(row: Row): ProcessIdentity {
  return {
    pid: num(row['pid']),
    startTime: textOrNull(row['start_time']),
    bootId: text(row['boot_id']),
    pidNamespace: text(row['pid_namespace']),
    host: text(row['host']),
    machineId: text(row['machine_id']),
  }
}
