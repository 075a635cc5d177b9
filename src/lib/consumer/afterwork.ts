import {sentence} from '../errors.ts'
import type {Handler} from '../handlers/handler.ts'
import type {Lease, State} from '../job.ts'
import {type Log} from './events.ts'

/** What handlers still do once the end of a run is stored; nobody waits for it before the consumer ends. */
export class Afterwork {
  readonly #handler: Handler
  readonly #log: Log
  readonly #going = new Set<Promise<void>>()

  constructor(handler: Handler, log: Log) {
    this.#handler = handler
    this.#log = log
  }

  /** @param state where the job is now */
  begin(lease: Lease, state: State): void {
    const work = this.#handler.afterSettled?.(lease, state)
    if (work === undefined) return
    const going = work
      .catch(error => this.#log({kind: 'trouble', doing: `finishing job ${lease.id}`, error: sentence(error), retryInMs: null}))
      .finally(() => this.#going.delete(going))
    this.#going.add(going)
  }

  /** Resolves when all of it is done. */
  async finish(): Promise<void> {
    await Promise.all(this.#going)
  }
}
