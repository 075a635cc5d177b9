/** The attempts that run now, each with the lease that allows it, and the jobs that wait to be next. */
import type {Handler, Stop} from '../handlers/handler.ts'
import {Sweeper} from '../handlers/sweeper.ts'
import type {Claim, Lease} from '../job.ts'
import type {Outcome, RunEnd} from '../outcome.ts'
import {Attempt, type AttemptFacts, type Keepers} from './attempt.ts'
import type {Guard} from './guard.ts'
import type {Heartbeat} from './heartbeat.ts'
import {Stock} from './stock.ts'

/** The signal that a handler was sent by nobody here was the guard's: not the job's doing, and what the reaper would say of it. */
const ENDED_BY_GUARD: Outcome = {kind: 'lost', cause: 'lease_expired', alone: false}

export interface SlotsOptions {
  readonly handler: Handler
  readonly heartbeat: Heartbeat
  readonly guard: Guard | null
  /** The database as handlers see it. */
  readonly dbPath: string | null
  /** Absent: that of this host. */
  readonly sweeper?: Pick<Sweeper, 'sweep'>
  /** How many there are. */
  readonly count: number
  /** A job is started: what its run needs. */
  readonly onStart: (lease: Lease) => AttemptFacts
  /** A job that was taken is not going to be started. */
  readonly onGivenBack: (lease: Lease) => void
  /** An attempt ended and its slot is free. `leaseEndsAt`: on the boot clock; `null` when the lease was lost. */
  readonly onEnd: (attempt: Attempt, end: RunEnd, leaseEndsAt: number | null) => void
}

export class Slots {
  readonly #options: SlotsOptions
  readonly #keepers: Keepers
  readonly #running = new Map<Claim, Attempt>()
  readonly #stock: Stock
  #isClosed = false
  /** Resolved when the next attempt ends, if somebody waits for that. */
  #nextEnd: PromiseWithResolvers<void> | null = null

  constructor(options: SlotsOptions) {
    this.#options = options
    const sweeper = options.sweeper ?? new Sweeper(options.dbPath)
    const sweep: Sweeper['sweep'] = async attempt => {
      await Promise.all([sweeper.sweep(attempt), this.#earlierRunsOf(attempt)])
    }
    this.#keepers = {heartbeat: options.heartbeat, guard: options.guard, sweeper: {sweep}}
    this.#stock = new Stock(options.count, options.onGivenBack)
  }

  /** How many jobs are in hand, running or waiting. */
  get size(): number {
    return this.#running.size + this.#stock.size
  }

  /** How many jobs may be in hand. */
  get limit(): number {
    return this.#options.count + this.#stock.limit
  }

  /** True when all slots are taken and more jobs wait for one. */
  get haveQueue(): boolean {
    return this.#stock.size > 0
  }

  /** By their leases; a lease is the same object as long as it is held. */
  get running(): ReadonlyMap<Claim, Attempt> {
    return this.#running
  }

  /** True when that claim is in hand. */
  has(claim: Claim): boolean {
    return this.#stock.has(claim) || [...this.#running.keys()].some(({id, fence}) => id === claim.id && fence === claim.fence)
  }

  /** Runs jobs, those that find no slot as soon as there is one; their leases are kept meanwhile. */
  take(granted: readonly Lease[]): void {
    for (const lease of granted) {
      // At once if that is possible: only what has no slot waits, and may wait too long.
      if (!this.#isClosed && this.#stock.size === 0 && this.#running.size < this.#options.count) this.#start(lease)
      else this.#stock.add(lease)
    }
    if (this.#isClosed) this.#stock.empty()
    else this.#stock.watch()
  }

  /** Starts no job any more; what waits is given back. */
  close(): void {
    this.#isClosed = true
    this.#stock.empty()
  }

  /** Ends the handler of a claim at once, because the job is not ours any more. */
  lose(lease: Claim): void {
    this.#running.get(lease)?.lose()
  }

  loseAll(): void {
    for (const attempt of this.#running.values()) attempt.lose()
  }

  stopAll(stop: Stop): void {
    for (const attempt of this.#running.values()) attempt.stop(stop)
  }

  killAll(): void {
    for (const attempt of this.#running.values()) attempt.endNow()
  }

  #startWaiting(): void {
    while (this.#running.size < this.#options.count) {
      const next = this.#stock.take()
      if (next === undefined) return
      this.#start(next)
    }
    this.#stock.watch()
  }

  #start(lease: Lease): void {
    const attempt = new Attempt(lease, this.#keepers, this.#options.onStart(lease))
    this.#running.set(lease, attempt)
    this.#options.heartbeat.add(lease)
    void this.#run(attempt)
  }

  /** What runs in this process and lost its lease may not look at its signal, and cannot be killed: its job waits for it. */
  async #earlierRunsOf({id, fence}: Claim): Promise<void> {
    while ([...this.#running.keys()].some(claim => claim.id === id && claim.fence < fence)) {
      this.#nextEnd ??= Promise.withResolvers()
      await this.#nextEnd.promise
    }
  }

  async #run(attempt: Attempt): Promise<void> {
    const {handler, heartbeat, guard, onEnd} = this.#options
    const end = await attempt.run(handler)
    this.#running.delete(attempt.lease)
    this.#nextEnd?.resolve()
    this.#nextEnd = null
    // Asked only about what may be its doing: thousands end every second.
    const isGuardsDoing = end.outcome.kind === 'crashed' && guard?.mayHaveEnded(attempt.lease) === true
    guard?.release(attempt.lease)
    const leaseEndsAt = heartbeat.remove(attempt.lease)
    this.#stock.ended(end.runMs)
    this.#startWaiting()
    onEnd(attempt, isGuardsDoing ? {...end, outcome: ENDED_BY_GUARD} : end, attempt.isLost ? null : leaseEndsAt)
  }
}
