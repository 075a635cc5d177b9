import type {Meter} from '../../meter.ts'
import {minuteOf, sumOf} from '../../meter.ts'
import type {MinuteMeter, QueueStats} from '../../stats.ts'
import type {StatsQuery} from '../storage.ts'
import {stampedBy} from './choose.ts'
import type {Connection, Row} from './connection.ts'
import {type KeptMinute, meterOf, minutesSince, totals} from './meters.ts'
import {queueOf, queueRows} from './queues.ts'
import {num} from './rows.ts'
import {waitingIn} from './waiting.ts'

/**
 * The figures of queues: O(queues) rows for each minute asked for, and what waits counted to a bound.
 * All in one read transaction, which ends before this returns.
 */
export function stats(db: Connection, {names, since}: StatsQuery, now: number): readonly QueueStats[] {
  return db.snapshot(() => {
    const ever = totals(db)
    const kept = Map.groupBy(since === null ? [] : minutesSince(db, since), ({queueId}) => queueId)
    return queueRows(db, names).map(row => {
      const id = num(row['id'])
      return statsOf(db, row, {ever: ever.get(id), kept: kept.get(id) ?? [], since: since === null ? null : minuteOf(since), now})
    })
  })
}

interface Counted {
  readonly ever: Meter | undefined
  readonly kept: readonly KeptMinute[]
  readonly since: number | null
  readonly now: number
}

function statsOf(db: Connection, row: Row, {ever, kept, since, now}: Counted): QueueStats {
  const queue = queueOf(row)
  const stamped = stampedBy({lastRunAt: num(row['last_run_at'])}, now)
  const {scheduled, oldestRunAt} = waitingIn(db, num(row['id']), queue.counts.pending, {now, stamped})
  const counting: MinuteMeter = {at: num(row['minute']), meter: meterOf(num(row['added']), row['meter'])}
  const isWanted = since !== null && counting.at >= since && (num(row['added']) > 0 || row['meter'] !== null)
  return {
    ...queue,
    scheduled,
    oldestPendingMs: oldestRunAt === null ? null : Math.max(0, now - oldestRunAt),
    total: sumOf(ever === undefined ? [counting.meter] : [ever, counting.meter]),
    minutes: isWanted ? withCounting(kept, counting) : kept.map(minuteMeter),
  }
}

/** A minute is both kept and counted again after the clock stepped back. */
function withCounting(kept: readonly KeptMinute[], counting: MinuteMeter): readonly MinuteMeter[] {
  const others = kept.filter(({at}) => at !== counting.at)
  const same = kept.filter(({at}) => at === counting.at)
  const minute = {at: counting.at, meter: sumOf([...same, counting].map(({meter}) => meter))}
  return [...others.map(minuteMeter), minute].sort((a, b) => a.at - b.at)
}

function minuteMeter({at, meter}: KeptMinute): MinuteMeter {
  return {at, meter}
}
