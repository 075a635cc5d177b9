/**
 * The rules of the queue a second time, written from the specification and not from the code: what an ended run means.
 * The limits are those of the model's queues; the jitter always draws the same number.
 */
import type {FailReason, QueueSettings, Requested} from '../../../src/lib/job.ts'
import type {LossCause, Outcome} from '../../../src/lib/outcome.ts'
import type {ModelJob} from './state.ts'

export interface Verdict {
  readonly to: 'pending' | 'done' | 'failed' | 'cancelled'
  readonly reason: FailReason | null
  readonly waitMs: number
  readonly refund: boolean
  readonly crash: boolean
  readonly snooze: boolean
  readonly suspect: boolean
  readonly pause: string | null
}

const NOTHING = {reason: null, waitMs: 0, refund: false, crash: false, snooze: false, suspect: false, pause: null}

/** What the end of a job's run means. `draw` is the jitter's only number. */
export function verdictOf(job: ModelJob, outcome: Outcome, settings: QueueSettings, draw: number): Verdict {
  const isLast = job.attempts >= (job.maxAttempts ?? settings.maxAttempts)
  const back = (waitMs: number, change: Partial<Verdict> = {}): Verdict => ({...NOTHING, to: 'pending', waitMs, ...change})
  const end = (reason: FailReason, change: Partial<Verdict> = {}): Verdict => ({...NOTHING, to: 'failed', reason, ...change})
  const again = (waitMs: number, reason: FailReason): Verdict => (isLast ? end(reason) : back(waitMs))
  const backoff = (count: number): number => jitter(settings, count, draw)
  const crash = (otherwise: Verdict): Verdict =>
    job.crashes + 1 >= settings.crashLimit ? end('poison', {crash: true}) : {...otherwise, crash: true}
  switch (outcome.kind) {
    case 'done':
      return {...NOTHING, to: 'done'}
    case 'cancelled':
      return asked(outcome.requested)
    case 'rejected':
      return end(outcome.reason)
    case 'released':
      return back(0, {refund: true, suspect: job.suspect})
    case 'unrunnable':
      return back(outcome.pause === null ? backoff(outcome.streak) : 0, {refund: true, pause: outcome.pause})
    case 'snoozed':
      return back(outcome.delayMs ?? backoff(job.snoozes + 1), {refund: true, snooze: true})
    case 'failed':
      return again(outcome.retryAfterMs ?? Math.max(outcome.notBeforeMs ?? 0, backoff(job.attempts)), 'attempts')
    case 'timed_out':
      return again(backoff(job.attempts), 'timeout')
    case 'crashed':
      return crash(again(backoff(job.attempts), 'attempts'))
    case 'lost':
      return lost(job, outcome.cause, outcome.alone, again(0, 'attempts'), crash)
  }
}

/** What a request for a processing job ends it as. */
export function asked(requested: Requested): Verdict {
  return requested === 'cancel' ? {...NOTHING, to: 'cancelled'} : {...NOTHING, to: 'failed', reason: 'admin'}
}

function lost(
  job: ModelJob,
  cause: LossCause,
  alone: boolean,
  again: Verdict,
  crash: (otherwise: Verdict) => Verdict,
): Verdict {
  if (cause !== 'consumer_died') return {...again, suspect: job.suspect}
  return {...(alone ? crash(again) : again), suspect: true}
}

function jitter({backoff}: QueueSettings, count: number, draw: number): number {
  const longest = Math.min(backoff.capMs, backoff.baseMs * backoff.factor ** (count - 1))
  return Math.floor(draw * (Math.floor(longest) + 1))
}
