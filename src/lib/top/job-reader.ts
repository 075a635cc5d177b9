import type {Job, JobEvent, Run, RunOutput} from '../job.ts'
import {jobsById} from '../queue/look-up.ts'
import type {Storage} from '../storage/storage.ts'

/** A job with what a screen shows of it. */
export interface SeenJob {
  readonly job: Job
  /** Its beginning: `SHOWN_BYTES` of it at most. */
  readonly payload: Uint8Array
  readonly runs: readonly Run[]
  readonly events: readonly JobEvent[]
  /** By run; empty unless it was asked for. */
  readonly output: ReadonlyMap<number, RunOutput>
}

/** More of a payload is not shown. */
export const SHOWN_BYTES = 128 * 1024
/** What is larger is not read while a cursor passes by: it is read whole, which takes 2 ms a megabyte. */
export const PASSING_BYTES = 4 * 1024 * 1024

/** Reads one job again and again; payload and history only when the job has changed, because they may be large. */
export class JobReader {
  readonly #storage: Pick<Storage, 'find' | 'get'>
  #last: {readonly seen: SeenJob; readonly stamp: string; readonly hasOutput: boolean} | null = null

  constructor(storage: Pick<Storage, 'find' | 'get'>) {
    this.#storage = storage
  }

  /** @returns `null` when there is no such job */
  async read(id: number, {output}: {readonly output: boolean}): Promise<SeenJob | null> {
    const job = (await jobsById(this.#storage, [id])).get(id)
    if (job === undefined) return null
    const last = this.#last
    if (last !== null && last.stamp === stampOf(job) && (last.hasOutput || !output)) return {...last.seen, job}
    const [record] = await this.#storage.get([id], {history: true, output})
    if (record === undefined) return null
    const {payload, history, ...row} = record
    const seen = {job: row, payload: payload.slice(0, SHOWN_BYTES), ...history}
    this.#last = {seen, stamp: stampOf(row), hasOutput: output}
    return seen
  }
}

/** Another one when something was done to the job. */
function stampOf({id, fence, state, updatedAt, requested}: Job): string {
  return `${id} ${fence} ${state} ${updatedAt} ${requested}`
}
