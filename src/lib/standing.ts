/** How a job stands: the facts that answer "why is it not running?", as one look at the store shows them. Data only. */
import type {Job, JobEvent, ProcessIdentity, Requested, Run} from './job.ts'

export interface Standing {
  readonly job: Job
  /** The wall clock of the look, UTC ms. */
  readonly now: number
  readonly queue: QueueStanding
  /** What a claim sees; only of a pending job. */
  readonly pending: PendingStanding | null
  /** Who has it; only of a job being processed. */
  readonly holder: Holder | null
  /** Its last run that ended. */
  readonly lastRun: Run | null
  /** What was done to it last from outside, by a person or the upkeep. */
  readonly lastEvent: JobEvent | null
  /** Who holds the job's key, if it has one that is held. */
  readonly key: KeyHolder | null
}

export interface QueueStanding {
  readonly name: string
  readonly paused: boolean
  readonly pausedReason: string | null
  readonly pausedAt: number | null
  readonly concurrency: number | null
  readonly processing: number
  /** Who holds how many of those being processed, most first; only when the limit is reached, and not more than a few. */
  readonly holders: readonly {readonly consumer: string; readonly jobs: number}[]
}

export interface PendingStanding {
  /** It may run as far as time goes. */
  readonly due: boolean
  /** It may run only alone in its consumer. */
  readonly suspect: boolean
  /** Who alone may claim it now; `null` when anyone may. */
  readonly assignment: Assignment | null
  /** How many due jobs of its queue go first, counted to a bound; `null` unless it is due. */
  readonly ahead: Counted | null
  /** The live registrations that serve its queue, by name. */
  readonly claimants: readonly ClaimantStanding[]
}

/** A number, or that it is larger than this. */
export interface Counted {
  readonly count: number
  readonly isMore: boolean
}

export interface Assignment {
  readonly to: string
  /** `null` = for ever. */
  readonly until: number | null
  /** The live registration of that name. */
  readonly process: ProcessIdentity | null
  /** The queues that it serves. */
  readonly queues: readonly string[]
}

/** A registered consumer as a claim of its for its queues would find the job. */
export interface ClaimantStanding {
  readonly consumerId: number
  readonly name: string
  readonly process: ProcessIdentity
  readonly concurrency: number
  /** How many jobs it holds. */
  readonly jobs: number
  /** Some of them, oldest claim first. */
  readonly holding: readonly number[]
  /** It claims no more, and ends when what it holds has ended. */
  readonly leaving: boolean
  /** After how many other jobs a claim would be granted this one; `null` = not at all. */
  readonly gets: number | null
  /** How many other jobs of its queue a claim would be granted before it. */
  readonly before: Counted
  /** Why a claim would be granted nothing at all, or nothing but a suspect. */
  readonly barred: Barred | {readonly kind: 'suspect_next'; readonly jobId: number} | null
  /** Jobs of queues that it serves first, which a claim would be granted before any of this queue. */
  readonly earlier: readonly {readonly queue: string; readonly jobs: Counted}[]
}

/** Why a claim gets nothing whatever is due: its consumer must let a suspect run alone, or make room for one. */
export type Barred = {readonly kind: 'holds_suspect'} | {readonly kind: 'suspect_due'; readonly jobId: number}

export interface Holder {
  readonly consumerId: number
  readonly consumer: string
  readonly process: ProcessIdentity
  /** Its registration has ended. */
  readonly ended: boolean
  readonly startedAt: number
  readonly leaseMs: number
  readonly expired: boolean
  readonly suspect: boolean
  readonly requested: Requested | null
}

export interface KeyHolder {
  readonly jobId: number
  /** Until when a finished job keeps it; `null` while the holder is unfinished. */
  readonly freeAt: number | null
}
