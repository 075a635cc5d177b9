/** What a run says of itself while it goes on, until its end makes something of it. */
import {QctlError} from '../errors.ts'
import {type Report, type Stop, stopOf} from '../handlers/handler.ts'
import {RESULT_MAX_BYTES} from '../job.ts'
import type {Outcome, RunEnd} from '../outcome.ts'

/** The lease as the heartbeat keeps it. */
export interface Holding {
  /** Whether nobody else can have been given the job yet. */
  readonly holds: () => boolean
  readonly onProgress: (value: number) => void
}

export class RunReport implements Report {
  readonly #holding: Holding
  readonly #stop: AbortSignal
  #progress: number | null = null
  #result: Uint8Array | null = null
  #snooze: {readonly delayMs: number | null} | null = null

  /** @param stop aborted when the run is told to end: see `RunContext` */
  constructor(holding: Holding, stop: AbortSignal) {
    this.#holding = holding
    this.#stop = stop
  }

  progress(value: number): void {
    if (!(value >= 0 && value <= 1)) throw new QctlError('bad_input', `progress is a number from 0 to 1, not ${value}`)
    this.#assertHeld()
    this.#progress = value
    this.#holding.onProgress(value)
  }

  result(bytes: Uint8Array): void {
    if (bytes.length > RESULT_MAX_BYTES) throw new QctlError('bad_input', `a result may have 1 MiB, not ${bytes.length} bytes`)
    this.#assertCounts()
    this.#result = bytes
  }

  snooze(delayMs: number | null): void {
    if (delayMs !== null && !(delayMs >= 0 && Number.isFinite(delayMs))) {
      throw new QctlError('bad_input', `${delayMs} ms is no time to wait`)
    }
    this.#assertCounts()
    this.#snooze = {delayMs}
  }

  get isSnoozed(): boolean {
    return this.#snooze !== null
  }

  /** The end of the run together with what was said before. */
  completed(end: RunEnd): RunEnd {
    return {...end, outcome: this.#outcome(end.outcome), progress: this.#progress}
  }

  #outcome(outcome: Outcome): Outcome {
    switch (outcome.kind) {
      case 'done':
        if (this.#snooze !== null) return {kind: 'snoozed', ...this.#snooze}
        return {...outcome, result: outcome.result ?? this.#result}
      case 'snoozed':
        return {...outcome, delayMs: outcome.delayMs ?? this.#snooze?.delayMs ?? null}
      default:
        return outcome
    }
  }

  #assertHeld(): void {
    if (!this.#holding.holds()) throw new QctlError('conflict', 'the job is not run here any more: its lease has ended')
  }

  /** Of a run that was told to end nothing is kept, however it ends. */
  #assertCounts(): void {
    this.#assertHeld()
    const stop = stopOf(this.#stop)
    if (stop !== null) throw new QctlError('conflict', `the run was told to end (${wordOf(stop)}), so this would not count`)
  }
}

function wordOf(stop: Stop): string {
  switch (stop.cause) {
    case 'timeout':
      return 'its time is up'
    case 'requested':
      return `${stop.requested} requested`
    case 'lease_lost':
      return 'its lease was lost'
    case 'shutdown':
      return 'the consumer stops'
  }
}
