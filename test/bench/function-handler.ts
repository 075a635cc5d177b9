import type {Handler} from '../../src/lib/handlers/handler.ts'
import type {Lease} from '../../src/lib/job.ts'
import {bareEnd, type RunEnd} from '../../src/lib/outcome.ts'

const DONE = bareEnd({kind: 'done', result: null})

/** A handler that is a function of this process, and does no more than remember what it was given. */
export class FunctionHandler implements Handler {
  readonly ids: number[] = []
  readonly #onStart: ((id: number) => void) | null

  /** @param onStart told each job as it starts */
  constructor(onStart: ((id: number) => void) | null = null) {
    this.#onStart = onStart
  }

  async run({id}: Lease): Promise<RunEnd> {
    this.#onStart?.(id)
    this.ids.push(id)
    return DONE
  }

  async close(): Promise<void> {}
}
