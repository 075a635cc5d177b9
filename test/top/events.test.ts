import {describe, expect, test} from 'bun:test'
import type {StoreEvent} from '../../src/lib/store-event.ts'
import {grouped} from '../../src/lib/top/event-groups.ts'
import {Console, memorySession} from './console.tsx'

const event = (id: number, change: Partial<StoreEvent> = {}): StoreEvent => ({
  id, jobId: id * 10, queue: 'mail', at: 1_800_000_000_000 + id, from: 'pending', to: 'cancelled', actor: 'cli:ann', reason: 'jobs cancel', ...change,
})

describe('events', () => {
  test('of one act are one row, and no others', () => {
    const events = [event(9), event(8), event(7, {actor: 'cli:bob'}), event(6, {queue: 'other'}), event(5, {queue: 'other', at: 0}), event(4, {to: 'failed', at: 0})]
    expect(grouped(events).map(({id, jobId, count}) => [id, jobId, count])).toEqual([[9, 90, 2], [7, 70, 1], [6, 60, 1], [5, 50, 1], [4, 40, 1]])
    expect(grouped([])).toEqual([])
  })

  test('are listed newest first, follow, and lead to their job', async () => {
    const session = await memorySession()
    await session.queue.enqueue(Array.from({length: 5}, () => ({queue: 'mail', payload: 'a'})))
    await session.storage.act({kind: 'cancel', reason: 'jobs cancel'}, [1, 2, 3].map(id => ({id, seen: null})), 'cli:ann')
    const console = await Console.open({screen: 'events'}, session)
    expect(console.text()).toMatch(/> .* 3 jobs +mail +cli:ann +pending > cancelled +jobs cancel/)
    await session.storage.act({kind: 'fail', reason: 'no use'}, [{id: 4, seen: null}], 'top:bob')
    await console.look()
    expect(console.text()).toMatch(/> .* 4 +mail +top:bob +pending > failed +no use/)
    await console.press('j', 'y')
    expect(console.copied).toEqual(['3'])
    await session.storage.act({kind: 'fail', reason: 'no use'}, [{id: 5, seen: null}], 'top:ann')
    await console.look()
    expect(console.text()).toMatch(/> .* 3 jobs/)
    await console.press('f')
    expect(console.text()).toMatch(/> .* 5 +mail +top:ann/)
    await console.press('enter')
    expect(console.text()).toContain('Job 5')
    await session.storage.setQueue('mail', {create: 'never', paused: {paused: true, reason: null}, by: {actor: 'cli:ann', reason: 'queues pause'}})
    await console.press('esc', 'f')
    expect(console.text()).toMatch(/> .* mail +cli:ann +queue +queues pause/)
    await console.press('enter')
    expect(console.text()).toContain('Queue mail')
  })
})
