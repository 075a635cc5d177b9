import {expect} from 'bun:test'
import {bytes, facts, newJob, nth, only, printed, refusal} from './bench.ts'
import type {Suite} from './suite.ts'

const DAY_MS = 86_400_000

export function maintainContract(suite: Suite): void {
  suite.sentence(
    "One small step of housekeeping, at most `limit` jobs: deletes finished jobs past their queue's retention with all that belongs to them, forgets keys past their window, minutes past their time and what is left of deleted queues, gives free space back.",
    {
      'the defaults: done and cancelled 7 days, failed 30 days': async bench => {
        const [done, failed, cancelled] = [await bench.ended('done'), await bench.ended('failed'), await bench.ended('cancelled')]
        bench.clock.pass(7 * DAY_MS - 1)
        await bench.storage.maintain({limit: 100})
        expect((await bench.everyJob()).map(({id}) => id)).toEqual([cancelled, failed, done])
        bench.clock.pass(2)
        await bench.storage.maintain({limit: 100})
        expect((await bench.everyJob()).map(({id}) => id)).toEqual([failed])
        bench.clock.pass(23 * DAY_MS)
        await bench.storage.maintain({limit: 100})
        expect(await bench.everyJob()).toEqual([])
      },
      "its queue's retention, as it is now": async bench => {
        await bench.ended('done', {queue: 'a'})
        const kept = await bench.ended('done', {queue: 'b'})
        await bench.queue('a', {settings: {retention: {doneMs: 1001, failedMs: null, cancelledMs: null}}})
        bench.clock.pass(1002)
        await bench.storage.maintain({limit: 100})
        expect((await bench.everyJob()).map(({id}) => id)).toEqual([kept])
      },
      'for ever is for ever': async bench => {
        await bench.queue('q', {settings: {retention: {doneMs: null, failedMs: null, cancelledMs: null}}})
        for (const to of ['done', 'failed', 'cancelled'] as const) await bench.ended(to)
        bench.clock.pass(10_000 * DAY_MS)
        await bench.storage.maintain({limit: 100})
        expect(await bench.everyJob()).toHaveLength(3)
      },
      'never a job that is not finished': async bench => {
        const {id} = await bench.processing()
        const waiting = await bench.add()
        bench.clock.pass(10_000 * DAY_MS)
        await bench.storage.maintain({limit: 100})
        expect((await bench.everyJob()).map(job => job.id)).toEqual([waiting, id])
      },
      'counted from the end': async bench => {
        const {id, lease} = await bench.processing()
        bench.clock.pass(8 * DAY_MS)
        await bench.settle(lease)
        await bench.storage.maintain({limit: 100})
        expect(await bench.state(id)).toBe('done')
      },
      'at most limit jobs': async bench => {
        for (let n = 0; n < 5; n += 1) await bench.ended('done')
        bench.clock.pass(8 * DAY_MS)
        await bench.storage.maintain({limit: 2})
        expect(await bench.everyJob()).toHaveLength(3)
      },
      'with all that belongs to them': async bench => {
        const output = printed('o', 'e')
        const id = await bench.ended('done', {}, {result: bytes('r'), run: facts({output})})
        bench.clock.pass(8 * DAY_MS)
        await bench.storage.maintain({limit: 100})
        expect(await bench.storage.get([id])).toEqual([])
        expect(await bench.store.traces(id)).toBe(0)
        expect(only(await bench.storage.queues()).counts.done).toBe(0)
      },
      'a key within its window outlives its job': async bench => {
        await bench.queue('q', {
          settings: {keyWindowMs: 5001, retention: {doneMs: 1001, failedMs: null, cancelledMs: null}},
        })
        const id = await bench.ended('done', {key: 'k'})
        bench.clock.pass(1002)
        await bench.storage.maintain({limit: 100})
        expect(await bench.everyJob()).toEqual([])
        expect(await bench.storage.enqueue([newJob({key: 'k'})])).toEqual([{id, queue: 'q', existing: true}])
        bench.clock.pass(4000)
        await bench.storage.maintain({limit: 100})
        expect(only(await bench.storage.enqueue([newJob({key: 'k'})])).existing).toBe(false)
      },
      'the key of an unfinished job is never forgotten': async bench => {
        const id = await bench.add({key: 'k'})
        bench.clock.pass(10_000 * DAY_MS)
        await bench.storage.maintain({limit: 100})
        expect(only(await bench.storage.enqueue([newJob({key: 'k'})])).id).toBe(id)
      },
    },
  )

  suite.sentence('Changes of queues are forgotten after 30 days.', async bench => {
    const by = {actor: 'ann', reason: 'queues create'}
    const names = async (): Promise<unknown> => (await bench.storage.info({events: 9})).events.map(({queue}) => queue)
    await bench.storage.setQueue('old', {create: 'must', by})
    bench.clock.pass(29 * DAY_MS)
    await bench.storage.setQueue('new', {create: 'must', by})
    await bench.storage.maintain({limit: 10})
    expect(await names()).toEqual(['new', 'old'])
    bench.clock.pass(2 * DAY_MS)
    await bench.storage.maintain({limit: 10})
    expect(await names()).toEqual(['new'])
  })

  suite.sentence('Returns how many jobs went and whether there is more to do.', {
    'nothing to do': async bench => {
      await bench.ended('done')
      expect(await bench.storage.maintain({limit: 10})).toEqual({deleted: {done: 0, failed: 0, cancelled: 0}, more: false})
    },
    'step by step until there is no more': async bench => {
      for (const to of ['done', 'done', 'failed', 'cancelled', 'done'] as const) await bench.ended(to)
      bench.clock.pass(31 * DAY_MS)
      const total = {done: 0, failed: 0, cancelled: 0}
      for (let step = 0, more = true; more; step += 1) {
        const answer = await bench.storage.maintain({limit: 2})
        const {done, failed, cancelled} = answer.deleted
        expect(done + failed + cancelled).toBeLessThanOrEqual(2)
        total.done += done
        total.failed += failed
        total.cancelled += cancelled
        more = answer.more
        expect(step).toBeLessThan(10)
      }
      expect(total).toEqual({done: 3, failed: 1, cancelled: 1})
      expect(await bench.everyJob()).toEqual([])
    },
    'more while a full step may not have been the last': async bench => {
      const ids = [await bench.ended('done'), await bench.ended('done'), await bench.ended('done')]
      bench.clock.pass(8 * DAY_MS)
      expect(await bench.storage.maintain({limit: 2})).toMatchObject({deleted: {done: 2}, more: true})
      expect((await bench.everyJob()).map(({id}) => id)).toEqual([nth(ids, 2)])
      expect(await bench.storage.maintain({limit: 2})).toMatchObject({deleted: {done: 1}, more: false})
    },
  })

  suite.sentence('Rejects with `foreign_host` as `register` does.', async bench => {
    const id = await bench.ended('done')
    await bench.hire('ann')
    bench.clock.pass(8 * DAY_MS)
    await bench.add()
    const elsewhere = await bench.store.reopen(bench.clock.elsewhere())
    const maintaining = elsewhere.maintain({limit: 100})
    if (suite.traits.oneKernel) expect(await refusal(maintaining)).toBe('foreign_host')
    else await maintaining
    expect(await bench.storage.get([id])).toHaveLength(suite.traits.oneKernel ? 1 : 0)
  })
}
