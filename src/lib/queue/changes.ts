import type {Storage} from '../storage/storage.ts'
import {sleep} from '../time.ts'

/** How often to look when nothing tells of a change. */
const POLL_MS = 500
/** A store that changes all the time is not looked at all the time. */
const PAUSE_MS = 20

/** Waits for a store to change. */
export class Changes {
  readonly #unwatch: () => void
  #news = new AbortController()
  #error: Error | null = null

  constructor(storage: Pick<Storage, 'watch'>) {
    this.#unwatch = storage.watch(error => {
      this.#error ??= error
      this.#news.abort()
    }, POLL_MS)
  }

  /**
   * Waits until the store has changed since the last call, and not longer than `ms` or until the signal is aborted.
   * @throws Error when the store is gone; the signal's reason when it is aborted
   */
  async next(ms: number, signal: AbortSignal): Promise<void> {
    await sleep(Math.min(PAUSE_MS, ms), signal)
    await sleep(Math.min(POLL_MS, ms), AbortSignal.any([this.#news.signal, signal]))
    this.#news = new AbortController()
    signal.throwIfAborted()
    if (this.#error !== null) throw this.#error
  }

  /** Ends watching. */
  stop(): void {
    this.#unwatch()
  }
}
