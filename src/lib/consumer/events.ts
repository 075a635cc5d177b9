/** What a consumer or a reaper tells while it works. Data; how it reads is the log's business. */
import type {FailReason, RunOutcome, State} from '../job.ts'
import type {LossCause} from '../outcome.ts'
import type {RetirementReason} from './retirement.ts'

export type WorkEvent =
  | {readonly kind: 'started'; readonly consumer: string; readonly queues: readonly string[]; readonly concurrency: number}
  /** A handler is about to run. */
  | ({readonly kind: 'began'} & JobFacts)
  /** The end of a run was stored. */
  | ({readonly kind: 'ended'} & JobFacts & EndFacts)
  /** The end of a run was not stored, because the job was not ours any more. */
  | ({readonly kind: 'lease_lost'; readonly why: string} & JobFacts)
  | {readonly kind: 'queue_paused'; readonly queue: string; readonly reason: string}
  /** A job was taken from a holder that is gone. */
  | ({readonly kind: 'reaped'; readonly cause: LossCause; readonly to: State; readonly reason: FailReason | null} & Omit<JobFacts, 'attempt'>)
  /** Finished jobs were deleted because their time was over. */
  | {readonly kind: 'pruned'; readonly done: number; readonly failed: number; readonly cancelled: number}
  /** The registration of a dead consumer was ended. */
  | {readonly kind: 'buried'; readonly consumer: string}
  /** Something went wrong that may pass; `retryInMs` is `null` when it is not tried again. */
  | {readonly kind: 'trouble'; readonly doing: string; readonly error: string; readonly retryInMs: number | null}
  /** Claims no more and ends when what runs has ended, because it is too old or too big. */
  | ({readonly kind: 'retiring'; readonly running: number} & RetirementReason)
  /** Too big before it has done anything, and so will the next one be. */
  | {readonly kind: 'born_too_big'; readonly rssBytes: number; readonly limitBytes: number}
  | {readonly kind: 'stopping'; readonly running: number; readonly graceMs: number}
  | {readonly kind: 'stopped'; readonly consumer: string; readonly settled: number}

export interface JobFacts {
  readonly id: number
  readonly queue: string
  readonly attempt: number
  readonly fence: number
}

export interface EndFacts {
  readonly outcome: RunOutcome
  /** Where the job is now. */
  readonly to: State
  readonly reason: FailReason | null
  readonly error: string | null
  /** Until the next attempt; only for `to: 'pending'`. */
  readonly delayMs: number
  readonly runMs: number | null
}

/** Takes events. What it throws is ignored: a log never stops the queue. */
export type Log = (event: WorkEvent) => void

/** A log that cannot throw. */
export function harmless(log: Log): Log {
  return event => {
    try {
      log(event)
    } catch {
      // A full or closed log is no reason to lose a job.
    }
  }
}
