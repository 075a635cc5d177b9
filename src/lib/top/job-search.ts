import type {Job} from '../job.ts'
import {and, EVERY_JOB, type Filter} from '../queue/filter.ts'
import {parseFilter} from '../queue/filter-parse.ts'
import type {Inspector} from '../queue/inspector.ts'
import type {Query} from '../storage/storage.ts'

/** Which jobs a list is to show. */
export interface Wanted {
  /** In the language of filters. */
  readonly filter: string
  readonly oldestFirst: boolean
  /** The jobs behind this one only; `null` = from the first. */
  readonly after: number | null
  /** No jobs before this one, so that those that arrive do not push the list away; `null` = they may. */
  readonly from: number | null
  readonly limit: number
  /** Another number begins the search anew. */
  readonly round: number
}

/** What is known of them. */
export interface Found {
  readonly jobs: readonly Job[]
  /** There are others behind them, or may be. */
  readonly hasMore: boolean
  /** So many jobs were looked at and there are others; `null` when nothing is left to look at for this page. */
  readonly searched: number | null
}

/** How far a search has come that did not end at once. */
interface Depth {
  readonly key: string
  /** Where it goes on; `null` at the end. */
  readonly cursor: string | null
  readonly ids: readonly number[]
  readonly searched: number
  /** When the first jobs were searched last, UTC ms. */
  readonly nearAt: number
}

/** So many of the first jobs are looked at each time: about 1 ms, and more than arrive in between. */
const NEAR_ROWS = 2000
/** As long as the page is not full, so many more: about 10 ms. */
const DEEP_ROWS = 20_000
/** While a search goes on, the first jobs are searched again so often. */
const NEAR_EVERY_MS = 1000

/**
 * Searches a page of jobs, a little with each look: where no index helps, it goes on with the next look where it stopped, and what it
 * found is read again. Among the first jobs what comes to match is always found; further on, when the search begins anew.
 */
export class JobSearch {
  readonly #inspector: Pick<Inspector, 'list'>
  #depth: Depth | null = null
  #last: {readonly key: string; readonly found: Found} | null = null

  constructor(inspector: Pick<Inspector, 'list'>) {
    this.#inspector = inspector
  }

  /**
   * Looks once.
   * @param now UTC ms, what relative times count from
   * @param isHeld what was found last stays as it was seen
   */
  async look(wanted: Wanted, now: number, isHeld: boolean): Promise<Found> {
    const key = keyOf(wanted)
    if (isHeld && this.#last?.key === key) return this.#last.found
    const found = await this.#search(wanted, key, now)
    this.#last = {key, found}
    return found
  }

  async #search(wanted: Wanted, key: string, now: number): Promise<Found> {
    const {oldestFirst, limit} = wanted
    const query = {filter: boundFilter(wanted, now), order: {field: 'id', descending: !oldestFirst} as const}
    const before = this.#depth?.key === key ? this.#depth : null
    if (before !== null && !isOver(before, limit) && now - before.nearAt < NEAR_EVERY_MS) return this.#deeper(before, query, wanted)
    const near = await this.#inspector.list({...query, limit, scanLimit: NEAR_ROWS})
    if (near.searched.complete || near.jobs.length === limit) {
      this.#depth = null
      return {jobs: near.jobs, hasMore: near.next !== null, searched: null}
    }
    const ids = near.jobs.map(({id}) => id)
    const begun = before ?? {key, cursor: near.next, ids: [], searched: near.searched.rows}
    return this.#deeper({...begun, ids: [...ids, ...begun.ids], nearAt: now}, query, wanted)
  }

  /** Goes on where the search stopped, as far as the page is not full. */
  async #deeper(depth: Depth, query: Pick<Query, 'filter' | 'order'>, {limit, oldestFirst}: Wanted): Promise<Found> {
    const {ids} = depth
    const known = ids.length === 0 ? [] : (await this.#inspector.list({...query, filter: and(query.filter ?? EVERY_JOB, {kind: 'number', field: 'id', op: 'in', values: ids}), limit})).jobs
    const missing = limit - known.length
    const page = missing <= 0 || depth.cursor === null ? null : await this.#inspector.list({...query, limit: missing, cursor: depth.cursor, scanLimit: DEEP_ROWS})
    const jobs = [...known, ...(page?.jobs ?? [])].sort((a, b) => (oldestFirst ? a.id - b.id : b.id - a.id))
    const next = {...depth, ids: jobs.map(({id}) => id), cursor: page === null ? depth.cursor : page.next, searched: depth.searched + (page?.searched.rows ?? 0)}
    this.#depth = next
    return {jobs, hasMore: next.cursor !== null || jobs.length >= limit, searched: isOver(next, limit) ? null : next.searched}
  }
}

/** Nothing is left to look at, or the page is full. */
function isOver({cursor, ids}: Depth, limit: number): boolean {
  return cursor === null || ids.length >= limit
}

/** Names what is searched. Where the list was made to stand still is no other question. */
function keyOf({from: _from, ...question}: Wanted): string {
  return JSON.stringify(question)
}

function boundFilter({filter, oldestFirst, after, from}: Wanted, now: number): Filter {
  const bound = (value: number | null, op: '<' | '<=' | '>' | '>='): Filter[] => (value === null ? [] : [{kind: 'number', field: 'id', op, value}])
  const bounds = oldestFirst ? [...bound(after, '>'), ...bound(from, '>=')] : [...bound(after, '<'), ...bound(from, '<=')]
  return and(parseFilter(filter, now), ...bounds)
}
