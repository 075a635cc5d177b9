import type {Job} from '../../job.ts'
import type {SeenJob} from '../job-reader.ts'
import type {Found, Wanted} from '../job-search.ts'
import {type StateTab, wholeFilter} from '../job-filter.ts'
import type {Frame} from '../screen.ts'

/** What the list of jobs remembers. */
export interface JobsOwn {
  readonly tab: StateTab
  /** Beside what the tab asks; as it was typed (see `filterOf`). */
  readonly filter: string
  readonly oldestFirst: boolean
  /** The last job of every page before this one. */
  readonly pages: readonly number[]
  /** The first job of the first page when the cursor began to move: the list stands still from then on. */
  readonly from: number | null
  /** The job under the cursor; `null` = the first. */
  readonly cursor: number | 'last' | null
  /** Its row when the cursor was put there: if the job goes, the cursor stays in this place. */
  readonly place: number
  /** As they were when they were marked. */
  readonly marks: ReadonlyMap<number, Job>
  /** The next act is for all that match. */
  readonly whole: boolean
  readonly round: number
}

/** What the list got. */
export interface JobsFacts {
  /** What was asked; an answer to another question is not shown. */
  readonly question: string
  /** The filter of all that match, as `--where` takes it. */
  readonly filter: string
  readonly found: Found
  /** How many jobs are in each state, whatever the filter. */
  readonly totals: Readonly<Partial<Record<StateTab, Total>>>
  /** How many match the filter, where there are more than have room; `null` = that was not asked. */
  readonly matching: Total | null
  /** The job under the cursor. */
  readonly under: SeenJob | null
  /** Who jobs can be assigned to. */
  readonly consumers: readonly string[]
}

export interface Total {
  readonly count: number
  /** It is a lower bound. */
  readonly isMore: boolean
}

export const JOBS_START: JobsOwn = {
  tab: 'all', filter: '', oldestFirst: false, pages: [], from: null, cursor: null, place: 0, marks: new Map(), whole: false, round: 0,
}

/** What the list is to show. */
export function wantedOf(own: JobsOwn, names: readonly string[] | null, frame: Frame): Wanted {
  const {oldestFirst, pages, from, round} = own
  return {filter: wholeFilter(own, names), oldestFirst, after: pages.at(-1) ?? null, from: pages.length === 0 ? from : null, limit: listRows(frame), round}
}

/** Names the question that a list answers. That it stands still is no other one. */
export function questionOf({tab, filter, oldestFirst, pages, round}: JobsOwn): string {
  return JSON.stringify([tab, filter, oldestFirst, pages, round])
}

const HEADS = 3
/** A rule and two lines. */
const PREVIEW = 3
const ROWS_WITH_PREVIEW = 10

/** Lines for the preview of the job under the cursor; none on a low terminal. */
export function previewRows({rows}: Frame): number {
  return rows < ROWS_WITH_PREVIEW ? 0 : PREVIEW
}

/** How many jobs have room. */
function listRows(frame: Frame): number {
  return Math.max(1, frame.rows - HEADS - previewRows(frame))
}

/** The jobs on the screen: none while those of another question are still there. */
export function rowsOf(own: JobsOwn, facts: JobsFacts | null): readonly Job[] {
  return facts === null || facts.question !== questionOf(own) ? [] : facts.found.jobs
}

/** How many match the filter, where that is known: of the list that is shown, none while another one is looked for. */
export function matchingOf(own: JobsOwn, facts: JobsFacts): Total | null {
  const {found, matching, question} = facts
  if (question !== questionOf(own) || found.searched !== null) return null
  if (found.hasMore) return matching === null || matching.count === 0 ? null : matching
  return own.pages.length > 0 || own.from !== null ? null : {count: found.jobs.length, isMore: false}
}

/** What the tabs say: how many jobs each state has, or where there is a filter how many of the shown one match. */
export function tabTotals(own: JobsOwn, facts: JobsFacts | null): JobsFacts['totals'] {
  if (facts === null) return {}
  if (own.filter === '') return facts.totals
  const matching = matchingOf(own, facts)
  return matching === null ? {} : {[own.tab]: matching}
}

/** The row of the cursor. −1 when there are none. */
export function placeOf({cursor, place}: Pick<JobsOwn, 'cursor' | 'place'>, jobs: readonly Job[]): number {
  if (jobs.length === 0 || cursor === 'last') return jobs.length - 1
  if (cursor === null) return 0
  const at = jobs.findIndex(({id}) => id === cursor)
  return at >= 0 ? at : Math.min(place, jobs.length - 1)
}

/** The job under the cursor. */
export function jobUnder(own: JobsOwn, facts: JobsFacts | null): Job | null {
  const jobs = rowsOf(own, facts)
  return jobs[placeOf(own, jobs)] ?? null
}

/** Another list: its first page, nothing marked. */
export function relisted(own: JobsOwn, change: Partial<JobsOwn>): JobsOwn {
  return {...own, pages: [], from: null, cursor: null, marks: new Map(), whole: false, ...change}
}

/** The cursor stands on a job of this page. Where it leaves the first, the list stands still. */
export function pointed(own: JobsOwn, jobs: readonly Job[], at: number): JobsOwn {
  const [first] = jobs
  const job = jobs[at]
  if (job === undefined) return own
  return {...own, cursor: job.id, place: at, from: at > 0 && own.pages.length === 0 ? (own.from ?? first?.id ?? null) : own.from}
}

/** The following page. */
export function pageBelow(own: JobsOwn, {found}: JobsFacts): JobsOwn | null {
  const last = found.jobs.at(-1)
  return last === undefined || !found.hasMore ? null : {...own, pages: [...own.pages, last.id], cursor: null}
}

/** The page before; of the first, what came since it stood still. */
export function pageAbove(own: JobsOwn, cursor: JobsOwn['cursor']): JobsOwn {
  return own.pages.length === 0 ? {...own, from: null, cursor: null} : {...own, pages: own.pages.slice(0, -1), cursor}
}

/** Marks a job, or no longer. */
export function toggled(own: JobsOwn, job: Job): JobsOwn {
  const marks = new Map(own.marks)
  if (!marks.delete(job.id)) marks.set(job.id, job)
  return {...own, marks, whole: false}
}

/** Nothing is marked. */
export function unmarked(own: JobsOwn): JobsOwn {
  return {...own, marks: new Map(), whole: false}
}
