/** One running worker: jobs go in as lines, answers come out as lines, and it is ended when it does not keep to that. */
import {sentence} from '../../errors.ts'
import type {Log} from '../../log.ts'
import type {CrashCause} from '../../outcome.ts'
import type {OutputStream} from '../../output-record.ts'
import {after, type CancelTimer} from '../../time.ts'
import type {ChildExit} from '../child.ts'
import {withLastLine} from '../exit-policy.ts'
import {type Stop, stoppedOutcome} from '../handler.ts'
import type {ProcessGroup} from '../process-group.ts'
import type {Carrier, Flight} from './flight.ts'
import {Lie, LineReader} from './lines.ts'
import {type Message, readMessage, stopLine} from './messages.ts'
import {Outbox} from './outbox.ts'

/** What is different between the kinds of workers. */
export interface WorkerKind {
  readonly command: readonly string[]
  /** Where it answers; `channel` is descriptor 3: then it may print on both outputs. */
  readonly answersOn: 'stdout' | 'channel'
  /** Whether it can be asked to end a single job; others are ended with all they have. */
  readonly endsSingleJobs: boolean
}

export interface WorkerOptions {
  readonly kind: WorkerKind
  /** Counts the workers of this consumer. */
  readonly number: number
  readonly start: (worker: WorkerProcess) => Promise<ProcessGroup>
  /** Sees to it that nothing of it is left, also what left its group. */
  readonly sweep: () => Promise<void>
  readonly log: Pick<Log, 'debug' | 'warn'>
  /** It may have room again. */
  readonly onRoom: () => void
  /** Jobs it was to have and never saw. */
  readonly onReturned: (flights: readonly Flight[]) => void
  /** It is gone with all it started. */
  readonly onEnd: (worker: WorkerProcess, end: WorkerEnd) => void
}

/** How a worker ended. */
export interface WorkerEnd {
  readonly why: WorkerEnding
  /** `null` when it could not be started. */
  readonly exit: ChildExit | null
  /** The jobs it was given and did not answer, oldest first. */
  readonly flights: readonly Flight[]
}

export type WorkerEnding =
  | {readonly kind: 'told'}
  /** By itself, or because it wrote what is no answer. `error`: how, and what it said last. */
  | {readonly kind: 'failed'; readonly cause: CrashCause; readonly error: string}
  | {readonly kind: 'not_started'; readonly reason: unknown}

/** How long an idle worker may take to end once its stdin is closed, and then once it got its TERM. */
const DISMISSAL_MS = 1000
const LAST_GRACE_MS = 500
const LAST_WORDS_BYTES = 4096

export class WorkerProcess implements Carrier {
  readonly #options: WorkerOptions
  readonly #lines = new LineReader()
  /** By job, in the order they were taken. */
  readonly #flights = new Map<number, Flight>()
  readonly #outbox = new Outbox(() => this.#startClock())
  #group: ProcessGroup | null = null
  /** Takes no more jobs. */
  #isClosing = false
  #wasTold = false
  #wasKilled = false
  #lie: string | null = null
  #hasAnswered = false
  /** How many jobs were asked to end and have not. */
  #ending = 0
  #lastWords: Uint8Array = new Uint8Array()
  #cancelDismissal: CancelTimer | null = null

  constructor(options: WorkerOptions) {
    this.#options = options
    void this.#live()
  }

  get number(): number {
    return this.#options.number
  }

  /** `null` before it runs. */
  get pid(): number | null {
    return this.#group?.pid ?? null
  }

  /** How many jobs it has. */
  get load(): number {
    return this.#flights.size
  }

  /** Whether more jobs may be given to it. */
  get isOpen(): boolean {
    return !this.#isClosing && this.#ending === 0
  }

  get hasAnswered(): boolean {
    return this.#hasAnswered
  }

  /** The end of what it said on stderr. */
  get lastWords(): Uint8Array {
    return this.#lastWords
  }

  /** Gives it a job. */
  take(flight: Flight): void {
    flight.handTo(this)
    this.#flights.set(flight.lease.id, flight)
    this.#outbox.add(flight)
  }

  /** Takes no more jobs, finishes those it has, and ends. */
  finish(): void {
    this.#isClosing = true
    if (this.#flights.size === 0) this.#dismiss()
  }

  stop(flight: Flight, stop: Stop): void {
    if (!flight.isSent) return this.#takeBack(flight, stop)
    if (stop.graceMs <= 0) return this.kill()
    if (!this.#options.kind.endsSingleJobs) return this.#terminate(stop.graceMs)
    this.#ending += 1
    this.#outbox.say(stopLine(flight.lease, stop))
    const cancel = after(stop.graceMs, () => this.kill())
    void flight.ended.then(() => {
      cancel()
      this.#ending -= 1
      this.#options.onRoom()
    })
  }

  /** Ends it now, with all it has. */
  kill(): void {
    this.#close()
    this.#wasKilled = true
    this.#group?.kill()
  }

  /** Takes what it prints. */
  print(stream: OutputStream, chunk: Uint8Array): void {
    if (stream === 'stdout' && this.#options.kind.answersOn === 'stdout') return this.hear(chunk)
    if (stream === 'stderr') this.#lastWords = Buffer.concat([this.#lastWords, chunk]).subarray(-LAST_WORDS_BYTES)
    // Nobody knows which job this is about; nearly always it is the one it has had longest.
    this.#oldest()?.context.output.write(stream, chunk)
  }

  /** Takes what it answers. */
  hear(chunk: Uint8Array): void {
    if (this.#lie !== null) return
    try {
      for (const line of this.#lines.push(chunk)) if (line !== '') this.#obey(readMessage(line))
    } catch (error) {
      if (!(error instanceof Lie)) throw error
      this.#lie = error.message
      this.kill()
    }
    this.#startClock()
    this.#options.onRoom()
    if (this.#isClosing && this.#flights.size === 0) this.#dismiss()
  }

  async #live(): Promise<void> {
    const {start, sweep, log} = this.#options
    try {
      this.#group = await start(this)
    } catch (reason) {
      return this.#end({kind: 'not_started', reason}, null)
    }
    log.debug('worker started', {worker: this.number, pid: this.pid})
    if (this.#wasKilled) this.#group.kill()
    this.#outbox.open(this.#group.input)
    const {exit, stopped, leftovers} = await this.#group.ended
    this.#outbox.close()
    this.#close()
    const wasDismissed = this.#wasTold && this.#flights.size === 0
    // Who is to blame may take a while to find out, and is not the time of the job.
    for (const {context} of this.#flights.values()) context.stopClock()
    // A job has not ended while anything that worked on it lives: it could be granted again beside it.
    if (stopped || leftovers || exit.code !== 0 || !wasDismissed) await sweep()
    this.#end(this.#endingOf(exit), exit)
  }

  #end(why: WorkerEnding, exit: ChildExit | null): void {
    this.#cancelDismissal?.()
    this.#close()
    const flights = [...this.#flights.values()]
    this.#flights.clear()
    this.#options.onEnd(this, {why, exit, flights})
  }

  #endingOf({code, signal}: ChildExit): WorkerEnding {
    if (this.#lie !== null) return {kind: 'failed', cause: 'bad_answer', error: `the worker wrote what is no answer: ${this.#lie}`}
    if (this.#wasTold || this.#wasKilled) return {kind: 'told'}
    const cause = code === null ? 'signal' : 'worker_died'
    const end = code === null ? `the worker was killed by ${signal}` : `the worker ended with exit status ${code}`
    return {kind: 'failed', cause, error: withLastLine(end, this.#lastWords)}
  }

  #obey(message: Message): void {
    const {id, fence, said} = message
    const flight = this.#flights.get(id)
    if (flight === undefined || flight.lease.fence !== fence || !flight.isSent) return this.#refuse(message)
    switch (said.kind) {
      case 'answer':
        this.#flights.delete(id)
        this.#hasAnswered = true
        return flight.answer(said.outcome)
      case 'progress':
        return this.#report(flight, said.value)
      case 'began':
        return flight.context.startClock()
      case 'printed':
        return flight.context.output.write(said.stream, Buffer.from(said.text))
    }
  }

  /** Late, given twice or made up. It changes nothing, so no job in hand is to suffer for it. */
  #refuse({id, fence}: Message): void {
    this.#options.log.warn('answer refused', {worker: this.number, pid: this.pid, job: id, fence, why: 'it does not have this job with this fence'})
  }

  #report({lease, context}: Flight, value: number): void {
    try {
      context.report.progress(value)
    } catch (error) {
      const why = sentence(error)
      this.#options.log.warn('progress refused', {worker: this.number, job: lease.id, fence: lease.fence, why})
    }
  }

  /** The time limit of a job counts from when it is the worker's turn: when all it got before are answered. */
  #startClock(): void {
    const oldest = this.#oldest()
    if (oldest?.isSent === true && oldest.context.timeoutMs !== null) oldest.context.startClock()
  }

  #oldest(): Flight | undefined {
    return this.#flights.values().next().value
  }

  #takeBack(flight: Flight, stop: Stop): void {
    this.#flights.delete(flight.lease.id)
    this.#outbox.remove(flight)
    flight.end(stoppedOutcome(stop))
    this.#options.onRoom()
  }

  /** Takes no more jobs; those it never saw are for others. */
  #close(): void {
    this.#isClosing = true
    const unsent = this.#outbox.takeUnsent()
    for (const {lease} of unsent) this.#flights.delete(lease.id)
    if (unsent.length > 0) this.#options.onReturned(unsent)
  }

  /** Asks it to end at once, whatever it has. */
  #terminate(graceMs: number): void {
    if (this.#wasTold) return
    this.#close()
    this.#wasTold = true
    this.#outbox.close()
    this.#group?.stop(graceMs)
  }

  /** Lets an idle worker go. */
  #dismiss(): void {
    if (this.#wasTold) return
    this.#wasTold = true
    this.#outbox.close()
    this.#cancelDismissal = after(DISMISSAL_MS, () => this.#group?.stop(LAST_GRACE_MS))
  }
}
