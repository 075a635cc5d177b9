import type {Enqueued} from '../job.ts'
import type {Storage} from '../storage/storage.ts'
import type {JobBlocks, NumberedJob} from './numbered-job.ts'
import type {PayloadLimits} from './payload-limits.ts'
import {storeJobs} from './store.ts'

/** How far a submission is. */
export interface SubmitProgress {
  /** Jobs read. */
  readonly read: number
  /** Jobs committed. */
  readonly stored: number
}

/** Where jobs go, and who is told how far it is. */
export interface Destination {
  readonly storage: Pick<Storage, 'enqueue'>
  readonly limits: PayloadLimits
  readonly onProgress: (progress: SubmitProgress) => void
}

/** A batch that was committed. */
export interface Committed {
  /** The last line of the input that is in it; `null` when the jobs came from elsewhere. */
  readonly line: number | null
  readonly enqueued: readonly Enqueued[]
}

/**
 * Reads and checks every job to the end, then stores them all or none: a slow pipe never holds the lock.
 * @throws QctlError of the source naming the line, or of `storeJobs`; nothing is stored then
 */
export async function submitAll(blocks: JobBlocks, {storage, limits, onProgress}: Destination): Promise<readonly Enqueued[]> {
  const jobs: NumberedJob[] = []
  for await (const block of blocks) {
    await limits.check(block)
    for (const job of block) jobs.push(job)
    onProgress({read: jobs.length, stored: 0})
  }
  if (jobs.length === 0) return []
  const enqueued = await storeJobs(storage, jobs.map(({job}) => job))
  onProgress({read: jobs.length, stored: jobs.length})
  return enqueued
}

/**
 * Stores jobs while they are read, `size` at a time, each batch all or none.
 * What is left when the source ends, also by an interruption, is stored as a smaller batch.
 * @returns each batch after its commit
 * @throws QctlError of the source naming the line, or of `storeJobs`; earlier batches stay
 */
export async function* submitInBatches(blocks: JobBlocks, size: number, destination: Destination): AsyncGenerator<Committed> {
  let waiting: readonly NumberedJob[] = []
  let stored = 0
  for await (const block of blocks) {
    waiting = waiting.concat(block)
    let from = 0
    for (; waiting.length - from >= size; from += size) {
      yield await commit(waiting.slice(from, from + size), destination)
      stored += size
      destination.onProgress({read: stored + waiting.length - from - size, stored})
    }
    waiting = waiting.slice(from)
    destination.onProgress({read: stored + waiting.length, stored})
  }
  if (waiting.length === 0) return
  yield await commit(waiting, destination)
  destination.onProgress({read: stored + waiting.length, stored: stored + waiting.length})
}

async function commit(batch: readonly NumberedJob[], {storage, limits}: Destination): Promise<Committed> {
  await limits.check(batch)
  return {line: batch.at(-1)?.line ?? null, enqueued: await storeJobs(storage, batch.map(({job}) => job))}
}
