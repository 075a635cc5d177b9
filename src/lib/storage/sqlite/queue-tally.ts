import {MeterDraft, minuteOf} from '../../meter.ts'
import type {Connection} from './connection.ts'
import {encodeMeter} from './meter-bytes.ts'
import {closeMinute, foldMeters} from './meters.ts'
import {CANCELLED, DONE, FAILED, PENDING} from './rows.ts'

/** ?11 is the minute that is counted: where the row is at another one nothing is changed. */
const WRITE = `
UPDATE queue SET pending = pending + ?1, processing = processing + ?2, done = done + ?3, failed = failed + ?4, cancelled = cancelled + ?5,
  last_run_at = max(last_run_at, ?6), updated_at = ?7, added = added + ?8, meter = iif(?9 IS NULL, meter, CAST(ifnull(meter, x'') || ?9 AS BLOB)) WHERE id = ?10 AND minute = ?11`

/** What one transaction has to move in the row of one queue: written once, however many jobs it was. */
export class QueueTally {
  readonly #queueId: number
  /** By state, pending first. */
  readonly #moves = [0, 0, 0, 0, 0]
  #lastRunAt = 0
  #added = 0
  #meter: MeterDraft | null = null

  constructor(queueId: number) {
    this.#queueId = queueId
  }

  /** What is counted beside the states. */
  get meter(): MeterDraft {
    this.#meter ??= new MeterDraft()
    return this.#meter
  }

  /** How many more (or fewer) jobs of the queue are processing than its row says yet. */
  get processingDelta(): number {
    return this.#moves[1] ?? 0
  }

  /** The latest `run_at` given to a job of the queue. */
  get lastRunAt(): number {
    return this.#lastRunAt
  }

  stamp(runAt: number): void {
    this.#lastRunAt = runAt
  }

  /** Notes that `count` jobs moved between states (codes; `null` = into or out of existence). */
  move(from: number | null, to: number | null, count: number): void {
    if (from !== null) this.#moves[from - PENDING] = (this.#moves[from - PENDING] ?? 0) - count
    if (to !== null) this.#moves[to - PENDING] = (this.#moves[to - PENDING] ?? 0) + count
    if (from === null) this.#added += count
    else if (to === FAILED) this.meter.count('failed', count)
    else if (to === CANCELLED) this.meter.count('cancelled', count)
    else if (to === PENDING && from >= DONE) this.meter.count('resubmitted', count)
  }

  /** Writes what was noted, for the minute of `now`. */
  write(db: Connection, now: number): void {
    if (this.#lastRunAt === 0 && this.#meter === null && this.#moves.every(move => move === 0)) return
    const minute = minuteOf(now)
    if (this.#writeIn(db, minute, now)) return
    closeMinute(db, this.#queueId, minute)
    this.#writeIn(db, minute, now)
  }

  /** @returns false when the row is at another minute: then nothing was written */
  #writeIn(db: Connection, minute: number, now: number): boolean {
    let meter: Uint8Array | null = null
    if (this.#meter !== null) {
      if (!foldMeters(db, this.#queueId, minute)) return false
      meter = encodeMeter(this.#meter.finish())
    }
    return db.run(WRITE, ...this.#moves, this.#lastRunAt, now, this.#added, meter, this.#queueId, minute) === 1
  }
}
