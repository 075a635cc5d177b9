import type {FinalState} from '../job.ts'
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
  const total = deleted.done + deleted.failed + deleted.cancelled
  print.result({reaped: jobs, deleted}, () => `${counted(jobs.length, 'job')} taken from consumers that are gone, ${counted(total, 'old job')} deleted`)
}

/**
 * Prints which jobs a pass would take from their holders.
 */
export async function rehearsePass(storage: Pick<Storage, 'held'>, coroner: Coroner, print: Printer): Promise<void> {
  const jobs = (await storage.held()).flatMap(({id, queue, leaseExpired, process}) => {
    const cause = coroner.causeOfDeath(process) ?? (leaseExpired ? 'lease_expired' : null)
    return cause === null ? [] : [{id, queue, cause}]
  })
  print.result({reaped: jobs, deleted: null, dry_run: true}, () => jobs.map(({id, queue, cause}) => `${id} ${queue} ${cause}`))
  print.note(`would take ${counted(jobs.length, 'job')} from consumers that are gone; nothing was changed`)
}
