/** A consumer from its registration to its end; what it does in between is its `Shift`. */
import {sentence} from '../errors.ts'
import type {Handler} from '../handlers/handler.ts'
import type {Queue} from '../queue/queue.ts'
import type {Storage} from '../storage/storage.ts'
import {identifySelf} from '../process.ts'
import {type Clock, systemClock} from '../time.ts'
import {HostCoroner} from './coroner.ts'
import {harmless, type Log} from './events.ts'
import {type Guard, type GuardPlan, openGuard} from './guard.ts'
import {Maintenance} from './maintenance.ts'
import {outlast, type OnTrouble} from '../passing.ts'
import {type Registration, registerConsumer} from './registration.ts'
import {Retirement} from './retirement.ts'
import {Shift} from './shift.ts'

export interface ConsumerOptions {
  readonly queue: Queue
  readonly storage: Storage
  /** The file of the database by any of its names; `null` for a URL. */
  readonly dbPath: string | null
  /** Closed by the consumer when it ends. */
  readonly handler: Handler
  /** `null` = host and pid. */
  readonly name: string | null
  /** Served strictly in this order. */
  readonly queues: readonly string[]
  /** How many jobs run at once. */
  readonly concurrency: number
  /** `null` = the queue's. */
  readonly leaseMs: number | null
  /** Limit of an attempt whose job has none; `null` = the queue's. */
  readonly timeoutMs: number | null
  /** Between TERM and KILL of a handler; and how long handlers may go on after `stop`. */
  readonly graceMs: number
  /** End when nothing can be claimed now and nothing of the queues is being processed by anyone. */
  readonly drain: boolean
  /** End after so many; `null` = never. */
  readonly maxJobs: number | null
  /** Claim no more after this time, and end when what runs has ended; absent or `null` = never. */
  readonly maxAgeMs?: number | null
  /** Likewise when this process takes more memory than that. */
  readonly maxRssBytes?: number | null
  /** Claim no more, let handlers finish within the grace, give back the rest. */
  readonly stop: AbortSignal
  /** Do not wait for handlers any longer. */
  readonly kill: AbortSignal
  /** The guard of what the handler runs; `null` or absent = there is none. */
  readonly guard?: GuardPlan | null
  readonly log: Log
  readonly clock?: Clock
}

/** What a consumer has done. */
export interface ConsumerReport {
  readonly consumer: string
  /** How many ends of runs were stored, whatever they were. */
  readonly settled: number
}

/** Jobs come due without a change of the store, so it is looked at this often at least. */
const POLL_MS = 1000

export class Consumer {
  readonly #options: ConsumerOptions
  readonly #log: Log
  readonly #onTrouble: OnTrouble = (doing, error, retryInMs) => this.#log({kind: 'trouble', doing, error: sentence(error), retryInMs})

  constructor(options: ConsumerOptions) {
    this.#options = options
    this.#log = harmless(options.log)
  }

  /**
   * Works until `stop`, or until `drain` or `maxJobs` says that it is enough.
   * @throws QctlError `conflict` when the name is in use; the storage's error when its file vanished or was replaced, or
   *   when to try again is hopeless: then every handler was killed and nothing acknowledged
   */
  async run(): Promise<ConsumerReport> {
    const {handler, queues, concurrency, storage} = this.#options
    try {
      const registration = await this.#register()
      this.#log({kind: 'started', consumer: registration.name, queues, concurrency})
      const settled = await this.#work(registration).catch(async (error: unknown) => {
        // The process may live on, and so would the name. What keeps it from signing off is what it failed from.
        await storage.unregister(registration.id).catch(() => {})
        throw error
      })
      await this.#unregister(registration)
      this.#log({kind: 'stopped', consumer: registration.name, settled})
      return {consumer: registration.name, settled}
    } finally {
      await handler.close()
    }
  }

  /** Who drains is waited for, and told at once. */
  #register(): Promise<Registration> {
    const {storage, drain, stop} = this.#options
    if (drain) return registerConsumer(storage, this.#options)
    let tries = 0
    // A try of which nothing is known may have stored the name.
    return outlast('signing on', () => registerConsumer(storage, this.#options, {mayBeOurs: tries++ > 0}), {stop, onTrouble: this.#onTrouble})
  }

  async #work(registration: Registration): Promise<number> {
    const {queue, storage, dbPath, stop, kill} = this.#options
    const coroner = new HostCoroner(dbPath)
    const guard = this.#startGuard(coroner.dbPath)
    const shift = new Shift({...this.#options, dbPath: coroner.dbPath, spools: coroner.spools, log: this.#log}, registration, guard)
    const over = new AbortController()
    const retirement = new Retirement(this.#options)
    this.#tellOfSize(retirement)
    const maintenance = new Maintenance({queue, storage, coroner, spools: coroner.spools, log: this.#log})
    const unwatch = storage.watch(error => {
      if (error !== null) return shift.fail(error)
      shift.storeChanged()
      const {reason} = retirement
      if (reason !== null) shift.retire(reason)
      void maintenance.rescueNowAndThen()
    }, POLL_MS, () => shift.isHungry())
    whenAborted(stop, () => shift.stop(), over.signal)
    whenAborted(kill, () => shift.kill(), over.signal)
    // Not waited for: it never rejects, and what it may be doing at the end needs nobody.
    void maintenance.run(over.signal)
    void maintenance.rescueNowAndThen()
    try {
      return await shift.work()
    } finally {
      over.abort()
      unwatch()
      maintenance.close()
      shift.close()
      await guard?.close()
    }
  }

  #tellOfSize({reason}: Retirement): void {
    if (reason?.why !== 'max_rss') return
    const {rssBytes, limitBytes} = reason
    this.#log({kind: 'born_too_big', rssBytes, limitBytes})
  }

  #startGuard(dbPath: string | null): Guard | null {
    const {guard: plan, clock = systemClock} = this.#options
    if (plan == null) return null
    return openGuard(plan, identifySelf(), {dbPath, clock, onTrouble: this.#onTrouble})
  }

  async #unregister({id}: Registration): Promise<void> {
    try {
      await this.#options.storage.unregister(id)
    } catch (error) {
      // The work is done and stored; others will see that this process has ended.
      this.#log({kind: 'trouble', doing: 'signing off', error: sentence(error), retryInMs: null})
    }
  }
}

/** Calls `action` once the signal is aborted, or now if it is; not any more after `over`. */
function whenAborted(signal: AbortSignal, action: () => void, over: AbortSignal): void {
  if (signal.aborted) action()
  else signal.addEventListener('abort', action, {once: true, signal: over})
}
