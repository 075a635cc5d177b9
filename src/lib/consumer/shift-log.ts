import {sentence} from '../errors.ts'
import type {OnTrouble} from '../passing.ts'
import type {Lease} from '../job.ts'
import type {Transition} from '../storage/storage.ts'
import {type Log} from './events.ts'

/** How a shift tells what became of its jobs. */
export class ShiftLog {
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  readonly trouble: OnTrouble = (doing, error, retryInMs) => {
    this.#log({kind: 'trouble', doing, error: sentence(error), retryInMs})
  }

  began({id, queue, attempt, fence}: Lease): void {
    this.#log({kind: 'began', id, queue, attempt, fence})
  }

  ended({id, queue, attempt, fence}: Lease, {to, reason, delayMs, pauseQueue, run}: Transition): void {
    const {outcome, error, runMs} = run
    this.#log({kind: 'ended', id, queue, attempt, fence, outcome, to, reason, error, delayMs, runMs})
    if (pauseQueue !== null) this.#log({kind: 'queue_paused', queue, reason: pauseQueue})
  }

  lost({id, queue, attempt, fence}: Lease, why: string): void {
    this.#log({kind: 'lease_lost', id, queue, attempt, fence, why})
  }
}
