/** Lets one loop sleep until somebody has something for it. Any number of calls before it looks count as one. */
export class Wakeup {
  #isDue = false
  #wake: (() => void) | null = null

  /** There is something to do. */
  signal(): void {
    this.#isDue = true
    this.#wake?.()
  }

  /** Resolves as soon as `signal` was called since the last time. */
  async wait(): Promise<void> {
    if (!this.#isDue) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
      this.#wake = null
    }
    this.#isDue = false
  }
}
