import {expect} from 'bun:test'
import type {ClaimantStanding, PendingStanding, Standing} from '../../../src/lib/standing.ts'
import {type Bench, facts, nth, only} from './bench.ts'
import type {Suite} from './suite.ts'

const COUNTED = 1000

export function explainContract(suite: Suite): void {
  suite.sentence('How the jobs of these ids that exist stand, all at one moment, in the order asked: what a claim looks at, and who holds them.', {
    'in the order asked, those that exist': async bench => {
      const [a = 0, b = 0] = await bench.produce({}, {})
      const standings = await bench.storage.explain([b, 4711, a])
      expect(standings.map(({job}) => job.id)).toEqual([b, a])
      const {payload: _payload, ...job} = await bench.job(b)
      expect(nth(standings, 0)).toMatchObject({job, now: bench.clock.wall, holder: null, lastRun: null, lastEvent: null, key: null})
    },
    'what was done to it last': async bench => {
      const id = await bench.add()
      await bench.act({kind: 'assign', consumer: 'ann', forMs: null, reason: 'r1'}, id)
      await bench.act({kind: 'cancel', reason: 'r2'}, id)
      expect((await look(bench, id)).lastEvent).toMatchObject({at: bench.clock.wall, from: 'pending', to: 'cancelled', reason: 'r2'})
    },
    'a queue that is paused': async bench => {
      const id = await bench.add()
      const pausedAt = bench.clock.wall
      await bench.queue('q', {paused: {paused: true, reason: 'disk full'}})
      bench.clock.pass(500)
      await bench.queue('q', {paused: {paused: true, reason: null}})
      expect((await look(bench, id)).queue).toMatchObject({name: 'q', paused: true, pausedReason: 'disk full', pausedAt})
      await bench.queue('q', {paused: {paused: false, reason: null}})
      expect((await look(bench, id)).queue).toMatchObject({paused: false, pausedReason: null, pausedAt: null})
    },
    'a queue that a run paused': async bench => {
      const {id, lease} = await bench.processing()
      await bench.settle(lease, {to: 'pending', pauseQueue: 'exit 78'})
      expect((await look(bench, id)).queue).toMatchObject({paused: true, pausedReason: 'exit 78', pausedAt: bench.clock.wall})
    },
    'a limit that is reached, and by whom': async bench => {
      await bench.queue('q', {settings: {concurrency: 3}})
      const [id = 0] = (await bench.produce({}, {}, {}, {})).slice(3)
      expect((await look(bench, id)).queue).toMatchObject({concurrency: 3, processing: 0, holders: []})
      await bench.claim(await bench.hire('ann'), {limit: 2})
      await bench.claim(await bench.hire('bob'), {limit: 2})
      expect((await look(bench, id)).queue).toMatchObject({
        processing: 3,
        holders: [{consumer: 'ann', jobs: 2}, {consumer: 'bob', jobs: 1}],
      })
    },
    'what is not due, what is, and what goes first': async bench => {
      const [later, low, first, high] = await bench.produce({when: {kind: 'after', delayMs: 1000}}, {priority: -1}, {}, {priority: 1})
      const pending = async (id = 0): Promise<PendingStanding> => pendingOf(await look(bench, id))
      expect(await pending(later)).toMatchObject({due: false, ahead: null})
      expect(await pending(high)).toMatchObject({due: true, ahead: {count: 0, isMore: false}})
      expect(await pending(first)).toMatchObject({ahead: {count: 1, isMore: false}})
      expect(await pending(low)).toMatchObject({ahead: {count: 2, isMore: false}})
      bench.clock.wall -= 3_600_000
      expect(await pending(high)).toMatchObject({due: true})
      expect(await pending(later)).toMatchObject({due: false})
    },
    'whom it is assigned to': async bench => {
      const [bound = 0, brief = 0] = await bench.produce({assignedTo: 'ann', assignedForMs: null}, {assignedTo: 'bob', assignedForMs: 1001})
      const {wall} = bench.clock
      await bench.hire('bob', {queues: ['other']})
      const assignment = async (id: number): Promise<unknown> => pendingOf(await look(bench, id)).assignment
      expect(await assignment(bound)).toEqual({to: 'ann', until: null, process: null, queues: []})
      expect(await assignment(brief)).toMatchObject({to: 'bob', until: wall + 1001, process: {host: 'here'}, queues: ['other']})
      bench.clock.pass(2000)
      expect(await assignment(brief)).toBeNull()
    },
    'a suspect, and who has to make room for it': async bench => {
      const {id, lease, consumerId} = await bench.processing()
      await bench.settle(lease, {to: 'pending', suspect: 'yes'})
      const other = await bench.add()
      expect(pendingOf(await look(bench, id)).suspect).toBe(true)
      expect(await claimant(bench, other)).toMatchObject({gets: null, barred: {kind: 'suspect_next', jobId: id}})
      await bench.take(consumerId)
      expect(await claimant(bench, other)).toMatchObject({gets: null, barred: {kind: 'holds_suspect'}, jobs: 1, holding: [id]})
    },
    'who holds it': async bench => {
      const {id, consumerId} = await bench.processing()
      const {wall} = bench.clock
      await bench.act({kind: 'cancel'}, id)
      bench.clock.pass(60_000)
      const {holder, pending} = await look(bench, id)
      expect(pending).toBeNull()
      expect(holder).toMatchObject({
        consumerId,
        consumer: `holder-of-${id}`,
        process: {host: 'here'},
        ended: false,
        startedAt: wall,
        leaseMs: 30_000,
        expired: true,
        suspect: false,
        requested: 'cancel',
      })
    },
    'its last run, and its key': async bench => {
      const run = facts({outcome: 'failed', exitCode: 3, error: 'exit 3'})
      const id = await bench.ended('failed', {key: 'k'}, {run})
      expect(await look(bench, id)).toMatchObject({
        lastRun: {run: 1, outcome: 'failed', exitCode: 3, error: 'exit 3'},
        key: {jobId: id, freeAt: bench.clock.wall + 86_400_000},
      })
      bench.clock.pass(86_400_001)
      expect((await look(bench, id)).key).toBeNull()
      const next = await bench.add({key: 'k'})
      expect((await look(bench, id)).key).toEqual({jobId: next, freeAt: null})
    },
  })

  suite.sentence(
    'A claim that a claimant made now for its queues would be granted the job exactly when its `limit` is above `gets`; counts stop at 1000.',
    {
      // test/queue/model.test.ts compares it with every claim that is made there.
      'in one queue': async bench => {
        const ids = await bench.produce({priority: 1}, {}, {priority: 2})
        const consumerId = await bench.hire('ann')
        const gets = (await bench.storage.explain(ids)).map(standing => only(pendingOf(standing).claimants).gets)
        expect(gets).toEqual([1, 2, 0])
        expect(await bench.claimIds(consumerId, {limit: 2})).toEqual([nth(ids, 2), nth(ids, 0)])
      },
      'in the order of its queues': async bench => {
        const [id = 0] = await bench.produce({queue: 'b'}, {queue: 'a'}, {queue: 'a'})
        await bench.hire('ann', {queues: ['a', 'b']})
        await bench.hire('bob', {queues: ['b', 'a']})
        expect(pendingOf(await look(bench, id)).claimants).toMatchObject([
          {name: 'ann', gets: 2, before: {count: 0}, earlier: [{queue: 'a', jobs: {count: 2, isMore: false}}]},
          {name: 'bob', gets: 0, before: {count: 0}, earlier: []},
        ])
      },
      'not past the bound': async bench => {
        const ids = await bench.produce(...Array.from({length: COUNTED + 2}, () => ({payload: ''})))
        await bench.hire('ann')
        const within = await claimant(bench, nth(ids, COUNTED - 1))
        expect(within).toMatchObject({gets: COUNTED - 1})
        const beyond = await look(bench, nth(ids, COUNTED + 1))
        expect(pendingOf(beyond)).toMatchObject({ahead: {count: COUNTED, isMore: true}, claimants: [{gets: null, before: {count: COUNTED, isMore: true}}]})
      },
      'also of jobs whose assignment has ended': async bench => {
        const [late = 0, early = 0] = await bench.produce({assignedTo: 'bob', assignedForMs: 1001}, {assignedTo: 'bob', assignedForMs: 501, priority: 1})
        const consumerId = await bench.hire('ann')
        expect(await claimant(bench, early)).toMatchObject({gets: null})
        bench.clock.pass(600)
        expect(await claimant(bench, early)).toMatchObject({gets: 0})
        expect(await claimant(bench, late)).toMatchObject({gets: null})
        bench.clock.pass(600)
        expect(await claimant(bench, late)).toMatchObject({gets: 1})
        expect(await bench.claimIds(consumerId)).toEqual([early, late])
      },
      'of a registration that has not ended': async bench => {
        const id = await bench.add()
        await bench.storage.unregister(await bench.hire('ann'))
        expect(pendingOf(await look(bench, id)).claimants).toEqual([])
      },
    },
  )
}

async function look(bench: Bench, id: number): Promise<Standing> {
  return only(await bench.storage.explain([id]))
}

async function claimant(bench: Bench, id: number): Promise<ClaimantStanding> {
  return only(pendingOf(await look(bench, id)).claimants)
}

function pendingOf({pending}: Standing): PendingStanding {
  if (pending === null) throw new Error('the job is not pending')
  return pending
}
