/** The handlers that run in a simulated world, whoever started them and whether or not he lives. */
import {claimKey} from '../../src/lib/claim-key.ts'
import type {Claim} from '../../src/lib/job.ts'
import type {Life} from './life.ts'
import type {VirtualTime} from './virtual-time.ts'

/** One run of a handler: a process of its own, which may outlive the one that started it. */
export class Run {
  readonly claim: Claim
  /** Resolves, for a consumer that lives to see it, when somebody killed the handler. */
  readonly killed: Promise<void>
  readonly tellKilled: () => void
  /** Until then not even SIGKILL ends it: it hangs in the kernel. */
  hangsUntilMs = 0

  constructor(claim: Claim) {
    const {promise, resolve} = Promise.withResolvers<void>()
    this.claim = claim
    this.killed = promise
    this.tellKilled = resolve
  }
}

export class Work {
  readonly #time: VirtualTime
  readonly #onOverlap: (error: Error) => void
  readonly #running = new Map<number, {readonly run: Run; readonly life: Life}>()

  /** @param onOverlap told when two handlers of one job run at once: what no consumer and no crash may bring about */
  constructor(time: VirtualTime, onOverlap: (error: Error) => void) {
    this.#time = time
    this.#onOverlap = onOverlap
  }

  /** A handler begins. */
  begin({id, fence}: Claim, life: Life): Run {
    const other = this.#running.get(id)
    if (other !== undefined) {
      this.#onOverlap(new Error(`job ${id} is run by ${life.name} under fence ${fence} while ${other.life.name} runs it under ${other.run.claim.fence}`))
    }
    const run = new Run({id, fence})
    this.#running.set(id, {run, life})
    return run
  }

  end({claim}: Run): void {
    if (this.#running.get(claim.id)?.run.claim.fence === claim.fence) this.#running.delete(claim.id)
  }

  /** What a consumer that died has left running. */
  leftBy(life: Life): readonly Run[] {
    return [...this.#running.values()].filter(one => one.life === life).map(({run}) => run)
  }

  /** Kills a handler, if it is one that can be killed; says whether nothing of it is left. */
  kill(claim: Claim): boolean {
    const found = this.#running.get(claim.id)
    if (found === undefined || claimKey(found.run.claim) !== claimKey(claim)) return true
    const {run, life} = found
    if (run.hangsUntilMs > this.#time.nowMs) return false
    this.end(run)
    this.#time.plan(0, life, run.tellKilled)
    return true
  }

  /** The host went down. */
  clear(): void {
    this.#running.clear()
  }
}
