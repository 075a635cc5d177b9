/** How a run of a handler can end: the closed set that handlers, the consumer and the reaper speak in. */
import type {Requested, RunFacts} from './job.ts'

export type Outcome =
  | {readonly kind: 'done'; readonly result: Uint8Array | null}
  /** `retryAfterMs` overrides the queue's backoff; `notBeforeMs` only makes a shorter one longer. */
  | {
      readonly kind: 'failed'
      readonly error: string
      readonly retryAfterMs: number | null
      readonly notBeforeMs?: number
      readonly cause?: 'oom'
    }
  | {readonly kind: 'timed_out'; readonly error: string}
  | {readonly kind: 'crashed'; readonly error: string; readonly cause: CrashCause}
  /** Not now: later, without spending an attempt. */
  | {readonly kind: 'snoozed'; readonly delayMs: number | null}
  /** Failed now, whatever attempts are left. */
  | {readonly kind: 'rejected'; readonly reason: 'permanent' | 'corrupt'; readonly error: string}
  /** The handler is broken, not the job. `streak` counts these in a row on this consumer and queue; `pause` names why the queue must stop. */
  | {readonly kind: 'unrunnable'; readonly error: string; readonly streak: number; readonly pause: string | null}
  | {readonly kind: 'cancelled'; readonly requested: Requested}
  /** Given back unharmed by a consumer that stops. */
  | {readonly kind: 'released'}
  /** The holder is gone. `alone`: this was the only job it held. */
  | {readonly kind: 'lost'; readonly cause: LossCause; readonly alone: boolean}

/**
 * `signal`: the handler died by one nobody here sent it; `oom`: the kernel sent it, because there was no memory left;
 * `worker_died`: a worker ended by itself with the job in hand; `bad_answer`: a worker wrote what is no answer.
 */
export type CrashCause = 'signal' | 'oom' | 'worker_died' | 'bad_answer'

export type LossCause = 'lease_expired' | 'consumer_died' | 'host_rebooted'

/** The end of a run: what it means and what was seen of it. */
export interface RunEnd {
  readonly outcome: Outcome
  readonly exitCode: number | null
  readonly signal: string | null
  readonly runMs: number | null
  readonly cpuMs: number | null
  readonly maxRssBytes: number | null
  /** What it printed. Like the time, the consumer adds it. */
  readonly output: RunFacts['output']
  /** What the run reported last, 0…1; `null` = nothing. The consumer adds it, too. */
  readonly progress: number | null
}

/**
 * The end of a run of which nothing but the outcome is known.
 * @param outcome what it means
 */
export function bareEnd(outcome: Outcome): RunEnd {
  return {outcome, exitCode: null, signal: null, runMs: null, cpuMs: null, maxRssBytes: null, output: null, progress: null}
}
