import type {OutputFormat} from '../config.ts'
import type {Enqueued} from '../job.ts'
import {safeJson} from './safe-output.ts'

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

/** What to say about jobs whose key was held; `null` when there is none. */
export function existingNote(jobs: readonly Enqueued[]): string | null {
  const existing = jobs.filter(job => job.existing)
  const [first] = existing
  if (first === undefined) return null
  return existing.length === 1
    ? `the key is held by job ${first.id} of queue ${first.queue}; nothing new was stored for it`
    : `${existing.length.toLocaleString('en')} keys are held by earlier jobs; nothing new was stored for them`
}
