import {describe, expect, test} from 'bun:test'
import {spawnSync} from 'node:child_process'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {openQueue, type OpenQueue, Permanent, Snooze} from '../../src/index.ts'
import {BINARY, Sandbox} from '../support/binary.ts'
import {scratchDirectory} from '../support/scratch.ts'
import {waitFor} from '../support/wait-for.ts'

async function scratchQueue(): Promise<OpenQueue> {
  return openQueue(join(scratchDirectory(), 'q.db'), {create: true})
}

test('a function consumes what was enqueued, and its result is kept', async () => {
  const queue = await scratchQueue()
  const [first] = await queue.enqueue({payload: '{"n":20}'}, {payload: '{"n":1}', key: 'one'})
  const report = await queue.consume(job => ({twice: 2 * (job.json() as {n: number}).n}), {drain: true, concurrency: 2})
  expect(report.settled).toBe(2)
  const [details] = await queue.inspector.show([first?.id ?? 0])
  expect(details?.job.state).toBe('done')
  expect(new TextDecoder().decode(details?.job.result ?? undefined)).toBe('{"twice":40}')
  await queue.close()
})

test('a result has 1 MiB at most; what JSON has no word for is none', async () => {
  const queue = await scratchQueue()
  const results = ['x'.repeat(1_048_576), 'x'.repeat(1_048_577), new Uint8Array(1_048_577), {long: 'x'.repeat(1_048_576)}, () => 1, Symbol('s'), 1n]
  const ids = (await queue.enqueue(...results.map((_, index) => ({payload: String(index)})))).map(({id}) => id)
  await queue.consume(job => results[Number(job.text())], {drain: true})
  const jobs = (await queue.inspector.show(ids)).map(({job}) => job)
  const done = {state: 'done', result: null}
  const refused = {state: 'failed', reason: 'permanent', error: 'the result has 1048577 bytes; a result may have 1 MiB', result: null}
  const refusedJson = {...refused, error: 'the result has 1048587 bytes; a result may have 1 MiB'}
  expect(jobs).toMatchObject([{state: 'done'}, refused, refused, refusedJson, done, done, {state: 'pending'}])
  expect(jobs[0]?.result?.length).toBe(1_048_576)
  await queue.close()
})

test('a function says how far it is', async () => {
  const queue = await scratchQueue()
  const [job] = await queue.enqueue({payload: 'x'})
  await queue.consume((_, {progress}) => progress(0.4), {drain: true})
  const [details] = await queue.inspector.show([job?.id ?? 0])
  expect(details?.job).toMatchObject({state: 'done', progress: 0.4})
  await queue.close()
})

test('a throw is a failed attempt, Permanent fails the job, Snooze spends no attempt', async () => {
  const queue = await scratchQueue()
  const ids = (await queue.enqueue({payload: 'throw'}, {payload: 'permanent'}, {payload: 'snooze'})).map(({id}) => id)
  await queue.consume(
    job => {
      if (job.text() === 'permanent') throw new Permanent('no such address')
      if (job.text() === 'snooze') throw new Snooze('1h')
      throw new Error('try again')
    },
    {drain: true},
  )
  const jobs = (await queue.inspector.show(ids)).map(({job}) => job)
  expect(jobs.map(({state, reason, attempts, snoozes}) => ({state, reason, attempts, snoozes}))).toEqual([
    {state: 'pending', reason: null, attempts: 1, snoozes: 0},
    {state: 'failed', reason: 'permanent', attempts: 1, snoozes: 0},
    {state: 'pending', reason: null, attempts: 0, snoozes: 1},
  ])
  expect(jobs[0]?.error).toBe('try again')
  await queue.close()
})

test('the signal stops a consumer; what it cannot finish in time is given back', async () => {
  const queue = await scratchQueue()
  const [job] = await queue.enqueue({payload: 'slow'})
  const stop = new AbortController()
  const report = await queue.consume(
    (_, {signal}) => {
      stop.abort()
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
    },
    {signal: stop.signal, graceMs: 0},
  )
  expect(report.settled).toBe(1)
  const [details] = await queue.inspector.show([job?.id ?? 0])
  expect(details?.job).toMatchObject({state: 'pending', attempts: 0})
  await queue.close()
})

test('a function that blocks past its lease runs beside the next run of its job; then its signal is aborted and its end refused', async () => {
  const sandbox = new Sandbox()
  const path = join(sandbox.home, 'q.db')
  const queue = await openQueue(path, {create: true})
  await sandbox.qctl(['--db', path, 'queues', 'create', 'default', '--lease', '1s'])
  const [job] = await queue.enqueue({payload: 'x'})
  const fences: number[] = []
  const stop = new AbortController()
  const report = await queue.consume(
    async ({fence}, {signal}) => {
      fences.push(fence)
      // Nothing of this process runs meanwhile, and another one is given the job.
      const consumption = ['--db', path, 'consume', '--max-jobs', '1', '--', 'sh', '-c', 'printf $QCTL_FENCE > $QCTL_RESULT_FILE']
      spawnSync(BINARY, consumption, {env: {PATH: process.env['PATH'], HOME: sandbox.home}})
      stop.abort()
      if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve))
      return 'late'
    },
    {signal: stop.signal},
  )
  expect([fences, report.settled]).toEqual([[1], 0])
  const [details] = await queue.inspector.show([job?.id ?? 0])
  expect(details?.job).toMatchObject({state: 'done', fence: 2, result: new TextEncoder().encode('2')})
  await queue.close()
})

test('a consumer that lost a job to itself runs it again when the function is through with it', async () => {
  const sandbox = new Sandbox()
  const path = join(sandbox.home, 'q.db')
  const queue = await openQueue(path, {create: true})
  const qctl = (...args: readonly string[]): string => {
    const env = {PATH: process.env['PATH'], HOME: sandbox.home}
    return spawnSync(BINARY, ['--db', path, ...args], {env, encoding: 'utf8'}).stdout
  }
  qctl('queues', 'create', 'default', '--lease', '1s')
  const [{id} = {id: 0}] = await queue.enqueue({payload: 'x'})
  const order: string[] = []
  await queue.consume(
    async ({fence}) => {
      order.push(`begin ${fence}`)
      if (fence > 1) return
      // Nothing of this process runs until the job was taken from it.
      while ((JSON.parse(qctl('reap', '--once', '--json')) as {reaped: unknown[]}).reaped.length === 0) continue
      await waitFor(async () => (await queue.inspector.show([id]))[0]?.job.fence === 2)
      await waitFor(() => order.includes('begin 2'), {deadlineMs: 300}).catch(() => {})
      order.push('end 1')
    },
    {concurrency: 2, drain: true},
  )
  expect(order).toEqual(['begin 1', 'end 1', 'begin 2'])
  await queue.close()
})

describe('what a caller got wrong is refused', () => {
  /** Calls as a program without types may. */
  const refusal = async (use: (queue: OpenQueue) => Promise<unknown>): Promise<unknown> => {
    const queue = await scratchQueue()
    const error: unknown = await use(queue).catch((reason: unknown) => reason)
    expect((await queue.inspector.list({})).jobs).toEqual([])
    await queue.close()
    return error
  }
  const work = (): void => {}

  test.each([
    [{payload: 'x', delay: '10m'}, 'unknown field "delay" of a job: did you mean delayMs?'],
    [{payload: 'x', max_attempts: 3}, 'unknown field "max_attempts" of a job: did you mean maxAttempts?'],
    [{payload: 'x', nothingLikeIt: undefined}, 'unknown field "nothingLikeIt" of a job: the fields are queue, payload, '],
    [[{payload: 'x'}], 'a job must be an object with queue, payload, '],
    ['x', 'a job must be an object with '],
    [null, 'a job must be an object with '],
    [{payload: 'x', runAt: 'soon'}, 'runAt "soon" is not valid: expected a whole number'],
    [{payload: 'x', runAt: 1, delayMs: 1}, 'delayMs and runAt exclude each other'],
    [{payload: 'x', maxAttempts: 0}, 'maxAttempts 0 is not valid'],
    [{payload: 'x', timeoutMs: 1.5}, 'timeoutMs 1.5 is not valid'],
    [{payload: 'x', assignedTo: 'a b'}, 'assignedTo "a b" is not valid'],
    [{payload: 'x', assignedForMs: 5}, 'assignedForMs needs assignedTo'],
    [{payload: 'x', file: 'no'}, 'file "no" is not valid: expected true or false'],
  ])('enqueue(%j)', async (job, message) => {
    expect(await refusal(queue => queue.enqueue(job as never))).toMatchObject({code: 'bad_input', message: expect.stringContaining(message)})
  })

  test.each([
    [{queue: ['z'], drain: true}, 'unknown field "queue" of the options of consume: did you mean queues?'],
    [{queues: ['bad name']}, 'queue "bad name" is not valid'],
    [{queues: 'mail'}, 'queues must be a list'],
    [{queues: []}, 'queues must be a list'],
    [{concurrency: 0}, 'concurrency 0 is not valid'],
    [{graceMs: '10s'}, 'graceMs "10s" is not valid'],
    [{name: ''}, 'name "" is not valid'],
    [{drain: 'no'}, 'drain must be true or false'],
    [{signal: new AbortController()}, 'signal must be an AbortSignal'],
    [null, 'the options of consume must be an object'],
  ])('consume(work, %j)', async (options, message) => {
    expect(await refusal(queue => queue.consume(work, options as never))).toMatchObject({code: 'bad_input', message: expect.stringContaining(message)})
  })

  test('consume without a function, and openQueue', async () => {
    expect(await refusal(queue => queue.consume(undefined as never))).toMatchObject({code: 'bad_input', message: expect.stringContaining('a function')})
    const opened = (...args: unknown[]): unknown => openQueue(...(args as [string])).catch((reason: unknown) => reason)
    const path = join(scratchDirectory(), 'q.db')
    expect(await opened(path, {creat: true})).toMatchObject({
      code: 'bad_input', message: 'unknown field "creat" of the options of openQueue: did you mean create?',
    })
    expect(await opened(path, true)).toMatchObject({code: 'bad_input', message: expect.stringContaining('must be an object')})
    expect(await opened(undefined, {create: true})).toMatchObject({code: 'bad_input', message: expect.stringContaining('the path of')})
    expect(existsSync(path)).toBe(false)
  })

  test('whatever is asked of a queue that is closed', async () => {
    const queue = await scratchQueue()
    await queue.close()
    await queue.close()
    const closed = {code: 'conflict', message: 'the queue is closed'}
    for (const use of [() => queue.enqueue({payload: 'x'}), () => queue.consume(work, {drain: true}), () => queue.inspector.list({})]) {
      expect(await use().then(() => null, (reason: unknown) => reason)).toMatchObject(closed)
    }
  })
})
