import {describe, expect, test} from 'bun:test'
import type {BusyConsumer} from '../../src/lib/cli/consumer-json.ts'
import {statsRows} from '../../src/lib/cli/stats-list.ts'
import {EMPTY_METER, type Meter} from '../../src/lib/meter.ts'
import {figuresOf} from '../../src/lib/queue/figures.ts'
import {identifySelf} from '../../src/lib/process.ts'
import {concernsOf} from '../../src/lib/top/attention.ts'
import type {QueueRow} from '../../src/lib/top/columns.ts'
import {lastMinute} from '../../src/lib/top/figures.ts'
import {Console, memorySession} from './console.tsx'
import {busyScene} from './scene.ts'

const NOW = 1_800_000_000_000
const MINUTE = 60_000

/** A queue that two live consumers serve, with what happened in the last minute. */
async function queue(facts: Partial<QueueRow> = {}, meter: Partial<Meter> = {}): Promise<QueueRow> {
  const {storage, inspector} = await memorySession()
  await storage.setQueue('mail', {create: 'must'})
  const [stats] = await inspector.stats({since: null})
  if (stats === undefined) throw new Error('no queue')
  const minutes = [{at: NOW - MINUTE, meter: {...EMPTY_METER, ...meter}}]
  const [row] = statsRows([{...stats, minutes}], [], {since: NOW - MINUTE, now: NOW})
  if (row === undefined) throw new Error('no row')
  return {...row, name: 'mail', consumers: 2, slots: 8, ...facts}
}

function counts(pending: number): {readonly counts: QueueRow['counts']} {
  return {counts: {pending, processing: 0, done: 0, failed: 0, cancelled: 0}}
}

const DEAD = {...identifySelf(), startTime: '1'}

function consumer(facts: Partial<BusyConsumer> = {}): BusyConsumer {
  const held = {id: 1, fence: 1, startedAt: NOW - 60_000} as unknown as BusyConsumer['held'][number]
  return {
    id: 1, name: 'web1', process: identifySelf(), queues: ['mail'], concurrency: 1, startedAt: NOW, endedAt: null, leaving: false, jobs: 1, processed: 0, failed: 0, held: [held], ...facts,
  } as BusyConsumer
}

async function ids(row: QueueRow | null, consumers: readonly BusyConsumer[] = [], place: Parameters<typeof concernsOf>[0]['place'] = []): Promise<readonly string[]> {
  return concernsOf({rows: row === null ? [] : [row], consumers, place, logBytes: 0, now: NOW}).map(({id}) => id)
}

describe('attention', () => {
  test('nothing needs it where all is well', async () => {
    expect(await ids(await queue({...counts(5), oldestPendingMs: 1000}), [consumer()])).toEqual([])
  })

  test('jobs that nobody takes', async () => {
    const row = await queue({...counts(88), consumers: 0, oldestPendingMs: 252_000})
    const [concern] = concernsOf({rows: [row], consumers: [], place: [], logBytes: 0, now: NOW})
    expect(concern).toMatchObject({text: 'mail: 88 waiting, no live consumer, the oldest for 4m12s', fix: 'qctl consume -Q mail -- COMMAND', tone: 'error'})
    expect(await ids(await queue({...counts(3), consumers: 0, scheduled: {count: 3, isMore: false}}))).toEqual([])
  })

  test('a queue that has been paused for long with jobs in it', async () => {
    expect(await ids(await queue({...counts(1), paused: true, oldestPendingMs: 599_000}))).toEqual([])
    expect(await ids(await queue({...counts(1), paused: true, oldestPendingMs: 600_000}))).toEqual(['paused mail'])
  })

  test('a queue that grows', async () => {
    const trend = {kind: 'grows', inRate: 124, outRate: 121} as const
    const [concern] = concernsOf({rows: [await queue({...counts(9), oldestPendingMs: 61_000, trend})], consumers: [], place: [], logBytes: 0, now: NOW})
    expect(concern).toMatchObject({
      text: 'mail: grows by 3.0 a minute (in 124, out 121), the oldest waits for 1m1s', fix: 'qctl consume -Q mail -c 8 -- COMMAND', tone: 'warning',
    })
  })

  test('a queue in which more than a tenth goes wrong', async () => {
    expect(await ids(await queue({}, {runs: {done: 80, failed: 20}}))).toEqual(['failing mail'])
    expect(await ids(await queue({}, {runs: {done: 90, failed: 10}}))).toEqual([])
    expect(await ids(await queue({}, {runs: {done: 1, failed: 2}}))).toEqual([])
  })

  test('a share is never said to be of longer than there is anything to tell of', async () => {
    const text = (before: number): string | undefined => {
      const meter = {...EMPTY_METER, runs: {done: 12, failed: 4}}
      const figures = figuresOf({minutes: [{at: NOW, meter}], total: {...meter, added: before}}, NOW + 40_000 - 5 * MINUTE, NOW + 40_000)
      return concernsOf({rows: [{...row, figures}], consumers: [], place: [], logBytes: 0, now: NOW})[0]?.text
    }
    const row = await queue()
    expect(text(0)).toBe('mail: 25% of the 16 runs so far went wrong (4)')
    expect(text(100)).toBe('mail: 25% of the 16 runs of the last 5m went wrong (4)')
  })

  test('handlers that die', async () => {
    expect(await ids(await queue({}, {runs: {done: 80, crashed: 1}}))).toEqual(['crashing mail'])
  })

  test('a consumer that died with jobs in its hands, when nobody took them from it', async () => {
    expect(await ids(null, [consumer({process: DEAD})])).toEqual(['dead web1'])
    expect(await ids(null, [consumer({process: DEAD, held: []})])).toEqual([])
    const fresh = {id: 1, fence: 1, startedAt: NOW - 1000} as unknown as BusyConsumer['held'][number]
    expect(await ids(null, [consumer({process: DEAD, held: [fresh]})])).toEqual([])
  })

  test('a consumer that lives and whose leases ran out', async () => {
    const held = {id: 7, fence: 1, startedAt: NOW - 60_000, leaseExpired: true} as unknown as BusyConsumer['held'][number]
    expect(concernsOf({rows: [], consumers: [consumer({held: [held]})], place: [], logBytes: 0, now: NOW})).toMatchObject([{id: 'late web1', fix: 'qctl jobs explain 7'}])
  })

  test('a log that has become long', () => {
    const ids = (logBytes: number): readonly string[] => concernsOf({rows: [], consumers: [], place: [], logBytes, now: NOW}).map(({id}) => id)
    expect([ids(255 * 1024 ** 2), ids(256 * 1024 ** 2)]).toEqual([[], ['log']])
  })

  test('what the doctor says of the disk', async () => {
    const place = [{check: 'disk_space', severity: 'warn', message: 'short', fix: 'free some'}, {check: 'ok', severity: 'ok', message: 'fine', fix: null}] as const
    expect(await ids(null, [], place)).toEqual(['disk_space'])
  })

  test('what is wrong with the disk comes before a queue with few jobs', async () => {
    const place = [{check: 'disk_space', severity: 'warn', message: 'short', fix: 'free some'}] as const
    expect(await ids(await queue({...counts(1), consumers: 0, oldestPendingMs: 1}), [], place)).toEqual(['disk_space', 'unserved mail'])
  })
})

test('what was in the last minute is taken from this minute and the one before', () => {
  expect(lastMinute([9, 60, 10], NOW - (NOW % MINUTE) + 15_000)).toBe(55)
  expect(lastMinute([7], NOW - (NOW % MINUTE))).toBe(7)
})

describe('on the screen', () => {
  test('every command is whole where the screen is high enough', async () => {
    const session = await memorySession()
    const names = ['a', 'b'].map(letter => letter.repeat(50))
    for (const queue of names) await session.queue.enqueue([{queue, payload: 'a'}])
    const console = await Console.open({size: {columns: 80, rows: 60}, db: '/var/lib/somewhere/qctl.db'}, session)
    for (const key of ['r', 'tab', 'tab']) {
      await console.press(key)
      const text = console.text().replaceAll(/\s+/g, ' ')
      for (const name of names) {
        expect(text).toContain(`${name}: 1 waiting, no live consumer, the oldest for`)
        expect(text).toContain(`fix: qctl --db '/var/lib/somewhere/qctl.db' consume -Q ${name} -- COMMAND`)
      }
    }
  })

  test('the command under the cursor is shown whole, copied with y, and Enter leads to the jobs', async () => {
    const session = await memorySession()
    await session.queue.enqueue([{queue: 'import', payload: 'a'}])
    const console = await Console.open({size: {columns: 60, rows: 24}}, session)
    expect(console.text()).not.toContain('qctl consume -Q import -- COMMAND')
    await console.press('tab', 'tab')
    expect(console.text()).toContain('   fix: qctl consume -Q import -- COMMAND')
    await console.press('y')
    expect(console.copied).toEqual(['qctl consume -Q import -- COMMAND'])
    await console.press('enter')
    expect(console.text()).toContain('queue=import state=pending')
    expect(console.state.tab).toBe('jobs')
  })

  test('pending means the same everywhere: those that are scheduled are part of it', async () => {
    const session = await memorySession()
    await session.queue.enqueue([...'ab'].map(payload => ({queue: 'mail', payload})))
    await session.queue.enqueue([...'cde'].map(payload => ({queue: 'mail', payload, delayMs: 3_600_000})))
    const console = await Console.open({size: {columns: 100, rows: 30}}, session)
    expect(console.text()).toContain('pending 5 (3 scheduled)')
    expect(console.text()).toMatch(/mail +! no consumer +5 +3 /)
    await console.press('2')
    expect(console.text()).toMatch(/Pend(ing)? 5 +Sched(uled)? 3/)
  })

  test('a queue with nothing to do is active, as in lists', async () => {
    const session = await memorySession()
    await session.storage.setQueue('mail', {create: 'must'})
    expect((await Console.open({}, session)).text()).toMatch(/mail +active/)
  })

  test('Enter on a queue and on a consumer opens them', async () => {
    const session = await memorySession()
    await busyScene(session, 'text')
    const console = await Console.open({}, session)
    await console.press('down', 'enter')
    expect(console.text()).toContain('Queue mail')
    await console.press('esc', 'tab', 'enter')
    expect(console.text()).toContain('Consumer web1:mail-00')
  })
})
