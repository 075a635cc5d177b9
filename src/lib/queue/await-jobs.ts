import type {Claim, FailReason, FinalState, Job, Requested, State} from '../job.ts'
import type {Storage} from '../storage/storage.ts'
import {monotonicMs} from '../time.ts'
import {Changes} from './changes.ts'
import {jobsById} from './look-up.ts'

/** How long to wait. */
export interface WaitLimits {
  /** `null` = for ever. */
  readonly forMs: number | null
  /** Ends the wait with its reason as the error. */
  readonly signal: AbortSignal
}

/** A job at the end of a wait. `state` is `null` when it does not exist. */
export interface Awaited {
  readonly id: number
  readonly state: State | null
  readonly reason: FailReason | null
}

type Waiting = Pick<Storage, 'find' | 'watch'>

/**
 * Waits until every job has been seen finished or gone.
 * @returns in the order asked, the jobs as they were seen last
 */
export async function untilFinished(
  storage: Waiting,
  ids: readonly number[],
  limits: WaitLimits,
): Promise<{readonly jobs: readonly Awaited[]; readonly timedOut: boolean}> {
  const seen = new Map<number, Awaited>()
  const open = await watchUntilNoneLeft(storage, ids, limits, async left => {
    const jobs = await jobsById(storage, left)
    for (const id of left) seen.set(id, awaited(id, jobs.get(id)))
    return left.filter(id => !isEnd(seen.get(id)?.state ?? null))
  })
  return {jobs: ids.map(id => seen.get(id) ?? awaited(id, undefined)), timedOut: open.length > 0}
}

function awaited(id: number, job: Job | undefined): Awaited {
  return {id, state: job?.state ?? null, reason: job?.reason ?? null}
}

function isEnd(state: State | null): state is FinalState | null {
  return state === null || state === 'done' || state === 'failed' || state === 'cancelled'
}

/** What became of a request: done as asked, too late because the run ended first, or not settled in time. */
export type Settlement =
  | {readonly id: number; readonly kind: 'granted'}
  | {readonly id: number; readonly kind: 'too late'; readonly state: State | null}
  | {readonly id: number; readonly kind: 'open'}

/**
 * Waits until the holders of these claims (or whoever cleans up after them) have settled what was asked.
 * @param requested what was asked
 * @param beforeEachLook called before each look at the jobs, so that what a dead holder left can be settled
 * @returns in the order asked
 */
export async function untilSettled(
  storage: Waiting,
  claims: readonly Claim[],
  requested: Requested,
  limits: WaitLimits & {readonly beforeEachLook: () => Promise<unknown>},
): Promise<readonly Settlement[]> {
  const settled = new Map<number, Settlement>()
  await watchUntilNoneLeft(storage, claims, limits, async left => {
    await limits.beforeEachLook()
    const jobs = await jobsById(storage, left.map(({id}) => id))
    return left.filter(claim => {
      const settlement = settlementOf(claim, jobs.get(claim.id), requested)
      settled.set(claim.id, settlement)
      return settlement.kind === 'open'
    })
  })
  return claims.map(({id}) => settled.get(id) ?? {id, kind: 'open'})
}

function settlementOf({id, fence}: Claim, job: Job | undefined, requested: Requested): Settlement {
  if (job?.state === 'processing' && job.fence === fence) return {id, kind: 'open'}
  const granted = requested === 'cancel' ? job?.state === 'cancelled' : job?.state === 'failed' && job.reason === 'admin'
  return granted ? {id, kind: 'granted'} : {id, kind: 'too late', state: job?.state ?? null}
}

/**
 * Looks at things whenever the store has changed, until none is left or the time is up.
 * @param look gives those that are still left
 * @returns those that were left when the time was up
 */
async function watchUntilNoneLeft<Item>(
  storage: Waiting,
  items: readonly Item[],
  {forMs, signal}: WaitLimits,
  look: (left: readonly Item[]) => Promise<readonly Item[]>,
): Promise<readonly Item[]> {
  const end = monotonicMs() + (forMs ?? Infinity)
  const changes = new Changes(storage)
  try {
    let left = await look(items)
    while (left.length > 0) {
      const remaining = end - monotonicMs()
      if (remaining <= 0) return left
      await changes.next(remaining, signal)
      left = await look(left)
    }
    return left
  } finally {
    changes.stop()
  }
}
