import type {FailReason, JobEvent, ProcessIdentity, Requested, Run, RunOutcome, State} from '../job.ts'
import type {Liveness} from '../process.ts'
import type {Assignment, ClaimantStanding, Counted, Holder, PendingStanding, QueueStanding, Standing} from '../standing.ts'

/** What only a look at the processes of this host can tell. */
export interface Eyes {
  liveness(process: ProcessIdentity): Liveness
  /** It lives and does nothing: a signal stopped it. */
  isStopped(process: ProcessIdentity): boolean
  /** The processes that still run this job for that holder. */
  pidsOf(job: {readonly id: number; readonly fence: number}, holder: ProcessIdentity): readonly number[]
}

/** A consumer that a pending job could go to, or could not. */
export interface Candidate {
  readonly consumer: string
  readonly jobs: number
  readonly concurrency: number
  readonly holding: readonly number[]
}

/**
 * One reason why a job is as it is. `code` never changes its meaning. Fields that end in `At` or `Until` are UTC ms.
 * Of a pending job the first kinds are obstacles of its own, the others lie with the consumers.
 */
export type Reason =
  | {readonly code: 'queue_paused'; readonly queue: string; readonly reason: string | null; readonly pausedAt: number | null}
  | {readonly code: 'delayed'; readonly runAt: number}
  | {readonly code: 'snoozed'; readonly runAt: number; readonly snoozes: number}
  | {
      readonly code: 'backing_off'
      readonly runAt: number
      readonly attempts: number
      readonly maxAttempts: number | null
      readonly outcome: RunOutcome
      readonly error: string | null
    }
  | {
      readonly code: 'limit_reached'
      readonly queue: string
      readonly concurrency: number
      readonly processing: number
      readonly holders: QueueStanding['holders']
    }
  | {readonly code: AssignedCode; readonly consumer: string; readonly assignedUntil: number | null; readonly queue: string}
  | {readonly code: 'suspect'; readonly crashes: number}
  | {readonly code: 'no_consumer'; readonly queue: string}
  | {readonly code: 'consumers_dead'; readonly queue: string; readonly consumers: readonly string[]}
  | {readonly code: 'consumers_busy'; readonly queue: string; readonly consumers: readonly Candidate[]}
  | {readonly code: 'consumer_stopping'; readonly queue: string; readonly consumer: string; readonly jobs: number}
  | {readonly code: 'consumer_stopped'; readonly consumer: string; readonly pid: number; readonly host: string}
  | {readonly code: 'suspect_first'; readonly consumer: string; readonly suspect: number | null}
  | {readonly code: 'earlier_queues'; readonly queue: string; readonly consumer: string; readonly earlier: ClaimantStanding['earlier']}
  | {readonly code: 'behind'; readonly queue: string; readonly ahead: Counted}
  | {readonly code: 'ready'; readonly consumer: string; readonly after: number}
  | {readonly code: 'processing'; readonly consumer: string; readonly pid: number; readonly host: string; readonly startedAt: number; readonly leaseRemainingMs: number | null}
  | {readonly code: 'requested'; readonly requested: Requested}
  | {readonly code: 'holder_dead' | 'holder_unreachable'; readonly consumer: string; readonly pid: number; readonly host: string}
  | {readonly code: 'lease_expired'; readonly consumer: string}
  | {readonly code: 'heartbeat_late'; readonly consumer: string; readonly leaseMs: number; readonly leaseRemainingMs: number}
  | {readonly code: 'survivors'; readonly pids: readonly number[]}
  | {readonly code: 'done'; readonly finishedAt: number | null}
  | {readonly code: 'cancelled'; readonly finishedAt: number | null; readonly by: Decision | null}
  | {
      readonly code: 'failed'
      readonly finishedAt: number | null
      readonly reason: FailReason | null
      readonly error: string | null
      readonly exitCode: number | null
      readonly signal: string | null
      readonly attempts: number
      readonly by: Decision | null
    }
  | {readonly code: 'key_taken'; readonly key: string; readonly jobId: number}
  | {readonly code: 'key_kept'; readonly key: string; readonly keptUntil: number}
  | {readonly code: 'dead_letter'; readonly jobId: number}
  | {readonly code: 'dead_letter_of'; readonly jobId: number}

/** Who had it ended, and what for. */
export type Decision = Pick<JobEvent, 'actor' | 'reason'>

type AssignedCode = 'assigned' | 'assigned_to_nobody' | 'assigned_to_dead' | 'assigned_elsewhere'

/** Why a job is as it is, and whether it could be claimed now. */
export interface Explanation {
  readonly id: number
  readonly queue: string
  readonly state: State
  readonly now: number
  /** Some live consumer would be granted it by its next claim. */
  readonly claimable: boolean
  /** The decisive one first; never empty. */
  readonly reasons: readonly Reason[]
}

/** So many consumers that would get a job next are named. */
const NAMED_READY = 3

/**
 * Puts the facts about a job into reasons.
 * @param standing as the store says it
 * @param eyes what is seen of processes
 */
export function explain(standing: Standing, eyes: Eyes): Explanation {
  const {job, now, pending, holder} = standing
  const ready = pending === null ? [] : readyFor(pending, eyes).slice(0, NAMED_READY)
  const reasons =
    pending !== null ? whyPending(standing, pending, ready, eyes) : holder !== null ? whyProcessing(standing, holder, eyes) : whyFinished(standing)
  const links: readonly Reason[] = job.originId === null ? [] : [{code: 'dead_letter_of', jobId: job.originId}]
  return {id: job.id, queue: job.queue, state: job.state, now, claimable: ready.length > 0, reasons: [...reasons, ...links]}
}

/** The consumers whose next claim would be granted the job, soonest first. */
function readyFor({claimants}: PendingStanding, eyes: Eyes): readonly Reason[] {
  return claimants
    .flatMap(({name, process, gets, jobs, concurrency}) =>
      gets !== null && jobs + gets < concurrency && eyes.liveness(process) !== 'dead' && !eyes.isStopped(process) ? [{code: 'ready', consumer: name, after: gets} as const] : [],
    )
    .sort((a, b) => a.after - b.after)
}

function whyPending(standing: Standing, pending: PendingStanding, ready: readonly Reason[], eyes: Eyes): readonly Reason[] {
  if (ready.length > 0) return ready
  const own = [...whyQueue(standing.queue), ...whyNotDue(standing, pending), ...whyAssigned(standing, pending.assignment, eyes)]
  const suspect: readonly Reason[] = pending.suspect ? [{code: 'suspect', crashes: standing.job.crashes}] : []
  const nobody = whyNobody(standing.queue, pending, eyes)
  // When nothing about the job itself holds it up, and there are consumers, it is for them to say why they do not take it.
  const others = own.length > 0 || nobody.length > 0 ? [] : whyNotTaken(standing.queue.name, pending, eyes)
  return [...own, ...nobody, ...suspect, ...others]
}

function whyQueue({name, paused, pausedReason, pausedAt, concurrency, processing, holders}: QueueStanding): readonly Reason[] {
  if (paused) return [{code: 'queue_paused', queue: name, reason: pausedReason, pausedAt}]
  if (concurrency === null || processing < concurrency) return []
  return [{code: 'limit_reached', queue: name, concurrency, processing, holders}]
}

function whyNotDue({job, lastRun}: Standing, {due}: PendingStanding): readonly Reason[] {
  const {runAt, attempts, maxAttempts, snoozes} = job
  if (due) return []
  if (lastRun === null || lastRun.run !== job.fence) return [{code: 'delayed', runAt}]
  const {outcome, error} = lastRun
  if (outcome === 'snoozed') return [{code: 'snoozed', runAt, snoozes}]
  return [{code: 'backing_off', runAt, attempts, maxAttempts, outcome, error}]
}

/** An assignment to a consumer that is there and serves the queue is no obstacle; others are busy or not, it has to be that one. */
function whyAssigned({queue}: Standing, assignment: Assignment | null, eyes: Eyes): readonly Reason[] {
  if (assignment === null) return []
  const facts = {consumer: assignment.to, assignedUntil: assignment.until, queue: queue.name}
  if (assignment.process === null) return [{code: 'assigned_to_nobody', ...facts}]
  if (eyes.liveness(assignment.process) === 'dead') return [{code: 'assigned_to_dead', ...facts}]
  return assignment.queues.includes(queue.name) ? [] : [{code: 'assigned_elsewhere', ...facts}]
}

function whyNobody({name}: QueueStanding, {claimants}: PendingStanding, eyes: Eyes): readonly Reason[] {
  if (claimants.length === 0) return [{code: 'no_consumer', queue: name}]
  const isDead = claimants.every(({process}) => eyes.liveness(process) === 'dead')
  return isDead ? [{code: 'consumers_dead', queue: name, consumers: claimants.map(claimant => claimant.name)}] : []
}

function whyNotTaken(queue: string, {ahead, assignment, claimants}: PendingStanding, eyes: Eyes): readonly Reason[] {
  const asked = claimants.filter(({name, process}) => (assignment === null || name === assignment.to) && eyes.liveness(process) !== 'dead')
  const awake = asked.filter(({process, leaving}) => !leaving && !eyes.isStopped(process))
  const busy = awake.filter(({jobs, concurrency}) => jobs >= concurrency)
  const free = awake.filter(({jobs, concurrency}) => jobs < concurrency)
  const barred = free.flatMap(({name, barred: by}): readonly Reason[] =>
    by === null ? [] : [{code: 'suspect_first', consumer: name, suspect: by.kind === 'holds_suspect' ? null : by.jobId}],
  )
  const elsewhere = free.flatMap(({name, earlier}): readonly Reason[] =>
    earlier.length === 0 ? [] : [{code: 'earlier_queues', queue, consumer: name, earlier}],
  )
  const first = mostAhead([...(ahead === null ? [] : [ahead]), ...free.map(({before}) => before)])
  return [
    ...asked.flatMap(claimant => whyAsleep(queue, claimant, eyes)),
    ...(busy.length === 0 ? [] : [{code: 'consumers_busy', queue, consumers: busy.map(candidate)} as const]),
    ...barred,
    ...elsewhere,
    ...(first.count === 0 ? [] : [{code: 'behind', queue, ahead: first} as const]),
    ...(assignment === null ? [] : [{code: 'assigned', consumer: assignment.to, assignedUntil: assignment.until, queue} as const]),
  ]
}

/** Why a consumer that lives takes nothing at all. */
function whyAsleep(queue: string, {name: consumer, process, leaving, jobs}: ClaimantStanding, eyes: Eyes): readonly Reason[] {
  if (eyes.isStopped(process)) return [{code: 'consumer_stopped', consumer, pid: process.pid, host: process.host}]
  return leaving ? [{code: 'consumer_stopping', queue, consumer, jobs}] : []
}

/** Jobs that are assigned to a consumer may go first only there. */
function mostAhead(counts: readonly Counted[]): Counted {
  return counts.reduce((most, one) => (one.count > most.count || one.isMore ? one : most), {count: 0, isMore: false})
}

function candidate({name, jobs, concurrency, holding}: ClaimantStanding): Candidate {
  return {consumer: name, jobs, concurrency, holding}
}

function whyProcessing({job}: Standing, holder: Holder, eyes: Eyes): readonly Reason[] {
  const {consumer, process, requested, startedAt, expired} = holder
  const {pid, host} = process
  const seen = eyes.liveness(process)
  const isGone = seen === 'dead' || expired
  const pids = isGone ? eyes.pidsOf(job, process) : []
  return [
    ...(pids.length > 0 ? [{code: 'survivors', pids} as const] : []),
    ...(seen === 'dead' ? [{code: 'holder_dead', consumer, pid, host} as const] : []),
    ...(seen === 'alive' && eyes.isStopped(process) ? [{code: 'consumer_stopped', consumer, pid, host} as const] : []),
    ...(expired ? [{code: 'lease_expired', consumer} as const] : lateBeat(job.leaseRemainingMs, holder)),
    ...(requested === null ? [] : [{code: 'requested', requested} as const]),
    ...(seen === 'dead' ? [] : [{code: 'processing', consumer, pid, host, startedAt, leaseRemainingMs: job.leaseRemainingMs} as const]),
    ...(seen === 'unknown' ? [{code: 'holder_unreachable', consumer, pid, host} as const] : []),
  ]
}

/** A lease is prolonged when a third of it is over: one that has less than half left missed it. */
function lateBeat(leaseRemainingMs: number | null, {consumer, leaseMs}: Holder): readonly Reason[] {
  const isLate = leaseRemainingMs !== null && leaseRemainingMs >= 0 && leaseRemainingMs < leaseMs / 2
  return isLate ? [{code: 'heartbeat_late', consumer, leaseMs, leaseRemainingMs}] : []
}

function whyFinished({job, lastRun, lastEvent, key}: Standing): readonly Reason[] {
  const {finishedAt, reason, error, attempts} = job
  const end = job.attempts === 0 ? null : lastRun
  const by = lastEvent === null ? null : {actor: lastEvent.actor, reason: lastEvent.reason}
  const first: Reason =
    job.state === 'failed'
      ? {code: 'failed', finishedAt, reason, error, ...exitOf(end), attempts, by: reason === 'admin' ? by : null}
      : job.state === 'done'
        ? {code: 'done', finishedAt}
        : {code: 'cancelled', finishedAt, by}
  const links: readonly Reason[] = job.deadLetterId === null ? [] : [{code: 'dead_letter', jobId: job.deadLetterId}]
  if (job.key === null || key === null) return [first, ...links]
  const {key: name} = job
  if (key.jobId !== job.id && key.freeAt === null) return [first, {code: 'key_taken', key: name, jobId: key.jobId}, ...links]
  const kept: readonly Reason[] = key.jobId === job.id && key.freeAt !== null ? [{code: 'key_kept', key: name, keptUntil: key.freeAt}] : []
  return [first, ...kept, ...links]
}

function exitOf(run: Run | null): {readonly exitCode: number | null; readonly signal: string | null} {
  return {exitCode: run?.exitCode ?? null, signal: run?.signal ?? null}
}
