/**
 * The guard of one consumer, in a process of its own: it kills what the consumer's handlers run when the consumer cannot. It is
 * told of every run and when its lease ends. When a run is due and was neither prolonged nor ended, its consumer is stopped
 * or blocked; when the pipe ends without a `bye`, it is dead. It opens no database and takes no decision about jobs.
 *
 * The pipe ends only when nobody has its other end open: neither the consumer, nor a child of it between fork and exec. So
 * when it ends, every handler there will ever be shows its own environment.
 */
import {read} from 'node:fs'
import {killGroups} from '../process-groups.ts'
import {type Attempt, killSurvivors} from '../survivors.ts'
import {after, type CancelTimer, sleep, systemClock} from '../time.ts'
import {NoticeReader} from './notices.ts'
import {type GuardedRun, Watch} from './watch.ts'

/** Notices are looked at in batches: to wake for every one would take time from the handlers. */
const READ_PAUSE_MS = 25
/** Who wakes so late was stopped itself: what it was told meanwhile is read before it acts. */
const LATE_MS = 250
const CATCH_UP_MS = 2 * READ_PAUSE_MS
/** How long the killing is tried: what cannot be killed by then hangs in the kernel, and the reaper sees to it. */
const KILL_DEADLINE_MS = 10_000
const STDIN = 0

/** Whom a guard serves. */
export interface Ward {
  /** The `processName` of the consumer, which its workers carry. */
  readonly consumer: string
  /** The database as handlers see it; `null` when it is not a file. */
  readonly dbPath: string | null
}

class Guard {
  readonly #ward: Ward
  readonly #watch = new Watch()
  readonly #reader = new NoticeReader(this.#watch)
  #cancelTimer: CancelTimer | null = null
  #wakesAt = Number.POSITIVE_INFINITY
  #killing: Promise<unknown> = Promise.resolve()

  constructor(ward: Ward) {
    this.#ward = ward
  }

  /** Resolves when the consumer has ended and nothing of it is left. */
  async run(): Promise<void> {
    for (;;) {
      const {room} = this.#reader
      const length = await readSome(room)
      if (length === 0) break
      this.#reader.take(length)
      if (this.#watch.saidBye) return this.#close()
      this.#arm()
      if (length < room.length) await sleep(READ_PAUSE_MS)
    }
    this.#close()
    await Promise.all([this.#killing, this.#kill(this.#watch.takeDue(Number.POSITIVE_INFINITY))])
  }

  #close(): void {
    this.#cancelTimer?.()
  }

  /** Wakes when the first run is due, if nothing wakes it sooner. */
  #arm(): void {
    const dueAt = this.#watch.nextDueAt
    if (dueAt >= this.#wakesAt) return
    this.#cancelTimer?.()
    this.#wakesAt = dueAt
    this.#cancelTimer = after(dueAt - systemClock.bootNow(), () => this.#wake(dueAt))
  }

  #wake(dueAt: number): void {
    if (systemClock.bootNow() - dueAt < LATE_MS) this.#look()
    else this.#cancelTimer = after(CATCH_UP_MS, () => this.#look())
  }

  #look(): void {
    this.#wakesAt = Number.POSITIVE_INFINITY
    const due = this.#watch.takeDue(systemClock.bootNow())
    // A worker is given many runs and may be at work on any of them.
    if (due.length > 0) this.#killing = Promise.all([this.#killing, this.#kill(due)])
    this.#arm()
  }

  async #kill(runs: readonly GuardedRun[]): Promise<void> {
    const {dbPath, consumer} = this.#ward
    const attempts: readonly Attempt[] = [...runs, {id: 0, fence: 0, workersOf: consumer}]
    const groups = runs.flatMap(({group}) => group ?? [])
    await Promise.all([
      killGroups(groups, {deadlineMs: KILL_DEADLINE_MS}),
      killSurvivors(attempts, dbPath, {deadlineMs: KILL_DEADLINE_MS}),
    ])
  }
}

/** @returns how many bytes; 0 at the end */
function readSome(room: Uint8Array): Promise<number> {
  return new Promise(resolve => {
    read(STDIN, room, 0, room.length, null, (error, length) => resolve(error === null ? length : 0))
  })
}

/**
 * Guards a consumer until its end. Asks for no signals: those of a terminal do not reach its session, and whoever ends all
 * processes of a service ends the consumer too.
 */
export async function guard(ward: Ward): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  // Nobody is to wait for it when a file system is unmounted.
  process.chdir('/')
  await new Guard(ward).run()
}
