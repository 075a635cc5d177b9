/** Notices what others want of the jobs that are running here: cancel or fail them, or that they are ours no more. */
import {claimKey} from '../claim-key.ts'
import type {Claim, Requested} from '../job.ts'
import type {Storage} from '../storage/storage.ts'
import {after, type CancelTimer, monotonicMs} from '../time.ts'
import type {Attempt} from './attempt.ts'
import {isPassing, type OnTrouble} from '../passing.ts'

export interface RequestsOptions {
  readonly storage: Pick<Storage, 'held'>
  readonly consumerId: number
  /** The attempts that run now, by their leases. */
  readonly running: ReadonlyMap<Claim, Attempt>
  readonly onRequested: (attempt: Attempt, requested: Requested) => void
  readonly onLost: (attempt: Attempt) => void
  readonly onTrouble: OnTrouble
}

/** However often the store changes, it is asked no more often than this, and for no more than a hundredth of the time. */
const INTERVAL_MS = 100
const LONGEST_INTERVAL_MS = 700
const PAUSE_PER_LOOK = 100

export class Requests {
  readonly #options: RequestsOptions
  #cancelLook: CancelTimer | null = null
  #isLooking = false
  #intervalMs = INTERVAL_MS

  constructor(options: RequestsOptions) {
    this.#options = options
  }

  /** The store has changed: looks soon, if anything runs. */
  poke(): void {
    if (this.#cancelLook !== null || this.#options.running.size === 0) return
    this.#cancelLook = after(this.#intervalMs, () => {
      this.#cancelLook = null
      void this.#look()
    })
  }

  close(): void {
    this.#cancelLook?.()
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    const begin = monotonicMs()
    try {
      await this.#compare()
    } catch (error) {
      // The next change or poll of the store asks again.
      if (!isPassing(error)) this.#options.onTrouble('looking for requests', error, null)
    } finally {
      this.#isLooking = false
      this.#intervalMs = Math.min(LONGEST_INTERVAL_MS, Math.max(INTERVAL_MS, PAUSE_PER_LOOK * (monotonicMs() - begin)))
    }
  }

  async #compare(): Promise<void> {
    const {storage, consumerId, running, onRequested, onLost} = this.#options
    // Only what ran before the question was asked can be judged by the answer.
    const attempts = [...running.values()]
    if (attempts.length === 0) return
    const held = new Map((await storage.held({consumerId})).map(job => [claimKey(job), job]))
    for (const attempt of attempts) {
      const job = held.get(claimKey(attempt.lease))
      if (!running.has(attempt.lease) || attempt.isLost) continue
      if (job === undefined) onLost(attempt)
      else if (job.requested !== null) onRequested(attempt, job.requested)
    }
  }
}
