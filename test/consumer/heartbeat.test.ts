import {describe, expect, test} from 'bun:test'
import {Heartbeat} from '../../src/lib/consumer/heartbeat.ts'
import {QctlError} from '../../src/lib/errors.ts'
import type {Claim, Lease} from '../../src/lib/job.ts'
import {bareEnd} from '../../src/lib/outcome.ts'
import {Queue} from '../../src/lib/queue/queue.ts'
import {openMemoryStorage} from '../../src/lib/storage/open.ts'
import type {ClaimRequest} from '../../src/lib/storage/storage.ts'
import {systemClock} from '../../src/lib/time.ts'
import {leaseOf} from '../handlers/support.ts'
import {FakeClock} from '../storage/contract/clock.ts'
import {waitFor} from '../support/wait-for.ts'
import {ScriptedHandler, untilStopped, Workshop} from './support.ts'

interface Asked {
  readonly ids: readonly number[]
  readonly progress: readonly (number | null | undefined)[]
  readonly leaseMs: number
}

/** A heartbeat over a queue that only answers. */
class Fixture {
  readonly asked: Asked[] = []
  readonly lost: number[] = []
  readonly troubles: string[] = []
  readonly heartbeat: Heartbeat

  constructor(extend: () => Promise<readonly Claim[]> = async () => []) {
    this.heartbeat = new Heartbeat({
      queue: {
        extend: (claims, leaseMs) => {
          this.asked.push({ids: claims.map(({id}) => id), progress: claims.map(one => one.progress), leaseMs})
          return extend()
        },
      },
      clock: systemClock,
      onLost: ({id}) => this.lost.push(id),
      onTrouble: doing => this.troubles.push(doing),
    })
  }

  add(id: number, leaseMs: number): Lease {
    const lease = leaseOf('', {id, leaseMs, grantedBootMs: systemClock.bootNow()})
    this.heartbeat.add(lease)
    return lease
  }

  [Symbol.dispose](): void {
    this.heartbeat.close()
  }
}

describe('a heartbeat', () => {
  test('prolongs what is kept, together, and nothing else', async () => {
    using fixture = new Fixture()
    const [, second] = [1, 2, 3].map(id => fixture.add(id, 300))
    if (second !== undefined) fixture.heartbeat.remove(second)
    await waitFor(() => fixture.asked.length >= 3)
    expect(fixture.asked[0]).toMatchObject({ids: [1, 3], leaseMs: 300})
    expect(fixture.lost).toEqual([])
  })

  test('asks for each length of lease by itself', async () => {
    using fixture = new Fixture()
    fixture.add(1, 300)
    fixture.add(2, 320)
    await waitFor(() => fixture.asked.length >= 2)
    expect(fixture.asked.slice(0, 2)).toMatchObject([{ids: [1], leaseMs: 300}, {ids: [2], leaseMs: 320}])
  })

  test('gives up what the store says is lost, once', async () => {
    using fixture = new Fixture(async () => [{id: 1, fence: 7}])
    const lease = fixture.add(1, 150)
    await waitFor(() => fixture.lost.length > 0)
    expect(fixture.lost).toEqual([1])
    expect(fixture.heartbeat.remove(lease)).toBeNull()
  })

  test('tries again when the store does not answer, and gives up before the lease ends', async () => {
    using fixture = new Fixture(() => Promise.reject(new QctlError('busy', 'busy')))
    fixture.add(1, 3000)
    const begin = performance.now()
    await waitFor(() => fixture.lost.length > 0)
    expect(performance.now() - begin).toBeLessThan(3000)
    expect(fixture.troubles.length).toBeGreaterThan(1)
  })

  test('gives up before the lease ends also when an answer never comes', async () => {
    using fixture = new Fixture(() => new Promise(() => {}))
    fixture.add(1, 300)
    await waitFor(() => fixture.lost.length > 0)
    expect(fixture.asked.length).toBe(1)
  })

  test('gives up at once what is over already', async () => {
    using fixture = new Fixture()
    fixture.heartbeat.add(leaseOf('', {id: 1, leaseMs: 1000, grantedBootMs: systemClock.bootNow() - 2000}))
    await waitFor(() => fixture.lost.length > 0)
    expect(fixture.asked).toEqual([])
  })
})

describe('progress', () => {
  const FAR = 3_600_000

  test('goes to the store at once, then no more often than once a second, the last one of each job', async () => {
    using fixture = new Fixture()
    const [one, , three] = [1, 2, 3].map(id => fixture.add(id, FAR)) as [Lease, Lease, Lease]
    const begin = performance.now()
    fixture.heartbeat.report(one, 0.1)
    await waitFor(() => fixture.asked.length === 1)
    for (let i = 0; i <= 100; i += 1) fixture.heartbeat.report(one, i / 100)
    fixture.heartbeat.report(three, 0)
    await waitFor(() => fixture.asked.length === 2)
    expect(performance.now() - begin).toBeGreaterThan(990)
    expect(fixture.asked).toEqual([
      {ids: [1], progress: [0.1], leaseMs: FAR},
      {ids: [1, 3], progress: [1, 0], leaseMs: FAR},
    ])
  })

  test('is sent again when the store does not answer, unless there is newer', async () => {
    const answers = [Promise.withResolvers<readonly Claim[]>(), Promise.withResolvers<readonly Claim[]>()]
    using fixture = new Fixture(() => answers[fixture.asked.length - 1]?.promise ?? Promise.resolve([]))
    const [one, two] = [1, 2].map(id => fixture.add(id, 3000)) as [Lease, Lease]
    for (const lease of [one, two]) fixture.heartbeat.report(lease, 0.1)
    await waitFor(() => fixture.asked.length === 1)
    fixture.heartbeat.report(two, 0.2)
    answers[0]?.reject(new QctlError('busy', 'busy'))
    await waitFor(() => fixture.asked.length === 2)
    expect(fixture.asked.map(({progress}) => progress)).toEqual([[0.1, 0.1], [0.1, 0.2]])
  })

  test('of what is not kept goes nowhere', async () => {
    using fixture = new Fixture()
    const lease = fixture.add(1, 300)
    fixture.heartbeat.report(leaseOf('', {id: 1, fence: 6}), 0.5)
    fixture.heartbeat.remove(lease)
    fixture.heartbeat.report(lease, 0.5)
    fixture.add(2, 300)
    await waitFor(() => fixture.asked.length > 0)
    expect(fixture.asked[0]).toEqual({ids: [2], progress: [null], leaseMs: 300})
  })

  test('a lease holds until its end by the clock, however frozen this process was', () => {
    const clock = new FakeClock()
    const heartbeat = new Heartbeat({queue: {extend: async () => []}, clock, onLost: () => undefined, onTrouble: () => undefined})
    const lease = leaseOf('', {id: 1, leaseMs: 30_000, grantedBootMs: clock.bootNow()})
    heartbeat.add(lease)
    expect(heartbeat.holds(lease)).toBe(true)
    expect(heartbeat.holds({id: 1, fence: 6})).toBe(false)
    clock.pass(29_999)
    expect(heartbeat.holds(lease)).toBe(true)
    clock.pass(1)
    expect(heartbeat.holds(lease)).toBe(false)
    heartbeat.close()
  })
})

describe('a lease', () => {
  test('outlasts its length while the handler runs, also while the consumer stops', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('x')
    const {promise, resolve} = Promise.withResolvers<void>()
    const handler = new ScriptedHandler(async () => {
      await promise
      return {kind: 'done', result: null}
    })
    const {report, stop} = workshop.start(handler, {leaseMs: 600, name: 'holder', graceMs: 60_000})
    workshop.start(new ScriptedHandler(), {name: 'other'})
    await waitFor(() => handler.running === 1)
    const isProlonged = async (): Promise<boolean> => Date.now() - ((await workshop.job(id)).startedAt ?? 0) > 1000
    await waitFor(isProlonged)
    stop()
    const stopped = Date.now()
    await waitFor(() => Date.now() - stopped > 1000)
    resolve()
    expect((await report).settled).toBe(1)
    expect(await workshop.job(id)).toMatchObject({state: 'done', fence: 1, consumer: 'holder'})
  })

  test('that ended before its grant was heard of starts nothing, although the wall clock was set back meanwhile', async () => {
    const clock = new FakeClock()
    const storage = await openMemoryStorage(clock)
    const queue = new (class extends Queue {
      override async claim(request: ClaimRequest): Promise<readonly Lease[]> {
        const leases = await super.claim(request)
        clock.pass(40_000)
        clock.setWall(clock.wallNow() - 3_600_000)
        return leases
      }
    })(storage)
    await queue.enqueue([{payload: 'x'}])
    await using workshop = await Workshop.open()
    const handler = new ScriptedHandler()
    const {events} = workshop.start(handler, {queue, storage, clock, leaseMs: 30_000})
    await waitFor(() => events.some(({kind}) => kind === 'lease_lost'))
    expect(handler.started).toEqual([])
  })

  test('that was taken away ends the handler, and nothing of it is stored', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('x')
    const handler = new ScriptedHandler(untilStopped)
    const {events} = workshop.start(handler, {leaseMs: 60_000})
    await waitFor(() => handler.running === 1)
    // As the reaper of another host does with a lease it saw expire.
    const [held] = await workshop.storage.held()
    if (held === undefined) throw new Error('nothing held')
    await workshop.queue.settle([{lease: held, end: bareEnd({kind: 'failed', error: 'lost', retryAfterMs: 60_000})}])
    await waitFor(() => events.some(({kind}) => kind === 'lease_lost'))
    expect(handler.running).toBe(0)
    expect(await workshop.job(id)).toMatchObject({state: 'pending', fence: 1})
    expect((await workshop.runs(id)).length).toBe(1)
  })
})
