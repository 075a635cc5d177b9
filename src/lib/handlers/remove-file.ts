/** `--remove-file`: a finished job's file goes once its acknowledgement is stored. */
import {rm} from 'node:fs/promises'
import type {Lease, State} from '../job.ts'
import type {RunEnd} from '../outcome.ts'
import type {Handler, RunContext} from './handler.ts'
import {pathOf} from './timestamp.ts'

/**
 * Another handler, after whose success the job's file is deleted. A crash between the commit and the deletion leaves the
 * file: `qctl cleanup` is for those.
 */
export class FileRemover implements Handler {
  readonly #handler: Handler
  readonly startsClock: true | undefined
  readonly givesBack: true | undefined

  /** @param handler does the work */
  constructor(handler: Handler) {
    this.#handler = handler
    this.startsClock = handler.startsClock
    this.givesBack = handler.givesBack
  }

  run(lease: Lease, context: RunContext): Promise<RunEnd> {
    return this.#handler.run(lease, context)
  }

  async afterSettled(lease: Lease, state: State): Promise<void> {
    await this.#handler.afterSettled?.(lease, state)
    if (state === 'done' && lease.file) await rm(pathOf(lease), {force: true})
  }

  close(): Promise<void> {
    return this.#handler.close()
  }
}
