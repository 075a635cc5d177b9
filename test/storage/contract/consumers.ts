import {expect} from 'bun:test'
import {only, refusal} from './bench.ts'
import type {Suite} from './suite.ts'

const HOUR_MS = 3_600_000

export function consumersContract(suite: Suite): void {
  suite.sentence('Registers a consumer under its name.', {
    'as it says it is': async bench => {
      const process = bench.process({startTime: null, pidNamespace: ''})
      const answer = await bench.storage.register(bench.newcomer('ann', {process, queues: ['b', 'a'], concurrency: 3}))
      if (answer.kind !== 'registered') throw new Error('the name was free')
      expect(await bench.storage.consumers()).toEqual([
        {
          id: answer.id,
          name: 'ann',
          process,
          queues: ['b', 'a'],
          concurrency: 3,
          startedAt: bench.clock.wall,
          endedAt: null,
          extendedAt: null,
          leaving: false,
          jobs: 0,
          processed: 0,
          failed: 0,
        },
      ])
    },
    'a name that is free again has another registration': async bench => {
      const first = await bench.hire('ann')
      await bench.storage.unregister(first)
      expect(await bench.hire('ann')).not.toBe(first)
    },
  })

  suite.sentence(
    'When another registration has that name and has not ended, answers with that one, unless `replaces` is its id (the caller has proof that it is dead): then it ends, and its jobs stay with it until they are settled.',
    {
      'answers with that one': async bench => {
        const ann = await bench.hire('ann')
        const newcomer = bench.newcomer('ann')
        for (const replaces of [null, ann + 1]) {
          const answer = await bench.storage.register({...newcomer, replaces})
          expect(answer).toMatchObject({kind: 'taken', by: {id: ann, name: 'ann'}})
        }
        expect(await bench.storage.consumers()).toHaveLength(1)
      },
      'of two at once one is registered': async bench => {
        const other = await bench.store.reopen()
        const answers = await Promise.all([bench.storage, other].map(storage => storage.register(bench.newcomer('ann'))))
        expect(answers.map(({kind}) => kind).toSorted()).toEqual(['registered', 'taken'])
      },
      'replaced: it ends': async bench => {
        const ann = await bench.hire('ann')
        const next = await bench.hire('ann', {replaces: ann})
        expect((await bench.storage.consumers()).map(({id}) => id)).toEqual([next])
      },
      'replaced by two at once: one is registered': async bench => {
        const ann = await bench.hire('ann')
        const answers = await Promise.all(
          [1, 2].map(() => bench.storage.register(bench.newcomer('ann', {replaces: ann}))),
        )
        expect(answers.map(({kind}) => kind).toSorted()).toEqual(['registered', 'taken'])
      },
      'its jobs stay with it until they are settled': async bench => {
        const ann = await bench.hire('ann')
        await bench.add()
        const lease = await bench.take(ann)
        const next = await bench.hire('ann', {replaces: ann})
        expect((await bench.storage.held({consumerId: ann})).map(({id}) => id)).toEqual([lease.id])
        expect(await bench.storage.held({consumerId: next})).toEqual([])
        expect(await bench.consumer(ann)).toMatchObject({jobs: 1, endedAt: bench.clock.wall})
        expect(await bench.storage.extend([lease], 1000)).toEqual([])
        expect((await bench.settle(lease)).kind).toBe('settled')
        expect((await bench.storage.consumers()).map(({id}) => id)).toEqual([next])
      },
      'a name that is free needs no replacing': async bench => {
        expect(await bench.hire('ann', {replaces: 4711})).toBeGreaterThan(0)
      },
    },
  )

  const foreign =
    'Rejects with `foreign_host` while consumers of another kernel show life in this store; when they do not, their registrations end.'
  if (suite.traits.oneKernel) {
    suite.sentence(foreign, {
      'another machine': async bench => {
        await bench.hire('ann')
        await bench.add()
        const process = bench.process({machineId: 'machine-2', bootId: 'boot-9:0', host: 'there'})
        expect(await refusal(bench.storage.register(bench.newcomer('bob', {process})))).toBe('foreign_host')
        expect((await bench.storage.consumers()).map(({name}) => name)).toEqual(['ann'])
      },
      'not once they have ended': async bench => {
        const ann = await bench.hire('ann')
        await bench.add()
        await bench.storage.unregister(ann)
        const process = bench.process({machineId: 'machine-2', bootId: 'boot-9:0'})
        expect(await bench.hire('bob', {process})).toBeGreaterThan(0)
      },
      'not once they show no life': async bench => {
        await bench.hire('ann')
        await bench.add()
        bench.clock.pass(24 * HOUR_MS)
        const process = bench.process({machineId: 'machine-2', bootId: 'boot-9:0'})
        expect(await bench.hire('bob', {process})).toBeGreaterThan(0)
        expect((await bench.storage.consumers()).map(({name}) => name)).toEqual(['bob'])
      },
      'nor while a long lease may be all that they hold': async bench => {
        const ann = await bench.hire('ann')
        await bench.add()
        const lease = await bench.take(ann, {leaseMs: HOUR_MS})
        const process = bench.process({machineId: 'machine-2', bootId: 'boot-9:0'})
        bench.clock.pass(HOUR_MS - 1)
        await bench.storage.extend([lease], HOUR_MS)
        bench.clock.pass(HOUR_MS)
        expect(await refusal(bench.storage.register(bench.newcomer('bob', {process})))).toBe('foreign_host')
        bench.clock.pass(HOUR_MS)
        expect(await bench.hire('bob', {process})).toBeGreaterThan(0)
      },
      'the same machine after a reboot is at home': async bench => {
        await bench.hire('ann')
        await bench.add()
        const process = bench.process({bootId: bench.clock.afterReboot().bootId})
        expect(await bench.hire('bob', {process})).toBeGreaterThan(0)
      },
      'another container of the same kernel is at home': async bench => {
        await bench.hire('ann')
        await bench.add()
        const process = bench.process({machineId: '', pidNamespace: '4026532999', host: 'container'})
        expect(await bench.hire('bob', {process})).toBeGreaterThan(0)
      },
    })
  } else {
    suite.sentence(foreign, async bench => {
      await bench.hire('ann')
      await bench.add()
      const process = bench.process({machineId: 'machine-2', bootId: 'boot-9:0', host: 'there'})
      expect(await bench.hire('bob', {process})).toBeGreaterThan(0)
    })
  }

  suite.sentence('Ends a registration.', {
    'it is gone': async bench => {
      const ann = await bench.hire('ann')
      await bench.storage.unregister(ann)
      expect(await bench.storage.consumers()).toEqual([])
    },
    'twice, or one that never was: nothing': async bench => {
      const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
      await bench.storage.unregister(ann)
      await bench.storage.unregister(ann)
      await bench.storage.unregister(4711)
      expect((await bench.storage.consumers()).map(({id}) => id)).toEqual([bob])
    },
  })

  suite.sentence('Jobs it still holds stay with it until they are settled.', async bench => {
    const {id, lease, consumerId} = await bench.processing()
    await bench.storage.unregister(consumerId)
    expect(await bench.job(id)).toMatchObject({state: 'processing', leaseRemainingMs: 30_000})
    expect(only(await bench.storage.held())).toMatchObject({id, consumerId})
    expect(await bench.storage.extend([lease], 5001)).toEqual([])
    expect((await bench.settle(lease)).kind).toBe('settled')
    expect(only(await bench.runs(id)).consumer).toBe(`holder-of-${id}`)
  })

  suite.sentence('With `leaving` it does not end yet: it is granted nothing more, and keeps its name and its jobs.', {
    'it is granted nothing more, and explain says so': async bench => {
      const ann = await bench.hire('ann')
      const [, next = 0] = await bench.produce({}, {})
      const lease = await bench.take(ann)
      await bench.storage.unregister(ann, {leaving: true})
      expect(await bench.claimIds(ann)).toEqual([])
      const {pending} = only(await bench.storage.explain([next]))
      expect(pending?.claimants).toMatchObject([{name: 'ann', leaving: true, gets: null, jobs: 1}])
      expect(await bench.claimIds(await bench.hire('bob'))).toEqual([next])
      expect((await bench.settle(lease)).kind).toBe('settled')
      expect(await bench.claimIds(ann)).toEqual([])
    },
    'it writes nothing for a claim, not even where assignments have ended': async bench => {
      const ann = await bench.hire('ann')
      await bench.add({assignedTo: 'bob', assignedForMs: 1001})
      await bench.storage.unregister(ann, {leaving: true})
      bench.clock.pass(2000)
      expect(await bench.claimIds(ann)).toEqual([])
    },
    'it keeps its name and its jobs': async bench => {
      const {id, lease, consumerId} = await bench.processing()
      await bench.storage.unregister(consumerId, {leaving: true})
      await bench.storage.unregister(consumerId, {leaving: true})
      expect(await bench.consumer(consumerId)).toMatchObject({leaving: true, endedAt: null, jobs: 1})
      expect(await bench.storage.register(bench.newcomer(`holder-of-${id}`))).toMatchObject({kind: 'taken', by: {id: consumerId}})
      expect(await bench.storage.extend([lease], 5001)).toEqual([])
      await bench.storage.unregister(consumerId)
      expect(await bench.consumer(consumerId)).toMatchObject({endedAt: bench.clock.wall})
    },
    'one that ended, or never was: nothing': async bench => {
      const ann = await bench.hire('ann')
      await bench.storage.unregister(ann)
      await bench.storage.unregister(ann, {leaving: true})
      await bench.storage.unregister(4711, {leaving: true})
      expect(await bench.storage.consumers()).toEqual([])
    },
  })

  suite.sentence('Each says when it prolonged a lease last.', async bench => {
    const {lease, consumerId} = await bench.processing()
    const idle = await bench.hire('idle')
    const prolonged = async (id: number): Promise<unknown> => (await bench.storage.consumers()).find(consumer => consumer.id === id)?.extendedAt
    expect(await prolonged(consumerId)).toBeNull()
    bench.clock.pass(500)
    await bench.storage.extend([lease], 1000)
    const at = bench.clock.wall
    bench.clock.pass(500)
    expect(await prolonged(consumerId)).toBe(at)
    expect(await prolonged(idle)).toBeNull()
  })

  suite.sentence('The registrations that have not ended, or that hold jobs still, by name.', async bench => {
    const cid = await bench.hire('cid')
    const ann = await bench.hire('ann')
    const bob = await bench.hire('bob')
    await bench.add()
    const lease = await bench.take(bob)
    await bench.storage.unregister(bob)
    await bench.storage.unregister(cid)
    const late = await bench.hire('aaa')
    const listed = await bench.storage.consumers()
    expect(listed.map(({id, jobs}) => ({id, jobs}))).toEqual([
      {id: late, jobs: 0},
      {id: ann, jobs: 0},
      {id: bob, jobs: 1},
    ])
    expect(listed.map(({endedAt}) => endedAt)).toEqual([null, null, bench.clock.wall])
    await bench.settle(lease)
    expect((await bench.storage.consumers()).map(({id}) => id)).toEqual([late, ann])
  })
}
