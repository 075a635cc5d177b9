import {expect} from 'bun:test'
import {DEFAULT_SETTINGS} from '../../../src/lib/job.ts'
import type {Storage} from '../../../src/lib/storage/storage.ts'
import {newJob, only, refusal} from './bench.ts'
import type {Suite} from './suite.ts'


/** The settings of a queue, if it exists. */
async function settingsOf(storage: Storage, name: string): Promise<unknown> {
  return (await storage.queues([name]))[0]?.settings
}

export function queuesContract(suite: Suite): void {
  suite.sentence('The named queues that exist, or all, by name.', {
    'all, by name': async bench => {
      await bench.produce({queue: 'b'}, {queue: 'a'}, {queue: 'C'}, {queue: 'a'})
      expect((await bench.storage.queues()).map(({name}) => name)).toEqual(['C', 'a', 'b'])
    },
    'the named that exist': async bench => {
      await bench.produce({queue: 'b'}, {queue: 'a'}, {queue: 'c'})
      expect((await bench.storage.queues(['c', 'nowhere', 'a'])).map(({name}) => name)).toEqual(['a', 'c'])
      expect(await bench.storage.queues([])).toEqual([])
    },
    'as they are': async bench => {
      await bench.queue('q', {settings: {concurrency: 3}, paused: {paused: true, reason: 'why not'}})
      expect(await bench.storage.queues()).toEqual([
        {
          name: 'q',
          paused: true,
          pausedReason: 'why not',
          counts: {pending: 0, processing: 0, done: 0, failed: 0, cancelled: 0},
          settings: {...DEFAULT_SETTINGS, concurrency: 3},
        },
      ])
    },
  })

  suite.sentence('Its cost does not grow with the number of jobs.', async bench => {
    // A time is no proof in a test (the benchmarks measure it); that no row is lost or counted twice on a big table is.
    const batch = Array.from({length: 5000}, (_, i) => newJob({payload: '', priority: i % 3}))
    for (let i = 0; i < 4; i += 1) await bench.storage.enqueue(batch)
    expect(only(await bench.storage.queues())).toMatchObject({counts: {pending: 20_000}})
  })
}

export function setQueueContract(suite: Suite): void {
  const everything = {
    maxAttempts: 2,
    backoff: {baseMs: 10, capMs: 100, factor: 2},
    crashLimit: 5,
    leaseMs: 1000,
    timeoutMs: 2000,
    concurrency: 4,
    retention: {doneMs: null, failedMs: 5, cancelledMs: 6},
    keyWindowMs: 7,
    maxPayloadBytes: 8,
    deadLetter: 'morgue',
  }

  suite.sentence('Creates or changes a queue, and returns it.', {
    'creates it': async bench => {
      expect(await bench.queue('q')).toMatchObject({name: 'q', paused: false, settings: DEFAULT_SETTINGS})
      expect(await bench.storage.queues()).toHaveLength(1)
    },
    'changes it, every setting': async bench => {
      expect(await bench.queue('q', {settings: everything})).toMatchObject({name: 'q', settings: everything})
      expect(await settingsOf(bench.storage, 'q')).toEqual(everything)
    },
    'with the jobs it has': async bench => {
      await bench.produce({}, {})
      expect(await bench.queue('q', {settings: {maxAttempts: 2}})).toMatchObject({counts: {pending: 2}})
    },
    'for every handle': async bench => {
      const other = await bench.store.reopen()
      expect(await settingsOf(other, 'q')).toBeUndefined()
      await bench.queue('q', {settings: everything})
      expect(await settingsOf(other, 'q')).toEqual(everything)
    },
  })

  suite.sentence('Settings not named are kept; `null` in `settings` takes back to the default.', {
    'kept': async bench => {
      await bench.queue('q', {settings: everything, paused: {paused: true, reason: 'r'}})
      expect(await bench.queue('q', {settings: {maxAttempts: 9}})).toMatchObject({
        settings: {...everything, maxAttempts: 9},
        paused: true,
        pausedReason: 'r',
      })
      expect(await bench.queue('q')).toMatchObject({settings: {...everything, maxAttempts: 9}, paused: true})
      expect(await bench.queue('q', {paused: {paused: false, reason: null}})).toMatchObject({
        settings: {...everything, maxAttempts: 9},
        paused: false,
      })
    },
    'null': async bench => {
      await bench.queue('q', {settings: everything})
      const all = Object.fromEntries(Object.keys(everything).map(key => [key, null]))
      expect(await bench.queue('q', {settings: all})).toMatchObject({settings: DEFAULT_SETTINGS})
    },
  })

  suite.sentence(
    "New values for a queue's settings; `null` = back to the default (for `timeoutMs`, `concurrency`, `deadLetter` that is none).",
    async bench => {
      await bench.queue('q', {settings: everything})
      await bench.queue('q', {settings: {timeoutMs: null, concurrency: null, deadLetter: null}})
      expect(await settingsOf(bench.storage, 'q')).toEqual({
        ...everything,
        timeoutMs: null,
        concurrency: null,
        deadLetter: null,
      })
    },
  )

  suite.sentence(
    "`create: 'must'` rejects with `conflict` when it exists, `'never'` with `not_found` when it does not, `'may'` does either.",
    async bench => {
      const {storage} = bench
      const settings = {maxAttempts: 3}
      expect(await refusal(storage.setQueue('q', {create: 'never', settings}))).toBe('not_found')
      expect(await storage.queues()).toEqual([])
      expect(await storage.setQueue('q', {create: 'must'})).toMatchObject({name: 'q'})
      expect(await refusal(storage.setQueue('q', {create: 'must', settings}))).toBe('conflict')
      expect(await settingsOf(storage, 'q')).toEqual(DEFAULT_SETTINGS)
      expect(await storage.setQueue('q', {create: 'never', settings})).toMatchObject({settings})
      expect(await storage.setQueue('q', {create: 'may'})).toMatchObject({settings})
      expect(await storage.setQueue('r', {create: 'may'})).toMatchObject({name: 'r'})
    },
  )

  suite.sentence(
    'A dead-letter queue that does not exist is created; one that is the queue itself or would close a circle rejects with `conflict`.',
    {
      'created': async bench => {
        await bench.queue('q', {settings: {deadLetter: 'morgue'}})
        expect((await bench.storage.queues()).map(({name}) => name)).toEqual(['morgue', 'q'])
      },
      'the queue itself': async bench => {
        expect(await refusal(bench.queue('q', {settings: {deadLetter: 'q', maxAttempts: 2}}))).toBe('conflict')
        expect(await bench.storage.queues()).toEqual([])
      },
      'a circle of two or more': async bench => {
        await bench.queue('a', {settings: {deadLetter: 'b'}})
        expect(await refusal(bench.queue('b', {settings: {deadLetter: 'a'}}))).toBe('conflict')
        await bench.queue('b', {settings: {deadLetter: 'c'}})
        expect(await refusal(bench.queue('c', {settings: {deadLetter: 'a', maxAttempts: 2}}))).toBe('conflict')
        expect(await settingsOf(bench.storage, 'c')).toEqual(DEFAULT_SETTINGS)
        await bench.queue('a', {settings: {deadLetter: null}})
        expect(await bench.queue('c', {settings: {deadLetter: 'a'}})).toMatchObject({settings: {deadLetter: 'a'}})
      },
      'two queues may share one': async bench => {
        await bench.queue('a', {settings: {deadLetter: 'morgue'}})
        expect(await bench.queue('b', {settings: {deadLetter: 'morgue'}})).toMatchObject({settings: {deadLetter: 'morgue'}})
      },
    },
  )

  suite.sentence('Pausing stops claims at once; what is being processed goes on.', async bench => {
    const {id, lease, consumerId} = await bench.processing()
    await bench.add()
    await bench.queue('q', {paused: {paused: true, reason: null}})
    expect(await bench.claim(consumerId)).toEqual([])
    expect(await bench.storage.extend([lease], 60_000)).toEqual([])
    expect((await bench.settle(lease)).kind).toBe('settled')
    expect(await bench.state(id)).toBe('done')
  })
}

export function pauseContract(suite: Suite): void {
  suite.sentence('Pausing again without a reason keeps the reason.', async bench => {
    await bench.queue('q', {paused: {paused: true, reason: 'maintenance'}})
    expect(await bench.queue('q', {paused: {paused: true, reason: null}})).toMatchObject({paused: true, pausedReason: 'maintenance'})
    expect(await bench.queue('q', {paused: {paused: true, reason: 'other'}})).toMatchObject({pausedReason: 'other'})
    expect(await bench.queue('q', {paused: {paused: false, reason: null}})).toMatchObject({paused: false, pausedReason: null})
  })
}

export function deleteQueueContract(suite: Suite): void {
  suite.sentence('Removes a queue.', {
    'an empty one': async bench => {
      await bench.queue('q')
      await bench.storage.deleteQueue('q', {force: false})
      expect(await bench.storage.queues()).toEqual([])
    },
    'with its settings': async bench => {
      await bench.queue('q', {settings: {maxAttempts: 2}, paused: {paused: true, reason: null}})
      await bench.storage.deleteQueue('q', {force: false})
      await bench.add()
      expect(only(await bench.storage.queues())).toMatchObject({settings: DEFAULT_SETTINGS, paused: false})
    },
    'one that has a dead-letter queue': async bench => {
      await bench.queue('q', {settings: {deadLetter: 'morgue'}})
      await bench.storage.deleteQueue('q', {force: false})
      await bench.storage.deleteQueue('morgue', {force: false})
      expect(await bench.storage.queues()).toEqual([])
    },
  })

  suite.sentence(
    "Rejects with `not_found`; with `conflict` while jobs of it exist (with `force`: while jobs of it are processing), or while it is another's dead-letter queue.",
    {
      'not found': async ({storage}) => {
        expect(await refusal(storage.deleteQueue('nowhere', {force: false}))).toBe('not_found')
        expect(await refusal(storage.deleteQueue('nowhere', {force: true}))).toBe('not_found')
      },
      'while jobs of it exist, in whatever state': async bench => {
        for (const to of ['pending', 'done', 'failed', 'cancelled'] as const) {
          const id = await bench.ended(to, {queue: to})
          expect(await refusal(bench.storage.deleteQueue(to, {force: false}))).toBe('conflict')
          await bench.act({kind: 'delete'}, id)
          await bench.storage.deleteQueue(to, {force: false})
        }
        expect(await bench.storage.queues()).toEqual([])
      },
      'with force: while jobs of it are processing': async bench => {
        const {lease} = await bench.processing()
        await bench.add()
        expect(await refusal(bench.storage.deleteQueue('q', {force: false}))).toBe('conflict')
        expect(await refusal(bench.storage.deleteQueue('q', {force: true}))).toBe('conflict')
        expect(await bench.everyJob()).toHaveLength(2)
        await bench.settle(lease)
        await bench.storage.deleteQueue('q', {force: true})
        expect(await bench.everyJob()).toEqual([])
      },
      "while it is another's dead-letter queue": async bench => {
        await bench.queue('q', {settings: {deadLetter: 'morgue'}})
        expect(await refusal(bench.storage.deleteQueue('morgue', {force: false}))).toBe('conflict')
        expect(await refusal(bench.storage.deleteQueue('morgue', {force: true}))).toBe('conflict')
        await bench.queue('q', {settings: {deadLetter: null}})
        await bench.storage.deleteQueue('morgue', {force: false})
      },
    },
  )

  suite.sentence('With `force` its jobs and their history go too.', async bench => {
    const ids = [
      await bench.ended('done', {queue: 'gone'}),
      await bench.ended('failed', {queue: 'gone'}),
      await bench.add({queue: 'gone'}),
    ]
    const kept = await bench.ended('done', {queue: 'kept'})
    await bench.act({kind: 'assign', consumer: 'ann', forMs: null}, ids[2] ?? Number.NaN)
    await bench.storage.deleteQueue('gone', {force: true})
    expect((await bench.everyJob()).map(({id}) => id)).toEqual([kept])
    for (const id of ids) expect(await bench.store.traces(id)).toBe(0)
    expect(await bench.runs(kept)).toHaveLength(1)
    expect((await bench.storage.queues()).map(({name}) => name)).toEqual(['kept'])
  })
}
