/** Who works: leases, consumers, queues that nobody serves. */
import type {Consumer} from '../job.ts'
import {liveness} from '../process.ts'
import type {QueueStats} from '../stats.ts'
import type {Held, Storage} from '../storage/storage.ts'
import {formatDurationShort} from '../time.ts'
import {type Trend, TREND_WINDOW_MS, trendUnder} from '../trend.ts'
import {type Finding, ok, warn} from './finding.ts'

/** So many of a kind are named. */
const NAMED = 5
/** A dead consumer's jobs are back in 2 s where anybody looks; nobody has for as long as this. */
const RESCUE_MS = 5000

/**
 * Looks at who works on what.
 * @param now the wall clock, UTC ms
 * @returns one finding each for leases and consumers, then those for queues
 * @throws QctlError as the storage does
 */
export async function checkWork(storage: Pick<Storage, 'held' | 'consumers' | 'stats'>, now: number): Promise<readonly Finding[]> {
  const [held, consumers, queues] = await Promise.all([storage.held(), storage.consumers(), storage.stats({since: now - TREND_WINDOW_MS})])
  return [checkLeases(held, now), checkConsumers(consumers, held), ...checkQueues(queues, consumers, now)]
}

/** Jobs in hands that will not bring them back. */
function checkLeases(held: readonly Held[], now: number): Finding {
  const stuck = held.filter(job => (job.leaseExpired || liveness(job.process) === 'dead') && now - job.startedAt > RESCUE_MS)
  if (stuck.length === 0) return ok('leases', held.length === 0 ? 'no job is being processed' : `${counted(held.length, 'job')} being processed, all in live hands`)
  const ids = stuck.slice(0, NAMED).map(({id}) => id).join(', ')
  return warn('leases', `${counted(stuck.length, 'job')} in the hands of nobody (${ids}${stuck.length > NAMED ? ', …' : ''}): no consumer has looked after the dead`, 'qctl reap --once')
}

/** Consumers whose process is gone. */
function checkConsumers(consumers: readonly Consumer[], held: readonly Held[]): Finding {
  const registered = consumers.filter(({endedAt}) => endedAt === null)
  const dead = registered.filter(({process}) => liveness(process) === 'dead')
  if (dead.length === 0) return ok('consumers', registered.length === 0 ? 'no consumer is registered' : `${counted(registered.length, 'consumer')}, none of them dead`)
  const names = dead.slice(0, NAMED).map(({name}) => name).join(', ')
  const jobs = held.filter(({consumerId}) => dead.some(({id}) => id === consumerId)).length
  return warn('consumers', `${counted(dead.length, 'consumer')} died without saying so: ${names}${jobs > 0 ? `; with ${counted(jobs, 'job')}` : ''}`, 'start it again under the same name, and see why it died (its log, dmesg)')
}

/** Queues with jobs that nobody takes, or too few. */
export function checkQueues(queues: readonly QueueStats[], consumers: readonly Consumer[], now: number): readonly Finding[] {
  const waiting = queues.filter(({counts, scheduled}) => counts.pending > scheduled.count || scheduled.isMore)
  const findings = waiting.flatMap(queue => aboutQueue(queue, trendUnder(queue, consumers, now)))
  return findings.length > 0 ? findings : [ok('queues', 'every queue with jobs to do has a consumer')]
}

function aboutQueue(queue: QueueStats, trend: Trend): readonly Finding[] {
  const {name, counts, pausedReason} = queue
  const jobs = counted(counts.pending, 'job')
  if (trend.kind === 'unserved') return [warn('queues', `${jobs} in queue ${name}, the oldest for ${since(queue)}, and no consumer`, `qctl consume -Q ${name} -- COMMAND`)]
  if (trend.kind === 'paused') {
    const reason = pausedReason === null ? '' : ` (${pausedReason})`
    return [warn('queues', `queue ${name} is paused${reason} with ${jobs}, the oldest for ${since(queue)}`, `qctl queues resume ${name}`)]
  }
  if (trend.kind !== 'grows') return []
  const gain = Math.ceil(trend.inRate - trend.outRate)
  return [warn('queues', `queue ${name} grows by ${counted(gain, 'job')} a minute, the oldest waits for ${since(queue)}`, `qctl consume -Q ${name} -- COMMAND, in more processes or with a larger -c`)]
}

function since({oldestPendingMs}: QueueStats): string {
  return formatDurationShort(oldestPendingMs ?? 0)
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
