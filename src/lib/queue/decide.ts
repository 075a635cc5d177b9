import {keptError} from '../errors.ts'
import {type FailReason, type QueueSettings, type RunFacts, SNOOZE_LIMIT} from '../job.ts'
import type {Outcome, RunEnd} from '../outcome.ts'
import type {Transition} from '../storage/storage.ts'
import {backoffDelayMs} from './backoff.ts'

/** What the decision needs to know of the job whose run ended. */
export interface Subject {
  readonly id: number
  readonly fence: number
  readonly attempt: number
  readonly crashes: number
  readonly snoozes: number
  /** The job's own limit; `null` = the queue's. */
  readonly maxAttempts: number | null
}

/** A draw from [0, 1), for the jitter. */
export type Random = () => number

type Verdict = Partial<Omit<Transition, 'id' | 'fence' | 'run' | 'to' | 'only' | 'again' | 'progress'>> & Pick<Transition, 'to'>

/**
 * Turns the end of a run into what is stored: the only place that knows retry from failed. Pure.
 * @param subject the job as it was claimed
 * @param end how the run ended
 * @param settings the queue's settings as they are now
 * @param random draws the jitter
 * @returns the transition, without a settle condition
 */
export function decide(subject: Subject, end: RunEnd, settings: QueueSettings, random: Random): Transition {
  const verdict = judge(subject, end.outcome, settings, random)
  return {
    reason: null,
    delayMs: 0,
    refund: false,
    crash: false,
    snooze: false,
    suspect: 'no',
    result: null,
    pauseQueue: null,
    only: null,
    again: false,
    ...verdict,
    id: subject.id,
    fence: subject.fence,
    progress: end.progress,
    run: runFacts(end),
  }
}

function judge(subject: Subject, outcome: Outcome, settings: QueueSettings, random: Random): Verdict {
  const backoff = (count: number) => backoffDelayMs(settings.backoff, count, random)
  const retry = (delayMs: number, lastReason: FailReason): Verdict =>
    subject.attempt >= (subject.maxAttempts ?? settings.maxAttempts)
      ? {to: 'failed', reason: lastReason}
      : {to: 'pending', delayMs}
  switch (outcome.kind) {
    case 'done':
      return {to: 'done', result: outcome.result}
    case 'failed':
      return retry(outcome.retryAfterMs ?? Math.max(outcome.notBeforeMs ?? 0, backoff(subject.attempt)), 'attempts')
    case 'timed_out':
      return retry(backoff(subject.attempt), 'timeout')
    case 'rejected':
      return {to: 'failed', reason: outcome.reason}
    case 'cancelled':
      return outcome.requested === 'cancel' ? {to: 'cancelled'} : {to: 'failed', reason: 'admin'}
    case 'released':
      return {to: 'pending', refund: true, suspect: 'keep'}
    case 'unrunnable':
      return {
        to: 'pending',
        refund: true,
        delayMs: outcome.pause === null ? backoff(outcome.streak) : 0,
        pauseQueue: outcome.pause,
      }
    case 'snoozed':
      return subject.snoozes >= SNOOZE_LIMIT
        ? retry(outcome.delayMs ?? backoff(subject.attempt), 'attempts')
        : {to: 'pending', refund: true, snooze: true, delayMs: outcome.delayMs ?? backoff(subject.snoozes + 1)}
    case 'crashed':
      return crash(subject, settings, retry(backoff(subject.attempt), 'attempts'))
    case 'lost':
      return lose(subject, outcome, settings, retry(0, 'attempts'))
  }
}

/** A crash beats the attempts: when both limits are reached the reason is `poison`. */
function crash(subject: Subject, settings: QueueSettings, otherwise: Verdict): Verdict {
  return subject.crashes + 1 >= settings.crashLimit
    ? {to: 'failed', reason: 'poison', crash: true}
    : {...otherwise, crash: true}
}

/**
 * Only the death of a consumer that held nothing else is known to be this job's doing.
 * Jobs lost together become suspects, to be run one by one; a job that crashed alone stays one.
 */
function lose(
  subject: Subject,
  outcome: Extract<Outcome, {kind: 'lost'}>,
  settings: QueueSettings,
  retry: Verdict,
): Verdict {
  if (outcome.cause !== 'consumer_died') return {...retry, suspect: 'keep'}
  const verdict = outcome.alone ? crash(subject, settings, retry) : retry
  return verdict.to === 'pending' ? {...verdict, suspect: 'yes'} : verdict
}

function runFacts(end: RunEnd): RunFacts {
  const {outcome} = end
  return {
    outcome: outcome.kind,
    exitCode: end.exitCode,
    signal: end.signal,
    cause: causeOf(outcome),
    error: 'error' in outcome ? keptError(outcome.error) : null,
    runMs: end.runMs,
    cpuMs: end.cpuMs,
    maxRssBytes: end.maxRssBytes,
    output: end.output,
  }
}

function causeOf(outcome: Outcome): string | null {
  switch (outcome.kind) {
    case 'lost':
    case 'crashed':
      return outcome.cause
    case 'cancelled':
      return outcome.requested
    case 'failed':
      return outcome.cause ?? null
    default:
      return null
  }
}
