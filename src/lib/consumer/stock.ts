/**
 * Jobs claimed a moment ahead of their slots. When runs are over in milliseconds, a consumer that claims one job as one ends does
 * little but commit. Then it claims some more than it has slots, starts the next as soon as one ends, and the ends of several
 * share a commit with the next claim: twice as many programs that end at once are run by that.
 */
import {after, type CancelTimer, monotonicMs} from '../time.ts'
import type {Lease} from '../job.ts'

/** Runs are short if they last no longer than this on average: a moving one, which counts the last run for a fifth. */
const SHORT_MS = 10
const WEIGHT = 0.2
/** Before anything is known: eighteen short runs change that. */
const UNKNOWN_MS = 500
/** As many wait as are run within this time, so that none waits long, whether runs are shorter or the host is busy. */
const AHEAD_MS = 20
/** With the slots; more of these share their commits anyway. */
const MOST = 32
/** A job that waits for longer is given back: somebody else may have a free slot for it. */
const LONGEST_WAIT_MS = 100

export class Stock {
  readonly #slots: number
  readonly #onGivenBack: (lease: Lease) => void
  #waiting: {readonly lease: Lease; readonly since: number}[] = []
  #averageMs = UNKNOWN_MS
  #cancelTimer: CancelTimer | null = null

  /**
   * @param slots how many jobs run at once
   * @param onGivenBack called with those that are not to wait any longer
   */
  constructor(slots: number, onGivenBack: (lease: Lease) => void) {
    this.#slots = slots
    this.#onGivenBack = onGivenBack
  }

  get size(): number {
    return this.#waiting.length
  }

  /** How many jobs may wait here. */
  get limit(): number {
    if (this.#averageMs > SHORT_MS) return 0
    const soon = Math.round((this.#slots * AHEAD_MS) / Math.max(1, this.#averageMs))
    return Math.max(0, Math.min(soon, MOST - this.#slots))
  }

  /** True when this very claim waits here. */
  has({id, fence}: {readonly id: number; readonly fence: number}): boolean {
    return this.#waiting.some(({lease}) => lease.id === id && lease.fence === fence)
  }

  add(lease: Lease): void {
    this.#waiting.push({lease, since: monotonicMs()})
  }

  /** The one that waits longest, if it has not waited too long. */
  take(): Lease | undefined {
    this.#giveBackBefore(monotonicMs() - LONGEST_WAIT_MS)
    return this.#waiting.shift()?.lease
  }

  /** To be called when as many as possible were taken: those that stay are given back in time. */
  watch(): void {
    const [first] = this.#waiting
    if (first === undefined || this.#cancelTimer !== null) return
    this.#cancelTimer = after(first.since + LONGEST_WAIT_MS + 1 - monotonicMs(), () => {
      this.#cancelTimer = null
      this.#giveBackBefore(monotonicMs() - LONGEST_WAIT_MS)
      this.watch()
    })
  }

  /** Gives everything back. */
  empty(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#giveBackBefore(Number.POSITIVE_INFINITY)
  }

  /** Learns how long runs take. */
  ended(runMs: number | null): void {
    if (runMs !== null) this.#averageMs += (runMs - this.#averageMs) * WEIGHT
  }

  #giveBackBefore(moment: number): void {
    const count = this.#waiting.findIndex(({since}) => since > moment)
    const back = this.#waiting.splice(0, count < 0 ? this.#waiting.length : count)
    // They would not have had to wait if runs were short.
    if (back.length > 0) this.#averageMs = UNKNOWN_MS
    for (const {lease} of back) this.#onGivenBack(lease)
  }
}
