import {join} from 'node:path'
import {Consumer, type ConsumerOptions, type ConsumerReport} from '../../src/lib/consumer/consumer.ts'
import type {WorkEvent} from '../../src/lib/consumer/events.ts'
import {QctlError} from '../../src/lib/errors.ts'
import {type Handler, type RunContext, stoppedOutcome, stopOf} from '../../src/lib/handlers/handler.ts'
import type {Job, Lease, Run} from '../../src/lib/job.ts'
import {bareEnd, type Outcome, type RunEnd} from '../../src/lib/outcome.ts'
import type {JobInput} from '../../src/lib/queue/new-job.ts'
import {Queue} from '../../src/lib/queue/queue.ts'
import {openStorage} from '../../src/lib/storage/open.ts'
import type {Storage} from '../../src/lib/storage/storage.ts'
import {scratchDirectory} from '../support/scratch.ts'
import {waitFor} from '../support/wait-for.ts'

const DONE: Outcome = {kind: 'done', result: null}

/** A handler whose runs a test writes. */
export class ScriptedHandler implements Handler {
  readonly #script: (lease: Lease, context: RunContext) => Outcome | Promise<Outcome>
  readonly started: number[] = []
  readonly settled: string[] = []
  running = 0
  most = 0
  closed = 0

  constructor(script: (lease: Lease, context: RunContext) => Outcome | Promise<Outcome> = () => DONE) {
    this.#script = script
  }

  async run(lease: Lease, context: RunContext): Promise<RunEnd> {
    this.started.push(lease.id)
    this.running += 1
    this.most = Math.max(this.most, this.running)
    try {
      return bareEnd(await this.#script(lease, context))
    } finally {
      this.running -= 1
    }
  }

  async afterSettled(lease: Lease, state: string): Promise<void> {
    this.settled.push(`${lease.id} ${state}`)
  }

  async close(): Promise<void> {
    this.closed += 1
  }
}

/** An outcome that comes only when the run is told to end. */
export function untilStopped(_lease: Lease, {signal}: RunContext): Promise<Outcome> {
  return new Promise(resolve => {
    const end = (): void => {
      const stop = stopOf(signal)
      if (stop !== null) resolve(stoppedOutcome(stop))
    }
    end()
    signal.addEventListener('abort', end)
  })
}

/** A consumer that was started. */
export interface Started {
  readonly report: Promise<ConsumerReport>
  readonly events: WorkEvent[]
  readonly stop: () => void
  readonly kill: () => void
}

/** A database of its own with a queue on it. */
export class Workshop {
  readonly path: string
  readonly storage: Storage
  readonly queue: Queue
  readonly #started: Started[] = []

  private constructor(path: string, storage: Storage) {
    this.path = path
    this.storage = storage
    this.queue = new Queue(storage)
  }

  static async open(path = join(scratchDirectory(), 'q.db'), lockTimeoutMs = 30_000): Promise<Workshop> {
    return new Workshop(path, await openStorage(path, {create: true, lockTimeoutMs}))
  }

  async produce(...inputs: (JobInput | string)[]): Promise<number[]> {
    const jobs = inputs.map(input => (typeof input === 'string' ? {payload: input} : input))
    return (await this.queue.enqueue(jobs)).map(({id}) => id)
  }

  /** Starts a consumer; what its run rejects with is for the test to see. */
  start(handler: Handler, options: Partial<ConsumerOptions> = {}): Started {
    const stop = new AbortController()
    const kill = new AbortController()
    const events: WorkEvent[] = []
    const consumer = new Consumer({
      queue: this.queue,
      storage: this.storage,
      dbPath: this.path,
      handler,
      name: null,
      queues: ['default'],
      concurrency: 1,
      leaseMs: null,
      timeoutMs: null,
      graceMs: 5000,
      drain: false,
      maxJobs: null,
      stop: stop.signal,
      kill: kill.signal,
      log: event => events.push(event),
      ...options,
    })
    const report = consumer.run()
    report.catch(() => undefined)
    const started = {report, events, stop: () => stop.abort(), kill: () => kill.abort()}
    this.#started.push(started)
    return started
  }

  /** Runs a consumer until the queue is drained. */
  async drain(handler: Handler, options: Partial<ConsumerOptions> = {}): Promise<ConsumerReport> {
    return this.start(handler, {drain: true, ...options}).report
  }

  async job(id: number): Promise<Job> {
    const [job] = await this.storage.get([id])
    if (job === undefined) throw new Error(`no job ${id}`)
    return job
  }

  async runs(id: number): Promise<readonly Run[]> {
    const [job] = await this.storage.get([id], {history: true})
    return job?.history.runs ?? []
  }

  /** Waits until a job is in that state. */
  async reaches(id: number, state: Job['state']): Promise<Job> {
    return waitFor(async () => {
      const job = await this.job(id)
      return job.state === state ? job : null
    }, {what: `job ${id} is ${state}`})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const started of this.#started) started.kill()
    await Promise.allSettled(this.#started.map(({report}) => report))
    // One whose file a test took away says so.
    await this.storage.close().catch(error => (error instanceof QctlError && error.code === 'outcome_unknown' ? undefined : Promise.reject(error)))
  }
}

/** A storage of which a test breaks single methods. */
export function broken(storage: Storage, faults: Partial<Storage>): Storage {
  return new Proxy(storage, {
    get(target, name: keyof Storage) {
      const method = faults[name] ?? target[name]
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
}
