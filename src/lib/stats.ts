/** A queue in figures, as one look at the store shows it. Data only. */
import type {Queue} from './job.ts'
import type {Meter} from './meter.ts'
import type {Counted} from './standing.ts'

export interface QueueStats extends Queue {
  /** How many of the pending ones have their `run_at` ahead. */
  readonly scheduled: Counted
  /** How long the oldest job that could run now has been waiting past its `run_at`; `null` when none. */
  readonly oldestPendingMs: number | null
  /** All that was counted since the queue came into being. Only grows. */
  readonly total: Meter
  /** What was counted minute by minute, oldest first; those in which nothing happened are left out. */
  readonly minutes: readonly MinuteMeter[]
}

export interface MinuteMeter {
  /** When the minute began, UTC ms. */
  readonly at: number
  readonly meter: Meter
}
