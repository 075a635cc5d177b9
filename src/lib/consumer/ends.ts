/** The ends of attempts on their way into the store: stored together, tried again until the lease is over. */
import type {Claim, Lease} from '../job.ts'
import type {RunEnd} from '../outcome.ts'
import type {Queue, Settlement} from '../queue/queue.ts'
import {after, type CancelTimer, type Clock} from '../time.ts'
import {RetryPause, type OnTrouble} from '../passing.ts'

/** The end of one attempt. */
export interface Finished {
  readonly lease: Lease
  readonly end: RunEnd
  /** When the lease ends, on the boot clock: after that somebody else sees to the job. */
  readonly leaseEndsAt: number
  /** True when it was never started. */
  readonly wasGivenBack?: boolean
}

/** The end of a job is not kept from its users for longer than this so that others share its commit. */
const LONGEST_WAIT_FOR_COMPANY_MS = 10

export interface EndsOptions {
  readonly queue: Pick<Queue, 'settle'>
  readonly clock: Clock
  readonly onSettled: (finished: Finished, settlement: Settlement) => void
  /** Given up: the lease has ended. */
  readonly onExpired: (finished: Finished, error: unknown) => void
  readonly onTrouble: OnTrouble
  /** There is something to be taken. */
  readonly onDue: () => void
}

export class Ends {
  readonly #options: EndsOptions
  readonly #pause = new RetryPause()
  #due: Finished[] = []
  /** Failed before and waiting for another try. */
  #waiting: Finished[] = []
  /** Tried again one by one, so that one that can never be stored does not keep back the others. What failed may have been stored all the same. */
  readonly #single = new Set<Finished>()
  #cancelRetry: CancelTimer | null = null
  /** Runs from the first of those that are due. */
  #cancelWait: CancelTimer | null = null
  #haveWaited = false

  constructor(options: EndsOptions) {
    this.#options = options
  }

  /** How many are not stored yet, beside those that are being stored. */
  get count(): number {
    return this.#due.length + this.#waiting.length
  }

  /** True when one of those that can be stored now has waited for company for as long as it may. */
  get haveWaited(): boolean {
    return this.#haveWaited
  }

  /** How many failed and wait: their jobs are held although nothing of them runs. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** True when the end of this claim is known but not stored. */
  has(claim: Claim): boolean {
    return [...this.#due, ...this.#waiting].some(({lease}) => lease.id === claim.id && lease.fence === claim.fence)
  }

  add(finished: Finished): void {
    this.#makeDue([finished])
  }

  /** Takes all that can be stored now. */
  take(): readonly Finished[] {
    const due = this.#due
    this.#due = []
    this.#stopWaiting()
    return due
  }

  /**
   * Stores what was taken. The call into the queue is made before this returns, so that a claim made right after it
   * shares the commit. Never rejects.
   */
  async settle(batch: readonly Finished[]): Promise<void> {
    const together = batch.filter(finished => !this.#single.has(finished))
    const single = batch.filter(finished => this.#single.has(finished))
    await Promise.all([...(together.length > 0 ? [together] : []), ...single.map(one => [one])].map(part => this.#store(part)))
  }

  /** Forgets everything and tries nothing again. */
  close(): void {
    this.#due = []
    this.#waiting = []
    this.#cancelRetry?.()
    this.#stopWaiting()
  }

  #makeDue(ends: readonly Finished[]): void {
    this.#due.push(...ends)
    this.#options.onDue()
    this.#cancelWait ??= after(LONGEST_WAIT_FOR_COMPANY_MS, () => {
      this.#haveWaited = true
      this.#options.onDue()
    })
  }

  #stopWaiting(): void {
    this.#cancelWait?.()
    this.#cancelWait = null
    this.#haveWaited = false
  }

  async #store(batch: readonly Finished[]): Promise<void> {
    let settlements: readonly Settlement[]
    try {
      settlements = await this.#options.queue.settle(batch.map(finished => (this.#single.has(finished) ? {...finished, again: true} : finished)))
    } catch (error) {
      return this.#postpone(batch, error)
    }
    this.#pause.reset()
    for (const [i, finished] of batch.entries()) {
      this.#single.delete(finished)
      this.#options.onSettled(finished, settlements[i] ?? {kind: 'lost'})
    }
  }

  #postpone(batch: readonly Finished[], error: unknown): void {
    const now = this.#options.clock.bootNow()
    for (const finished of batch) {
      if (now < finished.leaseEndsAt) {
        this.#single.add(finished)
        this.#waiting.push(finished)
      } else {
        this.#single.delete(finished)
        this.#options.onExpired(finished, error)
      }
    }
    if (this.#waiting.length === 0 || this.#cancelRetry !== null) return
    const pause = this.#pause.next()
    this.#options.onTrouble('storing the ends of jobs', error, pause)
    this.#cancelRetry = after(pause, () => this.#retry())
  }

  #retry(): void {
    this.#cancelRetry = null
    const waiting = this.#waiting
    this.#waiting = []
    this.#makeDue(waiting)
  }
}
