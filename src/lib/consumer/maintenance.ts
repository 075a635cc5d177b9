/** What every consumer does for all: takes the jobs of the dead, and keeps the store small. */
import {sentence} from '../errors.ts'
import {claimKey} from '../claim-key.ts'
import type {FinalState} from '../job.ts'
import type {SpoolDirectory} from '../output-spool.ts'
import type {Coroner, Queue, Reaped} from '../queue/queue.ts'
import type {Storage} from '../storage/storage.ts'
import {monotonicMs, sleep} from '../time.ts'
import {type Log} from './events.ts'

export interface MaintenanceOptions {
  readonly queue: Pick<Queue, 'reap'>
  readonly storage: Pick<Storage, 'maintain' | 'consumers' | 'held' | 'unregister'>
  readonly coroner: Coroner
  /** Where runs show their output; `null` = nowhere. */
  readonly spools: SpoolDirectory | null
  readonly log: Log
}

/**
 * A dead consumer's jobs are to be back in 2 s. The look is taken when the consumer is awake anyway, which is once a
 * second at least: to wake for it alone would cost more than the look itself. Not more often either: each of a hundred
 * consumers looks at all the others.
 */
const RESCUE_EVERY_MS = 700
const TIDY_EVERY_MS = {least: 45_000, most: 75_000} as const
/** The first tidying: soon, but not all consumers of a host at once. */
const FIRST_TIDY_MS = {least: 1000, most: 15_000} as const
/** Jobs deleted per step, and the pause that lets others write in between. */
const STEP_JOBS = 500
const STEP_PAUSE_MS = 50

export class Maintenance {
  readonly #options: MaintenanceOptions
  #rescuedAt = Number.NEGATIVE_INFINITY
  #isRescuing = false
  #isClosed = false

  constructor(options: MaintenanceOptions) {
    this.#options = options
  }

  /** Tidies up now and then, until the signal. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await sleep(between(FIRST_TIDY_MS), signal)
    while (!signal.aborted) {
      const pause = between(TIDY_EVERY_MS)
      await this.#try('tidying up', pause, () => this.tidy(signal))
      await sleep(pause, signal)
    }
  }

  /** To be called once a second: rescues, unless that was done just now. Never rejects. */
  async rescueNowAndThen(): Promise<void> {
    if (this.#isRescuing || monotonicMs() - this.#rescuedAt < RESCUE_EVERY_MS) return
    this.#isRescuing = true
    this.#rescuedAt = monotonicMs()
    await this.#try('looking for jobs of dead consumers', RESCUE_EVERY_MS, () => this.rescue())
    this.#isRescuing = false
  }

  /** Troubles are told to nobody from now on: the store may be closed under a last try. */
  close(): void {
    this.#isClosed = true
  }

  /** Takes the jobs whose holder is dead or out of time. */
  async rescue(): Promise<readonly Reaped[]> {
    const reaped = await this.#options.queue.reap(this.#options.coroner)
    for (const {claim, queue, cause, transition} of reaped) {
      const {to, reason} = transition
      this.#options.log({kind: 'reaped', id: claim.id, fence: claim.fence, queue, cause, to, reason})
    }
    return reaped
  }

  /**
   * Deletes what is past its time, step by step until nothing is left or the signal comes, and ends the registrations of
   * the dead that hold nothing.
   * @returns how many jobs were deleted
   */
  async tidy(signal?: AbortSignal): Promise<Readonly<Record<FinalState, number>>> {
    await this.#buryTheDead()
    await this.#removeLeftovers()
    const total = {done: 0, failed: 0, cancelled: 0}
    for (let more = true; more && signal?.aborted !== true; ) {
      const step = await this.#options.storage.maintain({limit: STEP_JOBS})
      for (const state of ['done', 'failed', 'cancelled'] as const) total[state] += step.deleted[state]
      more = step.more
      if (more) await sleep(STEP_PAUSE_MS, signal)
    }
    if (total.done + total.failed + total.cancelled > 0) this.#options.log({kind: 'pruned', ...total})
    return total
  }

  async #buryTheDead(): Promise<void> {
    const {storage, coroner, log} = this.#options
    for (const {id, name, process, jobs, endedAt} of await storage.consumers()) {
      if (jobs > 0 || endedAt !== null || coroner.causeOfDeath(process) === null) continue
      await storage.unregister(id)
      log({kind: 'buried', consumer: name})
    }
  }

  /** Output of runs that are over: their consumer was killed between storing the end and removing the file. */
  async #removeLeftovers(): Promise<void> {
    const {storage, spools} = this.#options
    // Listed first: a run that begins after that has no file in the list, and one that ended is not held any more.
    const claims = spools?.claims() ?? []
    if (claims.length === 0) return
    const held = new Set((await storage.held()).map(claimKey))
    for (const claim of claims) if (!held.has(claimKey(claim))) spools?.remove(claim)
  }

  async #try(doing: string, retryInMs: number, duty: () => Promise<unknown>): Promise<void> {
    try {
      await duty()
    } catch (error) {
      if (!this.#isClosed) this.#options.log({kind: 'trouble', doing, error: sentence(error), retryInMs})
    }
  }
}

function between({least, most}: {readonly least: number; readonly most: number}): number {
  return Math.round(least + (most - least) * Math.random())
}
