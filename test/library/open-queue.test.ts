import {expect, test} from 'bun:test'
import {join} from 'node:path'
import {openQueue, type OpenQueue, Permanent, Snooze} from '../../src/index.ts'
import {scratchDirectory} from '../support/scratch.ts'

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
