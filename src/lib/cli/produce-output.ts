import type {OutputFormat} from '../config.ts'
import type {Enqueued} from '../job.ts'
import type {Storage} from '../storage/storage.ts'
import {formatDuration} from '../time.ts'
import {safeJson} from './safe-output.ts'

/** Where the holder of a key is looked up. */
export type Holders = Pick<Storage, 'explain' | 'queues'>

/** The document of `produce --json`. */
export function enqueuedJson(jobs: readonly Enqueued[]): Readonly<Record<string, unknown>> {
  const existing = jobs.filter(job => job.existing).length
  return {jobs: jobs.map(jobJson), stored: jobs.length - existing, existing}
}

function jobJson({id, queue, existing}: Enqueued): Readonly<Record<string, unknown>> {
  return {id, queue, existing}
}

/**
 * Writes where jobs ended up, in every format but csv and json, which need all of them.
 * @returns lines, each ended by a line feed
 */
export function enqueuedLines(jobs: readonly Enqueued[], output: OutputFormat): string {
  const line = output === 'ndjson' ? (job: Enqueued) => `${safeJson(jobJson(job))}\n` : ({id}: Enqueued) => `${id}\n`
  return jobs.map(line).join('')
}

/**
 * What to say about jobs whose key was held; `null` when there is none. Never rejects: what was stored is stored.
 * @param storage where the holder of a single one is looked up
 */
export async function existingNote(jobs: readonly Enqueued[], storage: Holders): Promise<string | null> {
  const existing = jobs.filter(job => job.existing)
  const [first] = existing
  if (first === undefined) return null
  return existing.length === 1
    ? `the key is held by job ${first.id} of queue ${first.queue}${await standingOf(first, storage).catch(() => '')}; nothing new was stored for it`
    : `${existing.length.toLocaleString('en')} keys are held by earlier jobs; nothing new was stored for them`
}

/** The state of a key's holder, and for how long a finished one keeps the key. */
async function standingOf({id, queue}: Enqueued, storage: Holders): Promise<string> {
  const [standing] = await storage.explain([id])
  if (standing !== undefined) {
    const until = standing.key?.freeAt ?? null
    // Late: few submissions meet a key that is kept, and the short way of `produce` imports little.
    return ` (${standing.job.state})${until === null ? '' : `, kept until ${(await import('../time-parse.ts')).formatTime(until)}`}`
  }
  const [found] = await storage.queues([queue])
  return ` (deleted)${found === undefined ? '' : `, kept until ${formatDuration(found.settings.keyWindowMs)} after it finished`}`
}
