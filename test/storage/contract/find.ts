import {expect} from 'bun:test'
import fc from 'fast-check'
import type {Job, RunOutput} from '../../../src/lib/job.ts'
import type {Filter} from '../../../src/lib/queue/filter.ts'
import {matches} from '../../../src/lib/queue/filter-match.ts'
import type {Page, Query, SortField} from '../../../src/lib/storage/storage.ts'
import {type Bench, bytes, nth, only, printed} from './bench.ts'
import {anyFilter, type Population, populate} from './filters.ts'
import type {Suite} from './suite.ts'

const SORT_FIELDS: readonly SortField[] = ['id', 'priority', 'run_at', 'updated', 'attempts']
const POPULATIONS = 4
const FILTERS_EACH = 250

export function findContract(suite: Suite): void {
  suite.sentence('One page of the jobs that match, newest id first (or as `order` says), from `cursor`.', {
    'newest id first': async bench => {
      const ids = await bench.produce({priority: 3}, {priority: 1}, {queue: 'b'}, {priority: 2})
      const {jobs} = await bench.find()
      expect(jobs.map(({id}) => id)).toEqual(ids.toReversed())
    },
    'a job is listed as it is': async bench => {
      const {id, lease} = await bench.processing({key: 'k', tags: ['a'], contentType: 'text/plain', maxAttempts: 2})
      await bench.settle(lease, {result: bytes('r')})
      const {payload, ...listed} = await bench.job(id)
      expect(payload).toEqual(bytes('payload'))
      expect((await bench.find()).jobs).toEqual([listed])
    },
    'only those that match': async bench => {
      const ids = await bench.produce({queue: 'a'}, {queue: 'b'}, {queue: 'a', priority: 5})
      const inA: Filter = {kind: 'text', field: 'queue', op: 'in', values: ['a']}
      expect(idsOf(await bench.find({filter: inA}))).toEqual([nth(ids, 2), nth(ids, 0)])
      const urgent: Filter = {kind: 'number', field: 'priority', op: '>=', value: 5}
      expect(idsOf(await bench.find({filter: {kind: 'and', parts: [inA, urgent]}}))).toEqual([nth(ids, 2)])
      const nowhere: Filter = {kind: 'text', field: 'queue', op: 'in', values: ['nowhere']}
      expect(await bench.find({filter: nowhere})).toMatchObject({jobs: [], next: null})
    },
    'as order says, page by page': async bench => {
      const population = await populate(bench, 1, 30)
      for (const field of SORT_FIELDS) {
        for (const descending of [true, false]) {
          const jobs = await allPages(bench, {order: {field, descending}, limit: 7})
          expect(jobs.map(({id}) => id).toSorted((a, b) => a - b)).toEqual(population.ids.toSorted((a, b) => a - b))
          const values = jobs.map(job => sortValue(job, field))
          expect(values).toEqual(values.toSorted((a, b) => (descending ? b - a : a - b)))
        }
      }
    },
    'no job twice and none left out while others come and go': async bench => {
      const ids = await bench.produce(...Array.from({length: 12}, () => ({})))
      const seen: number[] = []
      let cursor: string | null = null
      do {
        const page: Page = await bench.find({limit: 4, cursor})
        seen.push(...idsOf(page))
        cursor = page.next
        await bench.add()
        await bench.act({kind: 'delete'}, page.jobs[0]?.id ?? 0)
      } while (cursor !== null)
      expect(seen).toEqual(ids.toReversed())
    },
    'random filters mean what the evaluator says': async bench => {
      for (let seed = 1; seed <= POPULATIONS; seed += 1) {
        const population = await populate(bench, seed, 30)
        const everyJob = await bench.everyJob()
        const property = fc.asyncProperty(anyFilter(population, bench.clock.wall), async filter => {
          expect(idsOf(await bench.find({filter}))).toEqual(oracle(everyJob, population, filter))
        })
        await fc.assert(property, {numRuns: FILTERS_EACH, seed})
      }
    },
    'random filters in pages mean the same': async bench => {
      const population = await populate(bench, 9, 30)
      const everyJob = await bench.everyJob()
      const property = fc.asyncProperty(
        anyFilter(population, bench.clock.wall),
        fc.constantFrom(null, 1, 5),
        fc.constantFrom(1, 4),
        async (filter, scanLimit, limit) => {
          const jobs = await allPages(bench, {filter, scanLimit, limit})
          expect(jobs.map(({id}) => id)).toEqual([...oracle(everyJob, population, filter)])
        },
      )
      await fc.assert(property, {numRuns: 60, seed: 9})
    },
  })

  suite.sentence(
    'A page whose filter needs a scan looks at no more than `scanLimit` rows and says how many, and whether that was all there is.',
    {
      'no more than the limit': async bench => {
        const ids = await bench.produce(...Array.from({length: 30}, (_, n) => ({payload: JSON.stringify({n})})))
        const filter: Filter = {kind: 'payload', path: ['n'], op: '<', value: 2}
        const first = await bench.find({filter, scanLimit: 10})
        expect(first.jobs).toEqual([])
        expect(first.searched.rows).toBeGreaterThan(0)
        expect(first.searched.rows).toBeLessThanOrEqual(10)
        expect(first.searched.complete).toBe(false)
        expect(await allPages(bench, {filter, scanLimit: 10})).toHaveLength(2)
        expect(idsOf(await bench.find({filter}))).toEqual([nth(ids, 1), nth(ids, 0)])
      },
      'no more than the limit where an index knows more jobs than that': async bench => {
        const ids = await bench.produce(...Array.from({length: 30}, (_, n) => ({queue: 'one', payload: JSON.stringify({n})})))
        const rare: Filter = {kind: 'payload', path: ['n'], op: '<', value: 2}
        for (const known of [{kind: 'state', states: ['pending']}, {kind: 'text', field: 'queue', op: 'in', values: ['one']}] as const) {
          const filter: Filter = {kind: 'and', parts: [known, rare]}
          expect((await bench.find({filter, scanLimit: 10})).searched).toEqual({rows: 10, complete: false})
          expect(await allPages(bench, {filter, scanLimit: 10})).toHaveLength(2)
          expect(idsOf(await bench.find({filter, scanLimit: 30}))).toEqual([nth(ids, 1), nth(ids, 0)])
        }
      },
      'no more than the limit of those that ended unhappily, wherever they lie': async bench => {
        const ids = await bench.produce(...Array.from({length: 30}, (_, n) => ({payload: JSON.stringify({n})})))
        await bench.act({kind: 'cancel'}, ...ids)
        await bench.produce(...Array.from({length: 30}, () => ({})))
        const rare: Filter = {kind: 'payload', path: ['n'], op: '<', value: 2}
        const filter: Filter = {kind: 'and', parts: [{kind: 'state', states: ['failed', 'cancelled']}, rare]}
        expect((await bench.find({filter, scanLimit: 10})).searched).toEqual({rows: 10, complete: false})
        expect(await allPages(bench, {filter, scanLimit: 10})).toHaveLength(2)
        expect(idsOf(await bench.find({filter, scanLimit: 30}))).toEqual([nth(ids, 1), nth(ids, 0)])
      },
      'no further than the ids that the filter leaves': async bench => {
        const ids = await bench.produce(...Array.from({length: 30}, () => ({})))
        const id = (op: '>' | '>=' | '<' | '<=', index: number): Filter => ({kind: 'number', field: 'id', op, value: nth(ids, index)})
        for (const [parts, wanted] of [
          [[id('>=', 10), id('<=', 12)], [10, 11, 12]],
          [[id('>', 10), id('<', 12)], [11]],
          [[id('>', 27)], [28, 29]],
          [[id('<', 2)], [0, 1]],
          [[id('>', 12), id('<', 10)], []],
        ] as const) {
          for (const field of ['id', 'priority'] as const) {
            for (const descending of [true, false]) {
              const page = await bench.find({filter: {kind: 'and', parts}, order: {field, descending}, scanLimit: 10})
              expect(idsOf(page).toSorted((a, b) => a - b)).toEqual(wanted.map(index => nth(ids, index)))
              expect(page).toMatchObject({next: null, searched: {rows: wanted.length, complete: true}})
            }
          }
        }
      },
      'to the end, when that is near or no limit is set': async bench => {
        await bench.produce(...Array.from({length: 5}, (_, n) => ({payload: JSON.stringify({n})})))
        const filter: Filter = {kind: 'payload', path: ['n'], op: '<', value: 2}
        for (const scanLimit of [null, 100]) {
          const {jobs, next, searched} = await bench.find({filter, scanLimit})
          expect(jobs).toHaveLength(2)
          expect(next).toBeNull()
          expect(searched.complete).toBe(true)
          expect(searched.rows).toBeGreaterThanOrEqual(2)
        }
      },
    },
  )
  suite.sentence('Where not all are looked at, an order other than by id is that of the newest ones; older ones are on no page.', async bench => {
    const ids = await bench.produce(...Array.from({length: 30}, (_, n) => ({priority: n % 7})))
    for (const descending of [true, false]) {
      const order = {field: 'priority', descending} as const
      expect((await bench.find({order, limit: 3, scanLimit: 10})).searched).toEqual({rows: 10, complete: false})
      const jobs = await allPages(bench, {order, limit: 3, scanLimit: 10})
      expect(jobs.map(({id}) => id).toSorted((a, b) => a - b)).toEqual(ids.slice(20))
    }
  })
  suite.sentence('Most rows to look at; `null` = to the end.', async bench => {
    await bench.produce(...Array.from({length: 300}, (_, n) => ({payload: String(n)})))
    const filter: Filter = {kind: 'payload', path: ['n'], op: 'in', values: [{text: '1', scalar: 1}]}
    expect((await bench.find({filter, scanLimit: 50})).searched.complete).toBe(false)
    expect((await bench.find({filter, scanLimit: null})).searched.complete).toBe(true)
  })

  suite.sentence('`next` is the cursor of the following page, null at the end.', {
    'the following page': async bench => {
      const ids = await bench.produce({}, {}, {}, {}, {})
      const first = await bench.find({limit: 2})
      const second = await bench.find({limit: 2, cursor: first.next})
      const third = await bench.find({limit: 2, cursor: second.next})
      expect([first, second, third].map(idsOf)).toEqual([
        [nth(ids, 4), nth(ids, 3)],
        [nth(ids, 2), nth(ids, 1)],
        [nth(ids, 0)],
      ])
      expect(first.next).not.toBeNull()
      expect(third.next).toBeNull()
    },
    'nothing there': async bench => {
      expect(await bench.find()).toMatchObject({jobs: [], next: null, searched: {complete: true}})
    },
  })
  suite.sentence('Where the page before ended; opaque to callers.', async bench => {
    await bench.produce({}, {}, {})
    const {next} = await bench.find({limit: 1})
    const other = await bench.store.reopen()
    const query = {filter: null, order: {field: 'id', descending: true}, limit: 5, cursor: next, scanLimit: null} as const
    expect(idsOf(await other.find(query))).toEqual(idsOf(await bench.find()).slice(1))
  })
}

export function getContract(suite: Suite): void {
  suite.sentence('The jobs of these ids that exist, with payload, in the order asked.', {
    'in the order asked': async bench => {
      const ids = await bench.produce({payload: 'a'}, {payload: 'b'}, {payload: 'c'})
      const asked = [nth(ids, 2), nth(ids, 0), nth(ids, 1)]
      const jobs = await bench.storage.get(asked)
      expect(jobs.map(({id}) => id)).toEqual(asked)
      expect(jobs.map(({payload}) => payload)).toEqual(['c', 'a', 'b'].map(bytes))
    },
    'those that exist': async bench => {
      const id = await bench.add()
      expect((await bench.storage.get([999_999, id, 888_888])).map(job => job.id)).toEqual([id])
      expect(await bench.storage.get([])).toEqual([])
    },
    'many': async bench => {
      const ids = await bench.produce(...Array.from({length: 2000}, () => ({payload: ''})))
      expect(await bench.storage.get(ids)).toHaveLength(2000)
    },
  })
}

export function historyContract(suite: Suite): void {
  const sentence = 'With `history` also the ended runs (oldest first) and events (oldest first) of each, with `output` what their handlers printed last.'
  suite.sentence(sentence, {
    'runs, oldest first': async bench => {
      const {id, lease, consumerId} = await bench.processing()
      await bench.settle(lease, {to: 'pending'})
      for (let run = 2; run <= 12; run += 1) {
        bench.clock.pass(10)
        await bench.settle(await bench.take(consumerId), {to: 'pending'})
      }
      await bench.take(consumerId)
      expect((await bench.runs(id)).map(({run}) => run)).toEqual(Array.from({length: 12}, (_, i) => i + 1))
    },
    'of each': async bench => {
      const [a, b] = [await bench.ended('failed'), await bench.ended('done')]
      await bench.act({kind: 'resubmit'}, a)
      const [second, first] = await bench.storage.get([b, a], {history: true})
      expect(second?.history).toMatchObject({runs: [{outcome: 'done'}], events: []})
      expect(first?.history).toMatchObject({runs: [{outcome: 'failed'}], events: [{to: 'pending'}]})
    },
    'what they printed': async bench => {
      const {id, output} = await printedTwice(bench)
      expect((await bench.history(id)).output.get(2)).toEqual(output('second'))
    },
  })

  suite.sentence('What was not asked for is empty.', async bench => {
    const {id} = await printedTwice(bench)
    await bench.act({kind: 'resubmit'}, id)
    const empty = {runs: [], events: [], output: new Map()}
    expect(only(await bench.storage.get([id])).history).toEqual(empty)
    const {history} = only(await bench.storage.get([id], {history: true}))
    expect(history).toEqual({...(await bench.history(id)), output: new Map()})
    const {output} = await bench.history(id)
    expect(only(await bench.storage.get([id], {output: true})).history).toEqual({...empty, output})
    expect([history.runs.length, history.events.length, output.size]).toEqual([2, 1, 2])
  })

  suite.sentence('By run (fence).', async bench => {
    const {id, output} = await printedTwice(bench)
    expect((await bench.history(id)).output).toEqual(
      new Map([
        [1, output('first')],
        [2, output('second')],
      ]),
    )
  })
}

/** A job that was run twice and printed something each time. */
async function printedTwice(bench: Bench): Promise<{readonly id: number; readonly output: (text: string) => RunOutput}> {
  const {id, lease, consumerId} = await bench.processing()
  const output = (text: string): RunOutput => printed(`${text} out`, `${text} err`, [3, 0])
  const run = {outcome: 'failed', exitCode: 1, signal: null, cause: null, error: null, runMs: 1, cpuMs: 1, maxRssBytes: 1} as const
  await bench.settle(lease, {to: 'pending', run: {...run, output: output('first')}})
  await bench.settle(await bench.take(consumerId), {run: {...run, outcome: 'done', output: output('second')}})
  return {id, output}
}

/** What the evaluator says `find` must answer, newest first. */
function oracle(everyJob: readonly Job[], population: Population, filter: Filter): readonly number[] {
  return everyJob.filter(job => matches(filter, job, population.texts.get(job.id) ?? null)).map(({id}) => id)
}

async function allPages(bench: Bench, change: Partial<Query>): Promise<readonly Job[]> {
  const jobs: Job[] = []
  let cursor: string | null = null
  do {
    const page: Page = await bench.find({...change, cursor})
    jobs.push(...page.jobs)
    if (page.jobs.length > (change.limit ?? 10_000)) throw new Error('a page is longer than its limit')
    if (page.next === cursor && cursor !== null) throw new Error('the cursor stands still')
    cursor = page.next
  } while (cursor !== null)
  return jobs
}

function idsOf(page: Page): readonly number[] {
  return page.jobs.map(({id}) => id)
}

function sortValue(job: Job, field: SortField): number {
  switch (field) {
    case 'id':
      return job.id
    case 'priority':
      return job.priority
    case 'run_at':
      return job.runAt
    case 'updated':
      return job.updatedAt
    case 'attempts':
      return job.attempts
  }
}
