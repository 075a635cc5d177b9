import {describe, expect, test} from 'bun:test'
import type {Lease} from '../../src/lib/job.ts'
import {bareEnd, type Outcome} from '../../src/lib/outcome.ts'
import {identifySelf} from '../../src/lib/process.ts'
import {type ActionOptions, Inspector} from '../../src/lib/queue/inspector.ts'
import {parseIds} from '../../src/lib/queue/id-list.ts'
import {parseFilter} from '../../src/lib/queue/filter-parse.ts'
import {Queue} from '../../src/lib/queue/queue.ts'
import {openMemoryStorage} from '../../src/lib/storage/open.ts'
import type {Action, Storage} from '../../src/lib/storage/storage.ts'
import {waitFor} from '../support/wait-for.ts'

const never = new AbortController().signal
const NO_WAIT: ActionOptions = {actor: 'test', waitMs: null, reap: async () => {}, signal: never}
const WAIT: ActionOptions = {...NO_WAIT, waitMs: 5000}
const CANCEL: Action = {kind: 'cancel', reason: 'r'}
const FAIL: Action = {kind: 'fail', reason: 'r'}
const DELETE: Action = {kind: 'delete', reason: 'r'}
const RESUBMIT: Action = {kind: 'resubmit', reason: 'r'}

/** A queue, its memory, an inspector, and a consumer that takes jobs when told. */
class Bench {
  readonly storage: Storage
  readonly queue: Queue
  readonly inspector: Inspector
  readonly consumerId: number

  private constructor(storage: Storage, consumerId: number) {
    this.storage = storage
    this.queue = new Queue(storage)
    this.inspector = new Inspector(storage)
    this.consumerId = consumerId
  }

  static async open(): Promise<Bench> {
    const storage = await openMemoryStorage()
    const registered = await storage.register({name: 'c', process: identifySelf(), queues: ['default'], concurrency: 9, replaces: null})
    if (registered.kind !== 'registered') throw new Error('taken')
    return new Bench(storage, registered.id)
  }

  async produce(count: number): Promise<void> {
    await this.queue.enqueue(Array.from({length: count}, (_, i) => ({payload: `p${i}`})))
  }

  async claim(): Promise<Lease> {
    const [lease] = await this.queue.claim({consumerId: this.consumerId, queues: ['default'], limit: 1, leaseMs: null})
    if (lease === undefined) throw new Error('nothing to claim')
    return lease
  }

  async settle(lease: Lease, outcome: Outcome): Promise<void> {
    await this.queue.settle([{lease, end: bareEnd(outcome)}])
  }

  /** Resolves once somebody asked for the end of a job that runs. */
  async isRequested({id}: Lease): Promise<void> {
    await waitFor(async () => (await this.storage.held({consumerId: this.consumerId})).find(held => held.id === id)?.requested)
  }

  async states(): Promise<string> {
    const {jobs} = await this.inspector.list({order: {field: 'id', descending: false}})
    return jobs.map(({state}) => state).join(' ')
  }

  act(action: Action, ids: readonly number[], options = NO_WAIT) {
    return this.inspector.act(action, ids.map((id) => ({id, seen: null})), options)
  }
}

const DONE: Outcome = {kind: 'done', result: null}

describe('ids', () => {
  test('each job once, in the order given; ranges give what exists', async () => {
    const {inspector, ...bench} = await Bench.open()
    await new Queue(bench.storage).enqueue(Array.from({length: 5}, () => ({payload: 'x'})))
    await inspector.act(DELETE, [{id: 3, seen: null}], NO_WAIT)
    expect(await inspector.resolve(parseIds(['5', '2-4', '@last', '2']))).toEqual({ids: [5, 2, 4], missing: []})
    expect(await inspector.resolve(parseIds(['3', '3-3', '7-9', '@last-failed']))).toEqual({ids: [3], missing: ['3-3', '7-9', '@last-failed']})
  })

  test('@last-failed is the one that failed last, not the newest', async () => {
    const bench = await Bench.open()
    await bench.produce(3)
    await bench.act(FAIL, [3])
    const failedAt = Date.now()
    await waitFor(() => Date.now() > failedAt)
    await bench.act(FAIL, [1])
    expect((await bench.inspector.resolve(parseIds(['@last-failed']))).ids).toEqual([1])
  })

  test('@last of nothing', async () => {
    const {inspector} = await Bench.open()
    expect(await inspector.resolve(parseIds(['@last']))).toEqual({ids: [], missing: ['@last']})
  })

  test('a range over many jobs', async () => {
    const bench = await Bench.open()
    await bench.produce(2500)
    expect((await bench.inspector.resolve(parseIds(['2-2400']))).ids).toHaveLength(2399)
  })
})

describe('show', () => {
  test('the job with payload, runs and events, in the order asked', async () => {
    const bench = await Bench.open()
    await bench.produce(2)
    await bench.settle(await bench.claim(), DONE)
    await bench.act(RESUBMIT, [1])
    const [second, first, ...none] = await bench.inspector.show([2, 1, 9])
    expect(none).toEqual([])
    expect([second?.job.id, first?.job.id]).toEqual([2, 1])
    expect(first?.runs).toMatchObject([{run: 1, attempt: 1, outcome: 'done'}])
    expect(first?.events).toMatchObject([{from: 'done', to: 'pending', actor: 'test', reason: 'r'}])
  })
})

describe('a bulk action', () => {
  test('is for what was counted, not for what arrives afterwards', async () => {
    const bench = await Bench.open()
    await bench.produce(1200)
    const targets = await bench.inspector.snapshot(parseFilter('state=pending', 0))
    expect(targets).toHaveLength(1200)
    expect(targets[0]?.id).toBe(1)
    await bench.produce(3)
    const report = await bench.inspector.act(DELETE, targets, NO_WAIT)
    expect(report).toMatchObject({matched: 1200, changed: 1200, refused: [], sample: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]})
    expect(await bench.states()).toBe('pending pending pending')
  })

  test('skips what has changed since', async () => {
    const bench = await Bench.open()
    await bench.produce(3)
    const targets = await bench.inspector.snapshot(parseFilter('state=pending', 0))
    await bench.settle(await bench.claim(), {kind: 'released'})
    const report = await bench.inspector.act(DELETE, targets, NO_WAIT)
    expect(report).toMatchObject({changed: 2, refused: [{id: 1, why: 'changed since'}]})
  })

  test('tells how far it is, and stops between steps', async () => {
    const bench = await Bench.open()
    await bench.produce(1200)
    const stop = new AbortController()
    const steps: number[] = []
    const onProgress = (done: number): void => {
      steps.push(done)
      if (done >= 1000) stop.abort(new Error('enough'))
    }
    const targets = await bench.inspector.snapshot(parseFilter('', 0))
    await expect(bench.inspector.act(CANCEL, targets, {...NO_WAIT, signal: stop.signal, onProgress})).rejects.toThrow('enough')
    expect(steps).toEqual([500, 1000])
    const [queue] = await bench.storage.queues()
    expect(queue?.counts).toMatchObject({pending: 200, cancelled: 1000})
  })
})

describe('by id', () => {
  test('says of each job what became of it', async () => {
    const bench = await Bench.open()
    await bench.produce(3)
    await bench.settle(await bench.claim(), DONE)
    await bench.act(CANCEL, [2])
    const report = await bench.act(CANCEL, [1, 2, 3, 99])
    expect(report).toMatchObject({
      matched: 4, changed: 1, refused: [{id: 1, why: 'finished'}], already: [{id: 2, why: 'already cancelled'}], missing: [{id: 99, why: 'no such job'}],
    })
  })

  test('a dry run foresees what the storage does, in every state', async () => {
    const actions: readonly Action[] = [CANCEL, FAIL, RESUBMIT, DELETE, {kind: 'assign', reason: 'r', consumer: 'x', forMs: null}]
    for (const action of actions) {
      const bench = await Bench.open()
      await bench.produce(5)
      await bench.claim()
      await bench.settle(await bench.claim(), DONE)
      await bench.act(FAIL, [3])
      await bench.act(CANCEL, [4])
      const before = await bench.states()
      const targets = [1, 2, 3, 4, 5, 6].map((id) => ({id, seen: null}))
      const foreseen = await bench.inspector.preview(action, targets)
      expect(await bench.states()).toBe(before)
      const real = await bench.inspector.act(action, targets, NO_WAIT)
      expect({...foreseen, dryRun: false}).toEqual({...real, changed: foreseen.changed, requested: foreseen.requested})
      expect(foreseen.changed).toBe(0)
    }
  })
})

describe('a job that is being processed', () => {
  test('is asked for, and without waiting that is all', async () => {
    const bench = await Bench.open()
    await bench.produce(1)
    await bench.claim()
    expect(await bench.act(CANCEL, [1])).toMatchObject({changed: 1, requested: [1]})
    expect(await bench.states()).toBe('processing')
  })

  test.each([[CANCEL, 'cancelled'], [FAIL, 'failed']])('is waited for until its holder has settled %p', async (action, state) => {
    const bench = await Bench.open()
    await bench.produce(1)
    const lease = await bench.claim()
    const acting = bench.act(action, [1], WAIT)
    await bench.isRequested(lease)
    await bench.settle(lease, {kind: 'released'})
    expect(await acting).toMatchObject({changed: 1, requested: [], refused: [], open: []})
    expect(await bench.states()).toBe(state)
  })

  test('that ends by itself first is told of', async () => {
    const bench = await Bench.open()
    await bench.produce(1)
    const lease = await bench.claim()
    const acting = bench.act(CANCEL, [1], WAIT)
    await bench.isRequested(lease)
    await bench.settle(lease, DONE)
    expect(await acting).toMatchObject({changed: 0, refused: [{id: 1, why: 'ended first: done'}]})
  })

  test('whose holder does not answer in time is told of', async () => {
    const bench = await Bench.open()
    await bench.produce(1)
    await bench.claim()
    expect(await bench.act(CANCEL, [1], {...WAIT, waitMs: 60})).toMatchObject({changed: 0, open: [{id: 1, why: 'requested, still processing'}]})
  })

  test('whose holder is dead is settled by the reaper that is lent', async () => {
    const bench = await Bench.open()
    await bench.produce(1)
    await bench.claim()
    const reap = () => bench.queue.reap({causeOfDeath: () => 'consumer_died', removeSurvivors: async () => [], outputOf: () => null, forgetOutput: () => {}})
    expect(await bench.act(CANCEL, [1], {...WAIT, reap})).toMatchObject({changed: 1, open: []})
    expect(await bench.states()).toBe('cancelled')
  })
})

describe('waiting', () => {
  test('until all are finished', async () => {
    const bench = await Bench.open()
    await bench.produce(2)
    const waiting = bench.inspector.wait([2, 1], {forMs: null, signal: never})
    await bench.settle(await bench.claim(), DONE)
    await bench.act(CANCEL, [2])
    expect(await waiting).toEqual({timedOut: false, jobs: [{id: 2, state: 'cancelled', reason: null}, {id: 1, state: 'done', reason: null}]})
  })

  test('no longer than told', async () => {
    const bench = await Bench.open()
    await bench.produce(2)
    await bench.act(FAIL, [2])
    expect(await bench.inspector.wait([1, 2], {forMs: 30, signal: never})).toEqual({
      timedOut: true,
      jobs: [{id: 1, state: 'pending', reason: null}, {id: 2, state: 'failed', reason: 'admin'}],
    })
  })

  test('a deleted job ends it, and so does the signal', async () => {
    const bench = await Bench.open()
    await bench.produce(2)
    const waiting = bench.inspector.wait([1, 7], {forMs: null, signal: never})
    await bench.act(DELETE, [1])
    expect(await waiting).toEqual({timedOut: false, jobs: [{id: 1, state: null, reason: null}, {id: 7, state: null, reason: null}]})
    const stop = new AbortController()
    const forEver = bench.inspector.wait([2], {forMs: null, signal: stop.signal})
    stop.abort(new Error('interrupted'))
    await expect(forEver).rejects.toThrow('interrupted')
  })
})
