import {statSync, utimesSync} from 'node:fs'
import {after, type CancelTimer, systemClock} from '../../time.ts'

/** On a busy store it rings no more often than this, whoever commits: each ring wakes every process that waits. */
const PAUSE_MS = 4

/**
 * Tells the other processes that something was committed, by the times of the log's index: `ChangeWatcher` watches them.
 *
 * The log itself is written before the commit can be seen, for as long as an fsync takes, and Bun swallows the second of two
 * news about one file within a millisecond; so watching it tells too early or not at all. Nothing but this sets the times of
 * the index, for SQLite writes it through memory, and nobody looks at them.
 */
export class Bell {
  readonly #path: string
  #cancelNext: CancelTimer | null = null

  /** @param database the path of the database file */
  constructor(database: string) {
    this.#path = `${database}-shm`
  }

  /** Something was committed: rings now, or in a moment if anybody has just rung. */
  ring(): void {
    if (this.#cancelNext !== null) return
    const now = systemClock.wallNow()
    const sinceLast = now - this.#rangAt()
    // Below 0 when the wall clock was set back.
    if (sinceLast < 0 || sinceLast >= PAUSE_MS) return this.#strike()
    this.#cancelNext = after(PAUSE_MS - sinceLast, () => {
      this.#cancelNext = null
      if (this.#rangAt() <= now) this.#strike()
    })
  }

  /** Rings what is due. */
  close(): void {
    if (this.#cancelNext === null) return
    this.#cancelNext()
    this.#cancelNext = null
    this.#strike()
  }

  #rangAt(): number {
    return statSync(this.#path, {throwIfNoEntry: false})?.mtimeMs ?? 0
  }

  #strike(): void {
    const seconds = systemClock.wallNow() / 1000
    try {
      utimesSync(this.#path, seconds, seconds)
    } catch {
      // Not ours, or not there (no log in this file system): the others look once a second anyway.
    }
  }
}
