/**
 * A few long-lived workers that share the jobs of a consumer: each is given several at a time and answers when it is done
 * with one. What is known of a job is what its worker said; when a worker ends without an answer, the job it has had longest is
 * the suspect and the others are given back unharmed.
 */
import type {Lease} from '../../job.ts'
import type {Log} from '../../log.ts'
import type {Outcome, RunEnd} from '../../outcome.ts'
import {residentBytes} from '../../process.ts'
import {after, type CancelTimer} from '../../time.ts'
import {childStarter} from '../child.ts'
import type {ChildExit} from '../child.ts'
import {actionOf, DEFAULT_EXIT_POLICY, UNRUNNABLE_LIMIT} from '../exit-policy.ts'
import type {Handler, RunContext, Stop} from '../handler.ts'
import {ProcessGroup} from '../process-group.ts'
import {spawnFailure} from '../spawn-failure.ts'
import {Sweeper} from '../sweeper.ts'
import {workerEnvironment, workerName} from './environment.ts'
import {type Carrier, Flight} from './flight.ts'
import {type WorkerEnd, type WorkerKind, WorkerProcess} from './worker-process.ts'

export interface PoolOptions {
  readonly kind: WorkerKind
  /** How many workers at most; they are started when there is work for them. */
  readonly workers: number
  /** How many jobs the consumer has in flight at most. */
  readonly concurrency: number
  readonly queues: readonly string[]
  /** A worker with more memory than this is replaced, once it has finished what it has; `null` = no limit. */
  readonly maxRssBytes: number | null
  readonly log: Pick<Log, 'debug' | 'warn'>
}

/** A new worker that lives for this long without a job can do so: then it was the job that killed the one before. */
const PROOF_MS = 1000
/** The pause before another try when workers end before they have done anything: longer each time. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000
const MEMORY_EVERY_MS = 1000
/** No job has this number. */
const NO_JOB = 0

/** A worker ended before its first answer, and it is not known yet whose fault that is. */
interface Doubt {
  /** What the longest jobs of such workers come to if they are to blame. */
  readonly suspects: Map<Flight, {readonly outcome: Outcome; readonly exit: ChildExit | null}>
  /** Is given no job until it has proven itself. */
  prover: WorkerProcess | null
  cancelTimer: CancelTimer | null
}

export class WorkerPool implements Handler, Carrier {
  readonly startsClock = true
  readonly #options: PoolOptions
  readonly #capacity: number
  readonly #workers = new Set<WorkerProcess>()
  /** Jobs for which no worker is there or has room. */
  #waiting: Flight[] = []
  #doubt: Doubt | null = null
  /** How many workers in a row could do nothing at all. */
  #failures = 0
  #started = 0
  #context: RunContext | null = null
  #sweeper: Sweeper | null = null
  #cancelLook: CancelTimer | null = null
  readonly #onEmpty: (() => void)[] = []

  constructor(options: PoolOptions) {
    this.#options = options
    this.#capacity = Math.ceil(options.concurrency / options.workers)
  }

  run(lease: Lease, context: RunContext): Promise<RunEnd> {
    this.#context = context
    const flight = new Flight(lease, context, this)
    context.listen(flight)
    if (!flight.isOver) this.#place(flight)
    return flight.ended
  }

  async close(): Promise<void> {
    this.#doubt?.cancelTimer?.()
    this.#cancelLook?.()
    for (const worker of this.#workers) worker.finish()
    if (this.#workers.size > 0) await new Promise<void>(resolve => this.#onEmpty.push(resolve))
  }

  /** Of a job that no worker has. */
  stop(flight: Flight, _stop: Stop): void {
    this.#waiting = this.#waiting.filter(waiting => waiting !== flight)
    this.#doubt?.suspects.delete(flight)
    flight.release()
  }

  kill(flight: Flight): void {
    if (flight.stopping !== null) this.stop(flight, flight.stopping)
  }

  #place(flight: Flight): void {
    const worker = this.#workerWithRoom()
    if (worker !== null) return worker.take(flight)
    flight.handTo(this)
    this.#waiting.push(flight)
    if (this.#doubt !== null) this.#prove(this.#doubt)
  }

  /** An idle worker, or a new one, or the one with the fewest jobs. */
  #workerWithRoom(): WorkerProcess | null {
    let best: WorkerProcess | null = null
    for (const worker of this.#workers) {
      if (!worker.isOpen || worker.load >= this.#capacity || worker === this.#doubt?.prover) continue
      if (best === null || worker.load < best.load) best = worker
    }
    if (best?.load === 0) return best
    return this.#doubt === null && this.#workers.size < this.#options.workers ? this.#start() : best
  }

  #placeWaiting(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const flight of waiting) this.#place(flight)
  }

  #start(): WorkerProcess {
    this.#started += 1
    const number = this.#started
    const worker = new WorkerProcess({
      kind: this.#options.kind,
      number,
      start: started => this.#startProcess(started),
      sweep: () => this.#sweeperOf().sweep({id: NO_JOB, fence: number, workersOf: workerName(number)}),
      log: this.#options.log,
      onRoom: () => this.#onRoom(worker),
      onReturned: flights => flights.forEach(flight => this.#place(flight)),
      onEnd: (ended, end) => this.#onEnd(ended, end),
    })
    this.#workers.add(worker)
    this.#watchMemory()
    return worker
  }

  async #startProcess(worker: WorkerProcess): Promise<ProcessGroup> {
    const {kind, queues} = this.#options
    return ProcessGroup.start(await childStarter(), {
      command: kind.command,
      environment: workerEnvironment(workerName(worker.number), queues, this.#context),
      stdin: 'open',
      output: {write: (stream, bytes) => worker.print(stream, bytes)},
      isTalkative: true,
      onAnswer: kind.answersOn === 'channel' ? chunk => worker.hear(chunk) : undefined,
    })
  }

  #onRoom(worker: WorkerProcess): void {
    if (worker.hasAnswered) this.#failures = 0
    this.#placeWaiting()
  }

  #onEnd(worker: WorkerProcess, {why, exit, flights}: WorkerEnd): void {
    this.#workers.delete(worker)
    if (why.kind === 'lied' || why.kind === 'died') {
      this.#options.log.warn('worker ended', {worker: worker.number, error: why.error, jobs: flights.length})
    }
    switch (why.kind) {
      case 'told':
        for (const flight of flights) flight.release()
        break
      case 'not_started':
        this.#notStarted(flights, why.reason)
        break
      case 'lied':
      case 'died':
        this.#judge(worker, flights, why.error, exit)
    }
    this.#placeWaiting()
    if (this.#workers.size === 0) for (const resolve of this.#onEmpty.splice(0)) resolve()
  }

  /** Whether a worker that ended by itself, or the job it had, is to blame. */
  #judge(worker: WorkerProcess, flights: readonly Flight[], error: string, exit: ChildExit | null): void {
    const action = exit?.code == null ? 'none' : actionOf(exit.code, DEFAULT_EXIT_POLICY).kind
    if (action === 'pause-queue') return this.#giveUp(flights, error, 1)
    if (action === 'unrunnable' || worker === this.#doubt?.prover) return this.#giveUp(flights, error)
    const outcome: Outcome = {kind: 'crashed', error}
    const [suspect, ...others] = flights
    if (suspect === undefined || worker.hasAnswered || suspect.stopping !== null) return this.#blame(flights, outcome, exit)
    for (const flight of others) flight.release()
    suspect.handTo(this)
    this.#doubt ??= {suspects: new Map(), prover: null, cancelTimer: null}
    this.#doubt.suspects.set(suspect, {outcome, exit})
    this.#prove(this.#doubt)
  }

  /** The job it had longest is the suspect. */
  #blame([suspect, ...others]: readonly Flight[], outcome: Outcome, exit: ChildExit | null): void {
    if (suspect?.stopping !== null) suspect?.release()
    else suspect.end(outcome, exit)
    for (const flight of others) flight.release()
  }

  /** Starts a worker without a job, to see whether it lives. */
  #prove(doubt: Doubt): void {
    if (doubt.prover !== null || doubt.cancelTimer !== null) return
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures)
    doubt.cancelTimer = after(pause, () => {
      // Of those that are there one may be ending; then this is one more for a moment.
      doubt.prover = this.#start()
      doubt.cancelTimer = after(PROOF_MS, () => this.#clear(doubt))
    })
  }

  /** The new worker lives, so the jobs of the old ones killed them. */
  #clear({suspects}: Doubt): void {
    this.#doubt = null
    for (const [flight, {outcome, exit}] of suspects) flight.end(outcome, exit)
    this.#placeWaiting()
  }

  #notStarted(flights: readonly Flight[], reason: unknown): void {
    const {status, error} = spawnFailure(this.#options.kind.command[0] ?? '', reason)
    // Without a status it is this host that is out of something, and the command may be fine.
    this.#giveUp(flights, error, status === null ? Number.POSITIVE_INFINITY : UNRUNNABLE_LIMIT)
  }

  /**
   * No worker can do anything: no job is to blame.
   * @param limit after how many times in a row the queue of each job is paused
   */
  #giveUp(flights: readonly Flight[], error: string, limit = UNRUNNABLE_LIMIT): void {
    this.#failures += 1
    const streak = this.#failures
    const pause = streak < limit ? null : `${error} (${streak} times in a row)`
    const [suspect, ...others] = flights
    const doubt = this.#doubt
    doubt?.cancelTimer?.()
    this.#doubt = {suspects: new Map(), prover: null, cancelTimer: null}
    const waiting = this.#workers.size === 0 ? this.#waiting.splice(0) : []
    const blameless = [...(doubt?.suspects.keys() ?? []), ...waiting, ...(suspect === undefined ? [] : [suspect])]
    for (const flight of others) flight.release()
    const paused = new Set<string>()
    for (const flight of blameless) {
      const {queue} = flight.lease
      flight.answer({kind: 'unrunnable', error, streak, pause: paused.has(queue) ? null : pause})
      paused.add(queue)
    }
  }

  #watchMemory(): void {
    const {maxRssBytes, log} = this.#options
    if (maxRssBytes === null || this.#cancelLook !== null) return
    this.#cancelLook = after(MEMORY_EVERY_MS, () => {
      this.#cancelLook = null
      for (const worker of this.#workers) {
        const rssBytes = worker.pid === null ? 0 : residentBytes(worker.pid)
        if (rssBytes <= maxRssBytes || !worker.isOpen) continue
        log.warn('worker replaced: too much memory', {worker: worker.number, rss_bytes: rssBytes, limit_bytes: maxRssBytes})
        worker.finish()
      }
      if (this.#workers.size > 0) this.#watchMemory()
    }, {keepAlive: false})
  }

  #sweeperOf(): Sweeper {
    this.#sweeper ??= new Sweeper(this.#context?.dbPath ?? null)
    return this.#sweeper
  }
}
