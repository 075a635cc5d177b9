import {expect} from 'bun:test'
import {type Meter, MINUTE_MS} from '../../../src/lib/meter.ts'
import {percentile} from '../../../src/lib/histogram.ts'
import type {QueueStats} from '../../../src/lib/stats.ts'
import {type Bench, ending, facts, newJob, only} from './bench.ts'
import type {Suite} from './suite.ts'

const HOUR_MS = 3_600_000
const NOTHING = {added: 0, resubmitted: 0, runs: {}, retried: 0, failed: 0, cancelled: 0, wait: {count: 0}, run: {count: 0}}

export function statsContract(suite: Suite): void {
  const figures = async (bench: Bench, name = 'q'): Promise<QueueStats> => only(await bench.storage.stats({names: [name], since: 0}))
  const total = async (bench: Bench, name = 'q'): Promise<Meter> => (await figures(bench, name)).total

  suite.sentence('The same queues with their figures, all of one moment: what waits, what was counted ever, and in each minute from that of `since` on.', {
    'the same queues': async bench => {
      await bench.produce({queue: 'b'}, {queue: 'a'}, {queue: 'c'})
      await bench.queue('a', {settings: {concurrency: 3}, paused: {paused: true, reason: 'why not'}})
      const queues = await bench.storage.queues()
      expect(await bench.storage.stats({since: null})).toMatchObject([...queues])
      expect((await bench.storage.stats({since: null, names: ['c', 'nowhere', 'a', 'c']})).map(({name}) => name)).toEqual(['a', 'c'])
    },
    'one that has done nothing yet': async bench => {
      await bench.queue('q')
      expect(await figures(bench)).toMatchObject({scheduled: {count: 0, isMore: false}, oldestPendingMs: null, total: NOTHING, minutes: []})
    },
    'how many are scheduled, and how long the oldest that could run has waited': async bench => {
      await bench.add({priority: 5, assignedTo: 'ann', assignedForMs: null})
      bench.clock.pass(300)
      await bench.produce({}, {priority: 9}, {when: {kind: 'after', delayMs: 1000}})
      expect(await figures(bench)).toMatchObject({scheduled: {count: 1, isMore: false}, oldestPendingMs: 300, counts: {pending: 4}})
      bench.clock.pass(1000)
      expect(await figures(bench)).toMatchObject({scheduled: {count: 0}, oldestPendingMs: 1300})
    },
    'what could run at once is not scheduled after the clock stepped back, what waits is': async bench => {
      await bench.produce({}, {priority: 1}, {when: {kind: 'after', delayMs: 1000}}, {assignedTo: 'ann'}, {assignedTo: 'ann', when: {kind: 'after', delayMs: 500}})
      bench.clock.pass(2000)
      await bench.produce({}, {when: {kind: 'after', delayMs: 1000}})
      bench.clock.wall -= HOUR_MS
      await bench.produce({when: {kind: 'after', delayMs: HOUR_MS + 500}})
      expect(await figures(bench)).toMatchObject({scheduled: {count: 4}, oldestPendingMs: 0, counts: {pending: 8}})
      expect(await bench.claim(await bench.hire('ann'))).toHaveLength(4)
      expect(await figures(bench)).toMatchObject({scheduled: {count: 4}, oldestPendingMs: null})
    },
    'only scheduled jobs: nobody has waited': async bench => {
      await bench.add({when: {kind: 'after', delayMs: HOUR_MS}})
      expect(await figures(bench)).toMatchObject({scheduled: {count: 1}, oldestPendingMs: null})
    },
    'in each minute, oldest first': async bench => {
      const began = bench.clock.wall - (bench.clock.wall % MINUTE_MS)
      await bench.produce({}, {})
      bench.clock.pass(2 * MINUTE_MS)
      await bench.add()
      bench.clock.pass(MINUTE_MS)
      await bench.produce({}, {}, {})
      const added = async (since: number | null): Promise<unknown> =>
        only(await bench.storage.stats({since})).minutes.map(({at, meter}) => [(at - began) / MINUTE_MS, meter.added])
      expect(await added(0)).toEqual([[0, 2], [2, 1], [3, 3]])
      expect(await added(began + 2 * MINUTE_MS + 59_999)).toEqual([[2, 1], [3, 3]])
      expect(await added(began + 3 * MINUTE_MS)).toEqual([[3, 3]])
      expect(await added(began + 4 * MINUTE_MS)).toEqual([])
      expect((await total(bench)).added).toBe(6)
    },
  })

  suite.sentence('UTC ms; `null` = no minutes.', async bench => {
    await bench.add()
    expect(only(await bench.storage.stats({since: null}))).toMatchObject({minutes: [], total: {added: 1}})
  })

  suite.sentence('Every run, claim and job is counted in the minute in which it was stored, on the wall clock; a minute in which nothing was counted is left out.', {
    'jobs, and copies for a dead letter queue': async bench => {
      await bench.queue('q', {settings: {deadLetter: 'morgue'}})
      await bench.ended('failed')
      expect(await total(bench)).toMatchObject({added: 1, failed: 1, cancelled: 0})
      expect(await total(bench, 'morgue')).toMatchObject({...NOTHING, added: 1})
    },
    'runs by their outcome, and those to be tried again': async bench => {
      await bench.ended('done')
      await bench.ended('failed')
      await bench.ended('cancelled')
      const {lease, consumerId} = await bench.processing()
      await bench.settle(lease, {to: 'pending', run: facts({outcome: 'timed_out'})})
      const again = await bench.take(consumerId)
      await bench.settle(again, {to: 'pending', refund: true, run: facts({outcome: 'released'})})
      expect(await total(bench)).toMatchObject({
        added: 4, failed: 1, cancelled: 1, retried: 1, runs: {done: 1, failed: 1, cancelled: 1, timed_out: 1, released: 1},
      })
    },
    'a run that is sent again is counted once': async bench => {
      const {lease} = await bench.processing()
      const end = {run: facts({runMs: 5})}
      await bench.settle(lease, end)
      await bench.settle(lease, {...end, again: true})
      await bench.settle(lease)
      expect(await total(bench)).toMatchObject({runs: {done: 1}, run: {count: 1, sumMs: 5}})
    },
    'what runs took, where it is known, each in its queue': async bench => {
      await bench.produce({queue: 'a'}, {queue: 'b'}, {queue: 'b'}, {queue: 'b'})
      const leases = await bench.claim(await bench.hire('ann', {queues: ['a', 'b']}), {queues: ['a', 'b']})
      await bench.storage.settle(leases.map((lease, i) => ending(lease, {run: facts({runMs: i === 3 ? null : 100 * (i + 1)})})))
      expect(await total(bench, 'a')).toMatchObject({runs: {done: 1}, run: {count: 1, sumMs: 100, maxMs: 100}})
      expect(await total(bench, 'b')).toMatchObject({runs: {done: 3}, run: {count: 2, sumMs: 500, maxMs: 300}})
    },
    'how long each claim was waited for, from when the job could run': async bench => {
      await bench.produce({}, {when: {kind: 'after', delayMs: 700}}, {when: {kind: 'at', runAt: 5}})
      bench.clock.pass(1000)
      const ann = await bench.hire('ann')
      const [first] = await bench.claim(ann)
      expect((await total(bench)).wait).toMatchObject({count: 3, sumMs: 1000 + 300 + 1000, maxMs: 1000})
      if (first === undefined) throw new Error('nothing was granted')
      await bench.settle(first, {to: 'pending', delayMs: 50})
      bench.clock.pass(80)
      await bench.claim(ann)
      expect((await total(bench)).wait).toMatchObject({count: 4, sumMs: 2300 + 30})
    },
    'what operators did': async bench => {
      const ids = await bench.produce({}, {}, {})
      await bench.act({kind: 'cancel'}, ...ids.slice(0, 2))
      await bench.act({kind: 'fail'}, ...ids.slice(2))
      await bench.act({kind: 'resubmit'}, ...ids)
      expect(await total(bench)).toMatchObject({...NOTHING, added: 3, cancelled: 2, failed: 1, resubmitted: 3})
    },
    'what was refused, or rolled back, is not counted': async bench => {
      await bench.add({key: 'k'})
      await bench.add({key: 'k'})
      await bench.queue('q', {settings: {maxPayloadBytes: 10}})
      await bench.produce({}, {payload: 'much too long for it'}).catch(() => {})
      expect(await total(bench)).toMatchObject({added: 1})
    },
    'a minute in which jobs were only deleted is left out': async bench => {
      const id = await bench.add()
      bench.clock.pass(MINUTE_MS)
      await bench.act({kind: 'delete'}, id)
      bench.clock.pass(MINUTE_MS)
      await bench.add()
      expect((await figures(bench)).minutes.map(({meter}) => meter.added)).toEqual([1, 1])
      expect((await total(bench)).added).toBe(2)
    },
    'a minute that comes twice, when the clock steps back, is one': async bench => {
      await bench.add()
      bench.clock.pass(MINUTE_MS)
      await bench.add()
      bench.clock.wall -= MINUTE_MS
      await bench.add()
      expect((await figures(bench)).minutes.map(({meter}) => meter.added)).toEqual([2, 1])
      bench.clock.pass(MINUTE_MS)
      await bench.add()
      expect((await figures(bench)).minutes.map(({meter}) => meter.added)).toEqual([2, 2])
      expect((await total(bench)).added).toBe(4)
    },
    'percentiles come out within three percent': async bench => {
      await bench.produce(...Array.from({length: 100}, () => ({})))
      const leases = await bench.claim(await bench.hire('ann', {concurrency: 100}))
      await bench.storage.settle(leases.map((lease, i) => ending(lease, {run: facts({runMs: 7 * (i + 1)})})))
      const {run} = await total(bench)
      for (const [share, exact] of [[0.5, 350], [0.95, 665], [0.99, 693]] as const) {
        expect(Math.abs((percentile(run, share) ?? 0) / exact - 1)).toBeLessThan(0.032)
      }
    },
  })

  suite.sentence('Minutes are kept for 24 hours; what was counted ever is kept as long as the queue, whatever becomes of its jobs.', {
    'minutes': async bench => {
      await bench.add()
      bench.clock.pass(23 * HOUR_MS)
      await bench.add()
      await bench.storage.maintain({limit: 10})
      expect((await figures(bench)).minutes).toHaveLength(2)
      bench.clock.pass(3 * HOUR_MS)
      await bench.storage.maintain({limit: 10})
      expect((await figures(bench)).minutes).toHaveLength(1)
      expect((await total(bench)).added).toBe(2)
    },
    'a minute that is not over yet, and those of a queue at rest': async bench => {
      await bench.add()
      bench.clock.pass(100 * HOUR_MS)
      await bench.storage.maintain({limit: 10})
      expect(only(await bench.storage.stats({since: bench.clock.wall - 24 * HOUR_MS})).minutes).toEqual([])
      expect((await total(bench)).added).toBe(1)
    },
    'whatever becomes of its jobs': async bench => {
      await bench.act({kind: 'delete'}, await bench.ended('done'), await bench.add())
      bench.clock.pass(8 * 24 * HOUR_MS)
      await bench.storage.maintain({limit: 10})
      expect(await bench.everyJob()).toEqual([])
      expect(await total(bench)).toMatchObject({added: 2, runs: {done: 1}})
    },
    'as long as the queue': async bench => {
      await bench.ended('done')
      bench.clock.pass(MINUTE_MS)
      await bench.add()
      await bench.storage.deleteQueue('q', {force: true})
      await bench.queue('q')
      expect(await figures(bench)).toMatchObject({total: NOTHING, minutes: []})
    },
  })

  suite.sentence('Its cost does not grow with the number of jobs: where more than 10,000 wait on both sides of now, or are assigned, `scheduled` is a lower bound.', {
    'exact while one side is small': async bench => {
      const batch = Array.from({length: 6000}, (_, i) => newJob({payload: '', priority: i % 3}))
      const later = batch.map(job => ({...job, when: {kind: 'after', delayMs: HOUR_MS} as const}))
      for (let i = 0; i < 2; i += 1) await bench.storage.enqueue(batch)
      await bench.storage.enqueue(later)
      expect(await figures(bench)).toMatchObject({counts: {pending: 18_000}, scheduled: {count: 6000, isMore: false}})
      await bench.storage.enqueue(later)
      expect(await figures(bench)).toMatchObject({scheduled: {count: 10_000, isMore: true}, oldestPendingMs: 0})
    },
    'exact when nearly all are scheduled': async bench => {
      const later = Array.from({length: 11_000}, () => newJob({payload: '', when: {kind: 'after', delayMs: HOUR_MS}}))
      await bench.storage.enqueue(later)
      expect(await figures(bench)).toMatchObject({scheduled: {count: 11_000, isMore: false}, oldestPendingMs: null})
    },
    'assigned ones': async bench => {
      await bench.storage.enqueue(Array.from({length: 10_001}, () => newJob({payload: '', assignedTo: 'ann'})))
      expect(await figures(bench)).toMatchObject({scheduled: {count: 0, isMore: true}, oldestPendingMs: 0})
    },
  })
}
