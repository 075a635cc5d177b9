/** A function of this process as a handler: for programs that embed the queue. */
import {sentence} from '../errors.ts'
import type {Lease} from '../job.ts'
import {bareEnd, type Outcome, type RunEnd} from '../outcome.ts'
import {type Handler, type RunContext, stoppedOutcome, stopOf} from './handler.ts'
import {doneWith, resultBytes} from './result.ts'
import {Permanent, Snooze} from './verdicts.ts'

/** A job as a function sees it. */
export interface FunctionJob {
  readonly id: number
  readonly queue: string
  /** From 1. */
  readonly attempt: number
  readonly fence: number
  readonly key: string | null
  readonly contentType: string | null
  /** True when the payload is the path of a file. */
  readonly file: boolean
  readonly payload: Uint8Array<ArrayBuffer>
  /** The payload as UTF-8 text. */
  text(): string
  /** The payload as JSON; throws SyntaxError when it is none. */
  json(): unknown
}

/**
 * Does one job, in the consumer's process: see `OpenQueue.consume` for what blocking it leads to. What it returns is the job's result, 1 MiB at most: nothing, text or bytes as they are, anything else as JSON.
 * One that is larger fails the job for good. A throw is a failed attempt; see `Permanent` and `Snooze`.
 */
export type JobFunction = (job: FunctionJob, context: JobContext) => unknown

/** What a function is given beside its job. */
export interface JobContext {
  /** Asks it to end: timeout, cancel, shutdown, lease lost. */
  readonly signal: AbortSignal
  /** Says how far it is, 0…1. Throws QctlError `conflict` once the job is not run here any more. */
  readonly progress: (value: number) => void
}

/** The handler behind `OpenQueue.consume`. */
export class FunctionHandler implements Handler {
  readonly #work: JobFunction

  constructor(work: JobFunction) {
    this.#work = work
  }

  async run(lease: Lease, {signal, report}: RunContext): Promise<RunEnd> {
    try {
      const result = await this.#work(new LeasedJob(lease), {signal, progress: value => report.progress(value)})
      return bareEnd(doneWith(resultBytes(result)))
    } catch (error) {
      const stop = stopOf(signal)
      return bareEnd(stop === null ? outcomeOf(error) : stoppedOutcome(stop))
    }
  }

  async close(): Promise<void> {}
}

class LeasedJob implements FunctionJob {
  readonly #lease: Lease
  constructor(lease: Lease) {
    this.#lease = lease
  }

  get id(): number {
    return this.#lease.id
  }
  get queue(): string {
    return this.#lease.queue
  }
  get attempt(): number {
    return this.#lease.attempt
  }
  get fence(): number {
    return this.#lease.fence
  }
  get key(): string | null {
    return this.#lease.key
  }
  get contentType(): string | null {
    return this.#lease.contentType
  }
  get file(): boolean {
    return this.#lease.file
  }
  get payload(): Uint8Array<ArrayBuffer> {
    return this.#lease.payload
  }

  text(): string {
    return new TextDecoder().decode(this.#lease.payload)
  }

  json(): unknown {
    return JSON.parse(this.text())
  }
}

function outcomeOf(error: unknown): Outcome {
  const message = sentence(error)
  if (error instanceof Permanent) return {kind: 'rejected', reason: 'permanent', error: message}
  if (error instanceof Snooze) return {kind: 'snoozed', delayMs: error.delayMs}
  return {kind: 'failed', error: message, retryAfterMs: null}
}
