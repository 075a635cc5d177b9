import {expect} from 'bun:test'
import {ending, newJob, nth, only, refusal} from './bench.ts'
import type {Suite} from './suite.ts'

const HOUR_MS = 3_600_000

export function atomicityContract(suite: Suite): void {
  suite.sentence(
    'Every method is atomic: it happens wholly or not at all, and of two that touch the same job one comes first.',
    {
      'a reader sees a batch wholly or not at all': async bench => {
        const other = await bench.store.reopen()
        const batch = Array.from({length: 50}, () => newJob({payload: ''}))
        const query = {filter: null, order: {field: 'id', descending: true}, limit: 10_000, cursor: null, scanLimit: null} as const
        const sights = await Promise.all(
          Array.from({length: 10}, async (_, i) => {
            if (i % 2 === 0) await bench.storage.enqueue(batch)
            return (await other.find(query)).jobs.length
          }),
        )
        expect(sights.filter(length => length % 50 !== 0)).toEqual([])
      },
      'of an ack and a cancel one comes first': async bench => {
        const {id, lease} = await bench.processing()
        const [acks, acts] = await Promise.all([bench.storage.settle([ending(lease)]), bench.act({kind: 'cancel'}, id)])
        const [ack, cancel] = [only(acks), only(acts)]
        expect(ack.kind).toBe('settled')
        expect(['requested', 'skipped']).toContain(cancel.kind)
        expect(await bench.job(id)).toMatchObject({state: 'done', requested: null})
      },
      'of two acks from two handles one comes first': async bench => {
        const other = await bench.store.reopen()
        const {id, lease} = await bench.processing()
        const answers = await Promise.all([
          bench.storage.settle([ending(lease, {to: 'done'})]),
          other.settle([ending(lease, {to: 'failed'})]),
        ])
        expect(answers.flat().map(({kind}) => kind).toSorted()).toEqual(['lost', 'settled'])
        expect(await bench.runs(id)).toHaveLength(1)
      },
      'of two equal acks in one moment one comes first': async bench => {
        const {id, lease} = await bench.processing()
        const answers = await Promise.all([bench.storage.settle([ending(lease)]), bench.storage.settle([ending(lease)])])
        expect(answers.flat().map(({kind}) => kind).toSorted()).toEqual(['lost', 'settled'])
        expect(await bench.runs(id)).toHaveLength(1)
      },
      'of two producers with one key one holds it': async bench => {
        const other = await bench.store.reopen()
        const answers = await Promise.all(
          [bench.storage, other, bench.storage, other].map(storage => storage.enqueue([newJob({key: 'k'})])),
        )
        expect(new Set(answers.flat().map(({id}) => id)).size).toBe(1)
        expect(answers.flat().filter(({existing}) => !existing)).toHaveLength(1)
      },
      'of a delete and a claim one comes first': async bench => {
        const ann = await bench.hire('ann')
        const id = await bench.add()
        const [leases, acts] = await Promise.all([bench.claim(ann), bench.act({kind: 'delete'}, id)])
        const deleted = only(acts).kind === 'changed'
        expect(leases).toHaveLength(deleted ? 0 : 1)
        expect(await bench.storage.get([id])).toHaveLength(deleted ? 0 : 1)
      },
      'many handles and many verbs at once lose and double nothing': async bench => {
        const handles = [bench.storage, await bench.store.reopen(), await bench.store.reopen()]
        const consumers = await Promise.all(handles.map((_, i) => bench.hire(`c${i}`)))
        const done = new Set<number>()
        await Promise.all(
          handles.map(async (storage, i) => {
            for (let round = 0; round < 10; round += 1) {
              await storage.enqueue([newJob({}), newJob({})])
              const request = {consumerId: nth(consumers, i), queues: ['q'], limit: 3, leaseMs: null}
              const leases = await storage.claim(request)
              const answers = await storage.settle(leases.map(lease => ending(lease)))
              if (answers.some(({kind}) => kind !== 'settled')) throw new Error('an ack was lost')
              for (const {id} of leases) {
                if (done.has(id)) throw new Error(`job ${id} was granted twice`)
                done.add(id)
              }
            }
          }),
        )
        const {counts} = only(await bench.storage.queues())
        expect(counts.pending + counts.done).toBe(60)
        expect(counts.done).toBe(done.size)
        expect(counts.processing).toBe(0)
      },
    },
  )

  suite.sentence(
    'A resolved write is as durable as the database promises (`info().durability`); a rejected one says whether it may have happened: `outcome_unknown` it may, any other code it did not.',
    {
      'a resolved write is there for every handle, and stays': async bench => {
        expect(['full', 'normal']).toContain((await bench.storage.info()).durability)
        const id = await bench.add({payload: 'kept'})
        const other = await bench.store.reopen()
        expect(await other.get([id])).toHaveLength(1)
        await bench.storage.close()
        const third = await bench.store.reopen()
        expect(await third.get([id])).toHaveLength(1)
      },
      'a rejected one did not happen': async bench => {
        await bench.queue('q', {settings: {maxPayloadBytes: 3}})
        const before = await bench.storage.queues()
        const refused = [
          bench.storage.enqueue([newJob({payload: 'ok'}), newJob({payload: 'too big'})]),
          bench.storage.setQueue('q', {create: 'must', paused: {paused: true, reason: null}}),
          bench.storage.setQueue('q', {create: 'may', settings: {deadLetter: 'q'}, paused: {paused: true, reason: null}}),
          bench.storage.deleteQueue('nowhere', {force: true}),
        ]
        const codes = await Promise.all(refused.map(refusal))
        expect(codes).toEqual(['payload_too_large', 'conflict', 'conflict', 'not_found'])
        expect(await bench.storage.queues()).toEqual(before)
        expect(await bench.everyJob()).toEqual([])
      },
    },
  )

  suite.sentence('A batch is all or nothing unless its method answers per item.', {
    'enqueue: all or nothing': async bench => {
      await bench.queue('q', {settings: {maxPayloadBytes: 3}})
      const batch = [...Array.from({length: 100}, () => newJob({payload: 'ok'})), newJob({payload: 'too big'})]
      expect(await refusal(bench.storage.enqueue(batch))).toBe('payload_too_large')
      expect(await bench.everyJob()).toEqual([])
      expect(only(await bench.storage.queues()).counts.pending).toBe(0)
    },
    'settle, extend and act: per item': async bench => {
      const [a, b] = [await bench.processing(), await bench.processing()]
      await bench.settle(b.lease)
      expect(await bench.storage.extend([b.lease, a.lease], 1000)).toHaveLength(1)
      const answers = await bench.storage.settle([ending(b.lease), ending(a.lease)])
      expect(answers.map(({kind}) => kind)).toEqual(['lost', 'settled'])
      expect((await bench.act({kind: 'delete'}, 999_999, a.id)).map(({kind}) => kind)).toEqual(['missing', 'changed'])
    },
    'one call that is refused does not take those of the same moment with it': async bench => {
      await bench.queue('q', {settings: {maxPayloadBytes: 3}})
      const {lease} = await bench.processing({payload: 'ok'})
      const [acks, refused, added] = await Promise.allSettled([
        bench.storage.settle([ending(lease)]),
        bench.storage.enqueue([newJob({payload: 'too big'})]),
        bench.storage.enqueue([newJob({payload: 'ok'})]),
        bench.storage.deleteQueue('nowhere', {force: true}),
      ])
      expect([acks.status, refused.status, added.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect(only(await bench.storage.queues()).counts).toMatchObject({pending: 1, done: 1, processing: 0})
    },
  })
}

export function lifecycleContract(suite: Suite): void {
  suite.sentence('Path or URL without secrets.', async bench => {
    const info = await bench.storage.info()
    expect(info.location).not.toBe('')
    expect(info.location).not.toMatch(/:[^/@]*@/)
    expect(info).toMatchObject({engine: expect.any(String), engineVersion: expect.any(String)})
    expect(info.schemaVersion).toBeGreaterThan(0)
  })

  suite.sentence('With `events` also the newest changes that others than runs made to queues, and to jobs that exist: so many, newest first.', {
    'newest first, so many at most': async bench => {
      const [mail = 0, other = 0] = await bench.produce({queue: 'mail'}, {queue: 'other'})
      await bench.storage.act({kind: 'cancel', reason: 'r1'}, [{id: other, seen: null}], 'ann')
      bench.clock.pass(500)
      await bench.storage.act({kind: 'fail', reason: 'r2'}, [{id: mail, seen: null}], 'bob')
      const {events} = await bench.storage.info({events: 9})
      expect(events).toMatchObject([
        {jobId: mail, queue: 'mail', at: bench.clock.wall, from: 'pending', to: 'failed', actor: 'bob', reason: 'r2'},
        {jobId: other, queue: 'other', at: bench.clock.wall - 500, from: 'pending', to: 'cancelled', actor: 'ann', reason: 'r1'},
      ])
      expect(nth(events, 0).id).toBeGreaterThan(nth(events, 1).id)
      expect((await bench.storage.info({events: 1})).events).toEqual([nth(events, 0)])
    },
    'what a reaper did, and no run': async bench => {
      const {id, lease} = await bench.processing()
      await bench.settle(lease, {to: 'pending'})
      expect((await bench.storage.info({events: 9})).events).toEqual([])
      const again = only(await bench.claim(await bench.hire('bob')))
      bench.clock.pass(HOUR_MS)
      await bench.settle(again, {to: 'pending', only: {kind: 'lease_expired'}})
      expect((await bench.storage.info({events: 9})).events).toMatchObject([{jobId: id, from: 'processing', to: 'pending', actor: 'reaper'}])
    },
    'of queues, also of one that is gone': async bench => {
      const by = (reason: string): {readonly actor: string; readonly reason: string} => ({actor: 'ann', reason})
      await bench.storage.setQueue('mail', {create: 'must', by: by('create')})
      await bench.storage.setQueue('mail', {create: 'never', paused: {paused: true, reason: 'r'}})
      await bench.storage.setQueue('mail', {create: 'never', paused: {paused: false, reason: null}, by: by('resume')})
      await bench.storage.deleteQueue('mail', {force: false, by: by('delete')})
      const event = {jobId: null, queue: 'mail', at: bench.clock.wall, from: null, to: null, actor: 'ann'}
      expect((await bench.storage.info({events: 9})).events).toMatchObject(['delete', 'resume', 'create'].map(reason => ({...event, reason})))
      await refusal(bench.storage.deleteQueue('mail', {force: false, by: by('again')}))
      expect((await bench.storage.info({events: 9})).events).toHaveLength(3)
    },
    'not of jobs that are gone, alone or with their queue': async bench => {
      const [mail = 0, other = 0] = await bench.produce({queue: 'mail'}, {queue: 'other'})
      for (const id of [mail, other]) await bench.storage.act({kind: 'cancel', reason: 'r'}, [{id, seen: null}], 'ann')
      await bench.storage.deleteQueue('other', {force: true})
      expect((await bench.storage.info({events: 9})).events.map(({jobId}) => jobId)).toEqual([mail])
      await bench.storage.act({kind: 'delete', reason: 'r'}, [{id: mail, seen: null}], 'ann')
      expect((await bench.storage.info({events: 9})).events).toEqual([])
    },
  })

  suite.sentence('By whom, and how: with it the change is an event, too.', async bench => {
    await bench.storage.setQueue('mail', {create: 'must', settings: {concurrency: 2}, by: {actor: 'ann', reason: 'queues create'}})
    expect((await bench.storage.info({events: 9})).events).toMatchObject([{queue: 'mail', actor: 'ann', reason: 'queues create'}])
  })

  suite.sentence('Empty unless they were asked for.', async bench => {
    await bench.act({kind: 'cancel'}, await bench.add())
    expect((await bench.storage.info()).events).toEqual([])
    expect((await bench.storage.info({})).events).toEqual([])
  })

  suite.sentence('Finishes what was asked and lets go of everything.', {
    'what was asked': async bench => {
      const asked = [bench.storage.enqueue([newJob({})]), bench.storage.enqueue([newJob({})])]
      const closed = bench.storage.close()
      const answers = await Promise.all(asked)
      await closed
      const other = await bench.store.reopen()
      expect(await other.get(answers.flat().map(({id}) => id))).toHaveLength(2)
    },
    'closing twice is closing': async bench => {
      await bench.storage.close()
      await bench.storage.close()
    },
    'a watch ends with it': async bench => {
      let calls = 0
      bench.storage.watch(() => (calls += 1), 1)
      await bench.storage.close()
      const before = calls
      const other = await bench.store.reopen()
      await other.enqueue([newJob({})])
      expect(calls).toBe(before)
    },
    'other handles work on': async bench => {
      const other = await bench.store.reopen()
      await bench.storage.close()
      const {id} = only(await other.enqueue([newJob({})]))
      expect(await other.get([id])).toHaveLength(1)
    },
  })

  suite.sentence('Later calls reject.', async bench => {
    const {storage} = bench
    const consumerId = await bench.hire('ann')
    await storage.close()
    const calls = [
      () => storage.enqueue([newJob({})]),
      () => storage.claim({consumerId, queues: ['q'], limit: 1, leaseMs: null}),
      () => storage.extend([{id: 1, fence: 1}], 1000),
      () => storage.settle([ending({id: 1, fence: 1})]),
      () => storage.held(),
      () => bench.act({kind: 'delete'}, 1),
      () => bench.find(),
      () => storage.get([1]),
      () => storage.explain([1]),
      () => storage.queues(),
      () => storage.stats({since: null}),
      () => bench.queue('q'),
      () => storage.deleteQueue('q', {force: true}),
      () => storage.register(bench.newcomer('bob')),
      () => storage.unregister(consumerId),
      () => storage.consumers(),
      () => storage.maintain({limit: 1}),
      () => storage.info(),
    ]
    const ends = await Promise.allSettled(calls.map(async call => call()))
    expect(ends.map(({status}) => status)).toEqual(calls.map(() => 'rejected'))
  })
}
