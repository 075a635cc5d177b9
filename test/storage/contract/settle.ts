import {expect} from 'bun:test'
import type {RunFacts} from '../../../src/lib/job.ts'
import type {Transition} from '../../../src/lib/storage/storage.ts'
import {bytes, ending, facts, nth, only, printed} from './bench.ts'
import type {Proof, Suite} from './suite.ts'

const DAY_MS = 86_400_000
const FINAL = ['done', 'failed', 'cancelled'] as const

/** Engines may store the plain success on a way of its own. */
const LATE_ACKS: Readonly<Record<string, Partial<Transition>>> = {
  'plain success': {},
  'success with a result': {result: bytes('late')},
  failure: {to: 'failed'},
  'back to pending': {to: 'pending'},
}

export function settleContract(suite: Suite): void {
  suite.sentence('Ends runs: the only way out of processing.', {
    'a run ends as it is told': async bench => {
      for (const to of FINAL) {
        const id = await bench.ended(to)
        expect(await bench.job(id)).toMatchObject({state: to, leaseRemainingMs: null, finishedAt: bench.clock.wall})
      }
      const id = await bench.ended('pending')
      expect(await bench.job(id)).toMatchObject({state: 'pending', leaseRemainingMs: null, finishedAt: null})
    },
    'a result is kept': async bench => {
      const results = [bytes('42'), new Uint8Array(0), null]
      for (const result of results) {
        expect((await bench.job(await bench.ended('done', {}, {result}))).result).toEqual(result)
      }
    },
    'the reason of a failed job is kept': async bench => {
      for (const reason of ['attempts', 'permanent', 'timeout', 'poison', 'corrupt', 'admin'] as const) {
        expect(await bench.job(await bench.ended('failed', {}, {reason}))).toMatchObject({state: 'failed', reason})
      }
    },
    'the error of the last run is shown': async bench => {
      const {id, lease, consumerId} = await bench.processing()
      await bench.settle(lease, {to: 'pending', run: facts({outcome: 'failed', error: 'no route'})})
      expect((await bench.job(id)).error).toBe('no route')
      await bench.settle(await bench.take(consumerId))
      expect((await bench.job(id)).error).toBeNull()
    },
    'also that of a run whose attempt was given back, until the job is taken up again': async bench => {
      const {id, lease, consumerId} = await bench.processing()
      await bench.settle(lease, {to: 'pending', refund: true, run: facts({outcome: 'unrunnable', error: 'no such command'})})
      expect(await bench.job(id)).toMatchObject({attempts: 0, error: 'no such command'})
      await bench.act({kind: 'cancel'}, id)
      expect((await bench.job(id)).error).toBe('no such command')
      await bench.act({kind: 'resubmit'}, id)
      expect((await bench.job(id)).error).toBeNull()
      await bench.act({kind: 'cancel'}, id)
      expect((await bench.job(id)).error).toBeNull()
      await bench.act({kind: 'resubmit'}, id)
      await bench.settle(await bench.take(consumerId), {to: 'pending', refund: true, run: facts({outcome: 'unrunnable', error: 'again'})})
      expect((await bench.job(id)).error).toBe('again')
    },
    'no lease that ran out, no ended registration and no operator takes a job out of processing': async bench => {
      const {id, consumerId} = await bench.processing()
      bench.clock.pass(1_000_000)
      await bench.storage.unregister(consumerId)
      await bench.act({kind: 'cancel'}, id)
      await bench.act({kind: 'fail'}, id)
      await bench.storage.maintain({limit: 100})
      await bench.storage.held()
      expect(await bench.claim(await bench.hire('bob'))).toEqual([])
      expect(await bench.state(id)).toBe('processing')
    },
    'also long after the lease ran out, while nobody else was granted the job': async bench => {
      const {id, lease} = await bench.processing()
      bench.clock.pass(1_000_000)
      expect((await bench.settle(lease)).kind).toBe('settled')
      expect(await bench.state(id)).toBe('done')
    },
  })

  suite.sentence(
    'Each transition is stored if its claim still holds (same fence, still processing) and its `only` condition is true at that moment; otherwise the job is untouched and the answer is `lost`.',
    {
      ...Object.fromEntries(
        Object.entries(LATE_ACKS).map(([how, change]) => [
          `a late ack (${how}), after the job went back and after it was given to another`,
          async bench => {
            const {id, lease} = await bench.processing()
            await bench.settle(lease, {to: 'pending'})
            expect(await bench.settle(lease, change)).toEqual({kind: 'lost'})
            expect(await bench.state(id)).toBe('pending')
            const second = await bench.take(await bench.hire('bob'))
            const before = await bench.job(id)
            expect(await bench.settle(lease, change)).toEqual({kind: 'lost'})
            expect(await bench.job(id)).toEqual(before)
            expect(await bench.runs(id)).toHaveLength(1)
            expect((await bench.settle(second)).kind).toBe('settled')
          },
        ] satisfies [string, Proof]),
      ),
      'the same ack twice': async bench => {
        const {id, lease} = await bench.processing()
        expect((await bench.settle(lease, {result: bytes('1')})).kind).toBe('settled')
        expect(await bench.settle(lease, {result: bytes('2')})).toEqual({kind: 'lost'})
        expect((await bench.job(id)).result).toEqual(bytes('1'))
      },
      'the same ack twice in one batch': async bench => {
        const {id, lease} = await bench.processing()
        const answers = await bench.storage.settle([ending(lease), ending(lease, {to: 'failed'})])
        expect(answers.map(({kind}) => kind)).toEqual(['settled', 'lost'])
        expect(await bench.state(id)).toBe('done')
        expect(await bench.runs(id)).toHaveLength(1)
      },
      'a job that is gone, or never was': async bench => {
        const {id, lease} = await bench.processing()
        await bench.settle(lease)
        await bench.act({kind: 'delete'}, id)
        const answers = await bench.storage.settle([ending(lease), ending({id: 999_999, fence: 1})])
        expect(answers).toEqual([{kind: 'lost'}, {kind: 'lost'}])
      },
      'a fence that was not granted yet': async bench => {
        const {id, lease} = await bench.processing()
        for (const change of Object.values(LATE_ACKS)) {
          expect(await bench.settle({id, fence: lease.fence + 1}, change)).toEqual({kind: 'lost'})
          expect(await bench.state(id)).toBe('processing')
        }
      },
      'after a resubmit, the run before it': async bench => {
        const {id, lease, consumerId} = await bench.processing()
        await bench.settle(lease)
        await bench.act({kind: 'resubmit'}, id)
        const next = await bench.take(consumerId)
        expect(next.fence).toBeGreaterThan(lease.fence)
        expect(await bench.settle(lease, {to: 'failed'})).toEqual({kind: 'lost'})
        expect(await bench.state(id)).toBe('processing')
      },
    },
  )

  suite.sentence(
    'Store it only if this is true too: the lease has expired, or this registration is the holder (and the caller has proof of its death).',
    {
      'the lease has expired': async bench => {
        const {id, lease} = await bench.processing()
        const reaped = ending(lease, {to: 'pending', only: {kind: 'lease_expired'}})
        bench.clock.pass(29_000)
        expect(await bench.storage.settle([reaped])).toEqual([{kind: 'lost'}])
        await bench.storage.extend([lease], 30_000)
        bench.clock.pass(2000)
        expect(await bench.storage.settle([reaped])).toEqual([{kind: 'lost'}])
        expect(await bench.state(id)).toBe('processing')
        bench.clock.pass(28_001)
        expect(only(await bench.storage.settle([reaped])).kind).toBe('settled')
        expect(await bench.state(id)).toBe('pending')
      },
      'this registration is the holder': async bench => {
        const {id, lease, consumerId} = await bench.processing()
        const other = await bench.hire('other')
        const reaped = (holder: number) => ending(lease, {to: 'pending', only: {kind: 'holder', consumerId: holder}})
        expect(await bench.storage.settle([reaped(other)])).toEqual([{kind: 'lost'}])
        expect(await bench.state(id)).toBe('processing')
        expect(only(await bench.storage.settle([reaped(consumerId)])).kind).toBe('settled')
      },
      'the condition does not replace the fence': async bench => {
        const {id, lease, consumerId} = await bench.processing()
        await bench.settle(lease, {to: 'pending'})
        await bench.take(consumerId)
        bench.clock.pass(60_000)
        const late = ending(lease, {to: 'pending', only: {kind: 'holder', consumerId}})
        expect(await bench.storage.settle([late, {...late, only: {kind: 'lease_expired'}}])).toEqual([
          {kind: 'lost'},
          {kind: 'lost'},
        ])
        expect(await bench.state(id)).toBe('processing')
      },
    },
  )

  const told = facts({outcome: 'failed', exitCode: 3, error: 'exit 3', runMs: 12, cpuMs: 4, maxRssBytes: 1000})
  suite.sentence(
    'One sent `again` is not stored twice: when the history has the end of this claim with the very outcome and facts that are sent, the answer is `settled`.',
    {
      ...Object.fromEntries(
        Object.entries(LATE_ACKS).map(([kind, change]): [string, Proof] => [
          kind,
          async bench => {
            const {id, lease} = await bench.processing()
            await bench.settle(lease, {...change})
            const before = await bench.job(id)
            expect(await bench.settle(lease, {...change, again: true})).toEqual({kind: 'settled', deadLetterId: null})
            expect(await bench.job(id)).toEqual(before)
            expect(await bench.runs(id)).toHaveLength(1)
            expect(await bench.settle(lease, {...change})).toEqual({kind: 'lost'})
          },
        ]),
      ),
      'stored now when it was not before': async bench => {
        const {id, lease} = await bench.processing()
        expect((await bench.settle(lease, {again: true})).kind).toBe('settled')
        expect(await bench.state(id)).toBe('done')
      },
      'whatever became of the job since': async bench => {
        const {id, lease, consumerId} = await bench.processing()
        await bench.settle(lease, {to: 'pending', run: told})
        await bench.take(consumerId)
        expect((await bench.settle(lease, {to: 'pending', run: told, again: true})).kind).toBe('settled')
        expect(await bench.job(id)).toMatchObject({state: 'processing', fence: 2})
      },
      'with the copy it made': async bench => {
        await bench.queue('q', {settings: {deadLetter: 'dead'}})
        const {lease} = await bench.processing()
        const first = await bench.settle(lease, {to: 'failed', run: told})
        expect(await bench.settle(lease, {to: 'failed', run: told, again: true})).toEqual(first)
      },
      'another end of that claim is lost': async bench => {
        const {id, lease} = await bench.processing()
        await bench.settle(lease, {to: 'failed', run: told})
        for (const change of [{exitCode: 4}, {error: null}, {runMs: 13}, {cpuMs: null}, {maxRssBytes: 1}, {signal: 'SIGTERM'}, {outcome: 'crashed'}] as const) {
          expect(await bench.settle(lease, {to: 'failed', run: {...told, ...change}, again: true})).toEqual({kind: 'lost'})
        }
        expect((await bench.settle({id, fence: lease.fence + 1}, {to: 'failed', run: told, again: true})).kind).toBe('lost')
      },
      'of a job that is gone it is lost': async bench => {
        const {id, lease} = await bench.processing()
        await bench.settle(lease)
        await bench.act({kind: 'delete'}, id)
        expect(await bench.settle(lease, {again: true})).toEqual({kind: 'lost'})
      },
    },
  )
  suite.sentence("A reaper's end is another one; of two in one batch that were not stored before, the second is lost.", {
    "a reaper's end": async bench => {
      const {lease, consumerId} = await bench.processing()
      const lost = facts({outcome: 'lost', cause: 'consumer_died'})
      await bench.settle(lease, {to: 'pending', run: lost, only: {kind: 'holder', consumerId}})
      for (const change of Object.values(LATE_ACKS)) {
        expect(await bench.settle(lease, {...change, again: true})).toEqual({kind: 'lost'})
      }
    },
    'two in one batch': async bench => {
      for (const change of Object.values(LATE_ACKS)) {
        const {id, lease} = await bench.processing()
        const end = ending(lease, {...change, again: true})
        expect((await bench.storage.settle([end, end])).map(({kind}) => kind)).toEqual(['settled', 'lost'])
        expect(await bench.runs(id)).toHaveLength(1)
        await bench.act({kind: 'cancel'}, id)
      }
    },
  })

  suite.sentence(
    'A transition back to pending of a job whose cancel or fail was requested is not stored; the answer is the request.',
    {
      ...Object.fromEntries(
        (['cancel', 'fail'] as const).map(kind => [
          kind,
          async bench => {
            const {id, lease} = await bench.processing()
            await bench.act({kind}, id)
            const before = await bench.job(id)
            expect(await bench.settle(lease, {to: 'pending'})).toEqual({kind: 'requested', requested: kind})
            expect(await bench.job(id)).toEqual(before)
            expect(await bench.runs(id)).toEqual([])
          },
        ]),
      ),
      'an end that is not pending stands': async bench => {
        for (const to of FINAL) {
          const {id, lease} = await bench.processing()
          await bench.act({kind: 'cancel'}, id)
          expect((await bench.settle(lease, {to})).kind).toBe('settled')
          expect(await bench.job(id)).toMatchObject({state: to, requested: null})
        }
      },
      'with a condition that is not true it is lost': async bench => {
        const {id, lease} = await bench.processing()
        await bench.act({kind: 'cancel'}, id)
        expect(await bench.settle(lease, {to: 'pending', only: {kind: 'lease_expired'}})).toEqual({kind: 'lost'})
      },
    },
  )

  suite.sentence('What the run reported last (0…1); `null` leaves what is there.', {
    'wherever the job goes': async bench => {
      for (const to of [...FINAL, 'pending'] as const) {
        const id = await bench.ended(to, {}, {progress: 0.6})
        expect(await bench.job(id)).toMatchObject({state: to, progress: 0.6})
        await bench.act({kind: 'cancel'}, id)
      }
    },
    'beside others, each its own': async bench => {
      const [a, b, c] = [await bench.processing(), await bench.processing(), await bench.processing()]
      await bench.storage.settle([ending(a.lease, {progress: 0.2}), ending(b.lease), ending(c.lease, {progress: 0})])
      expect((await bench.storage.get([a.id, b.id, c.id])).map(({progress}) => progress)).toEqual([0.2, null, 0])
    },
    'what is there stays': async bench => {
      const {id, lease} = await bench.processing()
      await bench.storage.extend([{...lease, progress: 0.5}], 1000)
      await bench.settle(lease)
      expect(await bench.job(id)).toMatchObject({state: 'done', progress: 0.5})
    },
    'not when the claim is lost': async bench => {
      const {id, lease, consumerId} = await bench.processing()
      await bench.settle(lease, {to: 'pending'})
      await bench.take(consumerId)
      await bench.settle(lease, {progress: 0.5})
      expect((await bench.job(id)).progress).toBeNull()
    },
  })

  suite.sentence("Storing it writes the run's history row and what it printed, moves the queue's counters and frees the lease, all at once.", {
    'the history row': async bench => {
      const {id, lease} = await bench.processing()
      const startedAt = bench.clock.wall
      bench.clock.pass(1500)
      const run = {
        outcome: 'crashed',
        exitCode: 139,
        signal: 'SIGSEGV',
        cause: 'consumer_died',
        error: 'it fell over',
        runMs: 1499,
        cpuMs: 33,
        maxRssBytes: 1_000_000,
      } as const
      const output = printed('out', 'err', [7, 9])
      await bench.settle(lease, {to: 'failed', reason: 'poison', crash: true, run: {...run, output}})
      expect(await bench.runs(id)).toEqual([
        {
          ...run,
          run: lease.fence,
          attempt: 1,
          consumer: `holder-of-${id}`,
          startedAt,
          finishedAt: bench.clock.wall,
          stdoutDroppedBytes: 7,
          stderrDroppedBytes: 9,
        },
      ])
      expect(await bench.job(id)).toMatchObject({runMs: 1499, error: 'it fell over'})
    },
    'what each of many printed': async bench => {
      const held = [await bench.processing(), await bench.processing(), await bench.processing(), await bench.processing()]
      const lost = await bench.processing()
      await bench.settle(lost.lease, {to: 'failed'})
      const output = (text: string): RunFacts => facts({exitCode: 0, output: printed(text, '', [5, 0])})
      const silent = nth(held, 1)
      await bench.storage.settle([
        ...held.map(({id, lease}) => ending(lease, {to: 'done', run: id === silent.id ? facts() : output(`job ${id}`)})),
        ending(lost.lease, {to: 'done', run: output('late')}),
      ])
      const kept = await Promise.all([...held, lost].map(async ({id}) => [...(await bench.history(id)).output.values()]))
      expect(kept).toEqual([...held.map(({id}) => (id === silent.id ? [] : [printed(`job ${id}`, '', [5, 0])])), []])
    },
    'one row per run, named by its fence, also when the attempt was given back': async bench => {
      const {id, lease, consumerId} = await bench.processing()
      await bench.settle(lease, {to: 'pending', refund: true, run: facts({outcome: 'released'})})
      await bench.settle(await bench.take(consumerId), {to: 'failed'})
      const runs = await bench.runs(id)
      expect(runs.map(({run, attempt, outcome}) => ({run, attempt, outcome}))).toEqual([
        {run: 1, attempt: 1, outcome: 'released'},
        {run: 2, attempt: 1, outcome: 'failed'},
      ])
    },
    "the queue's counters": async bench => {
      await bench.produce({}, {}, {}, {}, {})
      const leases = await bench.claim(await bench.hire('ann'), {limit: 4})
      await bench.storage.settle(
        [...FINAL, 'pending' as const].map((to, i) => ending(nth(leases, i), {to})),
      )
      const {counts} = only(await bench.storage.queues(['q']))
      expect(counts).toEqual({pending: 2, processing: 0, done: 1, failed: 1, cancelled: 1})
    },
    'the counters of the consumer': async bench => {
      await bench.produce({}, {})
      const ann = await bench.hire('ann')
      const leases = await bench.claim(ann)
      expect(await bench.consumer(ann)).toMatchObject({jobs: 2, processed: 0, failed: 0})
      await bench.storage.settle([ending(nth(leases, 0)), ending(nth(leases, 1), {to: 'failed'})])
      expect(await bench.consumer(ann)).toMatchObject({jobs: 0, processed: 2, failed: 1})
    },
    'the lease': async bench => {
      const {lease, consumerId} = await bench.processing()
      await bench.settle(lease)
      expect(await bench.storage.held()).toEqual([])
      expect(await bench.storage.held({consumerId})).toEqual([])
    },
  })

  suite.sentence('`pauseQueue` pauses the job\'s queue with that reason in the same step, which is an event by the consumer.', async bench => {
    const {lease} = await bench.processing()
    await bench.produce({}, {queue: 'other'})
    await bench.settle(lease, {to: 'pending', refund: true, pauseQueue: 'exit 78: sum: no such program'})
    const [other, paused] = await bench.storage.queues(['other', 'q'])
    expect(other).toMatchObject({name: 'other', paused: false, pausedReason: null})
    expect(paused).toMatchObject({name: 'q', paused: true, pausedReason: 'exit 78: sum: no such program'})
    expect(await bench.claim(await bench.hire('bob'))).toEqual([])
    const consumer = (await bench.job(lease.id)).consumer
    const events = async (): Promise<unknown> => (await bench.storage.info({events: 9})).events
    const told = [{jobId: null, queue: 'q', from: null, to: null, actor: consumer, reason: 'paused: exit 78: sum: no such program'}]
    expect(await events()).toMatchObject(told)
    // One that is paused already is not paused again.
    await bench.storage.setQueue('other', {create: 'never', paused: {paused: true, reason: null}})
    expect(await events()).toHaveLength(1)
  })

  suite.sentence('Answers per transition, in order; one that is lost does not disturb the others.', {
    'in order': async bench => {
      const jobs = [await bench.processing(), await bench.processing(), await bench.processing(), await bench.processing()]
      const [a, b, c, d] = jobs.map(({lease}) => lease)
      if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('four jobs')
      await bench.settle(b)
      await bench.act({kind: 'fail'}, c.id)
      const answers = await bench.storage.settle([
        ending(d, {to: 'pending'}),
        ending(c, {to: 'pending'}),
        ending(b),
        ending(a, {result: bytes('ok')}),
      ])
      expect(answers).toEqual([
        {kind: 'settled', deadLetterId: null},
        {kind: 'requested', requested: 'fail'},
        {kind: 'lost'},
        {kind: 'settled', deadLetterId: null},
      ])
      expect(await Promise.all(jobs.map(({id}) => bench.state(id)))).toEqual(['done', 'done', 'processing', 'pending'])
    },
    'many, of many kinds': async bench => {
      const ids = await bench.produce(...Array.from({length: 200}, () => ({})))
      const leases = await bench.claim(await bench.hire('ann'), {limit: 200})
      const kinds = ['done', 'failed', 'pending', 'cancelled'] as const
      const answers = await bench.storage.settle(leases.map((lease, i) => ending(lease, {to: nth(kinds, i % 4)})))
      expect(new Set(answers.map(({kind}) => kind))).toEqual(new Set(['settled']))
      const jobs = await bench.storage.get(ids)
      expect(jobs.map(({state}) => state)).toEqual(ids.map((_, i) => nth(kinds, i % 4)))
    },
    'no transition is no work': async ({storage}) => {
      expect(await storage.settle([])).toEqual([])
    },
  })
}

export function transitionContract(suite: Suite): void {
  suite.sentence('The engine holds no policy.', async bench => {
    const {id, lease, consumerId} = await bench.processing({maxAttempts: 1})
    await bench.queue('q', {settings: {crashLimit: 1, maxAttempts: 1}})
    await bench.settle(lease, {to: 'pending', crash: true, snooze: true})
    expect(await bench.job(id)).toMatchObject({state: 'pending', attempts: 1, crashes: 1, snoozes: 1})
    expect((await bench.take(consumerId)).attempt).toBe(2)
  })

  suite.sentence(
    'It decides nothing about retries; it stores the `Transition` it is given, if the claim still holds.',
    async bench => {
      const id = await bench.ended('failed', {maxAttempts: 9}, {reason: 'timeout'})
      expect(await bench.job(id)).toMatchObject({state: 'failed', reason: 'timeout', attempts: 1, crashes: 0})
    },
  )

  suite.sentence("From the store's now to the next run; only for `to: 'pending'`.", {
    "from the store's now": async bench => {
      const {id, lease, consumerId} = await bench.processing()
      bench.clock.pass(777)
      await bench.settle(lease, {to: 'pending', delayMs: 5000})
      expect((await bench.job(id)).runAt).toBe(bench.clock.wall + 5000)
      bench.clock.pass(4999)
      expect(await bench.claim(consumerId)).toEqual([])
      bench.clock.pass(1)
      expect(await bench.claimIds(consumerId)).toEqual([id])
    },
    'no delay: it may run at once': async bench => {
      const {id, lease, consumerId} = await bench.processing()
      bench.clock.pass(777)
      await bench.settle(lease, {to: 'pending', delayMs: 0})
      expect((await bench.job(id)).runAt).toBe(bench.clock.wall)
      expect(await bench.claimIds(consumerId)).toEqual([id])
    },
  })

  suite.sentence('True gives the attempt back.', async bench => {
    const {id, lease, consumerId} = await bench.processing()
    await bench.settle(lease, {to: 'pending', refund: true})
    expect(await bench.job(id)).toMatchObject({attempts: 0, fence: 1})
    expect(await bench.take(consumerId)).toMatchObject({attempt: 1, fence: 2})
  })

  suite.sentence('True counts a crash.', async bench => {
    const {id, lease, consumerId} = await bench.processing()
    await bench.settle(lease, {to: 'pending', crash: true})
    expect(await bench.job(id)).toMatchObject({crashes: 1, snoozes: 0, attempts: 1})
    const next = await bench.take(consumerId)
    expect(next.crashes).toBe(1)
    await bench.settle(next, {to: 'failed', crash: true})
    expect((await bench.job(id)).crashes).toBe(2)
  })

  suite.sentence('True counts a snooze.', async bench => {
    const {id, lease, consumerId} = await bench.processing()
    await bench.settle(lease, {to: 'pending', refund: true, snooze: true})
    expect(await bench.job(id)).toMatchObject({crashes: 0, snoozes: 1, attempts: 0})
    expect((await bench.take(consumerId)).snoozes).toBe(1)
  })
}

export function deadLetterContract(suite: Suite): void {
  suite.sentence(
    'A job that becomes failed in a queue with a dead-letter queue is copied there as a new pending job in the same step (payload, type, file and tags; no key; counters 0), each linked to the other.',
    {
      'a run that failed': async bench => {
        await bench.queue('q', {settings: {deadLetter: 'morgue'}})
        const {id, lease} = await bench.processing({
          payload: 'body',
          contentType: 'text/plain',
          file: true,
          tags: ['a', 'b'],
          key: 'k',
        })
        bench.clock.pass(10)
        const answer = await bench.settle(lease, {to: 'failed', reason: 'poison', crash: true})
        if (answer.kind !== 'settled' || answer.deadLetterId === null) throw new Error('expected a dead letter')
        expect(answer.deadLetterId).toBeGreaterThan(id)
        expect(await bench.job(id)).toMatchObject({state: 'failed', reason: 'poison', deadLetterId: answer.deadLetterId})
        expect(await bench.job(answer.deadLetterId)).toMatchObject({
          queue: 'morgue',
          state: 'pending',
          payload: bytes('body'),
          contentType: 'text/plain',
          file: true,
          tags: ['a', 'b'],
          key: null,
          attempts: 0,
          crashes: 0,
          snoozes: 0,
          fence: 0,
          runAt: bench.clock.wall,
          createdAt: bench.clock.wall,
          originId: id,
          deadLetterId: null,
        })
        expect(await bench.claimIds(await bench.hire('ann'), {queues: ['morgue']})).toEqual([answer.deadLetterId])
      },
      'a job that an operator fails': async bench => {
        await bench.queue('q', {settings: {deadLetter: 'morgue'}})
        const id = await bench.add({payload: 'body'})
        await bench.act({kind: 'fail'}, id)
        const {deadLetterId} = await bench.job(id)
        expect(await bench.job(deadLetterId ?? Number.NaN)).toMatchObject({queue: 'morgue', originId: id, payload: bytes('body')})
      },
      'the counters of both queues move': async bench => {
        await bench.queue('q', {settings: {deadLetter: 'morgue'}})
        await bench.ended('failed')
        const queues = await bench.storage.queues(['morgue', 'q'])
        expect(queues.map(({name, counts}) => [name, counts.pending, counts.failed])).toEqual([
          ['morgue', 1, 0],
          ['q', 0, 1],
        ])
      },
      'only what failed': async bench => {
        await bench.queue('q', {settings: {deadLetter: 'morgue'}})
        for (const to of ['done', 'cancelled', 'pending'] as const) await bench.ended(to, {priority: to === 'pending' ? -9 : 0})
        expect(only(await bench.storage.queues(['morgue'])).counts.pending).toBe(0)
      },
      'without a dead-letter queue nothing is copied': async bench => {
        const {id, lease} = await bench.processing()
        expect(await bench.settle(lease, {to: 'failed'})).toEqual({kind: 'settled', deadLetterId: null})
        expect((await bench.job(id)).deadLetterId).toBeNull()
        expect(await bench.everyJob()).toHaveLength(1)
      },
      'many in one batch, each its own copy': async bench => {
        await bench.queue('q', {settings: {deadLetter: 'morgue'}})
        const ids = await bench.produce({payload: 'a'}, {payload: 'b'}, {payload: 'c'})
        const leases = await bench.claim(await bench.hire('ann'))
        await bench.storage.settle(leases.map(lease => ending(lease, {to: 'failed'})))
        const origins = await bench.storage.get(ids)
        const copies = await bench.storage.get(origins.map(({deadLetterId}) => deadLetterId ?? Number.NaN))
        expect(copies.map(({originId}) => originId)).toEqual([...ids])
        expect(copies.map(({payload}) => payload)).toEqual(['a', 'b', 'c'].map(bytes))
      },
      'along a chain, each in its turn': async bench => {
        await bench.queue('q', {settings: {deadLetter: 'second'}})
        await bench.queue('second', {settings: {deadLetter: 'third'}})
        const first = await bench.ended('failed')
        const second = (await bench.job(first)).deadLetterId ?? Number.NaN
        const lease = await bench.take(await bench.hire('ann'), {queues: ['second']})
        await bench.settle(lease, {to: 'failed'})
        const third = (await bench.job(second)).deadLetterId ?? Number.NaN
        expect(await bench.job(third)).toMatchObject({queue: 'third', originId: second})
      },
    },
  )
}

export function heldContract(suite: Suite): void {
  suite.sentence("The jobs being processed, with their holders: all of them, or one registration's.", {
    'with their holders': async bench => {
      const process = bench.process({host: 'elsewhere', startTime: null})
      const ann = await bench.hire('ann', {process})
      const id = await bench.add({maxAttempts: 3})
      await bench.settle(await bench.take(ann), {to: 'pending', crash: true, snooze: true})
      await bench.take(ann)
      const startedAt = bench.clock.wall
      bench.clock.pass(30_001)
      await bench.act({kind: 'fail'}, id)
      expect(await bench.storage.held()).toEqual([
        {
          id,
          fence: 2,
          queue: 'q',
          attempt: 2,
          crashes: 1,
          snoozes: 1,
          maxAttempts: 3,
          requested: 'fail',
          startedAt,
          leaseExpired: true,
          bereft: false,
          consumerId: ann,
          consumer: 'ann',
          process,
        },
      ])
    },
    "all of them, or one registration's": async bench => {
      const [a, b] = [await bench.processing(), await bench.processing()]
      await bench.add()
      expect((await bench.storage.held()).map(({id}) => id)).toEqual([a.id, b.id])
      expect((await bench.storage.held({consumerId: b.consumerId})).map(({id}) => id)).toEqual([b.id])
      expect(await bench.storage.held({consumerId: 999_999})).toEqual([])
    },
  })

  suite.sentence('Those of another machine do not expire as long as it shows life in this store.', {
    ...(suite.traits.oneKernel && {
      'as long as it shows life': async bench => {
        const {id, lease} = await bench.processing()
        const elsewhere = await bench.store.reopen(bench.clock.elsewhere())
        expect(only(await elsewhere.held()).leaseExpired).toBe(false)
        const lost = ending(lease, {to: 'pending', only: {kind: 'lease_expired'}})
        expect(await elsewhere.settle([lost])).toEqual([{kind: 'lost'}])
        expect(await bench.state(id)).toBe('processing')
      },
      'when it is silent they are over': async bench => {
        const {lease} = await bench.processing()
        bench.clock.pass(DAY_MS)
        const elsewhere = await bench.store.reopen(bench.clock.elsewhere())
        expect(only(await elsewhere.held()).leaseExpired).toBe(true)
        const lost = ending(lease, {to: 'pending', only: {kind: 'lease_expired'}})
        expect(await elsewhere.settle([lost])).toEqual([{kind: 'settled', deadLetterId: null}])
      },
      'and stay over once another machine has taken the store and writes': async bench => {
        await bench.processing()
        bench.clock.pass(DAY_MS)
        const elsewhere = await bench.store.reopen(bench.clock.elsewhere())
        const process = bench.process({machineId: 'machine-2', bootId: 'boot-9:0'})
        await elsewhere.register(bench.newcomer('bob', {process}))
        await bench.add()
        expect(only(await elsewhere.held()).leaseExpired).toBe(true)
      },
    }),
  })

  suite.sentence(
    'True when another job of its holder was taken (`only`) and this lease was not prolonged since: it may not have been held alone.',
    {
      'one of two was taken, and the other is left': async bench => {
        const ann = await bench.hire('ann')
        await bench.produce({}, {})
        const leases = await bench.claim(ann)
        expect((await bench.storage.held()).map(({bereft}) => bereft)).toEqual([false, false])
        await bench.settle(nth(leases, 0), {to: 'pending', only: {kind: 'holder', consumerId: ann}})
        expect((await bench.storage.held()).map(({id, bereft}) => [id, bereft])).toEqual([[nth(leases, 1).id, true]])
      },
      'one was taken because its lease had expired: the holder may have died before that': async bench => {
        const ann = await bench.hire('ann')
        await bench.produce({}, {})
        const leases = await bench.claim(ann)
        bench.clock.pass(20_000)
        await bench.storage.extend([nth(leases, 1)], 30_000)
        bench.clock.pass(20_000)
        await bench.settle(nth(leases, 0), {to: 'pending', only: {kind: 'lease_expired'}})
        expect((await bench.storage.held()).map(({id, bereft}) => [id, bereft])).toEqual([[nth(leases, 1).id, true]])
      },
      'no more once the holder has given a sign of life': async bench => {
        const ann = await bench.hire('ann')
        await bench.produce({}, {}, {})
        const leases = await bench.claim(ann)
        await bench.settle(nth(leases, 0), {to: 'pending', only: {kind: 'holder', consumerId: ann}})
        await bench.storage.extend([nth(leases, 1)], 30_000)
        expect((await bench.storage.held()).map(({bereft}) => bereft)).toEqual([false, true])
      },
      'not for a job that ended in another way, nor for the jobs of others': async bench => {
        const [ann, bob] = [await bench.hire('ann'), await bench.hire('bob')]
        await bench.produce({}, {}, {})
        const leases = await bench.claim(ann, {limit: 2})
        await bench.claim(bob)
        await bench.settle(nth(leases, 0))
        expect((await bench.storage.held()).map(({bereft}) => bereft)).toEqual([false, false])
        await bench.settle(nth(leases, 1), {to: 'pending', only: {kind: 'holder', consumerId: ann}})
        expect((await bench.storage.held()).map(({bereft}) => bereft)).toEqual([false])
      },
    },
  )

  suite.sentence('Oldest claim first.', async bench => {
    const ids = await bench.produce({priority: 1}, {priority: 2}, {priority: 3})
    const ann = await bench.hire('ann')
    for (const _ of ids) {
      await bench.take(ann)
      bench.clock.pass(10)
    }
    expect((await bench.storage.held()).map(({id}) => id)).toEqual(ids.toReversed())
  })
}
