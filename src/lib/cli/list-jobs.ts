import type {Inspector} from '../queue/inspector.ts'
import type {Page, SortField, Storage} from '../storage/storage.ts'
import {systemClock} from '../time.ts'
import type {FlagValues} from './flags.ts'
import {counted} from './counted.ts'
import {filterOf, type LIST_FLAGS, type SelectFlags} from './job-flags.ts'
import {jobList} from './job-list.ts'
import {noteMissingQueues, requireQueues} from './missing.ts'
import type {Printer} from './print.ts'
import {repaint} from './repaint.ts'

type ListFlags = SelectFlags & FlagValues<typeof LIST_FLAGS>

const DEFAULT_LIMIT = 20
/** A listing that finds little looks at no more rows than this; the next page goes on from there. */
const SCAN_LIMIT = 100_000

/** What a listing needs. */
export interface Listing {
  readonly inspector: Pick<Inspector, 'list'>
  readonly storage: Storage
  readonly print: Printer
}

/**
 * Prints one page of jobs.
 * @throws QctlError `not_found` for a queue that `-Q` names and that does not exist
 */
export async function listJobs(flags: ListFlags, {inspector, storage, print}: Listing): Promise<void> {
  await requireQueues(flags.queue ?? [], storage)
  await noteMissingQueues(filterOf(flags), storage, print)
  const page = await read(flags, inspector)
  await show(page, print)
  const rest = restOf(page, flags.sort?.field ?? 'id')
  // The document of `--output json` says it itself; lines of ndjson cannot.
  if (rest !== null && !print.isJson) print.note(rest)
}

/** That a page is not all, and how to come to the rest; `null` when there is none. */
export function restOf({jobs, next, searched}: Page, sort: SortField): string | null {
  if (!searched.complete) return `${unsearched(sort, searched.rows)}${next === null ? '' : `; on from there: --cursor ${next}`}`
  return next === null ? null : `only ${counted(jobs.length, 'job')} shown, there are more: --limit N, or --cursor ${next} for the next`
}

/** What a page leaves out, in words. */
export function unsearched(sort: SortField, rows: number): string {
  if (sort === 'id') return `searched ${counted(rows, 'job')} and not all of them`
  return `only the newest ${counted(rows, 'job')} were sorted; older ones are not shown: say which with --where, or sort by id`
}

/**
 * Prints the first page again until the signal: on a terminal now and then, because ages move on; else when it has changed.
 * @throws QctlError as `listJobs`
 */
export async function watchJobs(
  flags: ListFlags,
  {inspector, print, storage, signal}: Listing & {readonly signal: AbortSignal},
): Promise<never> {
  await requireQueues(flags.queue ?? [], storage)
  let shown: string | null = null
  return repaint({storage, print, signal, pauseMs: 0}, async isScreen => {
    // Relative times move on: the filter is read anew each time.
    const page = await read(flags, inspector)
    const seen = page.jobs.map(job => `${job.id} ${job.state} ${job.updatedAt} ${job.progress}`).join()
    if (isScreen || seen !== shown) await show(page, print)
    shown = seen
  })
}

function read(flags: ListFlags, inspector: Pick<Inspector, 'list'>): Promise<Page> {
  return inspector.list({
    filter: filterOf(flags),
    limit: flags.limit ?? DEFAULT_LIMIT,
    cursor: flags.cursor ?? null,
    scanLimit: SCAN_LIMIT,
    ...(flags.sort === undefined ? {} : {order: flags.sort}),
  })
}

function show({jobs, next, searched}: Page, print: Printer): Promise<void> {
  return print.list({items: jobs, next, searched}, jobList(systemClock.wallNow()))
}
