/**
 * How soon a consumer looks again for jobs that were not there. On a busy store every commit wakes every consumer that has room: if each looked
 * at once, they would fight for single jobs and hold up those who add them. Instead what comes meanwhile is claimed together.
 */
import {after, type CancelTimer, monotonicMs} from '../time.ts'

/** One look that found too little is no sign of a busy store; another so soon after it is. */
const SOON_MS = 15
/** With jitter, so that consumers woken together do not come together. */
const PAUSE_MS = 10
const LONGEST_PAUSE_MS = 50

export class Pace {
  readonly #onOver: () => void
  #cancel: CancelTimer | null = null
  #foundTooFewAt = Number.NEGATIVE_INFINITY
  /** Somebody wanted to look meanwhile. */
  #isAwaited = false

  /** @param onOver called when the time has come for a look that was put off */
  constructor(onOver: () => void) {
    this.#onOver = onOver
  }

  /** Puts off a look that is wanted too soon after one that found less than was wanted. To ask is to want it: then it is made up for. */
  delays(): boolean {
    this.#isAwaited = this.#cancel !== null
    return this.#isAwaited
  }

  /**
   * A look found less than was wanted: the next one is put off if the last one did, too.
   * @param tookMs how long it took: on a busy store longer, so that one is left in peace longer
   */
  foundTooFew(tookMs: number): void {
    if (this.#cancel !== null) return
    const now = monotonicMs()
    const isBusy = now - this.#foundTooFewAt < SOON_MS
    this.#foundTooFewAt = now
    if (!isBusy) return
    this.#cancel = after((1 + Math.random()) * Math.min(LONGEST_PAUSE_MS, Math.max(PAUSE_MS, tookMs)), () => {
      this.#cancel = null
      this.#foundTooFewAt = monotonicMs()
      if (!this.#isAwaited) return
      this.#isAwaited = false
      this.#onOver()
    })
  }

  /** Leaves no timer behind. */
  close(): void {
    this.#cancel?.()
  }
}
