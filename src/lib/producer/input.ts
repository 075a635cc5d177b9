import type {Enqueued, NewJob} from '../job.ts'
import type {OnTrouble} from '../passing.ts'
import {newJob} from '../queue/new-job.ts'
import type {Storage} from '../storage/storage.ts'
import {argumentBytes} from './argument-bytes.ts'
import {fileJobs} from './files.ts'
import {generateJobs} from './generate.ts'
import {readLineJobs} from './lines.ts'
import {readNdjsonJobs} from './ndjson.ts'
import type {JobBlocks, JobDefaults} from './numbered-job.ts'
import {PayloadLimits} from './payload-limits.ts'
import {readPayload} from './stdin-payload.ts'
import {storeJobs} from './store.ts'
import {type Committed, submitAll, submitInBatches, type SubmitProgress} from './submit.ts'
import {untilAborted} from './until-aborted.ts'

/** Where jobs come from. */
export type ProduceInput =
  /** Texts of the command line; `-` is all of stdin. */
  | {readonly kind: 'payloads'; readonly texts: readonly string[]}
  | {readonly kind: 'files'; readonly paths: readonly string[]}
  /** `batch`: commit every so many jobs while reading; `null` = all or none. */
  | {readonly kind: 'lines' | 'ndjson'; readonly batch: number | null}
  | {readonly kind: 'generate'; readonly directory: string; readonly everyMs: number; readonly count: number | null}

/** What a submission needs beside its input. */
export interface Surroundings {
  readonly storage: Pick<Storage, 'enqueue' | 'queues'>
  /** What every job has that does not say otherwise. */
  readonly defaults: JobDefaults
  readonly stdin: AsyncIterable<Uint8Array>
  readonly cwd: string
  /** Ends reading in batches, and generating. */
  readonly signal: AbortSignal
  readonly onProgress: (progress: SubmitProgress) => void
  /** Told when generating has to wait. */
  readonly onTrouble: OnTrouble
}

/**
 * Reads jobs from where they come and stores them.
 * @returns what was stored, after each commit
 * @throws QctlError for bad input or a failed commit; what was given out before stays stored
 */
export async function* submitInput(input: ProduceInput, around: Surroundings): AsyncGenerator<Committed> {
  switch (input.kind) {
    case 'payloads':
      return yield unnumbered(await storeJobs(around.storage, await payloadJobs(input.texts, around)))
    case 'files': {
      const jobs = fileJobs(argumentBytes(input.paths), around.defaults, around.cwd)
      return yield unnumbered(await storeJobs(around.storage, jobs))
    }
    case 'lines':
    case 'ndjson':
      return yield* submitStream(input, around)
    case 'generate':
      for await (const job of generateJobs(around.storage, {...input, defaults: around.defaults, onTrouble: around.onTrouble}, around.signal)) {
        yield unnumbered([job])
      }
  }
}

function unnumbered(enqueued: readonly Enqueued[]): Committed {
  return {line: null, enqueued}
}

async function payloadJobs(texts: readonly string[], {storage, defaults, stdin}: Surroundings): Promise<readonly NewJob[]> {
  const jobs: NewJob[] = []
  for (const [i, payload] of argumentBytes(texts).entries()) {
    if (texts[i] !== '-') jobs.push(newJob({...defaults, payload}))
    else {
      const job = newJob({...defaults, payload: ''})
      const limit = await new PayloadLimits(storage).of(job.queue)
      jobs.push({...job, payload: await readPayload(stdin, job.queue, limit)})
    }
  }
  return jobs
}

async function* submitStream(
  input: Extract<ProduceInput, {kind: 'lines' | 'ndjson'}>,
  around: Surroundings,
): AsyncGenerator<Committed> {
  const limits = new PayloadLimits(around.storage)
  const destination = {storage: around.storage, limits, onProgress: around.onProgress}
  const blocks = await blocksOf(input.kind, limits, around)
  if (input.batch !== null) return yield* submitInBatches(untilAborted(blocks, around.signal), input.batch, destination)
  const enqueued = await submitAll(blocks, destination)
  if (enqueued.length > 0) yield unnumbered(enqueued)
}

async function blocksOf(kind: 'lines' | 'ndjson', limits: PayloadLimits, {defaults, stdin}: Surroundings): Promise<JobBlocks> {
  if (kind === 'ndjson') return readNdjsonJobs(stdin, defaults, await limits.largest())
  return readLineJobs(stdin, defaults, await limits.of(defaults.queue ?? 'default'))
}
