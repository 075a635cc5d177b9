import type {Requested, RunOutcome} from '../job.ts'
import type {Counted} from '../standing.ts'
import {formatDuration, formatDurationShort} from '../time.ts'
import {formatTime} from '../time-parse.ts'
import type {Candidate, Explanation, Reason} from './explain.ts'

/** A reason in plain words. */
export interface Wording {
  readonly text: string
  /** The one command that does something about it; `null` when time or others will. */
  readonly fix: string | null
  /** What the command is for, where nothing is wrong and time will do; absent: it puts an end to the reason. */
  readonly purpose?: string
}

/** All reasons in words, for people: a command that several of them come to stands with the last. */
export function wordingsOf(explanation: Explanation): readonly Wording[] {
  const wordings = explanation.reasons.map(reason => wordingOf(reason, explanation))
  return wordings.map((wording, at) => (wordings.slice(at + 1).some(({fix}) => fix === wording.fix) ? {...wording, fix: null} : wording))
}

/**
 * Puts a reason into words.
 * @param reason one of the explanation's
 */
export function wordingOf(reason: Reason, explanation: Explanation): Wording {
  const word = WORDINGS[reason.code] as (reason: Reason, about: Explanation) => string | Wording
  const wording = word(reason, explanation)
  return typeof wording === 'string' ? {text: wording, fix: null} : wording
}

/** The kind of reason that has this code, maybe among others. */
type Of<Code extends Reason['code'], Kind = Reason> = Kind extends {readonly code: infer Own} ? (Code extends Own ? Kind : never) : never
type Assigned = Of<'assigned'>

/** A text alone: there is nothing to do but wait. */
const WORDINGS: {readonly [Code in Reason['code']]: (reason: Of<Code>, about: Explanation) => string | Wording} = {
  queue_paused: ({queue, reason, pausedAt}, about) => ({
    text: `queue ${queue} was paused${ago(pausedAt, about)}: ${reason ?? 'no reason was given'}`,
    fix: `qctl queues resume ${queue}`,
  }),
  limit_reached: ({queue, concurrency, processing, holders}) => {
    const each = holders.map(({consumer, jobs: count}) => `${consumer} has ${count}`).join(', ')
    const text = `queue ${queue} may process ${jobs(concurrency)} at once and does${each === '' ? '' : `: ${each}`}`
    return {text, fix: `qctl queues set ${queue} --concurrency ${processing + 1}`}
  },
  delayed: ({runAt}, about) => ({text: `it is not to run before ${at(runAt, about)}`, ...runNow(about)}),
  snoozed: ({runAt, snoozes}, about) => ({
    text: `its handler put it off (${times(snoozes)} so far); it runs again at ${at(runAt, about)}`,
    ...runNow(about),
  }),
  backing_off: (reason, about) => ({text: `${ended(reason)}; it runs again at ${at(reason.runAt, about)}`, ...runNow(about)}),
  assigned: (reason, about) => ({text: assigned(reason, about), fix: assignAnew(about)}),
  assigned_elsewhere: (reason, about) => ({
    text: `${assigned(reason, about)}, and that one does not serve queue ${reason.queue}`,
    fix: assignAnew(about),
  }),
  assigned_to_nobody: (reason, about) => ({text: `${assigned(reason, about)}, and there is none of that name`, fix: startAssignee(reason)}),
  assigned_to_dead: (reason, about) => ({text: `${assigned(reason, about)}, and that one died`, fix: startAssignee(reason)}),
  suspect: () =>
    'its consumer died while it ran: until it is known whether that was its doing it runs alone, and waits for a consumer with nothing else in hand',
  no_consumer: ({queue}) => ({text: `nobody consumes queue ${queue}`, fix: consume(queue)}),
  consumers_dead: ({queue, consumers}) => ({text: `nobody consumes queue ${queue} any more: ${consumers.join(', ')} died`, fix: consume(queue)}),
  consumers_busy: ({queue, consumers}) => ({text: `every slot is taken: ${consumers.map(inHand).join('; ')}`, fix: consume(queue)}),
  consumer_stopping: ({queue, consumer, jobs: count}) => ({
    text: `consumer ${consumer} takes no more: it ends when what it has in hand (${jobs(count)}) has ended`,
    fix: consume(queue),
  }),
  consumer_stopped: ({consumer, pid, host}) => ({text: `consumer ${consumer} (pid ${pid} on ${host}) was stopped by a signal`, fix: `kill -CONT ${pid}`}),
  suspect_first: ({consumer, suspect}) =>
    suspect === null ? `consumer ${consumer} runs a job that must run alone` : `consumer ${consumer} has to run job ${suspect} first, and that one alone`,
  earlier_queues: ({queue, consumer, earlier}) => ({
    text: `consumer ${consumer} serves other queues first: ${earlier.map(part => `${counted(part.jobs)} in ${part.queue}`).join(', ')}`,
    fix: consume(queue),
  }),
  behind: ({queue, ahead}) => ({
    text: `${counted(ahead)} of queue ${queue} ${ahead.count === 1 && !ahead.isMore ? 'goes' : 'go'} first, by priority or age`,
    fix: consume(queue),
  }),
  ready: ({consumer, after}) => `consumer ${consumer} takes it ${after === 0 ? 'next' : `after ${jobs(after)}`}`,
  processing: ({consumer, pid, host, startedAt, leaseRemainingMs}, about) => {
    const left = leaseRemainingMs ?? 0
    const lease = left > 0 ? `, ${formatDurationShort(left)} of its lease left` : ''
    return {text: `consumer ${consumer} (pid ${pid} on ${host}) has been at it since ${formatTime(startedAt)}${lease}`, fix: requestOf(about) === null ? `qctl jobs cancel ${about.id}` : null}
  },
  requested: ({requested}, {id}) => ({
    text: `its ${requested === 'cancel' ? 'cancellation' : 'failure'} was requested and is not done yet: the handler has to be gone first`,
    fix: `qctl jobs wait ${id}`,
  }),
  holder_dead: ({consumer, pid, host}, about) => ({
    text: `consumer ${consumer} (pid ${pid} on ${host}) is dead; a running consumer ${ends(about)} within 2 s, and so does this`,
    fix: 'qctl reap --once',
  }),
  holder_unreachable: ({consumer}) =>
    `whether consumer ${consumer} lives cannot be told from here (another host or pid namespace): the end of its lease decides`,
  lease_expired: ({consumer}, about) => ({
    text: `the lease of consumer ${consumer} has ended; a running consumer ${ends(about)}, and so does this`,
    fix: 'qctl reap --once',
  }),
  heartbeat_late: ({consumer, leaseMs, leaseRemainingMs}, about) =>
    `consumer ${consumer} is late to prolong its lease of ${formatDuration(leaseMs)}: ${formatDurationShort(leaseRemainingMs)} left, then a running one ${ends(about)}`,
  survivors: ({pids}) => ({
    text: `${pids.map(pid => `pid ${pid}`).join(', ')} still ${pids.length === 1 ? 'runs' : 'run'} it, and nobody else gets it before that is gone; what does not end even when it is killed hangs in the kernel`,
    fix: 'qctl reap --once',
  }),
  done: ({finishedAt}, about) => ({text: `it was done${ago(finishedAt, about)}; resubmitted, it would run again`, fix: resubmit(about)}),
  cancelled: ({finishedAt, by}, about) => ({
    text: `it was cancelled${ago(finishedAt, about)}${by === null ? '' : ` by ${by.actor}: ${by.reason}`}; resubmitted, it would run as if it were new`,
    fix: resubmit(about),
  }),
  failed: (reason, about) => ({
    text: `it failed${ago(reason.finishedAt, about)}, because ${why(reason)}; resubmitted, it would begin with attempt 1`,
    fix: resubmit(about),
  }),
  key_taken: ({key, jobId}) => ({
    text: `it cannot be resubmitted: its key ${key} is held by job ${jobId}, which is not finished`,
    fix: `qctl jobs explain ${jobId}`,
  }),
  key_kept: ({key, keptUntil}, about) => `it keeps its key ${key} until ${at(keptUntil, about)}: produce --key answers with this job until then`,
  dead_letter: ({jobId}) => ({text: `job ${jobId} in the dead-letter queue is a copy of it`, fix: `qctl jobs explain ${jobId}`}),
  dead_letter_of: ({jobId}) => ({text: `it is the copy of job ${jobId}, which failed`, fix: `qctl jobs explain ${jobId}`}),
}

/** The codes of all reasons, for whoever writes programs: none of them changes its meaning. */
export const REASON_CODES: readonly string[] = Object.keys(WORDINGS)

const consume = (queue: string): string => `qctl consume -Q ${queue} -- COMMAND`
const startAssignee = ({consumer, queue}: Assigned): string => `qctl consume --name ${consumer} -Q ${queue} -- COMMAND`
const assignAnew = ({id}: Explanation): string => `qctl jobs assign ${id} --consumer NAME`
const resubmit = ({id}: Explanation): string => `qctl jobs resubmit ${id}`
const runNow = ({id}: Explanation): Omit<Wording, 'text'> => ({fix: `qctl jobs cancel ${id} && qctl jobs resubmit ${id}`, purpose: 'to run it now'})

/** What was requested of a job in hand. */
function requestOf({reasons}: Explanation): Requested | null {
  return reasons.find(reason => reason.code === 'requested')?.requested ?? null
}

/** What becomes of a job when its holder is gone. */
function ends(about: Explanation): string {
  return {none: 'gives the job back', cancel: 'cancels the job', fail: 'fails the job'}[requestOf(about) ?? 'none']
}

function ago(then: number | null, {now}: Explanation): string {
  return then === null ? '' : ` ${formatDurationShort(Math.max(0, now - then))} ago`
}

function at(then: number, {now}: Explanation): string {
  return `${formatTime(then)}, in ${formatDurationShort(Math.max(0, then - now))}`
}

function assigned({consumer, assignedUntil}: Assigned, about: Explanation): string {
  return `only consumer ${consumer} may take it, ${assignedUntil === null ? 'for ever' : `until ${at(assignedUntil, about)}`}`
}

const ENDS: Readonly<Partial<Record<RunOutcome, string>>> = {
  failed: 'failed',
  timed_out: 'ran out of time',
  crashed: 'crashed',
  unrunnable: 'could not be started',
  lost: 'was lost with its consumer',
  released: 'was given back',
}

function ended({attempts, maxAttempts, outcome, error}: Of<'backing_off'>): string {
  const isSpent = outcome !== 'unrunnable' && outcome !== 'released'
  const attempt = isSpent ? `attempt ${attempts}${maxAttempts === null ? '' : ` of ${maxAttempts}`}` : 'its last run'
  return `${attempt} ${ENDS[outcome] ?? outcome}${error === null ? '' : ` (${error})`}`
}

function why({reason, error, exitCode, signal, attempts, by}: Of<'failed'>): string {
  const reasons = {
    attempts: attempts === 1 ? 'its only attempt was used up' : `all ${attempts} attempts were used up`,
    permanent: 'its handler said that no further attempt helps',
    timeout: 'its last attempt ran out of time',
    poison: 'it crashed too often',
    corrupt: 'its payload does not match its checksum',
    admin: by === null ? 'somebody failed it' : `${by.actor} failed it: ${by.reason}`,
  } as const
  const fact = error ?? signal ?? (exitCode === null ? null : `exit ${exitCode}`)
  return `${reasons[reason ?? 'admin']}${fact === null ? '' : ` (${fact})`}`
}

function inHand({consumer, jobs: count, concurrency, holding}: Candidate): string {
  const more = count - holding.length
  return `${consumer} has ${count} of ${concurrency} in hand (${count === 1 ? 'job' : 'jobs'} ${holding.join(', ')}${more > 0 ? ` and ${more} more` : ''})`
}

function jobs(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'job' : 'jobs'}`
}

function counted({count, isMore}: Counted): string {
  return isMore ? `more than ${jobs(count)}` : jobs(count)
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count.toLocaleString('en')} times`
}
