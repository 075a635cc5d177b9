import {QctlError} from './errors.ts'
import {sleep} from './time.ts'

/** Told of something that went wrong and may pass; `retryInMs` is `null` when it is not tried again. */
export type OnTrouble = (doing: string, error: unknown, retryInMs: number | null) => void

/** Errors of the storage that say nothing about the next try. */
const PASSING: ReadonlySet<string> = new Set(['busy', 'outcome_unknown', 'unavailable', 'timed_out'])

/** True when a daemon should wait and try again instead of ending. */
export function isPassing(error: unknown): error is QctlError {
  return error instanceof QctlError && PASSING.has(error.code)
}

const FIRST_PAUSE_MS = 100
/** Work goes on within 3 s once the disk has room again. */
const LONGEST_PAUSE_MS = 2500

/** How long to wait between tries that fail: longer each time, with jitter, so that many consumers do not try at once. */
export class RetryPause {
  #tries = 0

  /** The pause before the next try, in ms. */
  next(): number {
    const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#tries)
    this.#tries += 1
    return Math.round(ceiling * (0.5 + Math.random() / 2))
  }

  /** A try has succeeded. */
  reset(): void {
    this.#tries = 0
  }
}

/** How a daemon waits for the store at its start. */
export interface Outlasting {
  /** Ends the waiting. */
  readonly stop: AbortSignal
  readonly onTrouble: OnTrouble
}

/**
 * Tries until it succeeds: a process that its supervisor gives up after some tries would stay away when the trouble is over.
 * @param doing what it is, for the log
 * @throws what does not pass by itself, and after `stop` whatever came last
 */
export async function outlast<T>(doing: string, action: () => Promise<T>, {stop, onTrouble}: Outlasting): Promise<T> {
  const pause = new RetryPause()
  for (;;) {
    try {
      return await action()
    } catch (error) {
      if (!isPassing(error) || stop.aborted) throw error
      const ms = pause.next()
      onTrouble(doing, error, ms)
      await sleep(ms, stop)
    }
  }
}
