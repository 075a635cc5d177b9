/**
 * How soon a consumer looks again for jobs that were not there. On a busy store every commit wakes every consumer: if each looked
 * at once, they would fight for single jobs and hold up those who add them. Instead what comes meanwhile is claimed together.
 */
import {after, type CancelTimer} from '../time.ts'

/** With jitter, so that consumers woken together do not come together. */
const PAUSE_MS = 10
const LONGEST_PAUSE_MS = 50

export class Pace {
  readonly #onOver: () => void
  #cancel: CancelTimer | null = null

  /** @param onOver called when a look is worth while again */
  constructor(onOver: () => void) {
    this.#onOver = onOver
  }

  /** True for a moment after a look that found less than was wanted. */
  get isTooSoon(): boolean {
    return this.#cancel !== null
  }

  /**
   * A look found less than was wanted.
   * @param tookMs how long it took: on a busy store longer, so that one is left in peace longer
   */
  foundTooFew(tookMs: number): void {
    if (this.#cancel !== null) return
    this.#cancel = after((1 + Math.random()) * Math.min(LONGEST_PAUSE_MS, Math.max(PAUSE_MS, tookMs)), () => {
      this.#cancel = null
      this.#onOver()
    })
  }

  /** Leaves no timer behind. */
  close(): void {
    this.#cancel?.()
  }
}
