import {readFileSync} from 'node:fs'
import {monotonicMs} from '../time.ts'

/** The count is read no more often than this when runs begin. */
const FRESH_MS = 1000

/**
 * Tells whether the kernel killed something for want of memory while a run went on, by the kernel's own count for the whole host. With
 * a KILL that nobody here has sent that is as much as can be known.
 */
export class OomWitness {
  #kills = 0
  #readAt = Number.NEGATIVE_INFINITY

  /** The count when a run begins, to be compared when it ends. */
  begin(): number {
    const now = monotonicMs()
    if (now - this.#readAt < FRESH_MS) return this.#kills
    this.#readAt = now
    this.#kills = readKills()
    return this.#kills
  }

  /** @param kills the count when the run began */
  hasSeenKillSince(kills: number): boolean {
    return readKills() > kills
  }
}

function readKills(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'latin1'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
