/** The library: `import {openQueue} from 'qctl'`. */
import {Consumer, type ConsumerReport} from './lib/consumer/consumer.ts'
import {FunctionHandler, type JobFunction} from './lib/handlers/function.ts'
import type {Enqueued} from './lib/job.ts'
import {Inspector} from './lib/queue/inspector.ts'
import type {JobInput} from './lib/queue/new-job.ts'
import {Queue} from './lib/queue/queue.ts'
import {type OpenOptions, openStorage} from './lib/storage/open.ts'
import type {Storage} from './lib/storage/storage.ts'

export {QctlError} from './lib/errors.ts'
export type {FunctionJob, JobContext, JobFunction} from './lib/handlers/function.ts'
export type {HandlerContext, ModuleHandler as Handler} from './lib/handlers/module-handler.ts'
export {Permanent, Snooze} from './lib/handlers/verdicts.ts'
export type {Enqueued, FullJob, Job, State} from './lib/job.ts'
export type {JobInput} from './lib/queue/new-job.ts'
export type {OpenOptions} from './lib/storage/open.ts'

/** How to consume; all may be left out. */
export interface ConsumeOptions {
  /** Served strictly in this order; default `['default']`. */
  readonly queues?: readonly string[]
  /** How many jobs run at once; default 1. */
  readonly concurrency?: number
  /** Default host and pid. */
  readonly name?: string
  /** End when nothing can be claimed now and nothing is being processed; default false. */
  readonly drain?: boolean
  /** How long running jobs may go on after `signal`, ms; default 10 000. */
  readonly graceMs?: number
  /** Stops the consumer: no new jobs, then the grace. */
  readonly signal?: AbortSignal
}

const DEFAULT_GRACE_MS = 10_000
const NEVER = new AbortController().signal

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
   * @throws QctlError `bad_input`, `payload_too_large`, `busy` (nothing stored), `outcome_unknown`
   */
  enqueue(...jobs: readonly JobInput[]): Promise<readonly Enqueued[]> {
    return this.#queue.enqueue(jobs)
  }

  /**
   * Runs a function for each job until `signal`, or until nothing is left with `drain`.
   * @returns who this was and how many runs were settled
   * @throws QctlError `conflict` when the name is in use; the storage's error when its file vanished or was replaced
   */
  consume(work: JobFunction, options: ConsumeOptions = {}): Promise<ConsumerReport> {
    const consumer = new Consumer({
      queue: this.#queue,
      storage: this.#storage,
      dbPath: this.#path,
      handler: new FunctionHandler(work),
      name: options.name ?? null,
      queues: options.queues ?? ['default'],
      concurrency: options.concurrency ?? 1,
      leaseMs: null,
      timeoutMs: null,
      graceMs: options.graceMs ?? DEFAULT_GRACE_MS,
      drain: options.drain ?? false,
      maxJobs: null,
      stop: options.signal ?? NEVER,
      kill: NEVER,
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
 * @throws QctlError `not_found`, `cannot_open`, `permission`, `not_a_database`, `newer_schema`, `busy`
 */
export async function openQueue(location: string, options: OpenOptions = {}): Promise<OpenQueue> {
  return new OpenQueue(await openStorage(location, options), location)
}
