import {describe, expect, test} from 'bun:test'
import stringWidth from 'string-width'
import type {Session} from '../../src/lib/cli/session.ts'
import type {JobRecord} from '../../src/lib/storage/storage.ts'
import {waitFor} from '../support/wait-for.ts'
import {Console, memorySession} from './console.tsx'
import {HOSTILE} from './scene.ts'

/** A queue with two jobs, the first of which is in the hand. */
async function taken(): Promise<{readonly session: Session; readonly console: Console}> {
  const session = await memorySession()
  await session.queue.enqueue([{queue: 'mail', payload: '{"to":"ann@example.com"}\nline 2'}, {queue: 'mail', payload: 'b'}])
  const console = await Console.open({screen: 'queues', mode: 'admin'}, session)
  await console.press('T', 'y')
  return {session, console}
}

async function job({storage}: Session, id = 1): Promise<JobRecord> {
  const [found] = await storage.get([id], {history: true})
  if (found === undefined) throw new Error(`there is no job ${id}`)
  return found
}

describe('a job taken by hand', () => {
  test('is held by a consumer of its own, and shown', async () => {
    const {session, console} = await taken()
    expect(await job(session)).toMatchObject({state: 'processing', attempts: 1})
    expect(await session.storage.consumers()).toMatchObject([{queues: ['mail'], concurrency: 1, jobs: 1}])
    for (const text of ['Job 1 of mail is in your hand', '"to":"ann@example.com"', 'line 2', 'attempt  1 of 8']) expect(console.text()).toContain(text)
    await console.press('R')
  })

  test('is drawn harmlessly, whatever its payload is', async () => {
    const session = await memorySession()
    await session.queue.enqueue([{queue: 'mail', payload: HOSTILE.repeat(400)}])
    const console = await Console.open({screen: 'queues', mode: 'admin'}, session)
    await console.press('T', 'y')
    for (const size of [{columns: 60, rows: 12}, {columns: 80, rows: 24}, {columns: 200, rows: 60}]) {
      const lines = console.frame({size})
      expect(lines.length).toBeLessThanOrEqual(size.rows)
      expect(lines.filter(line => stringWidth(line) > size.columns || /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/.test(line))).toEqual([])
      expect(lines.join('\n')).toContain('D done')
    }
    await console.press('R')
  })

  for (const [key, more, expected, notice] of [
    ['D', ['y'], {state: 'done', reason: null}, 'job 1 is done'],
    ['F', ['n', 'o', 'enter'], {state: 'pending', attempts: 1, error: 'no'}, 'job 1 failed'],
    ['R', [], {state: 'pending', attempts: 0, error: null}, 'job 1 is back in mail'],
  ] as const) {
    test(`is settled with ${key}, and its consumer is gone`, async () => {
      const {session, console} = await taken()
      await console.press(key, ...more)
      expect(await job(session)).toMatchObject(expected)
      expect(console.text()).toContain(notice)
      expect(console.text()).toContain('[3 Queues]')
      expect(await session.storage.consumers()).toEqual([])
      expect((await job(session)).history.runs).toHaveLength(1)
    })
  }

  test('is asked for before it is done: D deletes elsewhere', async () => {
    const {session, console} = await taken()
    await console.press('D')
    expect(console.text()).toContain('Job 1 is done?')
    expect(console.text()).toContain('Undo: no.')
    await console.press('enter')
    expect(await job(session)).toMatchObject({state: 'processing'})
    expect(console.text()).toContain('Job 1 of mail is in your hand')
    await console.press('R')
  })

  test('needs a word when it failed', async () => {
    const {session, console} = await taken()
    await console.press('F', 'enter')
    expect(console.text()).toContain('a few words')
    await console.press('esc', 'R')
    expect((await job(session)).attempts).toBe(0)
  })

  test('stays in the hand while something else is looked at, and no other is taken meanwhile', async () => {
    const {session, console} = await taken()
    await console.press('esc')
    expect(console.text()).toContain('job 1 is still in your hand')
    await console.press('T', 'y')
    expect(console.text()).toContain('job 1 is still in your hand (say first what became of it)')
    expect(await job(session, 2)).toMatchObject({state: 'pending', attempts: 0})
    await console.press('1', '3', 't')
    expect(console.text()).toContain('Job 1 of mail is in your hand')
    await console.press('D', 'y')
    expect(await job(session)).toMatchObject({state: 'done'})
  })

  test('is not forgotten: the first q says what becomes of it', async () => {
    const {console} = await taken()
    await console.press('esc', '1', 'q')
    expect(console.hasQuit).toBe(false)
    expect(console.text()).toContain('job 1 is in your hand and goes back when you quit')
    await console.press('q')
    expect(console.hasQuit).toBe(true)
    await console.beside.close()
  })

  test('has no time limit, and its lease is kept', async () => {
    const session = await memorySession()
    await session.queue.enqueue([{queue: 'mail', payload: 'a'}])
    await session.storage.setQueue('mail', {create: 'never', settings: {timeoutMs: 50, leaseMs: 3000}})
    const console = await Console.open({screen: 'queues', mode: 'admin'}, session)
    await console.press('T', 'y')
    // It is prolonged after a second: the limit is long over then.
    await waitFor(async () => (await session.storage.consumers()).some(({extendedAt}) => extendedAt !== null), {what: 'a longer lease'})
    expect(await job(session)).toMatchObject({state: 'processing', fence: 1})
    await console.press('D', 'y')
    expect(await job(session)).toMatchObject({state: 'done'})
  })

  test('is taken out of it by a cancel, which is told', async () => {
    const {session, console} = await taken()
    await session.storage.act({kind: 'cancel', reason: 'r'}, [{id: 1, seen: null}], 'ann')
    await waitFor(async () => (await job(session)).state === 'cancelled', {what: 'the end of job 1'})
    await waitFor(() => console.beside.hand.view.job === null, {what: 'an empty hand'})
    await console.look()
    expect(console.text()).toContain('was taken out of your hand')
    await console.press('D', 'q')
    expect(await job(session)).toMatchObject({state: 'cancelled'})
  })

  test('is not settled by a hand that has lost it', async () => {
    const {session, console} = await taken()
    const [held] = await session.storage.held()
    if (held === undefined) throw new Error('nothing is held')
    const run = {outcome: 'lost', exitCode: null, signal: null, cause: 'lease_expired', error: null, runMs: null, cpuMs: null, maxRssBytes: null, output: null} as const
    const back = {to: 'pending', reason: null, delayMs: 0, refund: false, crash: false, snooze: false, suspect: 'no', result: null, progress: null, pauseQueue: null, only: null, again: false, run} as const
    await session.storage.settle([{...back, id: held.id, fence: held.fence}])
    await console.press('D', 'y')
    expect(console.text()).toContain('not yours any more')
    expect(await job(session)).toMatchObject({state: 'pending'})
    expect((await job(session)).history.runs).toMatchObject([{outcome: 'lost'}])
  })

  test('goes back when the console ends', async () => {
    const {session, console} = await taken()
    await console.beside.close()
    expect(await job(session)).toMatchObject({state: 'pending', attempts: 0})
    expect(await session.storage.consumers()).toEqual([])
  })
})

describe('nothing is taken', () => {
  test('from a queue that has nothing to give', async () => {
    const session = await memorySession()
    await session.queue.enqueue([{queue: 'mail', payload: 'a'}])
    await session.storage.setQueue('mail', {create: 'never', paused: {paused: true, reason: null}})
    const console = await Console.open({screen: 'queues', mode: 'admin', size: {columns: 120, rows: 24}}, session)
    await console.press('T', 'y')
    expect(console.text()).toContain('nothing of mail can be taken now')
    expect(await session.storage.consumers()).toEqual([])
    expect(await job(session)).toMatchObject({state: 'pending', attempts: 0, fence: 0})
  })

  test('while only looking', async () => {
    const session = await memorySession()
    await session.queue.enqueue([{queue: 'mail', payload: 'a'}])
    const console = await Console.open({screen: 'queues'}, session)
    await console.press('T')
    expect(console.text()).toContain('press A')
    await console.press('y')
    expect(await job(session)).toMatchObject({state: 'pending', fence: 0})
  })
})
