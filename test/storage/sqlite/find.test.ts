import {afterAll, beforeAll, describe, expect, test} from 'bun:test'
import type {Filter} from '../../../src/lib/queue/filter.ts'
import {SqliteStorage} from '../../../src/lib/storage/sqlite/storage.ts'
import type {Page, Query, Storage} from '../../../src/lib/storage/storage.ts'
import {systemClock} from '../../../src/lib/time.ts'
import {newJob} from '../contract/bench.ts'

const PER_QUEUE = 1500
const UNHAPPY: Filter = {kind: 'state', states: ['failed', 'cancelled']}
const CANCELLED: Filter = {kind: 'state', states: ['cancelled']}
const RARE: Filter = {kind: 'payload', path: ['n'], op: '<', value: 3}

/** So many that they are read from the index of jobs that ended unhappily, page by page. */
describe('many cancelled jobs behind others', () => {
  let storage: Storage
  let ids: readonly number[]

  beforeAll(async () => {
    storage = SqliteStorage.inMemory(systemClock)
    const jobs = Array.from({length: 2 * PER_QUEUE}, (_, n) => newJob({queue: n % 2 === 0 ? 'even' : 'odd', payload: JSON.stringify({n})}))
    const made = await storage.enqueue(jobs)
    ids = made.map(({id}) => id)
    await storage.act({kind: 'cancel', reason: 'no'}, ids.map(id => ({id, seen: null})), 'test')
    await storage.enqueue(Array.from({length: 500}, () => newJob({queue: 'even'})))
  })

  afterAll(() => storage.close())

  const find = (filter: Filter, change: Partial<Query> = {}): Promise<Page> =>
    storage.find({filter, order: {field: 'id', descending: true}, limit: 700, cursor: null, scanLimit: null, ...change})

  async function allPages(filter: Filter, change: Partial<Query> = {}): Promise<{readonly found: readonly number[]; readonly pages: readonly Page[]}> {
    const pages = [await find(filter, change)]
    for (let next = pages[0]?.next; next != null; next = pages.at(-1)?.next) pages.push(await find(filter, {...change, cursor: next}))
    return {found: pages.flatMap(({jobs}) => jobs.map(({id}) => id)), pages}
  }

  test.each([true, false])('are listed page by page, newest first: %p', async descending => {
    const wanted = descending ? ids.toReversed() : ids
    for (const filter of [UNHAPPY, CANCELLED]) expect((await allPages(filter, {order: {field: 'id', descending}})).found).toEqual(wanted)
  })

  test('of one queue only', async () => {
    const even: Filter = {kind: 'and', parts: [{kind: 'text', field: 'queue', op: 'in', values: ['even']}, UNHAPPY]}
    expect((await allPages(even)).found).toEqual(ids.filter((_, n) => n % 2 === 0).toReversed())
  })

  test('that something else is asked of are looked for in steps, and the last step knows that it is the last', async () => {
    const filter: Filter = {kind: 'and', parts: [CANCELLED, RARE]}
    const {found, pages} = await allPages(filter, {scanLimit: 1000})
    expect(found).toEqual(ids.slice(0, 3).toReversed())
    expect(pages.map(({searched}) => searched)).toEqual([false, false, true].map(complete => ({rows: 1000, complete})))
  })

  test('are not looked at beyond the ids that a filter leaves', async () => {
    const from = ids.at(-10) ?? 0
    const filter: Filter = {kind: 'and', parts: [CANCELLED, {kind: 'number', field: 'id', op: '>=', value: from}]}
    const page = await find(filter)
    expect(page.jobs.map(({id}) => id)).toEqual(ids.slice(-10).toReversed())
    expect(page.searched).toEqual({rows: 10, complete: true})
  })
})
