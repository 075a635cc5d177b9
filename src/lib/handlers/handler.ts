/** What a handler is: something that runs one leased job and says how that ended. */
import type {Lease, Requested, State} from '../job.ts'
import type {Outcome, RunEnd} from '../outcome.ts'
import type {OutputPosition, OutputStream} from '../output-record.ts'
import {formatDuration} from '../time.ts'

/** Opened once per consumer; runs many jobs, several at the same time. */
export interface Handler {
  /** True when it calls `startClock` itself; otherwise the time limit counts from the call of `run`. */
  readonly startsClock?: true | undefined
  /** True when it may give back a job that nobody told to end, because of what another one did. */
  readonly givesBack?: true | undefined

  /**
   * Runs one job. Never rejects: what goes wrong is an outcome.
   * Resolves only when nothing of the run is left: neither a process nor a half-written file.
   * @returns how it ended; the caller measures the time
   */
  run(lease: Lease, context: RunContext): Promise<RunEnd>

  /** Called after the end of the run was stored. A rejection is logged and changes nothing. */
  afterSettled?(lease: Lease, state: State): Promise<void>

  /** Lets go of what was opened. No run is going on any more. */
  close(): Promise<void>
}

/** What a handler is told beside the job itself. */
export interface RunContext {
  /** Aborted when the run has to end. Its reason is a `Stop`: see {@link stopOf}. */
  readonly signal: AbortSignal
  /** Aborted when there is no time left to end well. Never aborted before `signal`. */
  readonly kill: AbortSignal
  /** Tells one listener what the signals tell, for less. It is called at once when that has happened already. */
  listen(listener: RunListener): void
  readonly consumer: string
  /** The canonical path of the database; `null` when it is not a file. */
  readonly dbPath: string | null
  /** The limit in force: the job's, else the queue's. */
  readonly maxAttempts: number
  /** When the run will be stopped if its clock started with it, UTC ms; `null` = no limit. */
  readonly deadline: number | null
  /** For what the run has to say of itself before its end. */
  readonly report: Report
  /** How long the run may take; `null` = no limit. */
  readonly timeoutMs: number | null
  /** The job's work begins, and with it its time limit; only for handlers with `startsClock`. Calls after the first count for nothing. */
  startClock(): void
  /** The work is over, well or not, and only its end has yet to be judged: neither the time limit nor the measured time goes on. */
  stopClock(): void
  /** For what the run prints; it is kept with the run. */
  readonly output: Output
  /** A process that leads a group of its own works on the run from now on: to be called right after it was started. */
  startedProcess(pid: number): void
}

/** Hears that a run has to end. */
export interface RunListener {
  /** As `signal`. */
  stop(stop: Stop): void
  /** As `kill`. */
  kill(): void
}

/** Takes what a run prints, in the order it is read. */
export interface Output {
  /** @param bytes are copied before this returns */
  write(stream: OutputStream, bytes: Uint8Array): void
  /** How much was printed. */
  readonly end: OutputPosition
  /** The last bytes of a stream, for an error that quotes them. */
  lastBytes(stream: OutputStream, count: number): Uint8Array
}

/**
 * What a run may say of itself while it goes on. Each returns only while the lease holds, by the clock it was granted on,
 * so that what is taken is never said of a job that somebody else was given.
 * @throws QctlError `conflict` when it comes too late: the job is not run here any more, or the run was told to end;
 *   `bad_input` when the value is none
 */
export interface Report {
  /** How far it is, 0…1: stored within about a second, the last one of several, and at the end of the run. */
  progress(value: number): void
  /** Becomes the job's result if the run ends with success and its end brings none. The last one counts. */
  result(bytes: Uint8Array): void
  /** Turns the success the run ends with into "not now"; a failure stays one. `null` = by the queue's backoff. */
  snooze(delayMs: number | null): void
  /** Whether that was said: a success of the run is none then. */
  readonly isSnoozed: boolean
}

/** Why a run has to end before its time, and how long it may take to do so. */
export type Stop = StopCause & {
  /** From the polite request to the kill; 0 = kill at once. */
  readonly graceMs: number
}

export type StopCause =
  | {readonly cause: 'timeout'; readonly limitMs: number}
  | {readonly cause: 'requested'; readonly requested: Requested}
  | {readonly cause: 'lease_lost'}
  | {readonly cause: 'shutdown'}

/**
 * Why the run has to end.
 * @param signal the `signal` of a `RunContext`
 * @returns `null` as long as it need not
 */
export function stopOf(signal: AbortSignal): Stop | null {
  return signal.aborted ? (signal.reason as Stop) : null
}

/**
 * What it means for the job that its run was stopped. Also when the handler, told to end, ended with status 0:
 * a program that ends tidily on TERM has not done its work.
 */
export function stoppedOutcome(stop: Stop): Outcome {
  switch (stop.cause) {
    case 'timeout':
      return {kind: 'timed_out', error: `timed out after ${formatDuration(stop.limitMs)}`}
    case 'requested':
      return {kind: 'cancelled', requested: stop.requested}
    // Of a lost lease nothing is stored; should it be held after all, the job was given back unharmed.
    case 'lease_lost':
    case 'shutdown':
      return {kind: 'released'}
  }
}
