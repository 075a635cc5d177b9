/**
 * How much memory a program takes at most. The figure that the kernel gives at its end is not enough: until its exec a
 * child counts the memory of its parent as its own, and a consumer is larger than most programs. So the program and what it
 * started are looked at while they run; each look tells the highest point until then.
 */
import {readFileSync} from 'node:fs'
import {Blindness, listPids, peakMemoryOf, readStat} from '../process.ts'
import {after, type CancelTimer, monotonicMs} from '../time.ts'

/** The first look; the pauses then grow, because what a program needs it mostly takes at its beginning. */
const FIRST_LOOK_MS = 3
const PAUSE_GROWTH = 2
const LONGEST_PAUSE_MS = 200
/** A kernel that does not list children makes us go through all processes: not for a program of a moment, nor often. */
const SEARCH_FROM_MS = 90
const SEARCH_EVERY_MS = 500
/** On a host with many processes it is done more rarely: at most a hundredth of the time. */
const PAUSE_PER_SEARCH = 100
const MOST_PROCESSES = 64
/** Stands for the session of a process that is gone. */
const NOBODY = -1

export class PeakMemory {
  readonly #pid: number
  readonly #kin: Kin
  readonly #startedAt = monotonicMs()
  #peak: number | null = null
  #cancel: CancelTimer

  /**
   * @param pid the leader of a session of its own that has just been started
   * @param kin tells what it started
   */
  constructor(pid: number, kin = KIN) {
    this.#pid = pid
    this.#kin = kin
    this.#cancel = this.#plan(FIRST_LOOK_MS)
  }

  /**
   * Looks no more.
   * @returns the highest memory that a process of it was seen to take, in bytes; `null` when none was seen
   */
  stop(): number | null {
    this.#cancel()
    return this.#peak
  }

  #plan(pauseMs: number): CancelTimer {
    return after(pauseMs, () => {
      for (const pid of [this.#pid, ...this.#family()]) this.#take(peakMemoryOf(pid))
      this.#cancel = this.#plan(Math.min(LONGEST_PAUSE_MS, pauseMs * PAUSE_GROWTH))
    })
  }

  /** What the program started. */
  #family(): readonly number[] {
    if (this.#kin.childrenAreListed) return descendants(this.#pid)
    return monotonicMs() - this.#startedAt < SEARCH_FROM_MS ? [] : this.#kin.ofSession(this.#pid)
  }

  #take(bytes: number | null): void {
    if (bytes !== null) this.#peak = Math.max(this.#peak ?? 0, bytes)
  }
}

/** The processes that a process started, and those that they started. */
function descendants(pid: number): readonly number[] {
  const found = [pid]
  for (let i = 0; i < found.length && found.length < MOST_PROCESSES; i += 1) found.push(...(childrenOf(found[i] ?? pid) ?? []))
  return found.slice(1)
}

/** @returns `null` when it is gone, or the kernel does not tell */
function childrenOf(pid: number): readonly number[] | null {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').map(Number).filter(child => child > 0)
  } catch {
    return null
  }
}

/** What all runs of this process look up together. */
export class Kin {
  #childrenAreListed: boolean | undefined
  #sessions: ReadonlyMap<number, readonly number[]> = new Map()
  #searchAt = Number.NEGATIVE_INFINITY

  /** @param childrenAreListed whether the kernel lists the children of a process; found out when absent */
  constructor(childrenAreListed?: boolean) {
    this.#childrenAreListed = childrenAreListed
  }

  /** CONFIG_PROC_CHILDREN: most kernels have it, small ones do not. */
  get childrenAreListed(): boolean {
    this.#childrenAreListed ??= childrenOf(process.pid) !== null
    return this.#childrenAreListed
  }

  /** The processes of a session, as they were a moment ago. */
  ofSession(leader: number): readonly number[] {
    const now = monotonicMs()
    if (now >= this.#searchAt) {
      this.#sessions = sessions()
      const tookMs = monotonicMs() - now
      this.#searchAt = now + Math.max(SEARCH_EVERY_MS, PAUSE_PER_SEARCH * tookMs)
    }
    return this.#sessions.get(leader) ?? []
  }
}

const KIN = new Kin()

/** Nobody when nothing can be seen: it is a figure and no more. */
function sessions(): ReadonlyMap<number, readonly number[]> {
  try {
    return Map.groupBy(listPids(), (pid) => readStat(pid)?.session ?? NOBODY)
  } catch (error) {
    if (error instanceof Blindness) return new Map()
    throw error
  }
}
