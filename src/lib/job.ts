/** The nouns of the queue: a job, its states, its runs, a queue's settings, a consumer. Data only. */

export const STATES = ['pending', 'processing', 'done', 'failed', 'cancelled'] as const
export type State = (typeof STATES)[number]
/** The states a job does not leave by itself. */
export type FinalState = 'done' | 'failed' | 'cancelled'

export const FAIL_REASONS = ['attempts', 'permanent', 'timeout', 'poison', 'corrupt', 'admin'] as const
/** Why a job is `failed`. */
export type FailReason = (typeof FAIL_REASONS)[number]

/** What an operator may ask of a job that is being processed; its holder kills the handler and settles. */
export type Requested = 'cancel' | 'fail'

export const RUN_OUTCOMES = [
  'done',
  'failed',
  'timed_out',
  'crashed',
  'snoozed',
  'rejected',
  'unrunnable',
  'cancelled',
  'released',
  'lost',
] as const
/** How one run of a handler ended, as its history row says it. */
export type RunOutcome = (typeof RUN_OUTCOMES)[number]

/** A job as a producer hands it in. Absent settings are `null` and mean the queue's. */
export interface NewJob {
  readonly queue: string
  readonly payload: Uint8Array
  readonly contentType: string | null
  /** True when the payload is the absolute path of a file. */
  readonly file: boolean
  /** −1000…1000, higher first. */
  readonly priority: number
  readonly when: Schedule
  readonly maxAttempts: number | null
  readonly timeoutMs: number | null
  /** 1–512 bytes; unique in the queue while held. */
  readonly key: string | null
  readonly tags: readonly string[]
  readonly assignedTo: string | null
  /** How long only that consumer may claim it; `null` = for ever. Meaningless without `assignedTo`. */
  readonly assignedForMs: number | null
}

/** When a job may first run: as soon as possible, after a delay on the store's clock, or at a wall-clock time (UTC ms). */
export type Schedule =
  | {readonly kind: 'now'}
  | {readonly kind: 'after'; readonly delayMs: number}
  | {readonly kind: 'at'; readonly runAt: number}

/** Where a produced job ended up. `existing` is true when its key was held and nothing was stored. */
export interface Enqueued {
  readonly id: number
  readonly queue: string
  readonly existing: boolean
}

/** A job as it is stored. Times are UTC ms. */
export interface Job {
  readonly id: number
  readonly queue: string
  readonly state: State
  readonly reason: FailReason | null
  readonly error: string | null
  readonly priority: number
  readonly runAt: number
  readonly key: string | null
  readonly tags: readonly string[]
  readonly contentType: string | null
  readonly file: boolean
  readonly payloadBytes: number
  readonly attempts: number
  /** The job's own setting; `null` = the queue's. */
  readonly maxAttempts: number | null
  readonly crashes: number
  readonly snoozes: number
  /** Counts the claims of this job; only grows. */
  readonly fence: number
  readonly timeoutMs: number | null
  readonly assignedTo: string | null
  /** `null` with `assignedTo` set = for ever. */
  readonly assignedUntil: number | null
  readonly requested: Requested | null
  /** The holder while processing, else the consumer of the last run. */
  readonly consumer: string | null
  readonly createdAt: number
  readonly updatedAt: number
  /** When the current or last run was claimed. */
  readonly startedAt: number | null
  readonly finishedAt: number | null
  readonly runMs: number | null
  /** What is left of the lease on the store's clock; negative once expired. */
  readonly leaseRemainingMs: number | null
  /** 0…1 as the handler reported it. */
  readonly progress: number | null
  readonly result: Uint8Array | null
  /** The job this one was dead-lettered from. */
  readonly originId: number | null
  /** The copy of this job in the dead-letter queue. */
  readonly deadLetterId: number | null
}

/** A job with its payload. */
export interface FullJob extends Job {
  readonly payload: Uint8Array
}

/** The right to run one job until the lease ends, and all that the holder needs to run it. */
export interface Lease {
  readonly id: number
  readonly fence: number
  readonly queue: string
  /** Which attempt this is, from 1. */
  readonly attempt: number
  readonly crashes: number
  readonly snoozes: number
  readonly payload: Uint8Array<ArrayBuffer>
  /** False when the stored checksum does not match the payload: the handler must not start. */
  readonly intact: boolean
  readonly contentType: string | null
  readonly file: boolean
  readonly key: string | null
  readonly tags: readonly string[]
  readonly priority: number
  readonly maxAttempts: number | null
  readonly timeoutMs: number | null
  readonly createdAt: number
  readonly startedAt: number
  /** A moment not after the grant, on the boot clock of whoever claimed. */
  readonly grantedBootMs: number
  /** How long the lease was granted for, ms. */
  readonly leaseMs: number
}

/** Names one claim of one job. Every change of a processing job carries it. */
export interface Claim {
  readonly id: number
  readonly fence: number
}

/** What is kept of one run beside its times: the facts a handler's end leaves. */
export interface RunFacts {
  readonly outcome: RunOutcome
  readonly exitCode: number | null
  readonly signal: string | null
  /** Machine word for what ended the run when that was not the handler itself, e.g. `consumer_died`. */
  readonly cause: string | null
  readonly error: string | null
  /** On the consumer's monotonic clock, ms. */
  readonly runMs: number | null
  readonly cpuMs: number | null
  readonly maxRssBytes: number | null
  readonly output: RunOutput | null
}

/** The tail of what a handler printed: of both streams, in the order it was read. */
export interface RunOutput {
  /** As `output-record.ts` writes them; no gaps. */
  readonly records: Uint8Array
  readonly stdoutDroppedBytes: number
  readonly stderrDroppedBytes: number
}

/** One ended run of a job. `run` is the fence of its claim. */
export interface Run extends Omit<RunFacts, 'output'> {
  readonly run: number
  readonly attempt: number
  readonly consumer: string
  readonly startedAt: number
  readonly finishedAt: number
  readonly stdoutDroppedBytes: number
  readonly stderrDroppedBytes: number
}

/** A change made by somebody other than a run: an operator, the reaper, a queue. */
export interface JobEvent {
  readonly at: number
  readonly from: State | null
  readonly to: State | null
  readonly actor: string
  readonly reason: string
}

/** How the wait between attempts grows: full jitter below `min(capMs, baseMs · factor^(attempt−1))`. */
export interface Backoff {
  readonly baseMs: number
  readonly capMs: number
  readonly factor: number
}

/** How long finished jobs are kept, ms; `null` = for ever. */
export interface Retention {
  readonly doneMs: number | null
  readonly failedMs: number | null
  readonly cancelledMs: number | null
}

/** Everything that can be set on a queue. Durations in ms, `maxPayloadBytes` in bytes. */
export interface QueueSettings {
  readonly maxAttempts: number
  readonly backoff: Backoff
  readonly crashLimit: number
  readonly leaseMs: number
  /** Limit of one attempt; `null` = none. */
  readonly timeoutMs: number | null
  /** How many jobs of the queue may be processing at once, everywhere; `null` = no limit. */
  readonly concurrency: number | null
  readonly retention: Retention
  readonly keyWindowMs: number
  readonly maxPayloadBytes: number
  readonly deadLetter: string | null
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** What a queue does until somebody sets something else (spec: retry, leases, a job, retention). */
export const DEFAULT_SETTINGS: QueueSettings = {
  maxAttempts: 8,
  backoff: {baseMs: 1000, capMs: HOUR_MS, factor: 4},
  crashLimit: 3,
  leaseMs: 30_000,
  timeoutMs: null,
  concurrency: null,
  retention: {doneMs: 7 * DAY_MS, failedMs: 30 * DAY_MS, cancelledMs: 7 * DAY_MS},
  keyWindowMs: DAY_MS,
  maxPayloadBytes: 1024 * 1024,
  deadLetter: null,
}

/** No payload above this, whatever a queue's setting says. */
export const HARD_MAX_PAYLOAD_BYTES = 256 * 1024 * 1024
export const PRIORITY_MIN = -1000
export const PRIORITY_MAX = 1000
export const KEY_MAX_BYTES = 512
/** Names of queues, consumers and tags. */
export const NAME_PATTERN = /^[A-Za-z0-9_.:@/-]{1,128}$/
/** How many snoozes are free; the next one counts as a failure (spec: retry). */
export const SNOOZE_LIMIT = 100

/** More than this is no result but a file of its own. */
export const RESULT_MAX_BYTES = 1024 * 1024
/** How long an assignment lasts unless said otherwise. */
export const DEFAULT_ASSIGNMENT_MS = 10 * MINUTE_MS

/** How many jobs of a queue are in each state. */
export type StateCounts = Readonly<Record<State, number>>

/** A queue as an operator sees it. */
export interface Queue {
  readonly name: string
  readonly paused: boolean
  readonly pausedReason: string | null
  readonly counts: StateCounts
  readonly settings: QueueSettings
}

/** Which process a consumer is. Two of them are the same process only if all fields match. */
export interface ProcessIdentity {
  readonly pid: number
  /** Start time of the process as the kernel counts it; `null` where it cannot be known. */
  readonly startTime: string | null
  /** Boot id (and time namespace) of the kernel it runs on. */
  readonly bootId: string
  /** Pid namespace, `''` where there are none. */
  readonly pidNamespace: string
  readonly host: string
  readonly machineId: string
}

/** A registered consumer. */
export interface Consumer {
  /** Names this registration; a restart under the same name has another. */
  readonly id: number
  readonly name: string
  readonly process: ProcessIdentity
  readonly queues: readonly string[]
  readonly concurrency: number
  readonly startedAt: number
  readonly endedAt: number | null
  /** When it prolonged a lease last; `null` = never. One that holds nothing has nothing to prolong. */
  readonly extendedAt: number | null
  /** It claims no more, and ends when what it holds has ended. */
  readonly leaving: boolean
  /** How many jobs it holds now. */
  readonly jobs: number
  readonly processed: number
  readonly failed: number
}
