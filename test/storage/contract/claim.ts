import {expect} from 'bun:test'
import {type Bench, type Draft, ending, nth, only, refusal} from './bench.ts'
import type {Proof, Suite} from './suite.ts'

const HOUR_MS = 3_600_000

export function claimContract(suite: Suite): void {
  suite.sentence('Grants up to `limit` leases to a registered consumer: state processing, fence + 1, attempts + 1, progress of earlier runs cleared.', {
    'the job is processing': async bench => {
      const ann = await bench.hire('ann')
      const id = await bench.add()
      bench.clock.pass(700)
      await bench.take(ann)
      expect(await bench.job(id)).toMatchObject({
        state: 'processing',
        fence: 1,
        attempts: 1,
        consumer: 'ann',
        startedAt: bench.clock.wall,
        finishedAt: null,
      })
    },
    'the progress of an earlier run is shown until the next begins': async bench => {
      const {id, lease, consumerId} = await bench.processing()
      await bench.settle(lease, {to: 'pending', progress: 0.7})
      expect(await bench.job(id)).toMatchObject({state: 'pending', progress: 0.7})
      await bench.take(consumerId)
      expect(await bench.job(id)).toMatchObject({state: 'processing', progress: null})
    },
    'the lease says all that a holder needs': async bench => {
      const draft = {
        payload: 'work',
        contentType: 'text/plain',
        file: true,
        priority: 5,
        maxAttempts: 4,
        timeoutMs: 900,
        key: 'k',
        tags: ['t'],
      }
      const id = await bench.add(draft)
      const createdAt = bench.clock.wall
      bench.clock.pass(50)
      const lease = await bench.take(await bench.hire('ann'), {leaseMs: 12_345})
      const {payload, ...facts} = draft
      expect(lease).toEqual({
        ...facts,
        id,
        queue: 'q',
        payload: new TextEncoder().encode(payload),
        fence: 1,
        attempt: 1,
        crashes: 0,
        snoozes: 0,
        intact: true,
        createdAt,
        startedAt: bench.clock.wall,
        grantedBootMs: bench.clock.boot,
        leaseMs: 12_345,
      })
    },
    'no more than the limit, and no more than there are': async bench => {
      const ann = await bench.hire('ann')
      const ids = await bench.produce({}, {}, {})
      expect(await bench.claimIds(ann, {limit: 2})).toEqual(ids.slice(0, 2))
      expect(await bench.claimIds(ann, {limit: 5})).toEqual(ids.slice(2))
      expect(await bench.claim(ann)).toEqual([])
    },
    'a limit of 0 grants nothing': async bench => {
      await suspects(bench, 1)
      await bench.add()
      expect(await bench.claim(await bench.hire('ann'), {limit: 0})).toEqual([])
    },
    'each claim of a job has the next fence and attempt': async bench => {
      const ann = await bench.hire('ann')
      await bench.add()
      for (const count of [1, 2, 3]) {
        const lease = await bench.take(ann)
        expect(lease).toMatchObject({fence: count, attempt: count})
        await bench.settle(lease, {to: 'pending'})
      }
    },
    'from more queues and jobs than one': async bench => {
      const ann = await bench.hire('ann')
      const drafts = Array.from({length: 300}, (_, i) => ({queue: i % 2 === 0 ? 'a' : 'b', priority: i % 7}))
      const ids = await bench.produce(...drafts)
      const leases = await bench.claim(ann, {queues: ['a', 'b'], limit: 1000})
      expect(leases.map(({id}) => id).toSorted((a, b) => a - b)).toEqual([...ids])
    },
  })

  suite.sentence('A wall clock that stepped back does not hold up a job that could run at once when it was stored, given back or assigned.', {
    'a day back, also for jobs stored afterwards; their order is kept': async bench => {
      const ann = await bench.hire('ann')
      const before = await bench.add({})
      bench.clock.setWall(bench.clock.wallNow() - 24 * HOUR_MS)
      const after = await bench.add({})
      expect(await bench.claimIds(ann)).toEqual([before, after])
    },
    'given back after the clock was ahead, whoever gave it back': async bench => {
      const ann = await bench.hire('ann')
      await bench.produce({}, {})
      const [released, lost] = await bench.claim(ann)
      if (released === undefined || lost === undefined) throw new Error('two jobs')
      bench.clock.pass(HOUR_MS)
      await bench.settle(released, {to: 'pending', refund: true})
      await bench.settle(lost, {to: 'pending', only: {kind: 'holder', consumerId: ann}})
      bench.clock.setWall(bench.clock.wallNow() - HOUR_MS)
      expect(await bench.claimIds(ann)).toEqual([released.id, lost.id])
    },
    'assigned after the step': async bench => {
      const ann = await bench.hire('ann')
      const [first = 0] = await bench.produce({}, {})
      bench.clock.pass(60_000)
      const last = await bench.add({})
      bench.clock.setWall(bench.clock.wallNow() - HOUR_MS)
      await bench.act({kind: 'assign', consumer: 'ann', forMs: null}, first)
      expect((await bench.claimIds(ann)).toSorted((a, b) => a - b)).toEqual([first, first + 1, last])
    },
    'but what has to wait still waits: a delay, a backoff': async bench => {
      const ann = await bench.hire('ann')
      await bench.produce({}, {})
      const lease = await bench.take(ann)
      bench.clock.setWall(bench.clock.wallNow() - 24 * HOUR_MS)
      const delayed = await bench.add({priority: 9, when: {kind: 'after', delayMs: 500}})
      await bench.settle(lease, {to: 'pending', delayMs: 300})
      const held = await bench.take(ann)
      expect(held.id).not.toBe(lease.id)
      expect(await bench.claim(ann)).toEqual([])
      bench.clock.pass(300)
      expect(await bench.claimIds(ann)).toEqual([lease.id])
      bench.clock.pass(200)
      expect(await bench.claimIds(ann)).toEqual([delayed])
    },
    'and so does a suspect, and what is assigned': async bench => {
      const ann = await bench.hire('ann')
      await bench.produce({queue: 'a', assignedTo: 'ann', assignedForMs: null}, {queue: 'b'})
      const [assigned, lost] = await bench.claim(ann, {queues: ['a', 'b']})
      if (assigned === undefined || lost === undefined) throw new Error('two jobs')
      bench.clock.setWall(bench.clock.wallNow() - 24 * HOUR_MS)
      await bench.settle(assigned, {to: 'pending', delayMs: 300})
      await bench.settle(lost, {to: 'pending', delayMs: 300, suspect: 'yes'})
      expect(await bench.claim(ann, {queues: ['a', 'b']})).toEqual([])
      bench.clock.pass(300)
      expect(await bench.claimIds(ann, {queues: ['a', 'b']})).toEqual([lost.id])
      expect(await bench.claimIds(await bench.hire('bob'), {queues: ['a', 'b']})).toEqual([])
    },
  })

  suite.sentence("No job is granted before its `runAt`, from a paused queue, above its queue's concurrency, or twice.", {
    'before its runAt': async bench => {
      const ann = await bench.hire('ann')
      await bench.add({when: {kind: 'after', delayMs: 500}, priority: 1000})
      bench.clock.pass(499)
      expect(await bench.claim(ann)).toEqual([])
      bench.clock.pass(1)
      expect(await bench.claim(ann)).toHaveLength(1)
    },
    'a scheduled job does not stand in the way of one that may run': async bench => {
      await bench.add({when: {kind: 'after', delayMs: HOUR_MS}, priority: 1000})
      const ready = await bench.add({priority: -1000})
      expect(await bench.claimIds(await bench.hire('ann'))).toEqual([ready])
    },
    'from a paused queue': async bench => {
      const ann = await bench.hire('ann')
      const ids = await bench.produce({}, {queue: 'other'})
      await bench.queue('q', {paused: {paused: true, reason: 'maintenance'}})
      expect(await bench.claimIds(ann, {queues: ['q', 'other']})).toEqual(ids.slice(1))
      await bench.queue('q', {paused: {paused: false, reason: null}})
      expect(await bench.claimIds(ann)).toEqual(ids.slice(0, 1))
    },
    "above its queue's concurrency, whoever holds the others": async bench => {
      const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
      await bench.queue('q', {settings: {concurrency: 2}})
      await bench.produce({}, {}, {}, {})
      const held = await bench.take(ann)
      expect(await bench.claim(bob)).toHaveLength(1)
      expect(await bench.claim(ann)).toEqual([])
      await bench.settle(held)
      expect(await bench.claim(bob)).toHaveLength(1)
      expect(await bench.claim(bob)).toEqual([])
    },
    "above its queue's concurrency, in one moment": async bench => {
      const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
      await bench.queue('q', {settings: {concurrency: 3}})
      await bench.produce({}, {}, {}, {}, {})
      const grants = await Promise.all([ann, bob, ann].map(consumer => bench.claim(consumer, {limit: 2})))
      expect(grants.flat()).toHaveLength(3)
    },
    "a queue at its concurrency does not hold back the next queue": async bench => {
      const ann = await bench.hire('ann')
      await bench.queue('q', {settings: {concurrency: 1}})
      const [first, , third] = await bench.produce({}, {}, {queue: 'other'})
      expect(await bench.claimIds(ann, {queues: ['q', 'other']})).toEqual([first, third].filter(id => id !== undefined))
    },
    'twice, whoever asks in whatever moment': async bench => {
      const other = await bench.store.reopen()
      const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
      const ids = await bench.produce(...Array.from({length: 40}, () => ({})))
      const request = {queues: ['q'], limit: 7, leaseMs: null}
      const grants = await Promise.all(
        Array.from({length: 8}, (_, i) =>
          i % 2 === 0 ? bench.storage.claim({...request, consumerId: ann}) : other.claim({...request, consumerId: bob}),
        ),
      )
      const granted = grants.flat().map(({id}) => id)
      expect(granted.toSorted((a, b) => a - b)).toEqual([...ids])
    },
    'from a queue that does not exist': async bench => {
      expect(await bench.claim(await bench.hire('ann'), {queues: ['nowhere']})).toEqual([])
    },
  })

  suite.sentence(
    'Queues are served strictly in the order given; within a queue by priority (highest first), then `runAt`, then id.',
    {
      'queues in the order given': async bench => {
        const ann = await bench.hire('ann')
        const [inA, inB, alsoInA] = await bench.produce(
          {queue: 'a', priority: -10},
          {queue: 'b', priority: 10},
          {queue: 'a', priority: -20},
        )
        expect(await bench.claimIds(ann, {queues: ['b', 'a'], limit: 2})).toEqual(present(inB, inA))
        expect(await bench.claimIds(ann, {queues: ['b', 'a']})).toEqual(present(alsoInA))
      },
      'priority, highest first': async bench => {
        const ids = await bench.produce(...[-1000, 0, 1000, 3, -5].map(priority => ({priority})))
        expect(await bench.claimIds(await bench.hire('ann'))).toEqual([2, 3, 1, 4, 0].map(i => nth(ids, i)))
      },
      'then runAt': async bench => {
        const ids = await bench.produce(...[10, 30, 20].map(delayMs => ({when: {kind: 'after', delayMs} as const})))
        bench.clock.pass(100)
        expect(await bench.claimIds(await bench.hire('ann'))).toEqual([0, 2, 1].map(i => nth(ids, i)))
      },
      'then id: first in, first out': async bench => {
        const ids = await bench.produce(...Array.from({length: 20}, () => ({})))
        const ann = await bench.hire('ann')
        const granted = []
        for (let taken = 0; taken < 4; taken += 1) granted.push(...(await bench.claimIds(ann, {limit: 5})))
        expect(granted).toEqual([...ids])
      },
      'a job that had to wait stands where its runAt puts it': async bench => {
        const ann = await bench.hire('ann')
        const late = await bench.add({when: {kind: 'after', delayMs: 1000}})
        bench.clock.pass(500)
        const early = await bench.add()
        bench.clock.pass(1000)
        const last = await bench.add()
        expect(await bench.claimIds(ann)).toEqual([early, late, last])
      },
    },
  )

  suite.sentence('The answer is in that order.', async bench => {
    const ids = await bench.produce(
      {queue: 'a', priority: 1},
      {queue: 'b', priority: 0},
      {queue: 'a', priority: 2},
      {queue: 'b', priority: 5},
      {queue: 'a', priority: 1},
    )
    const granted = await bench.claimIds(await bench.hire('ann'), {queues: ['a', 'b']})
    expect(granted).toEqual([2, 0, 4, 3, 1].map(i => nth(ids, i)))
  })

  suite.sentence("The lease lasts `leaseMs`, or the queue's lease setting when that is `null`.", {
    leaseMs: async bench => {
      const {id, leaseMs} = await leaseOf(bench, 2001)
      expect(leaseMs).toBe(2001)
      expect((await bench.job(id)).leaseRemainingMs).toBe(2001)
      bench.clock.pass(2000)
      expect(only(await bench.storage.held()).leaseExpired).toBe(false)
      bench.clock.pass(2)
      expect(only(await bench.storage.held()).leaseExpired).toBe(true)
      expect((await bench.job(id)).leaseRemainingMs).toBe(-1)
    },
    "the queue's setting": async bench => {
      await bench.queue('q', {settings: {leaseMs: 7001}})
      const {id, leaseMs} = await leaseOf(bench, null)
      expect(leaseMs).toBe(7001)
      expect((await bench.job(id)).leaseRemainingMs).toBe(7001)
    },
    'the default': async bench => {
      expect((await leaseOf(bench, null)).leaseMs).toBe(30_000)
    },
    "each queue's own in one claim": async bench => {
      await bench.queue('a', {settings: {leaseMs: 1001}})
      await bench.produce({queue: 'a'}, {queue: 'b'})
      const leases = await bench.claim(await bench.hire('ann'), {queues: ['a', 'b']})
      expect(leases.map(({leaseMs}) => leaseMs)).toEqual([1001, 30_000])
    },
  })

  suite.sentence(
    'It names a moment not after its grant on the claimant\'s boot clock: its age is known whatever the wall clock did meanwhile.',
    async bench => {
      const asked = bench.clock.boot
      await bench.add()
      const {grantedBootMs} = await bench.take(await bench.hire('ann'))
      bench.clock.setWall(bench.clock.wall - HOUR_MS)
      expect([grantedBootMs >= asked, grantedBootMs <= bench.clock.boot]).toEqual([true, true])
    },
  )

  suite.sentenceNeeding(
    'damagePayload',
    'A payload whose checksum does not match is granted with `intact: false`.',
    async bench => {
      const [good, bad] = await bench.produce({}, {})
      await bench.store.damagePayload?.(bad ?? Number.NaN)
      const leases = await bench.claim(await bench.hire('ann'))
      expect(leases.map(({id, intact}) => ({id, intact}))).toEqual([
        {id: good ?? Number.NaN, intact: true},
        {id: bad ?? Number.NaN, intact: false},
      ])
    },
  )

  suite.sentenceNeeding('writes', 'When nothing can be granted nothing is written.', {
    'nothing is due': async bench => {
      const ann = await bench.hire('ann')
      await bench.add({when: {kind: 'after', delayMs: HOUR_MS}})
      await bench.add({queue: 'paused'})
      await bench.queue('paused', {paused: {paused: true, reason: null}})
      const before = await bench.store.writes?.()
      for (let poll = 0; poll < 20; poll += 1) {
        expect(await bench.claim(ann, {queues: ['q', 'paused', 'nowhere']})).toEqual([])
      }
      expect(await bench.store.writes?.()).toBe(before)
      await bench.add()
      expect(await bench.store.writes?.()).not.toBe(before)
    },
    'the queue is full, or a suspect has to wait': async bench => {
      const ann = await bench.hire('ann')
      await suspects(bench, 1)
      await bench.queue('full', {settings: {concurrency: 1}})
      await bench.produce({queue: 'full'}, {queue: 'full'}, {queue: 'full', assignedTo: 'ann', assignedForMs: null})
      await bench.take(ann, {queues: ['full']})
      await bench.add()
      const before = await bench.store.writes?.()
      expect(await bench.claim(ann, {queues: ['full', 'q']})).toEqual([])
      expect(await bench.claim(ann, {queues: ['full']})).toEqual([])
      expect(await bench.store.writes?.()).toBe(before)
    },
  })

  suite.sentence('Rejects with `not_found` when the registration has ended.', {
    'it was unregistered': async bench => {
      const ann = await bench.hire('ann')
      const id = await bench.add()
      await bench.storage.unregister(ann)
      expect(await refusal(bench.claim(ann))).toBe('not_found')
      expect(await bench.state(id)).toBe('pending')
    },
    'another took its place': async bench => {
      const ann = await bench.hire('ann')
      const next = await bench.hire('ann', {replaces: ann})
      await bench.add()
      expect(await refusal(bench.claim(ann))).toBe('not_found')
      expect(await bench.claim(next)).toHaveLength(1)
    },
    'also when there is nothing to grant': async bench => {
      const ann = await bench.hire('ann')
      await bench.storage.unregister(ann)
      expect(await refusal(bench.claim(ann))).toBe('not_found')
    },
    'and takes no claim of the same moment with it': async bench => {
      const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
      await bench.storage.unregister(ann)
      for (const count of [0, 1]) {
        const ids = await bench.produce(...Array.from({length: count}, () => ({})))
        const [refused, granted] = await Promise.allSettled([bench.claim(ann), bench.claimIds(bob)])
        expect(refused.status).toBe('rejected')
        expect(granted).toEqual({status: 'fulfilled', value: [...ids]})
      }
    },
    'it never was': async bench => {
      await bench.add()
      expect(await refusal(bench.claim(4711))).toBe('not_found')
    },
  })
}

export function assignmentContract(suite: Suite): void {
  suite.sentence('An assigned job is granted only to the consumer of that name until the assignment ends; then to anyone.', {
    'only to the consumer of that name': async bench => {
      const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
      const id = await bench.add({assignedTo: 'ann', assignedForMs: 1001})
      expect(await bench.claim(bob)).toEqual([])
      expect(await bench.claimIds(ann)).toEqual([id])
    },
    'until the assignment ends': async bench => {
      const bob = await bench.hire('bob')
      const id = await bench.add({assignedTo: 'ann', assignedForMs: 1001})
      bench.clock.pass(1000)
      expect(await bench.claim(bob)).toEqual([])
      bench.clock.pass(2)
      expect(await bench.claimIds(bob)).toEqual([id])
    },
    'then also to the one it was assigned to': async bench => {
      const ann = await bench.hire('ann')
      const id = await bench.add({assignedTo: 'ann', assignedForMs: 1001})
      bench.clock.pass(1002)
      expect(await bench.claimIds(ann)).toEqual([id])
    },
    'for ever': async bench => {
      const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
      const id = await bench.add({assignedTo: 'ann', assignedForMs: null})
      bench.clock.pass(1000 * HOUR_MS)
      expect(await bench.claim(bob)).toEqual([])
      expect(await bench.claimIds(ann)).toEqual([id])
    },
    'in its place among the others': async bench => {
      const ann = await bench.hire('ann')
      const ids = await bench.produce(
        {priority: 1},
        {priority: 2, assignedTo: 'ann', assignedForMs: null},
        {priority: 3},
        {priority: 3, assignedTo: 'ann', assignedForMs: null},
        {priority: 9, assignedTo: 'bob', assignedForMs: null},
      )
      expect(await bench.claimIds(ann)).toEqual([2, 3, 1, 0].map(i => nth(ids, i)))
    },
    'in its place once the assignment ended': async bench => {
      const bob = await bench.hire('bob')
      const ids = await bench.produce({priority: 1}, {priority: 2, assignedTo: 'ann', assignedForMs: 1001}, {priority: 3})
      bench.clock.pass(1002)
      expect(await bench.claimIds(bob)).toEqual([2, 1, 0].map(i => nth(ids, i)))
    },
    'not before its runAt': async bench => {
      const ann = await bench.hire('ann')
      await bench.add({assignedTo: 'ann', assignedForMs: null, when: {kind: 'after', delayMs: 100}})
      expect(await bench.claim(ann)).toEqual([])
      bench.clock.pass(100)
      expect(await bench.claim(ann)).toHaveLength(1)
    },
    'not from a paused queue, nor above its concurrency': async bench => {
      const ann = await bench.hire('ann')
      await bench.produce(...[1, 2].map(() => ({assignedTo: 'ann', assignedForMs: null})))
      await bench.queue('q', {paused: {paused: true, reason: null}, settings: {concurrency: 1}})
      expect(await bench.claim(ann)).toEqual([])
      await bench.queue('q', {paused: {paused: false, reason: null}})
      expect(await bench.claim(ann)).toHaveLength(1)
      expect(await bench.claim(ann)).toEqual([])
    },
    'a retry is still assigned': async bench => {
      const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
      const id = await bench.add({assignedTo: 'ann', assignedForMs: null})
      await bench.settle(await bench.take(ann), {to: 'pending'})
      expect(await bench.claim(bob)).toEqual([])
      expect(await bench.claimIds(ann)).toEqual([id])
    },
  })
}

export function suspectContract(suite: Suite): void {
  const lone: Proof = async bench => {
    const [first] = await suspects(bench, 2)
    const ann = await bench.hire('ann')
    expect(await bench.claimIds(ann)).toEqual(present(first))
  }
  suite.sentence(
    'A due suspect (see `Transition`) goes before all others, and is granted only as the only job its consumer holds: while it is held its consumer gets no other, and a consumer that holds others gets nothing new while a suspect it may run is due.',
    {
      'before all others, of its queue and of those asked before it': async bench => {
        const [suspect] = await suspects(bench, 1, {priority: -1000})
        await bench.produce({priority: 9}, {queue: 'other', priority: 9})
        expect(await bench.claimIds(await bench.hire('ann'), {queues: ['other', 'q']})).toEqual([suspect])
      },
      'several by queue, priority, runAt and id': async bench => {
        const [low, high, next, elsewhere] = await suspectsOf(bench, [
          {priority: 1},
          {priority: 2},
          {priority: 2},
          {queue: 'other', priority: -5},
        ])
        const granted: number[] = []
        for (const name of ['a', 'b', 'c', 'd']) {
          granted.push(...(await bench.claimIds(await bench.hire(name), {queues: ['other', 'q']})))
        }
        expect(granted).toEqual(present(elsewhere, high, next, low))
      },
      'one at a time, even when more are asked for': lone,
      'while it is held its consumer gets no other': async bench => {
        const [first, second] = await suspects(bench, 2)
        await bench.produce({}, {queue: 'other', priority: 9})
        const ann = await bench.hire('ann')
        const lease = await bench.take(ann)
        expect(lease.id).toBe(first)
        expect(await bench.claim(ann, {queues: ['other', 'q']})).toEqual([])
        await bench.settle(lease)
        expect(await bench.claimIds(ann, {limit: 1})).toEqual(present(second))
      },
      'another consumer works on meanwhile': async bench => {
        const [first, second] = await suspects(bench, 2)
        const innocent = await bench.add()
        const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
        expect(await bench.claimIds(ann)).toEqual(present(first))
        expect(await bench.claimIds(bob)).toEqual(present(second))
        expect(await bench.claimIds(await bench.hire('cid'))).toEqual([innocent])
      },
      'a consumer that holds others gets nothing new while a suspect it may run is due': async bench => {
        const ann = await bench.hire('ann')
        await bench.add()
        const held = await bench.take(ann)
        const [suspect] = await suspects(bench, 1)
        await bench.add({priority: 9})
        expect(await bench.claim(ann)).toEqual([])
        await bench.settle(held)
        expect(await bench.claimIds(ann)).toEqual([suspect])
      },
      'a suspect that is not due, in a queue it does not ask, or for another consumer stops nobody': async bench => {
        const ann = await bench.hire('ann')
        await bench.add()
        await bench.take(ann)
        await suspects(bench, 1, {queue: 'elsewhere'})
        await suspects(bench, 1, {assignedTo: 'bob', assignedForMs: null}, 'bob')
        const {lease} = await bench.processing({priority: 1000})
        await bench.settle(lease, {to: 'pending', suspect: 'yes', delayMs: HOUR_MS})
        const next = await bench.add()
        expect(await bench.claimIds(ann)).toEqual([next])
      },
      'a suspect of a paused queue stops nobody': async bench => {
        const ann = await bench.hire('ann')
        await bench.add({queue: 'a'})
        await bench.take(ann, {queues: ['a']})
        await suspects(bench, 1)
        await bench.queue('q', {paused: {paused: true, reason: null}})
        const next = await bench.add({queue: 'a'})
        expect(await bench.claimIds(ann, {queues: ['a', 'q']})).toEqual([next])
      },
      'a suspect may be assigned': async bench => {
        const [suspect] = await suspects(bench, 1, {assignedTo: 'ann', assignedForMs: null}, 'ann')
        const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
        expect(await bench.claim(bob)).toEqual([])
        expect(await bench.claimIds(ann)).toEqual([suspect])
      },
      'in one moment only one of two claims of one consumer is granted': async bench => {
        await suspects(bench, 2)
        const ann = await bench.hire('ann')
        const grants = await Promise.all([bench.claim(ann), bench.claim(ann)])
        expect(grants.flat()).toHaveLength(1)
      },
    },
  )

  suite.sentence(
    'It works on past the suspect when one of those it holds has run for over 10 s, and for over half the time that the suspect has been due.',
    {
      'a long job in hand does not idle the other slots': async bench => {
        const ann = await bench.hire('ann')
        await bench.add()
        await bench.take(ann)
        const [suspect] = await suspects(bench, 1)
        const next = await bench.add()
        bench.clock.pass(10_000)
        expect(await bench.claim(ann)).toEqual([])
        bench.clock.pass(1)
        expect(await bench.claimIds(ann)).toEqual([next])
        expect(await bench.claimIds(await bench.hire('bob'))).toEqual([suspect])
      },
      'the longer the suspect waits, the longer a job may have run': async bench => {
        const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
        await bench.add()
        const long = await bench.take(ann)
        const [suspect] = await suspects(bench, 1)
        bench.clock.pass(60_000)
        const [first, second] = await bench.produce({}, {})
        expect(await bench.claimIds(ann, {limit: 1})).toEqual(present(first))
        await bench.settle(long)
        bench.clock.pass(60_000)
        expect(await bench.claim(ann)).toEqual([])
        bench.clock.pass(1)
        expect(await bench.claimIds(ann)).toEqual(present(second))
        expect(await bench.claimIds(bob)).toEqual([suspect])
      },
    },
  )

  suite.sentence('A suspect may run only alone in its consumer.', {
    yes: lone,
    no: async bench => {
      const [suspect] = await suspects(bench, 1)
      const ann = await bench.hire('ann')
      await bench.settle(await bench.take(ann), {to: 'pending', suspect: 'no'})
      const other = await bench.add()
      expect(await bench.claimIds(ann)).toEqual([suspect, other])
    },
  })

  suite.sentence('`keep`: it stays what it was.', {
    'a suspect': async bench => {
      const [suspect] = await suspects(bench, 1)
      const ann = await bench.hire('ann')
      await bench.settle(await bench.take(ann), {to: 'pending', suspect: 'keep'})
      await bench.add()
      expect(await bench.claimIds(ann)).toEqual([suspect])
    },
    'no suspect': async bench => {
      const ann = await bench.hire('ann')
      const id = await bench.add()
      await bench.settle(await bench.take(ann), {to: 'pending', suspect: 'keep'})
      const other = await bench.add()
      expect(await bench.claimIds(ann)).toEqual([id, other])
    },
  })
}

function present(...ids: readonly (number | undefined)[]): number[] {
  return ids.filter(id => id !== undefined)
}

/** So many suspects of one kind, oldest first. */
function suspects(bench: Bench, count: number, draft: Draft = {}, holder?: string): Promise<readonly [number, ...number[]]> {
  return suspectsOf(bench, Array.from({length: count}, () => draft), holder)
}

/** Jobs that were lost together and are pending again. Nothing else may be due in their queues. */
async function suspectsOf(
  bench: Bench,
  drafts: readonly Draft[],
  holder = 'doomed',
): Promise<readonly [number, ...number[]]> {
  const doomed = await bench.hire(holder)
  const [first = Number.NaN, ...rest] = await bench.produce(...drafts)
  const queues = [...new Set(drafts.map(({queue}) => queue ?? 'q'))]
  const leases = await bench.claim(doomed, {queues, limit: drafts.length})
  const lost = await bench.storage.settle(leases.map(lease => ending(lease, {to: 'pending', suspect: 'yes'})))
  if (lost.length !== drafts.length) throw new Error(`${lost.length} of ${drafts.length} became suspects`)
  await bench.storage.unregister(doomed)
  return [first, ...rest]
}

async function leaseOf(bench: Bench, leaseMs: number | null): Promise<{readonly id: number; readonly leaseMs: number}> {
  await bench.add()
  return bench.take(await bench.hire('ann'), {leaseMs})
}
