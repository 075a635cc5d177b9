/** What supervisord knows of its processes, joined with what the queue knows of its consumers. */
import type {Consumer, Queue} from '../job.ts'
import {liveness} from '../process.ts'
import {fullName, type Supervised} from './client.ts'
import {lastComplaint, type PastLife} from './log-files.ts'

/** One process, as its supervisor and the queue see it. */
export interface ProcessStatus extends Supervised {
  readonly fullName: string
  readonly restarts: number
  /** Why it does not run, when it should, or runs and has nothing to do: one line. */
  readonly why: string | null
  /** Its registration; `null` = it is no consumer, or not yet. */
  readonly consumer: Consumer | null
}

/** What the queue knows. */
export interface QueueSide {
  readonly consumers: readonly Consumer[]
  readonly queues: readonly Pick<Queue, 'name' | 'paused' | 'pausedReason'>[]
}

/** Joins both by the pid, which supervisord and the consumer itself agree on. */
export function statusOf(processes: readonly Supervised[], {consumers, queues}: QueueSide, lives: ReadonlyMap<string, PastLife>): readonly ProcessStatus[] {
  const local = consumers.filter(({process}) => liveness(process) !== 'dead')
  return processes.map(process => {
    const life = lives.get(process.name)
    const consumer = process.pid === null ? null : (local.find(one => one.process.pid === process.pid) ?? null)
    const restarts = Math.max(0, life?.restarts ?? 0)
    return {...process, fullName: fullName(process), restarts, exitStatus: exitStatusOf(process, life), why: whyNot(process, life) ?? whyIdle(consumer, queues), consumer}
  })
}

function exitStatusOf({pid, exitStatus}: Supervised, life: PastLife | undefined): number | null {
  if (pid !== null || exitStatus !== null) return exitStatus
  const [, told] = /^exit status (\d+)$/.exec(life?.lastFailure ?? '') ?? []
  return told === undefined ? null : Number(told)
}

function whyNot({state, log, spawnError}: Supervised, life: PastLife | undefined): string | null {
  if (state !== 'FATAL' && state !== 'BACKOFF') return null
  return lastComplaint(log) ?? life?.lastFailure ?? spawnError
}

/** A handler that cannot be run pauses its queue, and its consumer goes on as if nothing were to be done. */
function whyIdle(consumer: Consumer | null, queues: QueueSide['queues']): string | null {
  const paused = queues.filter(({name, paused}) => paused && consumer?.queues.includes(name) === true)
  return paused.length === 0 ? null : paused.map(({name, pausedReason}) => `queue ${name} is paused${pausedReason === null ? '' : `: ${pausedReason}`}`).join('; ')
}

/** Those that are wanted, and those that run or should and are not. */
export function shownProcesses(all: readonly Supervised[], wanted: readonly Supervised[]): readonly Supervised[] {
  const names = new Set(wanted.map(fullName))
  return all.filter(process => names.has(fullName(process)) || process.pid !== null || process.state === 'FATAL' || process.state === 'BACKOFF')
}
