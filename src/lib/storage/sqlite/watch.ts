import {type FSWatcher, watch} from 'node:fs'
import {after, type CancelTimer, type Clock} from '../../time.ts'
import type {Connection} from './connection.ts'
import {nextDue} from './next-due.ts'

const DATA_VERSION = 'PRAGMA data_version'

/** Bun swallows an event that follows another within about a millisecond: what it was about is seen by another look. */
const SECOND_LOOK_MS = 2

/** News that is not urgent is gathered for so long. */
const GATHER_MS = 100

/** What is further away than this is left to a later poll. */
const SOON_MS = 10_000

type Listener = (error: Error | null) => void

interface Watch {
  readonly isUrgent: () => boolean
  readonly cancelPoll: CancelTimer
}

/**
 * Tells listeners that the store changed: by the `Bell` of whoever committed, confirmed by SQLite's data version, with a slow
 * poll behind it (also for writers that ring no bell); and that the next job has come due. Writes nothing.
 */
export class ChangeWatcher {
  readonly #db: Connection
  readonly #clock: Clock
  readonly #listeners = new Map<Listener, Watch>()
  #file: FSWatcher | null = null
  #version: number | null = null
  #look: CancelTimer | null = null
  #gathering: CancelTimer | null = null
  /** A commit of this process that nobody was told of: SQLite's data version says nothing about those. */
  #hasOwnNews = false
  #cancelDue: CancelTimer | null = null

  constructor(db: Connection, clock: Clock) {
    this.#db = db
    this.#clock = clock
  }

  /**
   * Starts calling `listener` on changes and every `pollMs`.
   * @param isUrgent asked at each change; while nobody says yes a change costs next to nothing: a hundred consumers that are all
   *   busy would otherwise do little but look at each other's commits
   * @returns the function that ends it
   */
  add(listener: Listener, pollMs: number, isUrgent: () => boolean): () => void {
    if (this.#isOver) this.#open()
    const plan = (): void => {
      this.#listeners.set(listener, {isUrgent, cancelPoll: after(pollMs, poll)})
    }
    const poll = (): void => {
      plan()
      this.#poll(listener)
    }
    plan()
    return () => {
      this.#listeners.get(listener)?.cancelPoll()
      this.#listeners.delete(listener)
      if (this.#isOver) this.close()
    }
  }

  /** This process committed something. */
  changedHere(): void {
    if (this.#isOver) return
    if (this.#isUrgent) return this.#tell()
    this.#hasOwnNews = true
    this.#gather()
  }

  /** Ends all watching. */
  close(): void {
    for (const {cancelPoll} of this.#listeners.values()) cancelPoll()
    this.#listeners.clear()
    this.#look?.()
    this.#look = null
    this.#gathering?.()
    this.#gathering = null
    this.#cancelDue?.()
    this.#cancelDue = null
    this.#file?.close()
    this.#file = null
  }

  #open(): void {
    this.#version = this.#dataVersion()
    try {
      // Our own open connection keeps the index in place, so a watch on the file itself lasts.
      this.#file = watch(`${this.#db.path}-shm`, () => this.#stirred())
      this.#file.on('error', () => {})
    } catch {
      // No watching here (inotify limit, odd file system): the poll serves.
    }
  }

  /** Whoever is told may end the watching. No timer may be set after that: it would keep the process from ending. */
  get #isOver(): boolean {
    return this.#listeners.size === 0
  }

  get #isUrgent(): boolean {
    for (const {isUrgent} of this.#listeners.values()) if (isUrgent()) return true
    return false
  }

  /** Somebody rang: tell if a commit is to be seen, and look again in a moment. */
  #stirred(): void {
    if (!this.#isUrgent) return this.#gather()
    if (this.#advanced()) this.#tell()
    this.#look?.()
    this.#look = null
    if (this.#isOver) return
    this.#look = after(SECOND_LOOK_MS, () => {
      this.#look = null
      if (this.#advanced()) this.#tell()
      this.#expect()
    })
  }

  /** Looks once for all that comes until then. */
  #gather(): void {
    if (this.#isOver) return
    this.#gathering ??= after(GATHER_MS, () => {
      this.#gathering = null
      if (this.#advanced() || this.#hasOwnNews) this.#tell()
      this.#expect()
    })
  }

  /** Tells when the next job comes due; if that is not soon, a poll asks again. */
  #expect(): void {
    this.#cancelDue?.()
    this.#cancelDue = null
    if (this.#isOver) return
    const wait = this.#untilDue()
    if (wait === null || wait > SOON_MS) return
    // A timer may be early by a millisecond.
    this.#cancelDue = after(wait + 1, () => {
      this.#cancelDue = null
      this.#tell()
      this.#expect()
    })
  }

  /** In ms; `null` when nothing waits for its time, or it cannot be read just now. */
  #untilDue(): number | null {
    try {
      const now = this.#clock.wallNow()
      const due = nextDue(this.#db, now)
      return due === null ? null : due - now
    } catch {
      return null
    }
  }

  #poll(listener: Listener): void {
    try {
      this.#db.assertSameFile()
    } catch (error) {
      listener(error instanceof Error ? error : new Error(String(error)))
      return
    }
    if (this.#advanced()) this.#tell()
    else listener(null)
    this.#expect()
  }

  #advanced(): boolean {
    const version = this.#dataVersion()
    if (version === null || version === this.#version) return false
    this.#version = version
    return true
  }

  /** `null` when it cannot be read just now. */
  #dataVersion(): number | null {
    try {
      return this.#db.number(DATA_VERSION)
    } catch {
      return null
    }
  }

  #tell(): void {
    this.#hasOwnNews = false
    for (const listener of [...this.#listeners.keys()]) {
      // One that was told before may have ended it.
      if (this.#listeners.has(listener)) listener(null)
    }
  }
}
