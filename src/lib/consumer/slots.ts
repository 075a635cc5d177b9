/** The attempts that run now, each with the lease that allows it. */
import type {Handler, Stop} from '../handlers/handler.ts'
import type {Claim, Lease} from '../job.ts'
import type {RunEnd} from '../outcome.ts'
import {Attempt, type AttemptFacts} from './attempt.ts'
import type {Guard} from './guard.ts'
import type {Heartbeat} from './heartbeat.ts'

export interface SlotsOptions {
  readonly handler: Handler
  readonly heartbeat: Heartbeat
  readonly guard: Guard | null
  /** An attempt ended and its slot is free. `leaseEndsAt`: on the boot clock; `null` when the lease was lost. */
  readonly onEnd: (attempt: Attempt, end: RunEnd, leaseEndsAt: number | null) => void
}

export class Slots {
  readonly #options: SlotsOptions
  readonly #running = new Map<Claim, Attempt>()

  constructor(options: SlotsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#running.size
  }

  /** By their leases; a lease is the same object as long as it is held. */
  get running(): ReadonlyMap<Claim, Attempt> {
    return this.#running
  }

  /** True when an attempt of that claim runs. */
  has({id, fence}: Claim): boolean {
    return [...this.#running.keys()].some(running => running.id === id && running.fence === fence)
  }

  /**
   * Runs a job; its lease is kept meanwhile.
   * @param grantedAt a moment not after the grant, on the boot clock
   */
  start(lease: Lease, grantedAt: number, facts: AttemptFacts): void {
    const {heartbeat} = this.#options
    const attempt = new Attempt(lease, this.#options, facts)
    this.#running.set(lease, attempt)
    heartbeat.add(lease, grantedAt)
    void this.#run(attempt)
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

  async #run(attempt: Attempt): Promise<void> {
    const {handler, heartbeat, guard, onEnd} = this.#options
    const end = await attempt.run(handler)
    this.#running.delete(attempt.lease)
    const wasDue = guard?.release(attempt.lease) === true
    const leaseEndsAt = heartbeat.remove(attempt.lease)
    onEnd(attempt, wasDue ? asEndedByGuard(end) : end, attempt.isLost ? null : leaseEndsAt)
  }
}

/** The signal that a handler was not sent by us was the guard's: not the job's doing, and what the reaper would say of it. */
function asEndedByGuard(end: RunEnd): RunEnd {
  return end.outcome.kind === 'crashed' ? {...end, outcome: {kind: 'lost', cause: 'lease_expired', alone: false}} : end
}
