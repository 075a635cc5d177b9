import {expect} from 'bun:test'
import type {State} from '../../../src/lib/job.ts'
import {type Bench, bytes, facts, newJob, nth, only, printed} from './bench.ts'
import type {Suite} from './suite.ts'

const FINAL = ['done', 'failed', 'cancelled'] as const

export function actContract(suite: Suite): void {
  suite.sentence(
    'Does one thing to many jobs, each if it still is as it was seen: same state and fence (`seen: null` = however it is now).',
    {
      'as it was seen': async bench => {
        const ids = await bench.produce({}, {})
        const targets = ids.map(id => ({id, seen: {state: 'pending', fence: 0} as const}))
        const answers = await bench.storage.act({kind: 'cancel', reason: 'r'}, targets, 'op')
        expect(answers).toEqual(ids.map(id => ({id, kind: 'changed', state: 'cancelled'})))
      },
      'not when the state changed': async bench => {
        const {id} = await bench.processing()
        const target = {id, seen: {state: 'pending', fence: 0} as const}
        expect(await bench.storage.act({kind: 'cancel', reason: 'r'}, [target], 'op')).toEqual([
          {id, kind: 'skipped', state: 'processing', why: 'changed since'},
        ])
        expect((await bench.job(id)).requested).toBeNull()
      },
      'not when it was claimed and came back meanwhile': async bench => {
        const {id, lease} = await bench.processing()
        await bench.settle(lease, {to: 'pending'})
        const target = {id, seen: {state: 'pending', fence: 0} as const}
        expect(await bench.storage.act({kind: 'delete', reason: 'r'}, [target], 'op')).toEqual([
          {id, kind: 'skipped', state: 'pending', why: 'changed since'},
        ])
        expect(await bench.state(id)).toBe('pending')
      },
    },
  )

  suite.sentence('cancel, fail: pending → cancelled, failed (reason admin).', {
    cancel: async bench => {
      const id = await bench.add()
      expect(await bench.act({kind: 'cancel'}, id)).toEqual([{id, kind: 'changed', state: 'cancelled'}])
      expect(await bench.job(id)).toMatchObject({state: 'cancelled', reason: null, finishedAt: bench.clock.wall, fence: 0})
    },
    fail: async bench => {
      const id = await bench.add()
      expect(await bench.act({kind: 'fail'}, id)).toEqual([{id, kind: 'changed', state: 'failed'}])
      expect(await bench.job(id)).toMatchObject({state: 'failed', reason: 'admin', finishedAt: bench.clock.wall, fence: 0})
    },
    'it is not claimed any more': async bench => {
      const ids = await bench.produce({}, {}, {assignedTo: 'ann', assignedForMs: null})
      await bench.act({kind: 'cancel'}, nth(ids, 0), nth(ids, 2))
      await bench.act({kind: 'fail'}, nth(ids, 1))
      expect(await bench.claim(await bench.hire('ann'))).toEqual([])
    },
    'the counters move': async bench => {
      const ids = await bench.produce({}, {}, {})
      await bench.act({kind: 'cancel'}, nth(ids, 0))
      await bench.act({kind: 'fail'}, nth(ids, 1))
      expect(only(await bench.storage.queues(['q'])).counts).toMatchObject({pending: 1, cancelled: 1, failed: 1})
    },
  })

  suite.sentence('A processing one is marked with the request; the answer is `requested`.', {
    marked: async bench => {
      for (const kind of ['cancel', 'fail'] as const) {
        const {id, lease, consumerId} = await bench.processing()
        expect(await bench.act({kind}, id)).toEqual([{id, kind: 'requested', fence: lease.fence}])
        expect(await bench.job(id)).toMatchObject({state: 'processing', requested: kind, fence: lease.fence})
        expect(only(await bench.storage.held({consumerId}))).toMatchObject({requested: kind})
      }
    },
    'asked twice it is still requested': async bench => {
      const {id, lease} = await bench.processing()
      await bench.act({kind: 'cancel'}, id)
      expect(await bench.act({kind: 'cancel'}, id)).toEqual([{id, kind: 'requested', fence: lease.fence}])
    },
    'the request goes with the run': async bench => {
      const {id, lease, consumerId} = await bench.processing()
      await bench.act({kind: 'cancel'}, id)
      await bench.settle(lease, {to: 'cancelled'})
      await bench.act({kind: 'resubmit'}, id)
      await bench.take(consumerId)
      expect((await bench.job(id)).requested).toBeNull()
    },
  })

  suite.sentence(
    'resubmit: failed, cancelled, done → pending, `runAt` now; attempts, crashes and snoozes 0; reason, result and progress cleared; assignment, history and fence kept.',
    {
      ...Object.fromEntries(
        FINAL.map(to => [
          to,
          async (bench: Bench) => {
            const id = await bench.ended(
              to,
              {assignedTo: 'ann', assignedForMs: null, when: {kind: 'at', runAt: 1000}},
              {crash: true, snooze: true, result: to === 'done' ? bytes('r') : null},
            )
            bench.clock.pass(5000)
            expect(await bench.act({kind: 'resubmit'}, id)).toEqual([{id, kind: 'changed', state: 'pending'}])
            expect(await bench.job(id)).toMatchObject({
              state: 'pending',
              runAt: bench.clock.wall,
              attempts: 0,
              crashes: 0,
              snoozes: 0,
              reason: null,
              result: null,
              progress: null,
              finishedAt: null,
              assignedTo: 'ann',
              assignedUntil: null,
              fence: 1,
            })
            expect(await bench.runs(id)).toHaveLength(1)
            expect(await bench.take(await bench.hire('ann'))).toMatchObject({id, fence: 2, attempt: 1, crashes: 0, snoozes: 0})
          },
        ]),
      ),
      'not while pending or processing': async bench => {
        const {id} = await bench.processing()
        const waiting = await bench.add()
        expect(await bench.act({kind: 'resubmit'}, id, waiting)).toEqual([
          {id, kind: 'skipped', state: 'processing', why: 'processing'},
          {id: waiting, kind: 'skipped', state: 'pending', why: 'pending'},
        ])
      },
      'it stands behind those that wait already': async bench => {
        const ann = await bench.hire('ann')
        const again = await bench.ended('done')
        const waiting = await bench.add()
        bench.clock.pass(1)
        await bench.act({kind: 'resubmit'}, again)
        expect(await bench.claimIds(ann)).toEqual([waiting, again])
      },
      'a suspect is one no longer': async bench => {
        const {id, lease} = await bench.processing()
        await bench.settle(lease, {to: 'pending', suspect: 'yes'})
        await bench.settle(await bench.take(await bench.hire('ann')), {to: 'failed', suspect: 'keep'})
        await bench.act({kind: 'resubmit'}, id)
        const other = await bench.add()
        expect(await bench.claimIds(await bench.hire('bob'))).toEqual([id, other])
      },
      'the error of the runs before it is not shown any more': async bench => {
        const run = facts({outcome: 'failed', error: 'no route'})
        const id = await bench.ended('failed', {}, {run})
        await bench.act({kind: 'resubmit'}, id)
        expect((await bench.job(id)).error).toBeNull()
        await bench.act({kind: 'cancel'}, id)
        expect((await bench.job(id)).error).toBeNull()
        expect(await bench.runs(id)).toMatchObject([{error: 'no route'}])
      },
      'its key is held again': async bench => {
        await bench.queue('q', {settings: {keyWindowMs: 0}})
        const id = await bench.ended('done', {key: 'k'})
        bench.clock.pass(1)
        await bench.act({kind: 'resubmit'}, id)
        expect(await bench.storage.enqueue([newJob({key: 'k'})])).toEqual([{id, queue: 'q', existing: true}])
      },
    },
  )

  suite.sentence('Skipped when another unfinished job holds its key.', {
    'another unfinished job': async bench => {
      await bench.queue('q', {settings: {keyWindowMs: 0}})
      const id = await bench.ended('failed', {key: 'k'})
      bench.clock.pass(1)
      const holder = await bench.add({key: 'k'})
      const skipped = {id, kind: 'skipped', state: 'failed', why: 'key held by another job'} as const
      expect(await bench.act({kind: 'resubmit'}, id)).toEqual([skipped])
      const lease = await bench.take(await bench.hire('ann'))
      expect(await bench.act({kind: 'resubmit'}, id)).toEqual([skipped])
      expect(await bench.settle(lease)).toMatchObject({kind: 'settled'})
      expect(await bench.state(holder)).toBe('done')
    },
    'one that has finished does not hinder, window or not': async bench => {
      await bench.queue('q', {settings: {keyWindowMs: 0}})
      const id = await bench.ended('failed', {key: 'k'})
      bench.clock.pass(1)
      await bench.queue('q', {settings: {keyWindowMs: 60_000}})
      await bench.ended('done', {key: 'k'})
      expect(await bench.act({kind: 'resubmit'}, id)).toEqual([{id, kind: 'changed', state: 'pending'}])
      expect(only(await bench.storage.enqueue([newJob({key: 'k'})]))).toMatchObject({id, existing: true})
    },
    'of two with one key the first asked for comes back': async bench => {
      await bench.queue('q', {settings: {keyWindowMs: 0}})
      const first = await bench.ended('failed', {key: 'k'})
      bench.clock.pass(1)
      const second = await bench.ended('failed', {key: 'k'})
      bench.clock.pass(1)
      const answers = await bench.act({kind: 'resubmit'}, second, first)
      expect(answers.map(({kind}) => kind)).toEqual(['changed', 'skipped'])
    },
  })

  suite.sentence('delete: the job, its history and output are gone; not while processing.', {
    gone: async bench => {
      const output = printed('o', 'e')
      for (const to of [...FINAL, 'pending'] as const) {
        const id = await bench.ended(to, {}, {run: facts({output})})
        expect(await bench.store.traces(id)).toBe(2)
        expect(await bench.act({kind: 'delete'}, id)).toEqual([{id, kind: 'changed', state: null}])
        expect(await bench.storage.get([id])).toEqual([])
        expect(await bench.store.traces(id)).toBe(0)
      }
      expect(await bench.everyJob()).toEqual([])
      expect(only(await bench.storage.queues(['q'])).counts).toEqual(counts({}))
    },
    'not while processing': async bench => {
      const {id} = await bench.processing()
      expect(await bench.act({kind: 'delete'}, id)).toEqual([{id, kind: 'skipped', state: 'processing', why: 'processing'}])
      expect(await bench.state(id)).toBe('processing')
    },
  })

  suite.sentence('assign: pending only; only the named consumer may claim it for `forMs` (null = for ever).', {
    'for a while': async bench => {
      const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
      const id = await bench.add()
      const answers = await bench.act({kind: 'assign', consumer: 'ann', forMs: 1001}, id)
      expect(answers).toEqual([{id, kind: 'changed', state: 'pending'}])
      expect(await bench.job(id)).toMatchObject({assignedTo: 'ann', assignedUntil: bench.clock.wall + 1001})
      expect(await bench.claim(bob)).toEqual([])
      bench.clock.pass(1000)
      expect(await bench.claim(bob)).toEqual([])
      expect(await bench.claimIds(ann)).toEqual([id])
    },
    'then anyone may': async bench => {
      const bob = await bench.hire('bob')
      const id = await bench.add()
      await bench.act({kind: 'assign', consumer: 'ann', forMs: 1001}, id)
      bench.clock.pass(1002)
      expect(await bench.claimIds(bob)).toEqual([id])
    },
    'for ever': async bench => {
      const bob = await bench.hire('bob')
      const id = await bench.add()
      await bench.act({kind: 'assign', consumer: 'ann', forMs: null}, id)
      bench.clock.pass(1e12)
      expect(await bench.claim(bob)).toEqual([])
    },
    'to another one instead': async bench => {
      const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
      const id = await bench.add({assignedTo: 'ann', assignedForMs: null})
      await bench.act({kind: 'assign', consumer: 'bob', forMs: null}, id)
      expect(await bench.claim(ann)).toEqual([])
      expect(await bench.claimIds(bob)).toEqual([id])
    },
    'pending only': async bench => {
      const ended = await Promise.all(FINAL.map(async to => ({id: await bench.ended(to), state: to as State})))
      const {id} = await bench.processing()
      for (const {id: target, state} of [...ended, {id, state: 'processing' as const}]) {
        const answers = await bench.act({kind: 'assign', consumer: 'ann', forMs: null}, target)
        expect(answers).toEqual([{id: target, kind: 'skipped', state, why: 'not pending'}])
      }
    },
    'a suspect stays one': async bench => {
      const {id, lease} = await bench.processing()
      await bench.settle(lease, {to: 'pending', suspect: 'yes'})
      await bench.act({kind: 'assign', consumer: 'ann', forMs: null}, id)
      await bench.add()
      const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
      expect(await bench.claim(bob)).toHaveLength(1)
      await bench.add()
      expect(await bench.claimIds(ann)).toEqual([id])
    },
  })

  suite.sentence(
    'A job already in the state asked for is `already`; one that the state does not allow, or that changed since it was seen, is skipped with the reason.',
    {
      already: async bench => {
        const cancelled = await bench.ended('cancelled')
        const failed = await bench.ended('failed')
        expect(await bench.act({kind: 'cancel'}, cancelled)).toEqual([{id: cancelled, kind: 'already', state: 'cancelled'}])
        expect(await bench.act({kind: 'fail'}, failed)).toEqual([{id: failed, kind: 'already', state: 'failed'}])
      },
      'finished otherwise': async bench => {
        for (const [kind, to] of [['cancel', 'done'], ['cancel', 'failed'], ['fail', 'done'], ['fail', 'cancelled']] as const) {
          const id = await bench.ended(to)
          const before = await bench.job(id)
          expect(await bench.act({kind}, id)).toEqual([{id, kind: 'skipped', state: to, why: 'finished'}])
          expect(await bench.job(id)).toEqual(before)
        }
      },
      'what changed since is said before anything else': async bench => {
        const {id, lease} = await bench.processing()
        await bench.settle(lease, {to: 'cancelled'})
        const target = {id, seen: {state: 'pending', fence: 0} as const}
        expect(await bench.storage.act({kind: 'resubmit', reason: 'r'}, [target], 'op')).toEqual([
          {id, kind: 'skipped', state: 'cancelled', why: 'changed since'},
        ])
      },
    },
  )

  suite.sentence('The reason of a request begins with `cancel requested: ` or `fail requested: `.', {
    'one after the other': async bench => {
      const {id} = await bench.processing()
      await bench.storage.act({kind: 'cancel', reason: 'stop it'}, [{id, seen: null}], 'joe')
      await bench.storage.act({kind: 'fail', reason: 'hopeless'}, [{id, seen: null}], 'eve')
      expect((await bench.history(id)).events).toMatchObject([
        {from: 'processing', to: 'processing', actor: 'joe', reason: 'cancel requested: stop it'},
        {from: 'processing', to: 'processing', actor: 'eve', reason: 'fail requested: hopeless'},
      ])
    },
  })

  suite.sentence('Every change writes an event with the actor and reason.', {
    'every change': async bench => {
      const id = await bench.add()
      await bench.storage.act({kind: 'assign', reason: 'knows it best', consumer: 'ann', forMs: null}, [{id, seen: null}], 'eve')
      bench.clock.pass(1)
      await bench.storage.act({kind: 'cancel', reason: 'not needed'}, [{id, seen: null}], 'joe')
      bench.clock.pass(1)
      await bench.storage.act({kind: 'resubmit', reason: 'needed'}, [{id, seen: null}], 'eve')
      bench.clock.pass(1)
      await bench.storage.act({kind: 'fail', reason: 'hopeless'}, [{id, seen: null}], 'joe')
      const {events} = await bench.history(id)
      const {wall} = bench.clock
      expect(events).toEqual([
        {at: wall - 3, from: 'pending', to: 'pending', actor: 'eve', reason: 'knows it best'},
        {at: wall - 2, from: 'pending', to: 'cancelled', actor: 'joe', reason: 'not needed'},
        {at: wall - 1, from: 'cancelled', to: 'pending', actor: 'eve', reason: 'needed'},
        {at: wall, from: 'pending', to: 'failed', actor: 'joe', reason: 'hopeless'},
      ])
    },
    'what did not change leaves no trace': async bench => {
      const id = await bench.ended('done')
      await bench.act({kind: 'cancel'}, id)
      await bench.act({kind: 'assign', consumer: 'ann', forMs: null}, id)
      expect((await bench.history(id)).events).toEqual([])
    },
  })

  suite.sentence('Answers per target, in order.', {
    'in order, the missing too': async bench => {
      const done = await bench.ended('done')
      const {id: busy, lease} = await bench.processing()
      const waiting = await bench.add()
      const seen = null
      const targets = [waiting, 999_999, busy, done].map(id => ({id, seen}))
      expect(await bench.storage.act({kind: 'cancel', reason: 'r'}, targets, 'op')).toEqual([
        {id: waiting, kind: 'changed', state: 'cancelled'},
        {id: 999_999, kind: 'missing'},
        {id: busy, kind: 'requested', fence: lease.fence},
        {id: done, kind: 'skipped', state: 'done', why: 'finished'},
      ])
    },
    'one job named twice': async bench => {
      const id = await bench.add()
      expect((await bench.act({kind: 'cancel'}, id, id)).map(({kind}) => kind)).toEqual(['changed', 'already'])
      expect((await bench.act({kind: 'delete'}, id, id)).map(({kind}) => kind)).toEqual(['changed', 'missing'])
    },
    'thousands': async bench => {
      const ids = await bench.produce(...Array.from({length: 3000}, () => ({payload: ''})))
      const answers = await bench.act({kind: 'delete'}, ...ids)
      expect(answers.map(({id}) => id)).toEqual([...ids])
      expect(await bench.everyJob()).toEqual([])
    },
    'no target is no work': async ({storage}) => {
      expect(await storage.act({kind: 'cancel', reason: 'r'}, [], 'op')).toEqual([])
    },
  })
}

function counts(change: Partial<Record<State, number>>): Record<State, number> {
  return {pending: 0, processing: 0, done: 0, failed: 0, cancelled: 0, ...change}
}
