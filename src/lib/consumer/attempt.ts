/** One run of one job: the handler, its time limit, and the ways to end it early. */
import {sentence} from '../errors.ts'
import {type Handler, type Output, type Report, type RunContext, type RunListener, type Stop, stoppedOutcome} from '../handlers/handler.ts'
import type {Sweeper} from '../handlers/sweeper.ts'
import type {Lease} from '../job.ts'
import {bareEnd, type RunEnd} from '../outcome.ts'
import {after, type CancelTimer, type Clock, monotonicMs} from '../time.ts'
import type {Guard} from './guard.ts'
import type {Heartbeat} from './heartbeat.ts'
import {RunReport} from './run-report.ts'
import type {Spools} from './spools.ts'

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
  /** Where the output goes. */
  readonly spools: Pick<Spools, 'open' | 'ended'>
}

/** What an attempt needs of those who look after it. */
export interface Keepers {
  readonly heartbeat: Pick<Heartbeat, 'holds' | 'report'>
  readonly guard: Pick<Guard, 'started'> | null
  readonly sweeper: Pick<Sweeper, 'sweep'>
}

const CORRUPT = bareEnd({kind: 'rejected', reason: 'corrupt', error: 'the stored payload does not match its checksum'})

/** Also what the handler is told of the run. Thousands start every second, so signals are made only for who wants them. */
export class Attempt implements RunContext {
  readonly lease: Lease
  readonly consumer: string
  readonly dbPath: string | null
  readonly maxAttempts: number
  readonly timeoutMs: number | null
  readonly deadline: number | null
  readonly #graceMs: number
  #stop: Stop | null = null
  #isKilled = false
  #isLost = false
  #listener: RunListener | null = null
  #stopSignal: AbortController | null = null
  #killSignal: AbortController | null = null
  #cancelTimeout: CancelTimer | null = null
  /** When the work was over, if that was before the end of the run was known. */
  #endedAt: number | null = null

  readonly #keepers: Keepers
  #report: RunReport | null = null
  readonly #spools: Pick<Spools, 'open' | 'ended'>
  #output: Output | null = null

  constructor(lease: Lease, keepers: Keepers, facts: AttemptFacts) {
    this.#keepers = keepers
    this.lease = lease
    this.consumer = facts.consumer
    this.dbPath = facts.dbPath
    this.maxAttempts = facts.maxAttempts
    this.timeoutMs = facts.timeoutMs
    this.deadline = facts.timeoutMs === null ? null : facts.clock.wallNow() + facts.timeoutMs
    this.#graceMs = facts.graceMs
    this.#spools = facts.spools
  }

  /** True once the job is not ours any more: nothing may be stored about this run. */
  get isLost(): boolean {
    return this.#isLost
  }

  get signal(): AbortSignal {
    if (this.#stopSignal === null) {
      this.#stopSignal = new AbortController()
      if (this.#stop !== null) this.#stopSignal.abort(this.#stop)
    }
    return this.#stopSignal.signal
  }

  get kill(): AbortSignal {
    if (this.#killSignal === null) {
      this.#killSignal = new AbortController()
      if (this.#isKilled) this.#killSignal.abort()
    }
    return this.#killSignal.signal
  }

  get report(): Report {
    const {lease} = this
    const {heartbeat} = this.#keepers
    this.#report ??= new RunReport(
      {holds: () => heartbeat.holds(lease), onProgress: progress => heartbeat.report(lease, progress)},
      this.signal,
    )
    return this.#report
  }

  get output(): Output {
    this.#output ??= this.#spools.open(this.lease)
    return this.#output
  }

  /** Runs the handler to its end. Never rejects. */
  async run(handler: Handler): Promise<RunEnd> {
    if (this.lease.fence > 1) await this.#endEarlierRuns()
    // This process may have been stopped since the claim for longer than the lease lasts: then somebody else may run the job.
    if (!this.#keepers.heartbeat.holds(this.lease)) this.lose()
    const startedAt = monotonicMs()
    if (!this.lease.intact) return this.#completed(CORRUPT, startedAt)
    if (this.#stop !== null) return this.#completed(bareEnd(stoppedOutcome(this.#stop)), startedAt)
    if (handler.startsClock !== true) this.startClock()
    try {
      const end = await handler.run(this.lease, this)
      return this.#completed(this.#report?.completed(end) ?? end, startedAt)
    } catch (error) {
      const failed = {kind: 'failed', error: `the handler itself failed: ${sentence(error)}`, retryAfterMs: null} as const
      return this.#completed(bareEnd(failed), startedAt)
    } finally {
      this.#cancelTimeout?.()
    }
  }

  startClock(): void {
    const {timeoutMs} = this
    if (timeoutMs === null || this.#cancelTimeout !== null || this.#endedAt !== null) return
    this.#cancelTimeout = after(timeoutMs, () => this.stop({cause: 'timeout', limitMs: timeoutMs, graceMs: this.#graceMs}))
  }

  stopClock(): void {
    this.#endedAt ??= monotonicMs()
    this.#cancelTimeout?.()
  }

  startedProcess(pid: number): void {
    this.#keepers.guard?.started(this.lease, pid)
  }

  listen(listener: RunListener): void {
    this.#listener = listener
    if (this.#stop !== null) listener.stop(this.#stop)
    if (this.#isKilled) listener.kill()
  }

  /** Tells the handler to end. The first reason counts; a later one can only shorten the grace to nothing. */
  stop(stop: Stop): void {
    if (this.#stop !== null) {
      if (stop.graceMs <= 0) this.endNow()
      return
    }
    this.#stop = stop
    this.#stopSignal?.abort(stop)
    this.#listener?.stop(stop)
  }

  /** Tells the handler that there is no time left. */
  endNow(): void {
    if (this.#isKilled) return
    if (this.#stop === null) this.stop({cause: 'shutdown', graceMs: 0})
    this.#isKilled = true
    this.#killSignal?.abort()
    this.#listener?.kill()
  }

  /** Ends the handler at once because somebody else may be given the job. */
  lose(): void {
    this.#isLost = true
    this.stop({cause: 'lease_lost', graceMs: 0})
  }

  /**
   * What left the group of a run that ended well may live on, and is ended before its job runs again. That takes a look at all
   * processes of the host, so it is done here, for those few, and not after every success.
   */
  async #endEarlierRuns(): Promise<void> {
    const {promise: told, resolve} = Promise.withResolvers<void>()
    this.signal.addEventListener('abort', () => resolve(), {once: true})
    const {id, fence} = this.lease
    await Promise.race([this.#keepers.sweeper.sweep({id, fence, earlierOnes: true}), told])
  }

  #completed(end: RunEnd, startedAt: number): RunEnd {
    return {...end, runMs: Math.round((this.#endedAt ?? monotonicMs()) - startedAt), output: this.#spools.ended(this.lease) ?? end.output}
  }
}
