import type {Lease} from '../../job.ts'
import {bareEnd, type Outcome, type RunEnd} from '../../outcome.ts'
import {type RunContext, type RunListener, type Stop, stoppedOutcome} from '../handler.ts'
import type {ChildExit} from '../child.ts'

/** Who has a job in flight, and hears that it has to end. */
export interface Carrier {
  /** The job has to end within the grace of `stop`. */
  stop(flight: Flight, stop: Stop): void
  /** There is no time left. */
  kill(flight: Flight): void
}

const DONE: RunEnd = bareEnd({kind: 'done', result: null})

/** One job on its way through the pool. */
export class Flight implements RunListener {
  readonly lease: Lease
  readonly context: RunContext
  /** Its end. Never rejects. */
  readonly ended: Promise<RunEnd>
  /** True once a worker was given it: from then on only the worker can end it well. */
  isSent = false
  readonly #resolve: (end: RunEnd) => void
  #carrier: Carrier
  #stop: Stop | null = null
  #isOver = false

  constructor(lease: Lease, context: RunContext, carrier: Carrier) {
    this.lease = lease
    this.context = context
    this.#carrier = carrier
    const {promise, resolve} = Promise.withResolvers<RunEnd>()
    this.ended = promise
    this.#resolve = resolve
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Why it has to end; `null` as long as it need not. */
  get stopping(): Stop | null {
    return this.#stop
  }

  /** Passes it on to somebody who hears of its stop from now on. */
  handTo(carrier: Carrier): void {
    this.#carrier = carrier
  }

  stop(stop: Stop): void {
    this.#stop = stop
    if (!this.#isOver) this.#carrier.stop(this, stop)
  }

  kill(): void {
    if (!this.#isOver) this.#carrier.kill(this)
  }

  /** As the worker answered. One that fails after it was told to end was ended; one that succeeds has done its work all the same. */
  answer(outcome: Outcome): void {
    if (outcome.kind === 'done') this.#end(outcome.result === null ? DONE : bareEnd(outcome))
    else this.end(this.#stop === null ? outcome : stoppedOutcome(this.#stop))
  }

  /** Without an answer. */
  end(outcome: Outcome, exit: ChildExit | null = null): void {
    this.#end(exit === null ? bareEnd(outcome) : {...bareEnd(outcome), exitCode: exit.code, signal: exit.signal})
  }

  /** Not its fault: as it was told to end, or given back unharmed. */
  release(): void {
    this.end(this.#stop === null ? {kind: 'released'} : stoppedOutcome(this.#stop))
  }

  #end(end: RunEnd): void {
    this.#isOver = true
    this.#resolve(end)
  }
}
