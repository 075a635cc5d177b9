/** Who is to blame when a worker ends that was not told to: the job it had longest, or the worker itself. */
import type {CrashCause, Outcome} from '../../outcome.ts'
import {after, type CancelTimer} from '../../time.ts'
import type {ChildExit} from '../child.ts'
import {actionOf, DEFAULT_EXIT_POLICY, UNRUNNABLE_LIMIT} from '../exit-policy.ts'
import type {Carrier, Flight} from './flight.ts'
import type {WorkerProcess} from './worker-process.ts'

export interface InquestOptions {
  /** Starts one more worker. */
  readonly start: () => WorkerProcess
  /** Hands over the jobs that wait, if there is no worker that could take them. */
  readonly takeWaiting: () => readonly Flight[]
  /** Workers may be started and given jobs again. */
  readonly onClosed: () => void
}

/** A worker that has ended by itself, or was ended because it lied. */
export interface DeadWorker {
  readonly worker: WorkerProcess
  readonly cause: CrashCause
  readonly error: string
  readonly exit: ChildExit | null
  /** The jobs it had, oldest first. */
  readonly flights: readonly Flight[]
}

/** A new worker that lives for this long without a job can do so: then it was the job that killed the one before. */
const PROOF_MS = 1000
/** The pause before another try when workers end before they have done anything: longer each time. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000

/**
 * A worker that has answered before can do its work, so the job it had longest ended it. One that ended before its first answer leaves
 * that open: then the next one is started without a job. If that one lives, it was the job; if not, no job is to blame.
 */
export class Inquest implements Carrier {
  readonly #options: InquestOptions
  /** The jobs under suspicion, and what becomes of them if they are to blame. */
  readonly #suspects = new Map<Flight, {readonly outcome: Outcome; readonly exit: ChildExit | null}>()
  #isOpen = false
  #prover: WorkerProcess | null = null
  #cancelTimer: CancelTimer | null = null
  /** How many workers in a row could do nothing at all. */
  #failures = 0

  constructor(options: InquestOptions) {
    this.#options = options
  }

  /** True while it is not known whether workers can do anything: none but the prover may be started. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Whether this worker is to live without a job for now. */
  isProver(worker: WorkerProcess): boolean {
    return worker === this.#prover
  }

  /** A worker has answered. */
  answered(): void {
    this.#failures = 0
  }

  judge({worker, cause, error, exit, flights}: DeadWorker): void {
    const action = exit?.code == null ? 'none' : actionOf(exit.code, DEFAULT_EXIT_POLICY).kind
    if (action === 'pause-queue') return this.giveUp(flights, error, 1, worker.lastWords)
    if (action === 'unrunnable' || worker === this.#prover) return this.giveUp(flights, error, UNRUNNABLE_LIMIT, worker.lastWords)
    const [suspect, ...others] = flights
    for (const flight of others) flight.release()
    if (suspect === undefined) return
    const outcome: Outcome = {kind: 'crashed', error, cause}
    // One that lied was killed for it: how it ended says nothing about the job.
    const seen = cause === 'bad_answer' ? null : exit
    if (suspect.stopping !== null) suspect.release()
    else if (worker.hasAnswered) suspect.end(outcome, seen)
    else this.#suspect(suspect, outcome, seen)
  }

  /**
   * No worker can do anything: no job is to blame.
   * @param limit after how many times in a row the queue of each job is paused
   * @param lastWords what the worker said last: for those that waited for it, of which there is no other output
   */
  giveUp([first, ...others]: readonly Flight[], error: string, limit: number, lastWords?: Uint8Array): void {
    this.#failures += 1
    const blameless = [...this.#suspects.keys(), ...this.#options.takeWaiting(), ...(first === undefined ? [] : [first])]
    this.#reset(true)
    for (const flight of others) flight.release()
    const streak = this.#failures
    const pause = streak < limit ? null : streak === 1 ? error : `${error} (${streak} times in a row)`
    const paused = new Set<string>()
    for (const flight of blameless) {
      const {queue} = flight.lease
      if (!flight.isSent && lastWords !== undefined) flight.context.output.write('stderr', lastWords)
      flight.answer({kind: 'unrunnable', error, streak, pause: paused.has(queue) ? null : pause})
      paused.add(queue)
    }
  }

  /** A job waits until workers may be started again: sees to it that this becomes known. */
  hasten(): void {
    if (!this.#isOpen || this.#prover !== null || this.#cancelTimer !== null) return
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures)
    this.#cancelTimer = after(pause, () => {
      // Of those that are there one may be ending; then this is one more for a moment.
      this.#prover = this.#options.start()
      this.#cancelTimer = after(PROOF_MS, () => this.#convict())
    })
  }

  stop(flight: Flight): void {
    this.#suspects.delete(flight)
    flight.release()
  }

  kill(flight: Flight): void {
    this.stop(flight)
  }

  /** Leaves no timer behind. */
  close(): void {
    this.#cancelTimer?.()
  }

  #suspect(flight: Flight, outcome: Outcome, exit: ChildExit | null): void {
    flight.handTo(this)
    this.#suspects.set(flight, {outcome, exit})
    this.#isOpen = true
    this.hasten()
  }

  /** The new worker lives, so the jobs of the old ones ended them. */
  #convict(): void {
    const suspects = [...this.#suspects]
    this.#reset(false)
    for (const [flight, {outcome, exit}] of suspects) flight.end(outcome, exit)
    this.#options.onClosed()
  }

  #reset(isOpen: boolean): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#prover = null
    this.#suspects.clear()
    this.#isOpen = isOpen
  }
}
