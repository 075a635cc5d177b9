import type {JobEvent} from './job.ts'

/** A change that others than a run made, with the job that it happened to. Data only. */
export interface StoreEvent extends JobEvent {
  /** Grows from each to the next. */
  readonly id: number
  /** `null`: it happened to the queue itself, which may be gone. */
  readonly jobId: number | null
  readonly queue: string
}

/** Who changes something, and how, for the events. */
export interface ChangedBy {
  readonly actor: string
  readonly reason: string
}

/** How long changes of queues are remembered; those of jobs are as long as their jobs. */
export const QUEUE_EVENTS_KEPT_MS = 30 * 24 * 60 * 60_000
