import type {JobEvent} from './job.ts'

/** A change that others than a run made, with the job that it happened to. Data only. */
export interface StoreEvent extends JobEvent {
  /** Grows from each to the next. */
  readonly id: number
  readonly jobId: number
  readonly queue: string
}
