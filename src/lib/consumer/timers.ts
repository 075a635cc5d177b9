import {after, type CancelTimer} from '../time.ts'

/** Timers that end together. */
export class Timers {
  readonly #running = new Set<CancelTimer>()

  /** Runs an action once, in `ms`. */
  later(ms: number, action: () => void): void {
    const cancel = after(ms, () => {
      this.#running.delete(cancel)
      action()
    })
    this.#running.add(cancel)
  }

  /** Runs nothing any more. */
  close(): void {
    for (const cancel of this.#running) cancel()
    this.#running.clear()
  }
}
