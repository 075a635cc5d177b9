import type {FinalState} from '../job.ts'
import {and} from '../queue/filter.ts'
import {pages} from '../queue/look-up.ts'
import type {Coroner, Reaped} from '../queue/queue.ts'
import type {Storage} from '../storage/storage.ts'
import {counted} from './counted.ts'
import {CREATE_FLAGS, DRY_RUN_FLAGS, type FlagTable, settingFlag} from './flags.ts'
import type {Printer} from './print.ts'
import {parseSpan} from './values.ts'

/** For `reap`. */
export const REAP_FLAGS = {
  once: {kind: 'switch', summary: 'one pass, then end', exclusive: ['every']},
  every: {kind: 'value', shape: 'DURATION', parse: parseSpan, summary: 'how often [default: 1s]'},
  'log-format': settingFlag('logFormat'),
  ...CREATE_FLAGS,
  ...DRY_RUN_FLAGS,
} as const satisfies FlagTable

/** A dead consumer's jobs are to be back in 2 s. */
export const DEFAULT_REAP_EVERY_MS = 1000

/** What one pass did. */
export interface Pass {
  readonly reaped: readonly Reaped[]
  readonly deleted: Readonly<Record<FinalState, number>>
}

/** Prints what one pass did. */
export function printPass({reaped, deleted}: Pass, print: Printer): void {
  const jobs = reaped.map(({claim, queue, cause, transition}) => {
    return {id: claim.id, queue, cause, to: transition.to, reason: transition.reason}
  })
  print.result({reaped: jobs, deleted, dry_run: false}, () => `${counted(jobs.length, 'job')} taken from consumers that are gone, ${counted(sumOf(deleted), 'old job')} deleted`)
}

function sumOf({done, failed, cancelled}: Pass['deleted']): number {
  return done + failed + cancelled
}

/** How many finished jobs are past the retention of their queue. */
async function pastRetention(storage: Pick<Storage, 'find' | 'queues'>, now: number): Promise<Pass['deleted']> {
  const counts = {done: 0, failed: 0, cancelled: 0}
  for (const {name, settings: {retention}} of await storage.queues()) {
    for (const [state, keepMs] of [['done', retention.doneMs], ['failed', retention.failedMs], ['cancelled', retention.cancelledMs]] as const) {
      if (keepMs === null) continue
      const old = and({kind: 'text', field: 'queue', op: 'in', values: [name]}, {kind: 'state', states: [state]}, {kind: 'number', field: 'updated', op: '<', value: now - keepMs})
      for await (const jobs of pages(storage, old)) counts[state] += jobs.length
    }
  }
  return counts
}

/**
 * Prints which jobs a pass would take from their holders, and how many it would delete.
 * @param now UTC ms
 */
export async function rehearsePass(storage: Pick<Storage, 'held' | 'find' | 'queues'>, coroner: Coroner, {print, now}: {readonly print: Printer; readonly now: number}): Promise<void> {
  const jobs = (await storage.held()).flatMap(({id, queue, leaseExpired, process}) => {
    const cause = coroner.causeOfDeath(process) ?? (leaseExpired ? 'lease_expired' : null)
    return cause === null ? [] : [{id, queue, cause}]
  })
  const deleted = await pastRetention(storage, now)
  print.result({reaped: jobs, deleted, dry_run: true}, () => jobs.map(({id, queue, cause}) => `${id} ${queue} ${cause}`))
  print.note(`would take ${counted(jobs.length, 'job')} from consumers that are gone and delete ${counted(sumOf(deleted), 'old job')}; nothing was changed`)
}
