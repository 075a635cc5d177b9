import {claimKey} from '../claim-key.ts'
import {type Attempt, killSurvivors} from '../survivors.ts'
import {sleep} from '../time.ts'

/** How long the killing is tried, and the pause when something cannot be killed. */
const DEADLINE_MS = 1000
const PAUSE_MS = 1000

interface Waiting {
  readonly claim: Attempt
  readonly resolve: () => void
}

/**
 * Sees to it that nothing of a run is left, also what escaped its process group (`setsid`): that is found by its
 * environment. A look goes through all processes of the host, so runs that end meanwhile share the next one.
 */
export class Sweeper {
  readonly #dbPath: string | null
  #waiting: Waiting[] = []
  #isSweeping = false

  /** @param dbPath the database as handlers see it */
  constructor(dbPath: string | null) {
    this.#dbPath = dbPath
  }

  /** Resolves when no process of this run lives. As long as one cannot be killed, it does not. */
  sweep(claim: Attempt): Promise<void> {
    const {promise, resolve} = Promise.withResolvers<void>()
    this.#waiting.push({claim, resolve})
    if (!this.#isSweeping) void this.#sweepAll()
    return promise
  }

  async #sweepAll(): Promise<void> {
    this.#isSweeping = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      const alive = await killSurvivors(batch.map(({claim}) => claim), this.#dbPath, {deadlineMs: DEADLINE_MS})
      for (const waiting of batch) {
        if (alive.has(claimKey(waiting.claim))) this.#waiting.push(waiting)
        else waiting.resolve()
      }
      if (alive.size > 0) await sleep(PAUSE_MS)
    }
    this.#isSweeping = false
  }
}
