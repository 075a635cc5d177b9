/** The library: `import {openQueue} from 'qctl'`. */
import {checkedConsumeOptions, type ConsumeOptions} from './consume-options.ts'
import {Consumer, type ConsumerReport} from './lib/consumer/consumer.ts'
import {QctlError} from './lib/errors.ts'
import {FunctionHandler, type JobFunction} from './lib/handlers/function.ts'
import type {Enqueued} from './lib/job.ts'
import {checkFields} from './lib/known-fields.ts'
import {Inspector} from './lib/queue/inspector.ts'
import {JOB_FIELDS, type JobInput} from './lib/queue/new-job.ts'
import {Queue} from './lib/queue/queue.ts'
import {OPEN_FIELDS, type OpenOptions, openStorage} from './lib/storage/open.ts'
import type {Storage} from './lib/storage/storage.ts'

export type {ConsumeOptions} from './consume-options.ts'
export {QctlError} from './lib/errors.ts'
export type {FunctionJob, JobContext, JobFunction} from './lib/handlers/function.ts'
export type {HandlerContext, ModuleHandler as Handler} from './lib/handlers/module-handler.ts'
export {Permanent, Snooze} from './lib/handlers/verdicts.ts'
export type {Enqueued, FullJob, Job, State} from './lib/job.ts'
export type {JobInput} from './lib/queue/new-job.ts'
export type {OpenOptions} from './lib/storage/open.ts'

/** A queue that is open in this process. */
export class OpenQueue {
  readonly #storage: Storage
  readonly #queue: Queue
  readonly #path: string
  /** What an operator sees and does. */
  readonly inspector: Inspector

  /** Use `openQueue`. */
  constructor(storage: Storage, path: string) {
    this.#storage = storage
    this.#path = path
    this.#queue = new Queue(storage)
    this.inspector = new Inspector(storage)
  }

  /**
   * Stores jobs, all or none. Resolved = on the disk (unless the database was made with `durability: 'normal'`).
   * Calls of one turn of the event loop share a commit.
   * @returns where each ended up, in order
   * @throws QctlError `bad_input`, `payload_too_large`, `busy` (nothing stored), `outcome_unknown`, `conflict` once it is closed
   */
  async enqueue(...jobs: readonly JobInput[]): Promise<readonly Enqueued[]> {
    for (const job of jobs) checkFields('a job', job, JOB_FIELDS)
    return this.#queue.enqueue(jobs)
  }

  /**
   * Runs a function for each job until `signal`, or until nothing is left with `drain`.
   *
   * It runs in this process, which qctl does not kill. When the function blocks the event loop, or the process is stopped, for longer than
   * the lease of the queue (30 s unless set), the job is given to somebody else and runs twice at once (a consumer that is given it itself
   * waits for the function first); the function's `signal` is aborted then, and what it returns is refused. Set a lease longer than the
   * longest block (`qctl queues set NAME --lease 10m`), write so that a higher `job.fence` wins, or use `qctl consume --module`, whose
   * processes can be killed.
   * @param work does one job
   * @returns who this was and how many runs were settled
   * @throws QctlError `bad_input`; `conflict` when the name is in use or the queue is closed; the storage's error when its file vanished or was replaced
   */
  async consume(work: JobFunction, options: ConsumeOptions = {}): Promise<ConsumerReport> {
    const {signal, ...checked} = checkedConsumeOptions(options)
    if (typeof work !== 'function') throw new QctlError('bad_input', 'consume needs a function that does a job')
    const consumer = new Consumer({
      queue: this.#queue,
      storage: this.#storage,
      dbPath: this.#path,
      handler: new FunctionHandler(work),
      ...checked,
      leaseMs: null,
      timeoutMs: null,
      maxJobs: null,
      stop: signal,
      kill: new AbortController().signal,
      log: () => {},
    })
    return consumer.run()
  }

  /** Finishes what was asked and lets go of the file. */
  close(): Promise<void> {
    return this.#storage.close()
  }
}

/**
 * Opens a queue.
 * @param location the path of an SQLite file
 * @param options `create: true` makes a missing one
 * @throws QctlError `bad_input`, `bad_config` under a Node that is too old, `not_found`, `cannot_open`, `permission`, `not_a_database`, `newer_schema`, `busy`
 */
export async function openQueue(location: string, options: OpenOptions = {}): Promise<OpenQueue> {
  if (Number.parseInt(process.versions.node, 10) < 24) throw new QctlError('bad_config', `qctl needs Node 24 or newer, this is ${process.version}`)
  if (typeof location !== 'string' || location === '') throw new QctlError('bad_input', 'openQueue needs the path of an SQLite file')
  checkFields('the options of openQueue', options, OPEN_FIELDS)
  return new OpenQueue(await openStorage(location, options), location)
}
