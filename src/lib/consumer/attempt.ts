/** One run of one job: the handler, its time limit, and the ways to end it early. */
import type {Handler, Stop} from '../handlers/handler.ts'
import type {Claim, Lease} from '../job.ts'
import {bareEnd, type RunEnd} from '../outcome.ts'
import {after, type CancelTimer, type Clock, monotonicMs} from '../time.ts'
import {sentence} from './events.ts'
import {type Holding, RunReport} from './run-report.ts'

/** What a run needs beside the lease and the handler. */
export interface AttemptFacts {
  readonly consumer: string
  readonly dbPath: string | null
  readonly maxAttempts: number
  /** `null` = no limit. */
  readonly timeoutMs: number | null
  /** How long the handler may take to end when its time is over. */
  readonly graceMs: number
  readonly clock: Clock
}

/** `JOB:FENCE`, the name of a claim in maps. */
export function claimKey({id, fence}: Claim): string {
  return `${id}:${fence}`
}

export class Attempt {
  readonly lease: Lease
  readonly #stop = new AbortController()
  readonly #kill = new AbortController()
  #isLost = false

  readonly #report: RunReport

  /** @param holding what is known of the lease while it is kept, and where progress goes */
  constructor(lease: Lease, holding: Holding) {
    this.lease = lease
    this.#report = new RunReport(holding, this.#stop.signal)
  }

  /** True once the job is not ours any more: nothing may be stored about this run. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** Runs the handler to its end. Never rejects. */
  async run(handler: Handler, facts: AttemptFacts): Promise<RunEnd> {
    const startedAt = monotonicMs()
    const cancelTimeout = this.#limit(facts)
    try {
      const end = await handler.run(this.lease, {
        signal: this.#stop.signal,
        kill: this.#kill.signal,
        consumer: facts.consumer,
        dbPath: facts.dbPath,
        maxAttempts: facts.maxAttempts,
        deadline: facts.timeoutMs === null ? null : facts.clock.wallNow() + facts.timeoutMs,
        report: this.#report,
      })
      return {...this.#report.completed(end), runMs: elapsedSince(startedAt)}
    } catch (error) {
      const failed = {kind: 'failed', error: `the handler itself failed: ${sentence(error)}`, retryAfterMs: null} as const
      return {...bareEnd(failed), runMs: elapsedSince(startedAt)}
    } finally {
      cancelTimeout?.()
    }
  }

  /** Tells the handler to end. The first reason counts; a later one can only shorten the grace to nothing. */
  stop(stop: Stop): void {
    if (this.#stop.signal.aborted) {
      if (stop.graceMs <= 0) this.kill()
    } else this.#stop.abort(stop)
  }

  /** Tells the handler that there is no time left. */
  kill(): void {
    if (!this.#stop.signal.aborted) this.#stop.abort({cause: 'shutdown', graceMs: 0} satisfies Stop)
    this.#kill.abort()
  }

  /** Ends the handler at once because somebody else may be given the job. */
  lose(): void {
    this.#isLost = true
    this.stop({cause: 'lease_lost', graceMs: 0})
  }

  #limit({timeoutMs, graceMs}: AttemptFacts): CancelTimer | null {
    if (timeoutMs === null) return null
    return after(timeoutMs, () => this.stop({cause: 'timeout', limitMs: timeoutMs, graceMs}))
  }
}

function elapsedSince(startedAt: number): number {
  return Math.round(monotonicMs() - startedAt)
}
