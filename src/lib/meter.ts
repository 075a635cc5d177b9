/** What is counted of a queue, minute by minute and ever. Data, and the arithmetic on it. */
import {EMPTY_HISTOGRAM, type Histogram, HistogramDraft} from './histogram.ts'
import type {RunOutcome} from './job.ts'

/** How long single minutes are kept; what was counted ever is kept as long as the queue. */
export const METER_KEPT_MS = 24 * 60 * 60_000
export const MINUTE_MS = 60_000

/** What happened to a queue's jobs in some stretch of time. */
export interface Meter {
  /** Jobs that came into being, copies for a dead letter queue among them. */
  readonly added: number
  /** Finished jobs that an operator made pending again. */
  readonly resubmitted: number
  /** Runs that ended, by how they ended. */
  readonly runs: Readonly<Partial<Record<RunOutcome, number>>>
  /** Runs after which the job is to be tried again, the attempt spent. */
  readonly retried: number
  /** Jobs that became `failed` and `cancelled`, by a run or by an operator. */
  readonly failed: number
  readonly cancelled: number
  /** From the moment a job could run to its claim: one for each claim. */
  readonly wait: Histogram
  /** What runs took whose time is known, however they ended. */
  readonly run: Histogram
}

export const EMPTY_METER: Meter = {
  added: 0, resubmitted: 0, runs: {}, retried: 0, failed: 0, cancelled: 0, wait: EMPTY_HISTOGRAM, run: EMPTY_HISTOGRAM,
}

/** What is counted by one and one. */
export type Count = 'added' | 'resubmitted' | 'retried' | 'failed' | 'cancelled'
const COUNTS = ['added', 'resubmitted', 'retried', 'failed', 'cancelled'] as const satisfies readonly Count[]

/** A meter that is counting. */
export class MeterDraft {
  readonly #counts: Record<Count, number> = {added: 0, resubmitted: 0, retried: 0, failed: 0, cancelled: 0}
  readonly #runs: Partial<Record<RunOutcome, number>> = {}
  readonly #wait = new HistogramDraft()
  readonly #run = new HistogramDraft()

  count(what: Count, count: number): void {
    this.#counts[what] += count
  }

  /**
   * Counts a run that ended.
   * @param runMs `null` when it is not known
   */
  noteRun(outcome: RunOutcome, runMs: number | null): void {
    this.#runs[outcome] = (this.#runs[outcome] ?? 0) + 1
    if (runMs !== null) this.#run.note(runMs)
  }

  /** Counts runs that ended alike. */
  noteRuns(outcome: RunOutcome, times: readonly (number | null)[]): void {
    this.#runs[outcome] = (this.#runs[outcome] ?? 0) + times.length
    for (const ms of times) if (ms !== null) this.#run.note(ms)
  }

  /** Counts how long a job had to wait that was claimed. */
  noteWait(ms: number): void {
    this.#wait.note(ms)
  }

  /** Counts all that another one counted. */
  add(meter: Meter): void {
    for (const what of COUNTS) this.#counts[what] += meter[what]
    for (const [outcome, count] of Object.entries(meter.runs) as [RunOutcome, number][]) {
      this.#runs[outcome] = (this.#runs[outcome] ?? 0) + count
    }
    this.#wait.add(meter.wait)
    this.#run.add(meter.run)
  }

  finish(): Meter {
    return {...this.#counts, runs: {...this.#runs}, wait: this.#wait.finish(), run: this.#run.finish()}
  }
}

/** All that several counted. */
export function sumOf(meters: Iterable<Meter>): Meter {
  const draft = new MeterDraft()
  for (const meter of meters) draft.add(meter)
  return draft.finish()
}

/** Outcomes that say a run went wrong. The others but `done` were not the job's doing. */
export const BAD_OUTCOMES = ['failed', 'timed_out', 'crashed', 'rejected', 'lost'] as const satisfies readonly RunOutcome[]

/** Runs that went wrong. */
export function badRuns({runs}: Meter): number {
  return BAD_OUTCOMES.reduce((sum, outcome) => sum + (runs[outcome] ?? 0), 0)
}

/** Of the runs that did something, the share that went wrong; `null` when there were none. */
export function failureRate(meter: Meter): number | null {
  const bad = badRuns(meter)
  const all = bad + (meter.runs.done ?? 0)
  return all === 0 ? null : bad / all
}

/** The start of the minute of a time, UTC ms. */
export function minuteOf(at: number): number {
  return at - (at % MINUTE_MS)
}
