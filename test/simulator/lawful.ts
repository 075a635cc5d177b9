/** Whether a transition is what the specification makes of the end of a run: by the model's rules, not by the code under test. */
import type {QueueSettings} from '../../src/lib/job.ts'
import type {LossCause, Outcome} from '../../src/lib/outcome.ts'
import type {Transition} from '../../src/lib/storage/storage.ts'
import {type Verdict, verdictOf} from '../queue/model/rules.ts'
import type {ModelJob} from '../queue/model/state.ts'

/** The jitter draws the least and the most; what a handler asks for itself is never longer than this. */
const DRAWS = [0, 0.999_999_9] as const
export const LONGEST_WISH_MS = 1500

/**
 * @param settings those that the queue had lately: the decision was made a moment ago
 * @throws Error when no settings explain the transition
 */
export function assertLawful(transition: Transition, job: ModelJob, settings: readonly QueueSettings[]): void {
  const outcome = outcomeOf(transition)
  const doubts = settings.map(one => DRAWS.map(draw => verdictOf(job, outcome, one, draw))).map(verdicts => doubtOf(transition, verdicts))
  if (doubts.every(doubt => doubt !== null)) throw new Error(`unlawful end of job ${job.id} (${outcome.kind}): ${doubts.join('; ')}`)
}

function doubtOf(transition: Transition, [least, most]: readonly Verdict[]): string | null {
  if (least === undefined || most === undefined) return 'no verdict'
  const {to, reason, refund, crash, snooze, pauseQueue, delayMs} = transition
  const said = {to, reason, refund, crash, snooze, pause: pauseQueue}
  const law = {to: least.to, reason: least.reason, refund: least.refund, crash: least.crash, snooze: least.snooze, pause: least.pause}
  if (!Bun.deepEquals(said, law)) return `${JSON.stringify(said)} instead of ${JSON.stringify(law)}`
  if (to === 'pending' && isSuspect(transition) !== null && isSuspect(transition) !== least.suspect) return `suspect: ${transition.suspect}`
  const longest = Math.max(most.waitMs, mayWish(transition) ? LONGEST_WISH_MS : 0)
  if (to === 'pending' && (delayMs < least.waitMs - 1 || delayMs > longest)) return `waits ${delayMs} ms, not ${least.waitMs}…${longest}`
  return null
}

/** `null` = as it was. */
function isSuspect({suspect}: Transition): boolean | null {
  return suspect === 'keep' ? null : suspect === 'yes'
}

function mayWish({run}: Transition): boolean {
  return run.outcome === 'failed' || run.outcome === 'snoozed'
}

function outcomeOf({run, result, reason, pauseQueue, crash}: Transition): Outcome {
  const error = run.error ?? ''
  switch (run.outcome) {
    case 'done':
      return {kind: 'done', result}
    case 'failed':
      return {kind: 'failed', error, retryAfterMs: null}
    case 'timed_out':
      return {kind: 'timed_out', error}
    case 'crashed':
      return {kind: 'crashed', error, cause: 'signal'}
    case 'snoozed':
      return {kind: 'snoozed', delayMs: null}
    case 'rejected':
      return {kind: 'rejected', reason: reason === 'corrupt' ? 'corrupt' : 'permanent', error}
    case 'unrunnable':
      return {kind: 'unrunnable', error, streak: 1, pause: pauseQueue}
    case 'cancelled':
      return {kind: 'cancelled', requested: run.cause === 'fail' ? 'fail' : 'cancel'}
    case 'released':
      return {kind: 'released'}
    case 'lost':
      return {kind: 'lost', cause: run.cause as LossCause, alone: crash}
  }
}
