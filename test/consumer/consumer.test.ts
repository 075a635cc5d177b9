import {describe, expect, test} from 'bun:test'
import {renameSync, rmSync} from 'node:fs'
import {QctlError} from '../../src/lib/errors.ts'
import {identifySelf} from '../../src/lib/process.ts'
import {Queue} from '../../src/lib/queue/queue.ts'
import {waitFor} from '../support/wait-for.ts'
import {broken, ScriptedHandler, untilStopped, Workshop} from './support.ts'

describe('a consumer', () => {
  test('runs every job once, as many at a time as it may, and tells what it did', async () => {
    await using workshop = await Workshop.open()
    const ids = await workshop.produce(...Array.from({length: 200}, (_, i) => `${i}`))
    const handler = new ScriptedHandler()
    expect((await workshop.drain(handler, {concurrency: 8, name: 'c1'}))).toEqual({consumer: 'c1', settled: 200})
    expect(handler.started).toEqual(ids)
    expect(handler.most).toBeLessThanOrEqual(8)
    expect(handler.settled.toSorted()).toEqual(ids.map(id => `${id} done`).toSorted())
    expect(handler.closed).toBe(1)
    const jobs = await workshop.storage.get(ids)
    expect(new Set(jobs.map(({state}) => state))).toEqual(new Set(['done']))
    expect(jobs[0]).toMatchObject({attempts: 1, fence: 1, consumer: 'c1'})
    expect(jobs[0]?.runMs).toBeGreaterThanOrEqual(0)
  })

  test('signs on and off', async () => {
    await using workshop = await Workshop.open()
    const {report, stop} = workshop.start(new ScriptedHandler(), {name: 'c1', queues: ['a', 'b'], concurrency: 3})
    await waitFor(async () => (await workshop.storage.consumers()).length === 1)
    expect(await workshop.storage.consumers()).toMatchObject([{name: 'c1', queues: ['a', 'b'], concurrency: 3, process: {pid: process.pid}}])
    stop()
    expect(await report).toEqual({consumer: 'c1', settled: 0})
    expect(await workshop.storage.consumers()).toEqual([])
  })

  test('is woken by a new job, by one that comes due, and by a queue that begins to exist', async () => {
    await using workshop = await Workshop.open()
    const handler = new ScriptedHandler()
    workshop.start(handler, {queues: ['later']})
    await waitFor(async () => (await workshop.storage.consumers()).length === 1)
    const [now = 0, soon = 0] = await workshop.produce({queue: 'later', payload: '1'}, {queue: 'later', payload: '2', delayMs: 300})
    await workshop.reaches(now, 'done')
    await workshop.reaches(soon, 'done')
    expect(handler.started).toEqual([now, soon])
  })

  test('stores the ends of one turn and the next claims in one commit', async () => {
    await using workshop = await Workshop.open()
    await workshop.produce(...Array.from({length: 100}, (_, i) => `${i}`))
    const sizes: number[] = []
    const storage = broken(workshop.storage, {
      settle(transitions) {
        sizes.push(transitions.length)
        return workshop.storage.settle(transitions)
      },
    })
    await workshop.drain(new ScriptedHandler(), {concurrency: 20, storage, queue: new Queue(storage)})
    // After twenty short runs it claims up to 32.
    expect(sizes).toEqual([20, 32, 32, 16])
  })

  test('tells the handler what it may know', async () => {
    await using workshop = await Workshop.open()
    await workshop.storage.setQueue('default', {create: 'may', settings: {maxAttempts: 3, timeoutMs: 60_000}})
    await workshop.produce('queue', {payload: 'job', maxAttempts: 5, timeoutMs: 7000})
    const seen: unknown[] = []
    const begin = Date.now()
    const handler = new ScriptedHandler((_, {consumer, dbPath, maxAttempts, deadline}) => {
      seen.push([consumer, dbPath, maxAttempts, Math.round(((deadline ?? 0) - begin) / 1000)])
      return {kind: 'done', result: null}
    })
    await workshop.drain(handler, {name: 'c1'})
    expect(seen).toEqual([['c1', workshop.path, 3, 60], ['c1', workshop.path, 5, 7]])
  })

  test('ends after max-jobs, and takes no more than that', async () => {
    await using workshop = await Workshop.open()
    await workshop.produce(...Array.from({length: 30}, (_, i) => `${i}`))
    const handler = new ScriptedHandler()
    expect((await workshop.start(handler, {maxJobs: 7, concurrency: 5}).report).settled).toBe(7)
    expect(handler.started.length).toBe(7)
    expect(await workshop.storage.queues()).toMatchObject([{counts: {done: 7, pending: 23, processing: 0}}])
  })

  test('does not count towards max-jobs what was given back without an end of its own', async () => {
    await using workshop = await Workshop.open()
    const ids = await workshop.produce('1', '2', '3', '4', '5')
    let releases = 0
    const handler = new ScriptedHandler(() => (++releases <= 4 ? {kind: 'released'} : {kind: 'done', result: null}))
    expect((await workshop.start(handler, {maxJobs: 3, concurrency: 2}).report).settled).toBe(7)
    expect((await workshop.storage.get(ids)).map(({state}) => state).toSorted()).toEqual(['done', 'done', 'done', 'pending', 'pending'])
  })

  test('stores every outcome', async () => {
    await using workshop = await Workshop.open()
    const ids = await workshop.produce('done', 'failed', 'rejected', 'snoozed', 'throws')
    const handler = new ScriptedHandler(lease => {
      switch (new TextDecoder().decode(lease.payload)) {
        case 'done':
          return {kind: 'done', result: new Uint8Array([1])}
        case 'failed':
          return {kind: 'failed', error: 'no', retryAfterMs: 60_000}
        case 'rejected':
          return {kind: 'rejected', reason: 'permanent', error: 'never'}
        case 'snoozed':
          return {kind: 'snoozed', delayMs: 60_000}
        default:
          throw new Error('a bug')
      }
    })
    await workshop.storage.setQueue('default', {create: 'may', settings: {backoff: {baseMs: 600_000, capMs: 600_000, factor: 1}}})
    const {report, events} = workshop.start(handler, {drain: true})
    await report
    const jobs = await workshop.storage.get(ids)
    expect(jobs.map(({state, attempts, snoozes}) => [state, attempts, snoozes])).toEqual([
      ['done', 1, 0],
      ['pending', 1, 0],
      ['failed', 1, 0],
      ['pending', 0, 1],
      ['pending', 1, 0],
    ])
    expect((await workshop.runs(ids[4] ?? 0))[0]).toMatchObject({outcome: 'failed', error: 'the handler itself failed: a bug'})
    const ended = events.flatMap(event => (event.kind === 'ended' ? [`${event.outcome} ${event.to}`] : []))
    expect(ended).toEqual(['done done', 'failed pending', 'rejected failed', 'snoozed pending', 'failed pending'])
  })

  test('says when a queue was paused', async () => {
    await using workshop = await Workshop.open()
    await workshop.produce('x')
    const handler = new ScriptedHandler(() => ({kind: 'unrunnable', error: 'broken', streak: 0, pause: 'broken'}))
    const {report, events} = workshop.start(handler, {drain: true})
    await report
    expect(events).toContainEqual({kind: 'queue_paused', queue: 'default', reason: 'broken'})
    expect(await workshop.storage.queues()).toMatchObject([{paused: true, pausedReason: 'broken', counts: {pending: 1}}])
  })

  test('goes on when its log cannot be written', async () => {
    await using workshop = await Workshop.open()
    await workshop.produce('x')
    const log = (): void => {
      throw new Error('disk full')
    }
    expect((await workshop.drain(new ScriptedHandler(), {log})).settled).toBe(1)
  })
})

describe('a drain', () => {
  test('is not held by scheduled jobs', async () => {
    await using workshop = await Workshop.open()
    await workshop.produce('x', {payload: 'y', delayMs: 3_600_000})
    expect((await workshop.drain(new ScriptedHandler())).settled).toBe(1)
  })

  test('of nothing ends at once', async () => {
    await using workshop = await Workshop.open()
    expect((await workshop.drain(new ScriptedHandler(), {queues: ['none']})).settled).toBe(0)
  })

  test('waits for what others process, and takes it when it comes back', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('x')
    const other = workshop.start(new ScriptedHandler(untilStopped), {name: 'other', graceMs: 0})
    await workshop.reaches(id, 'processing')
    const drain = workshop.start(new ScriptedHandler(), {name: 'drain', drain: true})
    await waitFor(() => drain.events.some(({kind}) => kind === 'started'))
    other.stop()
    expect((await drain.report).settled).toBe(1)
    expect(await workshop.job(id)).toMatchObject({state: 'done', consumer: 'drain', attempts: 1})
  })
})

describe('a time limit', () => {
  test('is the job\'s, else the consumer\'s, else the queue\'s', async () => {
    await using workshop = await Workshop.open()
    await workshop.storage.setQueue('default', {create: 'may', settings: {maxAttempts: 1, timeoutMs: 50}})
    const [fromQueue = 0] = await workshop.produce('x')
    await workshop.drain(new ScriptedHandler(untilStopped))
    expect(await workshop.job(fromQueue)).toMatchObject({state: 'failed', reason: 'timeout', error: 'timed out after 50ms'})
    const [fromConsumer = 0] = await workshop.produce('x')
    await workshop.drain(new ScriptedHandler(untilStopped), {timeoutMs: 60})
    expect(await workshop.job(fromConsumer)).toMatchObject({reason: 'timeout', error: 'timed out after 60ms'})
    const [fromJob = 0] = await workshop.produce({payload: 'x', timeoutMs: 70})
    await workshop.drain(new ScriptedHandler(untilStopped), {timeoutMs: 60})
    expect(await workshop.job(fromJob)).toMatchObject({reason: 'timeout', error: 'timed out after 70ms'})
  })
})

describe('a request', () => {
  for (const [kind, state, reason] of [['cancel', 'cancelled', null], ['fail', 'failed', 'admin']] as const) {
    test(`to ${kind} a running job ends its handler`, async () => {
      await using workshop = await Workshop.open()
      const [id = 0] = await workshop.produce('x')
      workshop.start(new ScriptedHandler(untilStopped))
      await workshop.reaches(id, 'processing')
      await workshop.storage.act({kind, reason: 'enough'}, [{id, seen: null}], 'me')
      expect(await workshop.reaches(id, state)).toMatchObject({reason})
    })
  }

  test('comes too late for a handler that is done first', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('x')
    const {promise, resolve} = Promise.withResolvers<void>()
    workshop.start(new ScriptedHandler(async () => {
      await promise
      return {kind: 'done', result: null}
    }))
    await workshop.reaches(id, 'processing')
    await workshop.storage.act({kind: 'cancel', reason: 'enough'}, [{id, seen: null}], 'me')
    resolve()
    await workshop.reaches(id, 'done')
  })

  test('counts also when the handler fails by itself', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('x')
    const {promise, resolve} = Promise.withResolvers<void>()
    workshop.start(new ScriptedHandler(async () => {
      await promise
      return {kind: 'failed', error: 'no', retryAfterMs: null}
    }))
    await workshop.reaches(id, 'processing')
    await workshop.storage.act({kind: 'cancel', reason: 'enough'}, [{id, seen: null}], 'me')
    resolve()
    await workshop.reaches(id, 'cancelled')
  })
})

describe('a stop', () => {
  test('lets handlers finish, and starts no more', async () => {
    await using workshop = await Workshop.open()
    const ids = await workshop.produce('x', 'y', 'z')
    const {promise, resolve} = Promise.withResolvers<void>()
    const handler = new ScriptedHandler(async () => {
      await promise
      return {kind: 'done', result: null}
    })
    const {report, events, stop} = workshop.start(handler, {concurrency: 2})
    await waitFor(() => handler.running === 2)
    stop()
    await waitFor(() => events.some(({kind}) => kind === 'stopping'))
    resolve()
    expect((await report).settled).toBe(2)
    expect((await workshop.storage.get(ids)).map(({state}) => state)).toEqual(['done', 'done', 'pending'])
  })

  test('gives back what does not finish within the grace, with its attempt', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('x')
    const handler = new ScriptedHandler(untilStopped)
    const {report, stop} = workshop.start(handler, {graceMs: 50})
    await waitFor(() => handler.running === 1)
    stop()
    await report
    expect(await workshop.job(id)).toMatchObject({state: 'pending', attempts: 0, crashes: 0, fence: 1})
    expect(await workshop.runs(id)).toMatchObject([{outcome: 'released'}])
  })

  test('the second time does not wait', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('x')
    const handler = new ScriptedHandler(untilStopped)
    const {report, stop, kill} = workshop.start(handler, {graceMs: 3_600_000})
    await waitFor(() => handler.running === 1)
    stop()
    kill()
    await report
    expect(await workshop.job(id)).toMatchObject({state: 'pending', attempts: 0})
  })

  test('before the start starts nothing', async () => {
    await using workshop = await Workshop.open()
    await workshop.produce('x')
    const handler = new ScriptedHandler()
    expect((await workshop.start(handler, {stop: AbortSignal.abort()}).report).settled).toBe(0)
    expect(handler.started).toEqual([])
    expect(handler.closed).toBe(1)
  })

  test('that meets a claim on its way gives the job back', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('x')
    const stop = new AbortController()
    const storage = broken(workshop.storage, {
      async claim(request) {
        const leases = await workshop.storage.claim(request)
        if (leases.length > 0) stop.abort()
        return leases
      },
    })
    const handler = new ScriptedHandler()
    await workshop.start(handler, {storage, queue: new Queue(storage), stop: stop.signal}).report
    expect(handler.started).toEqual([])
    expect(await workshop.job(id)).toMatchObject({state: 'pending', attempts: 0})
  })
})

describe('two consumers of one name', () => {
  test('the second is refused while the first lives', async () => {
    await using workshop = await Workshop.open()
    workshop.start(new ScriptedHandler(), {name: 'c1'})
    await waitFor(async () => (await workshop.storage.consumers()).length === 1)
    const handler = new ScriptedHandler()
    const second = workshop.start(handler, {name: 'c1'}).report
    await expect(second).rejects.toMatchObject({code: 'conflict', message: expect.stringContaining(`consumer c1 is already running (pid ${process.pid} on `) as unknown as string})
    await second.catch(() => undefined)
    expect(handler.closed).toBe(1)
  })

  test('a name that was made up gives way to another', async () => {
    await using workshop = await Workshop.open()
    workshop.start(new ScriptedHandler())
    workshop.start(new ScriptedHandler())
    const consumers = await waitFor(async () => {
      const found = await workshop.storage.consumers()
      return found.length === 2 ? found : null
    })
    const [first, second] = consumers.map(({name}) => name).toSorted()
    expect(first).toEndWith(`:${process.pid}`)
    expect(second).toStartWith(`${first}:`)
  })

  test('one that is dead gives way', async () => {
    await using workshop = await Workshop.open()
    const child = Bun.spawn(['true'])
    await child.exited
    const dead = {...identifySelf(), pid: child.pid, startTime: '1'}
    await workshop.storage.register({name: 'c1', process: dead, queues: ['default'], concurrency: 1, replaces: null})
    expect((await workshop.drain(new ScriptedHandler(), {name: 'c1'})).consumer).toBe('c1')
  })

  test('one of which nothing is known gives way when it holds no lease', async () => {
    await using workshop = await Workshop.open()
    const unknown = {...identifySelf(), pidNamespace: '1'}
    const registered = await workshop.storage.register({name: 'c1', process: unknown, queues: ['default'], concurrency: 1, replaces: null})
    const [id = 0] = await workshop.produce('x')
    if (registered.kind !== 'registered') throw new Error('not registered')
    await workshop.storage.claim({consumerId: registered.id, queues: ['default'], limit: 1, leaseMs: 500})
    const early = workshop.start(new ScriptedHandler(), {name: 'c1'}).report
    await expect(early).rejects.toMatchObject({code: 'conflict'})
    await waitFor(async () => (await workshop.storage.held()).every(({leaseExpired}) => leaseExpired))
    expect((await workshop.drain(new ScriptedHandler(), {name: 'c1'})).settled).toBe(1)
    expect(await workshop.job(id)).toMatchObject({state: 'done', fence: 2})
  })
})

describe('trouble with the store', () => {
  const busy = new QctlError('busy', 'busy')
  const unknown = new QctlError('outcome_unknown', 'disk full')

  test('that passes does not end a consumer: claims are tried again', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('x')
    const errors = [busy, unknown, busy]
    const storage = broken(workshop.storage, {
      async claim(request) {
        const error = errors.shift()
        if (error !== undefined) throw error
        return workshop.storage.claim(request)
      },
    })
    const {report, events} = workshop.start(new ScriptedHandler(), {storage, queue: new Queue(storage), drain: true})
    await report
    expect(await workshop.job(id)).toMatchObject({state: 'done'})
    expect(events.filter(({kind}) => kind === 'trouble').length).toBe(3)
  })

  test('a claim that was stored although it failed gives its jobs back', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('x')
    let failed = false
    const storage = broken(workshop.storage, {
      async claim(request) {
        const leases = await workshop.storage.claim(request)
        if (failed || leases.length === 0) return leases
        failed = true
        throw unknown
      },
    })
    await workshop.drain(new ScriptedHandler(), {storage, queue: new Queue(storage)})
    expect(await workshop.job(id)).toMatchObject({state: 'done', fence: 2, attempts: 1})
  })

  test('an end that cannot be stored is tried again, the others go on', async () => {
    await using workshop = await Workshop.open()
    const ids = await workshop.produce('1', '2', '3', '4')
    const bad = ids[1]
    let tries = 0
    const storage = broken(workshop.storage, {
      async settle(transitions) {
        if (transitions.some(({id}) => id === bad) && ++tries < 4) throw busy
        return workshop.storage.settle(transitions)
      },
    })
    const {report, events} = workshop.start(new ScriptedHandler(), {storage, queue: new Queue(storage), concurrency: 2, drain: true})
    expect((await report).settled).toBe(4)
    expect((await workshop.storage.get(ids)).map(({state, attempts}) => [state, attempts])).toEqual(ids.map(() => ['done', 1]))
    expect(events.filter(event => event.kind === 'trouble').length).toBe(3)
  })

  test('an end that was stored although it failed counts as stored', async () => {
    await using workshop = await Workshop.open()
    const ids = await workshop.produce('1', '2', '3')
    let failures = 0
    const storage = broken(workshop.storage, {
      async settle(transitions) {
        const answers = await workshop.storage.settle(transitions)
        if (transitions.every(({again}) => again)) return answers
        failures += 1
        throw unknown
      },
    })
    const handler = new ScriptedHandler(({id}) => (id === ids[1] ? {kind: 'failed', error: 'exit 1', retryAfterMs: 3_600_000} : {kind: 'done', result: null}))
    const {report, events} = workshop.start(handler, {storage, queue: new Queue(storage), maxJobs: 3})
    expect(await report).toMatchObject({settled: 3})
    expect(failures).toBe(3)
    expect(handler.settled).toEqual(ids.map((id, i) => `${id} ${i === 1 ? 'pending' : 'done'}`))
    expect(events.filter(({kind}) => kind === 'lease_lost')).toEqual([])
  })

  test('an end that cannot be stored until the lease is over is left to others', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('1')
    let isBroken = true
    const storage = broken(workshop.storage, {
      async settle(transitions) {
        if (isBroken) throw busy
        return workshop.storage.settle(transitions)
      },
    })
    const handler = new ScriptedHandler()
    const {events} = workshop.start(handler, {storage, queue: new Queue(storage), leaseMs: 400})
    await waitFor(() => events.some(({kind}) => kind === 'lease_lost'))
    isBroken = false
    await workshop.reaches(id, 'done')
    expect(handler.started).toEqual([id, id])
    expect((await workshop.runs(id)).map(({outcome, cause}) => [outcome, cause])).toEqual([['lost', 'lease_expired'], ['done', null]])
  })

  test('that costs it a lease is no crash of the job, although the consumer ends right after it', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('1')
    const storage = broken(workshop.storage, {
      extend: async () => {
        throw busy
      },
      // Somebody else would take it for its lease.
      held: async filter => (filter?.consumerId === undefined ? [] : workshop.storage.held(filter)),
    })
    const handler = new ScriptedHandler(untilStopped)
    const {report} = workshop.start(handler, {storage, queue: new Queue(storage), leaseMs: 400, maxJobs: 1})
    expect(await report).toMatchObject({settled: 0})
    expect(await workshop.job(id)).toMatchObject({state: 'pending', attempts: 1, crashes: 0})
    expect((await workshop.runs(id)).map(({outcome, cause}) => [outcome, cause])).toEqual([['lost', 'lease_expired']])
  })

  test('of which nobody knows whether it granted jobs leaves none behind when the consumer ends', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('1')
    const storage = broken(workshop.storage, {
      async claim(request) {
        await workshop.storage.claim(request)
        throw unknown
      },
    })
    const {report, events, stop} = workshop.start(new ScriptedHandler(), {storage, queue: new Queue(storage)})
    await waitFor(() => events.some(({kind}) => kind === 'trouble'))
    stop()
    await report
    expect(await workshop.job(id)).toMatchObject({state: 'pending', attempts: 0, crashes: 0})
  })

  test('that nobody foresaw ends it and frees its name', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('x')
    const storage = broken(workshop.storage, {
      claim: async () => {
        throw new TypeError('nobody foresaw this')
      },
    })
    await expect(workshop.start(new ScriptedHandler(), {storage, queue: new Queue(storage), name: 'ann'}).report).rejects.toThrow('nobody foresaw this')
    expect(await workshop.storage.consumers()).toEqual([])
    expect((await workshop.drain(new ScriptedHandler(), {name: 'ann'})).settled).toBe(1)
    expect((await workshop.job(id)).state).toBe('done')
  })

  test('that does not pass ends it: handlers are killed and nothing is acknowledged', async () => {
    await using workshop = await Workshop.open()
    const ids = await workshop.produce('1', '2')
    let settles = 0
    let claims = 0
    const storage = broken(workshop.storage, {
      async claim(request) {
        if (++claims > 1) throw new QctlError('corrupt', 'corrupt')
        return workshop.storage.claim({...request, limit: 1})
      },
      async settle(transitions) {
        settles += 1
        return workshop.storage.settle(transitions)
      },
    })
    const handler = new ScriptedHandler(untilStopped)
    const {report} = workshop.start(handler, {storage, queue: new Queue(storage), concurrency: 2})
    await expect(report).rejects.toMatchObject({code: 'corrupt'})
    await report.catch(() => undefined)
    expect([settles, handler.running, handler.closed]).toEqual([0, 0, 1])
    expect((await workshop.storage.get(ids)).map(({state}) => state)).toEqual(['processing', 'pending'])
  })

  test('a payload that was damaged fails its job, and no handler sees it', async () => {
    await using workshop = await Workshop.open()
    const [bad = 0, good = 0] = await workshop.produce('1', '2')
    const storage = broken(workshop.storage, {
      claim: async request => (await workshop.storage.claim(request)).map(lease => ({...lease, intact: lease.id !== bad})),
    })
    const handler = new ScriptedHandler()
    const {report, events} = workshop.start(handler, {storage, queue: new Queue(storage), drain: true})
    expect((await report).settled).toBe(2)
    expect(handler.started).toEqual([good])
    expect(await workshop.job(bad)).toMatchObject({state: 'failed', reason: 'corrupt', error: 'the stored payload does not match its checksum'})
    expect(events.filter(event => event.kind === 'ended' && event.reason === 'corrupt')).toMatchObject([{id: bad, outcome: 'rejected'}])
  })

  test('a registration that somebody ended is a conflict', async () => {
    await using workshop = await Workshop.open()
    const {report, events} = workshop.start(new ScriptedHandler(), {name: 'c1'})
    await waitFor(() => events.some(({kind}) => kind === 'started'))
    const [consumer] = await workshop.storage.consumers()
    await workshop.storage.unregister(consumer?.id ?? 0)
    await workshop.produce('x')
    await expect(report).rejects.toMatchObject({code: 'conflict'})
    await report.catch(() => undefined)
  })

  for (const [what, act] of [['vanished', rmSync], ['was replaced', (path: string) => renameSync(path, `${path}.old`)]] as const) {
    test(`a file that ${what} ends it with its handlers`, async () => {
      await using workshop = await Workshop.open()
      await workshop.produce('1')
      const handler = new ScriptedHandler(untilStopped)
      const {report} = workshop.start(handler)
      await waitFor(() => handler.running === 1)
      act(workshop.path)
      await expect(report).rejects.toBeInstanceOf(QctlError)
      const error: unknown = await report.catch((reason: unknown) => reason)
      expect(error).toMatchObject({exit: 74})
      expect(handler.running).toBe(0)
    })
  }
})
