/**
 * A few long-lived workers that share the jobs of a consumer: each is given several at a time and answers when it is done
 * with one. What is known of a job is what its worker said; when a worker ends without an answer, the job it has had longest is
 * the suspect and the others are given back unharmed.
 */
import type {Lease} from '../../job.ts'
import type {Log} from '../../log.ts'
import type {RunEnd} from '../../outcome.ts'
import {residentBytes} from '../../process.ts'
import {after, type CancelTimer} from '../../time.ts'
import {childStarter} from '../child.ts'
import {UNRUNNABLE_LIMIT} from '../exit-policy.ts'
import type {Handler, RunContext} from '../handler.ts'
import {ProcessGroup} from '../process-group.ts'
import {spawnFailure} from '../spawn-failure.ts'
import {Sweeper} from '../sweeper.ts'
import {workerEnvironment, workerName} from './environment.ts'
import {type Carrier, Flight} from './flight.ts'
import {Inquest} from './inquest.ts'
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

const MEMORY_EVERY_MS = 1000
/** No job has this number. */
const NO_JOB = 0

export class WorkerPool implements Handler, Carrier {
  readonly startsClock = true
  readonly givesBack = true
  readonly #options: PoolOptions
  readonly #capacity: number
  readonly #workers = new Set<WorkerProcess>()
  /** Jobs for which no worker is there or has room. */
  #waiting: Flight[] = []
  readonly #inquest = new Inquest({
    start: () => this.#start(),
    takeWaiting: () => (this.#workers.size === 0 ? this.#waiting.splice(0) : []),
    onClosed: () => this.#placeWaiting(),
  })
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
    this.#inquest.close()
    this.#cancelLook?.()
    for (const worker of this.#workers) worker.finish()
    if (this.#workers.size > 0) await new Promise<void>(resolve => this.#onEmpty.push(resolve))
  }

  /** Of a job that no worker has. */
  stop(flight: Flight): void {
    this.#waiting = this.#waiting.filter(waiting => waiting !== flight)
    flight.release()
  }

  kill(flight: Flight): void {
    this.stop(flight)
  }

  #place(flight: Flight): void {
    const worker = this.#workerWithRoom()
    if (worker !== null) return worker.take(flight)
    flight.handTo(this)
    this.#waiting.push(flight)
    this.#inquest.hasten()
  }

  /** An idle worker, or a new one, or the one with the fewest jobs. */
  #workerWithRoom(): WorkerProcess | null {
    let best: WorkerProcess | null = null
    for (const worker of this.#workers) {
      if (!worker.isOpen || worker.load >= this.#capacity || this.#inquest.isProver(worker)) continue
      if (best === null || worker.load < best.load) best = worker
    }
    if (best?.load === 0) return best
    return !this.#inquest.isOpen && this.#workers.size < this.#options.workers ? this.#start() : best
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
    if (worker.hasAnswered) this.#inquest.answered()
    this.#placeWaiting()
  }

  #onEnd(worker: WorkerProcess, {why, exit, flights}: WorkerEnd): void {
    this.#workers.delete(worker)
    switch (why.kind) {
      case 'told':
        for (const flight of flights) flight.release()
        break
      case 'not_started':
        this.#notStarted(flights, why.reason)
        break
      case 'failed':
        this.#options.log.warn('worker ended', {worker: worker.number, error: why.error, jobs: flights.length})
        this.#inquest.judge({worker, cause: why.cause, error: why.error, exit, flights})
    }
    this.#placeWaiting()
    if (this.#workers.size === 0) for (const resolve of this.#onEmpty.splice(0)) resolve()
  }

  #notStarted(flights: readonly Flight[], reason: unknown): void {
    const {status, error} = spawnFailure(this.#options.kind.command[0] ?? '', reason)
    // Without a status it is this host that is out of something, and the command may be fine.
    this.#inquest.giveUp(flights, error, status === null ? Number.POSITIVE_INFINITY : UNRUNNABLE_LIMIT)
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
