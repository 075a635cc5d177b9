/** What every consumer does for all: takes the jobs of the dead, and keeps the store small. */
import type {FinalState} from '../job.ts'
import type {Coroner, Queue, Reaped} from '../queue/queue.ts'
import type {Storage} from '../storage/storage.ts'
import {sleep} from '../time.ts'
import {type Log, sentence} from './events.ts'

export interface MaintenanceOptions {
  readonly queue: Pick<Queue, 'reap'>
  readonly storage: Pick<Storage, 'maintain' | 'consumers' | 'unregister'>
  readonly coroner: Coroner
  readonly log: Log
}

/** A dead consumer's jobs are to be back in 2 s; a look costs one read. */
const RESCUE_EVERY_MS = {least: 500, most: 1000} as const
const TIDY_EVERY_MS = {least: 45_000, most: 75_000} as const
/** The first tidying: soon, but not all consumers of a host at once. */
const FIRST_TIDY_MS = {least: 1000, most: 15_000} as const
/** Jobs deleted per step, and the pause that lets others write in between. */
const STEP_JOBS = 500
const STEP_PAUSE_MS = 50

export class Maintenance {
  readonly #options: MaintenanceOptions

  constructor(options: MaintenanceOptions) {
    this.#options = options
  }

  /** Does its duties until the signal; troubles are logged and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#rescueNowAndThen(signal), this.#tidyNowAndThen(signal)])
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

  async #rescueNowAndThen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pause = between(RESCUE_EVERY_MS)
      await this.#try('looking for jobs of dead consumers', pause, signal, () => this.rescue())
      await sleep(pause, signal)
    }
  }

  async #tidyNowAndThen(signal: AbortSignal): Promise<void> {
    await sleep(between(FIRST_TIDY_MS), signal)
    while (!signal.aborted) {
      const pause = between(TIDY_EVERY_MS)
      await this.#try('tidying up', pause, signal, () => this.tidy(signal))
      await sleep(pause, signal)
    }
  }

  async #try(doing: string, retryInMs: number, signal: AbortSignal, duty: () => Promise<unknown>): Promise<void> {
    try {
      await duty()
    } catch (error) {
      // Nobody waits for the last try, so the store may be closed under it.
      if (signal.aborted) return
      this.#options.log({kind: 'trouble', doing, error: sentence(error), retryInMs})
    }
  }
}

function between({least, most}: {readonly least: number; readonly most: number}): number {
  return Math.round(least + (most - least) * Math.random())
}
