import type {NewJob} from '../job.ts'
import type {JobInput} from '../queue/new-job.ts'

/** What every job of one call has unless it says otherwise itself. */
export type JobDefaults = Omit<JobInput, 'payload' | 'file'>

/** A job and the line of the input it came from, from 1. */
export interface NumberedJob {
  readonly line: number
  readonly job: NewJob
}

/** Jobs as they are read, some at a time. */
export type JobBlocks = AsyncIterable<readonly NumberedJob[]>
