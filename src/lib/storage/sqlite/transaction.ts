import type {MeterDraft} from '../../meter.ts'
import type {Clock} from '../../time.ts'
import type {Connection} from './connection.ts'
import {QueueTally} from './queue-tally.ts'

/** Ended runs of a consumer, and how many of them ended badly. */
interface Credit {
  readonly processed: number
  readonly failed: number
}

/**
 * What one write transaction knows: its connection, its times, and the counters it has to move.
 * Counters are written once per (queue, transaction), never per job.
 */
export class Transaction {
  readonly db: Connection
  /** Wall clock, UTC ms. */
  readonly now: number
  readonly #clock: Clock
  #bootNow: number | null = null
  readonly #queues = new Map<number, QueueTally>()
  readonly #consumers = new Map<number, Credit>()

  constructor(db: Connection, clock: Clock) {
    this.db = db
    this.now = clock.wallNow()
    this.#clock = clock
  }

  /** Boot clock, ms. Read when first asked: additions do without. */
  get bootNow(): number {
    this.#bootNow ??= this.#clock.bootNow()
    return this.#bootNow
  }

  get bootId(): string {
    return this.#clock.bootId
  }

  get machineId(): string {
    return this.#clock.machineId
  }

  /**
   * The `run_at` of a job that may run at once: now, but never before one given earlier in its queue.
   * @param lastRunAt what the queue's row says
   */
  stampRunAt(queueId: number, lastRunAt: number): number {
    const tally = this.#tally(queueId)
    const runAt = Math.max(this.now, lastRunAt, tally.lastRunAt)
    tally.stamp(runAt)
    return runAt
  }

  /** Notes that `count` jobs of the queue moved between states (codes; `null` = into or out of existence). */
  move(queueId: number, from: number | null, to: number | null, count = 1): void {
    this.#tally(queueId).move(from, to, count)
  }

  /** What is counted of the queue beside the states of its jobs. */
  meter(queueId: number): MeterDraft {
    return this.#tally(queueId).meter
  }

  /** How many more (or fewer) jobs of the queue are processing than its row says yet. */
  processingDelta(queueId: number): number {
    return this.#queues.get(queueId)?.processingDelta ?? 0
  }

  /** Notes that a consumer ended runs. */
  credit(consumerId: number, {processed, failed}: Credit): void {
    const credit = this.#consumers.get(consumerId)
    this.#consumers.set(consumerId, {processed: processed + (credit?.processed ?? 0), failed: failed + (credit?.failed ?? 0)})
  }

  /** Writes the noted counters. Called once, before the commit. */
  flush(): void {
    for (const tally of this.#queues.values()) tally.write(this.db, this.now)
    for (const [id, {processed, failed}] of this.#consumers) this.db.run(CREDIT_CONSUMER, processed, failed, id)
    this.#queues.clear()
    this.#consumers.clear()
  }

  #tally(queueId: number): QueueTally {
    let tally = this.#queues.get(queueId)
    if (tally === undefined) this.#queues.set(queueId, (tally = new QueueTally(queueId)))
    return tally
  }
}

const CREDIT_CONSUMER = 'UPDATE consumer SET processed = processed + ?, failed = failed + ? WHERE id = ?'
