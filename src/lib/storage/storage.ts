/**
 * The storage contract: what every engine does, sentence by sentence. `test/storage/contract` has a test for each.
 *
 * General:
 * - Every method is atomic: it happens wholly or not at all, and of two that touch the same job one comes first.
 * - A resolved write is as durable as the database promises (`info().durability`); a rejected one says whether it may have
 *   happened: `outcome_unknown` it may, any other code it did not.
 * - The engine holds no policy. It decides nothing about retries; it stores the `Transition` it is given, if the claim still holds.
 * - Time is the store's clock: the wall clock for everything named `*At`, a clock that no one can set for leases.
 * - A batch is all or nothing unless its method answers per item.
 */
import type {Acted, Action, Target} from '../action.ts'
import type {
  Claim, Consumer, Enqueued, FailReason, FinalState, FullJob, Job, JobEvent, Lease, NewJob, ProcessIdentity, Queue, QueueSettings,
  Requested, Run, RunFacts, RunOutput, State,
} from '../job.ts'
import type {Filter} from '../queue/filter.ts'
import type {Standing} from '../standing.ts'
import type {QueueStats} from '../stats.ts'
import type {ChangedBy, StoreEvent} from '../store-event.ts'

export type {Acted, Action, SkipReason, Target} from '../action.ts'

export interface Storage {
  /**
   * Stores the jobs in order and returns, in the same order, where each ended up.
   * A queue that does not exist yet comes into being with its first job.
   * Ids grow in the order given and are never used twice, even after deletion.
   * A job that may run now gets a `runAt` no earlier than that of any job stored before it in its queue, even if the wall clock stepped back.
   * A job whose key is held is not stored; its answer is the holder's id with `existing: true`. Two of one batch with one key: the first holds it.
   * A key is held by an unfinished job, and for the queue's key window after it finished, even if it was deleted since.
   * Rejects with `payload_too_large` when a payload exceeds its queue's limit; then nothing of the batch is stored.
   */
  enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]>

  /**
   * Grants up to `limit` leases to a registered consumer: state processing, fence + 1, attempts + 1, progress of earlier runs cleared.
   * No job is granted before its `runAt`, from a paused queue, above its queue's concurrency, or twice.
   * A wall clock that stepped back does not hold up a job that could run at once when it was stored, given back or assigned.
   * Queues are served strictly in the order given; within a queue by priority (highest first), then `runAt`, then id. The answer is in that order.
   * An assigned job is granted only to the consumer of that name until the assignment ends; then to anyone.
   * A due suspect (see `Transition`) goes before all others, and is granted only as the only job its consumer holds: while it is held its
   * consumer gets no other, and a consumer that holds others gets nothing new while a suspect it may run is due.
   * It works on past the suspect when one of those it holds has run for over 10 s, and for over half the time that the suspect has been due.
   * The lease lasts `leaseMs`, or the queue's lease setting when that is `null`.
   * It names a moment not after its grant on the claimant's boot clock: its age is known whatever the wall clock did meanwhile.
   * A payload whose checksum does not match is granted with `intact: false`.
   * When nothing can be granted nothing is written. Rejects with `not_found` when the registration has ended.
   */
  claim(request: ClaimRequest): Promise<readonly Lease[]>

  /**
   * Prolongs each lease to `leaseMs` from now, if its claim still holds and the lease has not expired; returns the claims that do not hold.
   * Where an extension brings progress (0…1) the job's becomes that, in the same step, if its lease is prolonged.
   */
  extend(extensions: readonly Extension[], leaseMs: number): Promise<readonly Claim[]>

  /**
   * Ends runs: the only way out of processing. Each transition is stored if its claim still holds (same fence, still processing)
   * and its `only` condition is true at that moment; otherwise the job is untouched and the answer is `lost`.
   * One sent `again` is not stored twice: when the history has the end of this claim with the very outcome and facts that are sent, the answer
   * is `settled`. A reaper's end is another one; of two in one batch that were not stored before, the second is lost.
   * A transition back to pending of a job whose cancel or fail was requested is not stored; the answer is the request.
   * Storing it writes the run's history row and what it printed, moves the queue's counters and frees the lease, all at once.
   * A job that ends keeps its key for the queue's key window from now.
   * A job that becomes failed in a queue with a dead-letter queue is copied there as a new pending job in the same step
   * (payload, type, file and tags; no key; counters 0), each linked to the other.
   * `pauseQueue` pauses the job's queue with that reason in the same step, which is an event by the consumer.
   * Answers per transition, in order; one that is lost does not disturb the others.
   */
  settle(transitions: readonly Transition[]): Promise<readonly Settled[]>

  /** The jobs being processed, with their holders: all of them, or one registration's. Oldest claim first. */
  held(filter?: {readonly consumerId?: number}): Promise<readonly Held[]>

  /**
   * Does one thing to many jobs, each if it still is as it was seen: same state and fence (`seen: null` = however it is now).
   * cancel, fail: pending → cancelled, failed (reason admin). A processing one is marked with the request; the answer is `requested`.
   * resubmit: failed, cancelled, done → pending, `runAt` now; attempts, crashes and snoozes 0; reason, result and progress cleared;
   * assignment, history and fence kept. Skipped when another unfinished job holds its key.
   * delete: the job, its history and output are gone; not while processing.
   * assign: pending only; only the named consumer may claim it for `forMs` (null = for ever).
   * A job already in the state asked for is `already`; one that the state does not allow, or that changed since it was seen, is skipped with the reason.
   * Every change writes an event with the actor and reason. The reason of a request begins with `cancel requested: ` or `fail requested: `. Answers per target, in order.
   */
  act(action: Action, targets: readonly Target[], actor: string): Promise<readonly Acted[]>

  /**
   * One page of the jobs that match, newest id first (or as `order` says), from `cursor`.
   * A page whose filter needs a scan looks at no more than `scanLimit` rows and says how many, and whether that was all there is.
   * Where not all are looked at, an order other than by id is that of the newest ones; older ones are on no page.
   * `next` is the cursor of the following page, null at the end.
   */
  find(query: Query): Promise<Page>

  /**
   * The jobs of these ids that exist, with payload, in the order asked.
   * With `history` also the ended runs (oldest first) and events (oldest first) of each, with `output` what their handlers printed last.
   */
  get(ids: readonly number[], also?: {readonly history?: boolean; readonly output?: boolean}): Promise<readonly JobRecord[]>

  /**
   * How the jobs of these ids that exist stand, all at one moment, in the order asked: what a claim looks at, and who holds them.
   * A claim that a claimant made now for its queues would be granted the job exactly when its `limit` is above `gets`; counts stop at 1000.
   */
  explain(ids: readonly number[]): Promise<readonly Standing[]>

  /** The named queues that exist, or all, by name. Its cost does not grow with the number of jobs. */
  queues(names?: readonly string[]): Promise<readonly Queue[]>

  /**
   * The same queues with their figures, all of one moment: what waits, what was counted ever, and in each minute from that of `since` on.
   * Every run, claim and job is counted in the minute in which it was stored, on the wall clock; a minute in which nothing was counted is left out.
   * Minutes are kept for 24 hours; what was counted ever is kept as long as the queue, whatever becomes of its jobs.
   * Its cost does not grow with the number of jobs: where more than 10,000 wait on both sides of now, or are assigned, `scheduled` is a lower bound.
   */
  stats(query: StatsQuery): Promise<readonly QueueStats[]>

  /**
   * Creates or changes a queue, and returns it. Settings not named are kept; `null` in `settings` takes back to the default.
   * `create: 'must'` rejects with `conflict` when it exists, `'never'` with `not_found` when it does not, `'may'` does either.
   * A dead-letter queue that does not exist is created; one that is the queue itself or would close a circle rejects with `conflict`.
   * Pausing stops claims at once; what is being processed goes on. Pausing again without a reason keeps the reason.
   */
  setQueue(name: string, change: QueueChange): Promise<Queue>

  /**
   * Removes a queue. Rejects with `not_found`; with `conflict` while jobs of it exist (with `force`: while jobs of it are processing),
   * or while it is another's dead-letter queue. With `force` its jobs and their history go too.
   */
  deleteQueue(name: string, options: {readonly force: boolean; readonly by?: ChangedBy}): Promise<void>

  /**
   * Registers a consumer under its name. When another registration has that name and has not ended, answers with that one,
   * unless `replaces` is its id (the caller has proof that it is dead): then it ends, and its jobs stay with it until they are settled.
   * Rejects with `foreign_host` while consumers of another kernel show life in this store; when they do not, their registrations end.
   */
  register(consumer: NewConsumer): Promise<Registered>

  /**
   * Ends a registration. Jobs it still holds stay with it until they are settled.
   * With `leaving` it does not end yet: it is granted nothing more, and keeps its name and its jobs.
   */
  unregister(consumerId: number, how?: {readonly leaving: boolean}): Promise<void>

  /** The registrations that have not ended, or that hold jobs still, by name. Each says when it prolonged a lease last. */
  consumers(): Promise<readonly Consumer[]>

  /**
   * One small step of housekeeping, at most `limit` jobs: deletes finished jobs past their queue's retention with all that belongs to them,
   * forgets keys past their window, minutes past their time and what is left of deleted queues, gives free space back.
   * Changes of queues are forgotten after 30 days. Returns how many jobs went and whether there is more to do.
   * Rejects with `foreign_host` as `register` does.
   */
  maintain(options: {readonly limit: number}): Promise<Maintained>

  /**
   * Calls `listener` soon after another process or this one changed the store, when a job comes due, and at the latest every `pollMs`.
   * `isUrgent` is asked at each change: while it says no, changes are gathered for up to 100 ms.
   * Rejected writes after this: when the store's file vanished or was replaced `listener` gets the error instead.
   * Watching writes nothing. Returns the function that ends it.
   */
  watch(listener: (error: Error | null) => void, pollMs: number, isUrgent?: () => boolean): () => void

  /** Facts about the store itself. With `events` also the newest changes that others than runs made to queues, and to jobs that exist: so many, newest first. */
  info(also?: {readonly events?: number}): Promise<StorageInfo>

  /** Finishes what was asked and lets go of everything. Later calls reject. */
  close(): Promise<void>
}

export interface ClaimRequest {
  readonly consumerId: number
  readonly queues: readonly string[]
  readonly limit: number
  readonly leaseMs: number | null
}

/** A lease to prolong. `progress`: what the run reports of itself; absent or `null` leaves what is there. */
export type Extension = Claim & {readonly progress?: number | null}

/** What a run's end means for its job. Made by `decide`, stored by `settle`. */
export interface Transition extends Claim {
  readonly to: Exclude<State, 'processing'>
  readonly reason: FailReason | null
  /** From the store's now to the next run; only for `to: 'pending'`. */
  readonly delayMs: number
  /** True gives the attempt back. */
  readonly refund: boolean
  /** True counts a crash. */
  readonly crash: boolean
  /** True counts a snooze. */
  readonly snooze: boolean
  /** A suspect may run only alone in its consumer. `keep`: it stays what it was. */
  readonly suspect: 'yes' | 'no' | 'keep'
  readonly result: Uint8Array | null
  /** What the run reported last (0…1); `null` leaves what is there. */
  readonly progress: number | null
  readonly pauseQueue: string | null
  /** Store it only if this is true too: the lease has expired, or this registration is the holder (and the caller has proof of its death). */
  readonly only: SettleCondition | null
  /** True when it was sent before and nobody knows whether it was stored then. */
  readonly again: boolean
  readonly run: RunFacts
}

export type SettleCondition = {readonly kind: 'lease_expired'} | {readonly kind: 'holder'; readonly consumerId: number}
export type Settled =
  | {readonly kind: 'settled'; readonly deadLetterId: number | null}
  | {readonly kind: 'lost'}
  | {readonly kind: 'requested'; readonly requested: Requested}

/** A job being processed and who holds it. */
export interface Held extends Claim {
  readonly queue: string
  readonly attempt: number
  readonly crashes: number
  readonly snoozes: number
  readonly maxAttempts: number | null
  readonly requested: Requested | null
  readonly startedAt: number
  /** Those of another machine do not expire as long as it shows life in this store. */
  readonly leaseExpired: boolean
  /** True when another job of its holder was taken (`only`) and this lease was not prolonged since: it may not have been held alone. */
  readonly bereft: boolean
  readonly consumerId: number
  readonly consumer: string
  readonly process: ProcessIdentity
}

export type SortField = 'id' | 'priority' | 'run_at' | 'updated' | 'attempts'

export interface Query {
  readonly filter: Filter | null
  readonly order: {readonly field: SortField; readonly descending: boolean}
  readonly limit: number
  /** Where the page before ended; opaque to callers. */
  readonly cursor: string | null
  /** Most rows to look at; `null` = to the end. */
  readonly scanLimit: number | null
}

export interface Page {
  readonly jobs: readonly Job[]
  readonly next: string | null
  readonly searched: {readonly rows: number; readonly complete: boolean}
}

/** What is kept of a job beside its row. What was not asked for is empty. */
export interface History {
  readonly runs: readonly Run[]
  readonly events: readonly JobEvent[]
  /** By run (fence). */
  readonly output: ReadonlyMap<number, RunOutput>
}

export type JobRecord = FullJob & {readonly history: History}

export interface StatsQuery {
  readonly names?: readonly string[]
  /** UTC ms; `null` = no minutes. */
  readonly since: number | null
}

/** New values for a queue's settings; `null` = back to the default (for `timeoutMs`, `concurrency`, `deadLetter` that is none). */
export type SettingsChange = {readonly [K in keyof QueueSettings]?: QueueSettings[K] | null}

export interface QueueChange {
  readonly create: 'must' | 'may' | 'never'
  readonly settings?: SettingsChange
  readonly paused?: {readonly paused: boolean; readonly reason: string | null}
  /** By whom, and how: with it the change is an event, too. */
  readonly by?: ChangedBy
}

export interface NewConsumer {
  readonly name: string
  readonly process: ProcessIdentity
  readonly queues: readonly string[]
  readonly concurrency: number
  readonly replaces: number | null
}

export type Registered = {readonly kind: 'registered'; readonly id: number} | {readonly kind: 'taken'; readonly by: Consumer}

export interface Maintained {
  readonly deleted: Readonly<Record<FinalState, number>>
  readonly more: boolean
}

export interface StorageInfo {
  readonly engine: string
  /** Path or URL without secrets. */
  readonly location: string
  readonly schemaVersion: number
  readonly durability: 'full' | 'normal'
  readonly engineVersion: string
  /** Empty unless they were asked for. */
  readonly events: readonly StoreEvent[]
}
