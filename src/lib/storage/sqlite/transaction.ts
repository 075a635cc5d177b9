import type {Clock} from '../../time.ts'
import type {Connection} from './connection.ts'

/** Counters of a queue row, by state code − 2: pending, processing, done, failed, cancelled. */
type Deltas = [number, number, number, number, number]

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
  readonly #deltas = new Map<number, Deltas>()
  readonly #lastRunAts = new Map<number, number>()
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
    const runAt = Math.max(this.now, lastRunAt, this.#lastRunAts.get(queueId) ?? 0)
    this.#lastRunAts.set(queueId, runAt)
    return runAt
  }

  /** Notes that `count` jobs of the queue moved between states (codes; `null` = into or out of existence). */
  move(queueId: number, from: number | null, to: number | null, count = 1): void {
    let deltas = this.#deltas.get(queueId)
    if (deltas === undefined) this.#deltas.set(queueId, (deltas = [0, 0, 0, 0, 0]))
    if (from !== null) deltas[from - 2] = (deltas[from - 2] ?? 0) - count
    if (to !== null) deltas[to - 2] = (deltas[to - 2] ?? 0) + count
  }

  /** How many more (or fewer) jobs of the queue are processing than its row says yet. */
  processingDelta(queueId: number): number {
    return this.#deltas.get(queueId)?.[1] ?? 0
  }

  /** Notes that a consumer ended runs. */
  credit(consumerId: number, {processed, failed}: Credit): void {
    const credit = this.#consumers.get(consumerId)
    this.#consumers.set(consumerId, {processed: processed + (credit?.processed ?? 0), failed: failed + (credit?.failed ?? 0)})
  }

  /** Writes the noted counters. Called once, before the commit. */
  flush(): void {
    for (const [queueId, deltas] of this.#deltas) {
      if (deltas.every(delta => delta === 0) && !this.#lastRunAts.has(queueId)) continue
      this.db.run(MOVE_COUNTERS, ...deltas, this.#lastRunAts.get(queueId) ?? 0, this.now, queueId)
    }
    for (const [id, {processed, failed}] of this.#consumers) this.db.run(CREDIT_CONSUMER, processed, failed, id)
    this.#deltas.clear()
    this.#lastRunAts.clear()
    this.#consumers.clear()
  }
}

const MOVE_COUNTERS = `
UPDATE queue SET pending = pending + ?, processing = processing + ?, done = done + ?, failed = failed + ?,
  cancelled = cancelled + ?, last_run_at = max(last_run_at, ?), updated_at = ? WHERE id = ?`

const CREDIT_CONSUMER = 'UPDATE consumer SET processed = processed + ?, failed = failed + ? WHERE id = ?'
