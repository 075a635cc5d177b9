import {utimesSync} from 'node:fs'
import {after, type CancelTimer, monotonicMs, systemClock} from '../../time.ts'

/** Who commits all the time rings no more often than this: each ring wakes every waiting process. */
const PAUSE_MS = 2

/**
 * Tells the other processes that something was committed, by the times of the log's index: `ChangeWatcher` watches them.
 *
 * The log itself is written before the commit can be seen, for as long as an fsync takes, and Bun swallows the second of two
 * news about one file within a millisecond; so watching it tells too early or not at all. Nothing but this sets the times of
 * the index, for SQLite writes it through memory, and nobody looks at them.
 */
export class Bell {
  readonly #path: string
  #rangAt = Number.NEGATIVE_INFINITY
  #cancelNext: CancelTimer | null = null

  /** @param database the path of the database file */
  constructor(database: string) {
    this.#path = `${database}-shm`
  }

  /** Rings now, or in a moment if it has just rung. */
  ring(): void {
    if (this.#cancelNext !== null) return
    const wait = this.#rangAt + PAUSE_MS - monotonicMs()
    if (wait <= 0) return this.#strike()
    this.#cancelNext = after(wait, () => {
      this.#cancelNext = null
      this.#strike()
    })
  }

  /** Rings what is due. */
  close(): void {
    if (this.#cancelNext === null) return
    this.#cancelNext()
    this.#cancelNext = null
    this.#strike()
  }

  #strike(): void {
    this.#rangAt = monotonicMs()
    const seconds = systemClock.wallNow() / 1000
    try {
      utimesSync(this.#path, seconds, seconds)
    } catch {
      // Not ours, or not there (no log in this file system): the others look once a second anyway.
    }
  }
}
