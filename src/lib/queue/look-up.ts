import type {Job} from '../job.ts'
import type {Storage} from '../storage/storage.ts'
import type {Filter} from './filter.ts'

/** How many jobs are asked for at once: few enough for one statement, many enough that a million take a second. */
const PAGE = 1000

/**
 * Looks jobs up without their payloads.
 * @param ids any number, in any order
 * @returns those that exist, by id
 */
export async function jobsById(storage: Pick<Storage, 'find'>, ids: readonly number[]): Promise<Map<number, Job>> {
  const found = new Map<number, Job>()
  for (let from = 0; from < ids.length; from += PAGE) {
    const filter: Filter = {kind: 'number', field: 'id', op: 'in', values: ids.slice(from, from + PAGE)}
    for await (const jobs of pages(storage, filter)) for (const job of jobs) found.set(job.id, job)
  }
  return found
}

/**
 * Walks over every job that matches, to the end, newest id first: jobs that arrive meanwhile are not met.
 * @param filter which
 * @returns page by page
 */
export async function* pages(storage: Pick<Storage, 'find'>, filter: Filter): AsyncGenerator<readonly Job[]> {
  let cursor: string | null = null
  do {
    const page = await storage.find({filter, order: {field: 'id', descending: true}, limit: PAGE, cursor, scanLimit: null})
    if (page.jobs.length > 0) yield page.jobs
    cursor = page.next
  } while (cursor !== null)
}
