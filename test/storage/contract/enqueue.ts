import {expect} from 'bun:test'
import {ending, newJob, nth, only, refusal} from './bench.ts'
import type {Proof, Suite} from './suite.ts'

const HOUR_MS = 3_600_000

export function enqueueContract(suite: Suite): void {
  suite.sentence('Stores the jobs in order and returns, in the same order, where each ended up.', {
    'one answer per job': async ({storage}) => {
      const answers = await storage.enqueue(['a', 'b', 'a'].map(queue => newJob({queue, payload: `for ${queue}`})))
      expect(answers.map(({queue, existing}) => ({queue, existing}))).toEqual([
        {queue: 'a', existing: false},
        {queue: 'b', existing: false},
        {queue: 'a', existing: false},
      ])
      const stored = await storage.get(answers.map(({id}) => id))
      expect(stored.map(({queue}) => queue)).toEqual(['a', 'b', 'a'])
    },
    'an empty batch is no work': async ({storage}) => {
      expect(await storage.enqueue([])).toEqual([])
      expect(await storage.queues()).toEqual([])
    },
    'a fresh job is as it was handed in': async bench => {
      const id = await bench.add({
        payload: 'héllo',
        contentType: 'text/plain; charset=utf-8',
        file: true,
        priority: -7,
        maxAttempts: 3,
        timeoutMs: 1500,
        key: 'order-1',
        tags: ['red', 'blue'],
        assignedTo: 'ann',
        assignedForMs: 2001,
      })
      const {wall} = bench.clock
      expect(await bench.job(id)).toEqual({
        id,
        queue: 'q',
        state: 'pending',
        reason: null,
        error: null,
        priority: -7,
        runAt: wall,
        key: 'order-1',
        tags: ['red', 'blue'],
        contentType: 'text/plain; charset=utf-8',
        file: true,
        payload: new TextEncoder().encode('héllo'),
        payloadBytes: 6,
        attempts: 0,
        maxAttempts: 3,
        crashes: 0,
        snoozes: 0,
        fence: 0,
        timeoutMs: 1500,
        assignedTo: 'ann',
        assignedUntil: wall + 2001,
        requested: null,
        consumer: null,
        createdAt: wall,
        updatedAt: wall,
        startedAt: null,
        finishedAt: null,
        runMs: null,
        leaseRemainingMs: null,
        progress: null,
        result: null,
        originId: null,
        deadLetterId: null,
      })
    },
    'what is left out stays out': async bench => {
      expect(await bench.job(await bench.add())).toMatchObject({
        contentType: null,
        file: false,
        maxAttempts: null,
        timeoutMs: null,
        key: null,
        tags: [],
        assignedTo: null,
        assignedUntil: null,
      })
    },
    'a payload is bytes: none, any, many': async bench => {
      const payloads = [new Uint8Array(0), Uint8Array.from({length: 256}, (_, byte) => byte), new Uint8Array(300_000).fill(7)]
      const ids = await bench.produce(...payloads.map(payload => ({payload})))
      const jobs = await bench.storage.get(ids)
      expect(jobs.map(({payload}) => payload)).toEqual(payloads)
      expect(jobs.map(({payloadBytes}) => payloadBytes)).toEqual([0, 256, 300_000])
    },
    'a job may be meant for later: after a delay, or at a time': async bench => {
      const {wall} = bench.clock
      const ids = await bench.produce(
        {when: {kind: 'after', delayMs: 250}},
        {when: {kind: 'at', runAt: wall + HOUR_MS}},
      )
      const jobs = await bench.storage.get(ids)
      expect(jobs.map(({runAt}) => runAt)).toEqual([wall + 250, wall + HOUR_MS])
    },
    'an assignment may be for ever': async bench => {
      const id = await bench.add({assignedTo: 'ann', assignedForMs: null})
      expect(await bench.job(id)).toMatchObject({assignedTo: 'ann', assignedUntil: null})
    },
  })

  suite.sentence('A queue that does not exist yet comes into being with its first job.', async bench => {
    expect(await bench.storage.queues(['mail'])).toEqual([])
    await bench.add({queue: 'mail'})
    expect(only(await bench.storage.queues(['mail']))).toMatchObject({name: 'mail', paused: false, counts: {pending: 1}})
  })

  suite.sentence('Ids grow in the order given and are never used twice, even after deletion.', {
    'in the order given': async bench => {
      const ids = [...(await bench.produce({queue: 'b'}, {queue: 'a', priority: 9}, {queue: 'b'})), await bench.add()]
      expect(ids).toEqual(ids.toSorted((a, b) => a - b))
      expect(new Set(ids).size).toBe(4)
    },
    'after the last job was deleted': async bench => {
      const last = nth(await bench.produce({}, {}), 1)
      await bench.act({kind: 'delete'}, last)
      expect(await bench.add()).toBeGreaterThan(last)
    },
    'after the whole queue was deleted, by another handle': async bench => {
      const last = await bench.add()
      await bench.storage.deleteQueue('q', {force: true})
      const other = await bench.store.reopen()
      expect(only(await other.enqueue([newJob({})])).id).toBeGreaterThan(last)
    },
  })

  suite.sentence(
    'A job that may run now gets a `runAt` no earlier than that of any job stored before it in its queue, even if the wall clock stepped back.',
    {
      'the wall clock stepped back': async bench => {
        const before = await bench.add()
        const {runAt} = await bench.job(before)
        bench.clock.setWall(bench.clock.wall - HOUR_MS)
        const after = await bench.add()
        expect((await bench.job(after)).runAt).toBeGreaterThanOrEqual(runAt)
        bench.clock.setWall(bench.clock.wall + HOUR_MS)
        expect(await bench.claimIds(await bench.hire('ann'))).toEqual([before, after])
      },
      'within one batch and from another handle': async bench => {
        const other = await bench.store.reopen()
        const [first] = await bench.storage.get(await bench.produce({}, {}))
        bench.clock.setWall(bench.clock.wall - HOUR_MS)
        const {id} = only(await other.enqueue([newJob({})]))
        expect((await bench.job(id)).runAt).toBeGreaterThanOrEqual(first?.runAt ?? Number.NaN)
      },
      'also when another job left its queue in the same moment': async bench => {
        const leaving = await bench.add()
        bench.clock.pass(HOUR_MS)
        const [[before]] = await Promise.all([bench.produce({}), bench.act({kind: 'delete'}, leaving)])
        bench.clock.setWall(bench.clock.wall - HOUR_MS)
        const after = await bench.add()
        bench.clock.pass(2 * HOUR_MS)
        expect(await bench.claimIds(await bench.hire('ann'))).toEqual([before ?? Number.NaN, after])
      },
      'a job meant for later holds back nobody': async bench => {
        await bench.produce({when: {kind: 'after', delayMs: HOUR_MS}}, {when: {kind: 'at', runAt: bench.clock.wall + HOUR_MS}})
        expect((await bench.job(await bench.add())).runAt).toBe(bench.clock.wall)
      },
      'another queue has a time of its own': async bench => {
        await bench.add({queue: 'a'})
        bench.clock.setWall(bench.clock.wall - HOUR_MS)
        expect((await bench.job(await bench.add({queue: 'b'}))).runAt).toBe(bench.clock.wall)
      },
    },
  )
}

export function keyContract(suite: Suite): void {
  suite.sentence("A job whose key is held is not stored; its answer is the holder's id with `existing: true`.", {
    'by a pending job': async bench => {
      const holder = await bench.add({key: 'k', payload: 'first'})
      expect(await bench.storage.enqueue([newJob({key: 'k', payload: 'second'})])).toEqual([
        {id: holder, queue: 'q', existing: true},
      ])
      expect(await bench.everyJob()).toHaveLength(1)
      expect(await bench.job(holder)).toMatchObject({payload: new TextEncoder().encode('first')})
    },
    'the rest of the batch is stored': async bench => {
      const holder = await bench.add({key: 'k'})
      const answers = await bench.storage.enqueue([newJob({}), newJob({key: 'k'}), newJob({key: 'other'})])
      expect(answers.map(({existing}) => existing)).toEqual([false, true, false])
      expect(nth(answers, 1).id).toBe(holder)
      expect(await bench.everyJob()).toHaveLength(3)
    },
    'each queue has keys of its own': async bench => {
      await bench.add({queue: 'a', key: 'k'})
      expect(only(await bench.storage.enqueue([newJob({queue: 'b', key: 'k'})])).existing).toBe(false)
    },
    'a key is compared byte by byte': async bench => {
      await bench.add({key: 'K'})
      const answers = await bench.storage.enqueue(['k', 'K ', 'é', 'e\u0301'].map(key => newJob({key})))
      expect(answers.map(({existing}) => existing)).toEqual([false, false, false, false])
    },
  })

  suite.sentence('Two of one batch with one key: the first holds it.', async bench => {
    const answers = await bench.storage.enqueue([newJob({key: 'k', payload: '1'}), newJob({key: 'k', payload: '2'})])
    const [first, second] = [nth(answers, 0), nth(answers, 1)]
    expect(first.existing).toBe(false)
    expect(second).toEqual({id: first.id, queue: 'q', existing: true})
    expect(only(await bench.everyJob()).payloadBytes).toBe(1)
  })

  suite.sentence(
    "A key is held by an unfinished job, and for the queue's key window after it finished, even if it was deleted since.",
    {
      'while processing, however long': async bench => {
        await bench.queue('q', {settings: {keyWindowMs: 1001}})
        const {id} = await bench.processing({key: 'k'})
        bench.clock.pass(1_000_000)
        expect(only(await bench.storage.enqueue([newJob({key: 'k'})]))).toEqual({id, queue: 'q', existing: true})
      },
      'while waiting for another attempt': async bench => {
        await bench.queue('q', {settings: {keyWindowMs: 1001}})
        const {id, lease} = await bench.processing({key: 'k'})
        await bench.settle(lease, {to: 'pending'})
        bench.clock.pass(1_000_000)
        expect(only(await bench.storage.enqueue([newJob({key: 'k'})])).id).toBe(id)
      },
      ...Object.fromEntries(
        (['done', 'failed', 'cancelled'] as const).map(to => [
          `for the window after it is ${to}, and no longer`,
          async bench => {
            await bench.queue('q', {settings: {keyWindowMs: 1001}})
            const id = await bench.ended(to, {key: 'k'})
            bench.clock.pass(1000)
            expect(only(await bench.storage.enqueue([newJob({key: 'k'})])).id).toBe(id)
            bench.clock.pass(2)
            expect(only(await bench.storage.enqueue([newJob({key: 'k'})]))).toMatchObject({existing: false})
          },
        ] satisfies [string, Proof]),
      ),
      'for the window after an operator ended it': async bench => {
        await bench.queue('q', {settings: {keyWindowMs: 1001}})
        const id = await bench.add({key: 'k'})
        await bench.act({kind: 'cancel'}, id)
        bench.clock.pass(1000)
        expect(only(await bench.storage.enqueue([newJob({key: 'k'})])).id).toBe(id)
        bench.clock.pass(2)
        expect(only(await bench.storage.enqueue([newJob({key: 'k'})])).existing).toBe(false)
      },
      'even when the finished job was deleted': async bench => {
        await bench.queue('q', {settings: {keyWindowMs: 1001}})
        const id = await bench.ended('done', {key: 'k'})
        await bench.act({kind: 'delete'}, id)
        expect(only(await bench.storage.enqueue([newJob({key: 'k'})]))).toEqual({id, queue: 'q', existing: true})
        bench.clock.pass(1002)
        expect(only(await bench.storage.enqueue([newJob({key: 'k'})])).existing).toBe(false)
      },
      'an unfinished job that is deleted takes its key along': async bench => {
        const id = await bench.add({key: 'k'})
        await bench.act({kind: 'delete'}, id)
        expect(only(await bench.storage.enqueue([newJob({key: 'k'})])).existing).toBe(false)
      },
      'a window of nothing frees it with the end': async bench => {
        await bench.queue('q', {settings: {keyWindowMs: 0}})
        await bench.ended('done', {key: 'k'})
        bench.clock.pass(1)
        expect(only(await bench.storage.enqueue([newJob({key: 'k'})])).existing).toBe(false)
      },
    },
  )

  suite.sentence(
    "Rejects with `payload_too_large` when a payload exceeds its queue's limit; then nothing of the batch is stored.",
    {
      'nothing of the batch': async bench => {
        await bench.queue('q', {settings: {maxPayloadBytes: 10}})
        const jobs = [newJob({queue: 'fresh'}), newJob({payload: 'ten bytes!'}), newJob({payload: 'eleven byte', key: 'k'})]
        expect(await refusal(bench.storage.enqueue(jobs))).toBe('payload_too_large')
        expect(await bench.everyJob()).toEqual([])
        expect(await bench.storage.queues(['fresh'])).toEqual([])
      },
      'exactly the limit is fine': async bench => {
        await bench.queue('q', {settings: {maxPayloadBytes: 10}})
        expect(await bench.job(await bench.add({payload: 'ten bytes!'}))).toMatchObject({payloadBytes: 10})
      },
      'the limit of a queue that does not exist yet is the default': async bench => {
        const tooBig = new Uint8Array(1024 * 1024 + 1)
        expect(await refusal(bench.storage.enqueue([newJob({payload: tooBig})]))).toBe('payload_too_large')
        expect(await bench.add({payload: tooBig.subarray(1)})).toBeGreaterThan(0)
      },
      'batches that share the moment are not touched': async bench => {
        await bench.queue('q', {settings: {maxPayloadBytes: 10}})
        const calls = ['fits', 'does not fit at all', 'fits too'].map(payload => bench.storage.enqueue([newJob({payload})]))
        const ends = await Promise.allSettled(calls)
        expect(ends.map(({status}) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
        expect((await bench.everyJob()).map(({payloadBytes}) => payloadBytes).toSorted()).toEqual([4, 8])
      },
    },
  )

  suite.sentence("A job that ends keeps its key for the queue's key window from now.", {
    'from the end, not from the beginning': async bench => {
      await bench.queue('q', {settings: {keyWindowMs: 1001}})
      const {id, lease} = await bench.processing({key: 'k'})
      bench.clock.pass(5000)
      await bench.settle(lease)
      bench.clock.pass(1000)
      expect(only(await bench.storage.enqueue([newJob({key: 'k'})])).id).toBe(id)
    },
    'the window in force when it ended': async bench => {
      await bench.queue('q', {settings: {keyWindowMs: 1001}})
      const {id, lease} = await bench.processing({key: 'k'})
      await bench.storage.settle([ending(lease)])
      await bench.queue('q', {settings: {keyWindowMs: 1}})
      bench.clock.pass(500)
      expect(only(await bench.storage.enqueue([newJob({key: 'k'})])).id).toBe(id)
    },
  })
}
