/** `qctl reap`: the duties of every consumer as a process of its own. */
import {sentence} from '../errors.ts'
import type {FinalState} from '../job.ts'
import type {Queue, Reaped} from '../queue/queue.ts'
import type {Storage} from '../storage/storage.ts'
import {sleep} from '../time.ts'
import {HostCoroner} from './coroner.ts'
import {harmless, type Log} from './events.ts'
import {Maintenance} from './maintenance.ts'
import {isPassing} from '../passing.ts'

export interface ReaperOptions {
  readonly queue: Queue
  readonly storage: Storage
  /** The file of the database by any of its names; `null` for a URL. */
  readonly dbPath: string | null
  readonly log: Log
}

/** What a pass, or all of them, did. */
export interface ReapReport {
  readonly reaped: readonly Reaped[]
  readonly deleted: Readonly<Record<FinalState, number>>
}

/** How often the store is asked whether it is still there. */
const WATCH_MS = 1000

export class ReaperLoop {
  readonly #options: ReaperOptions
  readonly #maintenance: Maintenance

  constructor(options: ReaperOptions) {
    this.#options = options
    const {queue, storage, dbPath} = options
    const coroner = new HostCoroner(dbPath)
    this.#maintenance = new Maintenance({queue, storage, coroner, spools: coroner.spools, log: harmless(options.log)})
  }

  /**
   * One pass: until there is nothing more to do.
   * @param signal ends it early, between two steps
   * @throws what the storage throws
   */
  async once(signal?: AbortSignal): Promise<ReapReport> {
    const reaped: Reaped[] = []
    for (let more = true; more && signal?.aborted !== true; ) {
      const round = await this.#maintenance.rescue()
      reaped.push(...round)
      more = round.length > 0
    }
    return {reaped, deleted: await this.#maintenance.tidy(signal)}
  }

  /**
   * A pass every `everyMs`, until the signal. Errors that may pass are logged.
   * @throws what else the storage throws, and its error when its file vanished or was replaced
   */
  async every(everyMs: number, signal: AbortSignal): Promise<void> {
    const gone = new AbortController()
    const unwatch = this.#options.storage.watch(error => {
      if (error !== null) gone.abort(error)
    }, WATCH_MS)
    const either = AbortSignal.any([signal, gone.signal])
    try {
      while (!either.aborted) {
        await this.#pass(everyMs, either)
        await sleep(everyMs, either)
      }
      gone.signal.throwIfAborted()
    } finally {
      unwatch()
    }
  }

  async #pass(everyMs: number, signal: AbortSignal): Promise<void> {
    try {
      await this.once(signal)
    } catch (error) {
      if (!isPassing(error)) throw error
      harmless(this.#options.log)({kind: 'trouble', doing: 'reaping', error: sentence(error), retryInMs: everyMs})
    }
  }
}
