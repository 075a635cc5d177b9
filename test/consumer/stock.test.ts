import {describe, expect, test} from 'bun:test'
import {Stock} from '../../src/lib/consumer/stock.ts'
import type {Lease} from '../../src/lib/job.ts'
import type {Outcome} from '../../src/lib/outcome.ts'
import {Queue} from '../../src/lib/queue/queue.ts'
import {nextTurn} from '../../src/lib/time.ts'
import {waitFor} from '../support/wait-for.ts'
import {broken, ScriptedHandler, untilStopped, Workshop} from './support.ts'

const SHORT: Outcome = {kind: 'done', result: null}

/** Short runs, but for the jobs whose payload is `long`: these last until they are told to end. */
function mixed(): ScriptedHandler {
  return new ScriptedHandler(async (lease, context) => {
    if (isLong(lease)) return untilStopped(lease, context)
    await nextTurn()
    return SHORT
  })
}

function isLong({payload}: Lease): boolean {
  return new TextDecoder().decode(payload) === 'long'
}

describe('jobs claimed ahead', () => {
  test('after many short runs, so that several ends share a commit; never more run than there are slots', async () => {
    await using workshop = await Workshop.open()
    const ids = await workshop.produce(...Array.from({length: 200}, (_, i) => `${i}`))
    const sizes: number[] = []
    const storage = broken(workshop.storage, {
      settle(transitions) {
        sizes.push(transitions.length)
        return workshop.storage.settle(transitions)
      },
    })
    const handler = mixed()
    expect(await workshop.drain(handler, {concurrency: 2, storage, queue: new Queue(storage)})).toMatchObject({settled: 200})
    expect(handler.started).toEqual(ids)
    expect(handler.most).toBe(2)
    expect(Math.max(...sizes.slice(0, 8))).toBeLessThanOrEqual(2)
    expect(Math.max(...sizes)).toBeGreaterThanOrEqual(4)
  })

  test.each([
    {slots: 2, runMs: 0, ahead: 30},
    {slots: 2, runMs: 2, ahead: 20},
    {slots: 2, runMs: 9, ahead: 4},
    {slots: 2, runMs: 12, ahead: 0},
    {slots: 1, runMs: 2, ahead: 10},
    {slots: 31, runMs: 0, ahead: 1},
    {slots: 100, runMs: 0, ahead: 0},
  ])('are as many as $slots slots run within a moment: $ahead for runs of $runMs ms', ({slots, runMs, ahead}) => {
    const stock = new Stock(slots, () => {})
    expect(stock.limit).toBe(0)
    for (let run = 0; run < 200; run += 1) stock.ended(runMs)
    expect(stock.limit).toBe(ahead)
  })

  test('are given back unharmed when a run takes long after all', async () => {
    await using workshop = await Workshop.open()
    const short = await workshop.produce(...Array.from({length: 60}, (_, i) => `${i}`))
    const [long = 0, ...behind] = await workshop.produce('long', ...Array.from({length: 8}, (_, i) => `behind ${i}`))
    const first = workshop.start(mixed(), {name: 'first'})
    await workshop.reaches(long, 'processing')
    await waitFor(async () => (await workshop.storage.held()).length === 1, {what: 'only the long job is held'})
    const handler = mixed()
    const second = workshop.start(handler, {name: 'second'})
    for (const id of behind) await workshop.reaches(id, 'done')
    expect(handler.started.toSorted((a, b) => a - b)).toEqual(behind)
    for (const id of behind) expect(await workshop.job(id)).toMatchObject({attempts: 1, crashes: 0, consumer: 'second'})
    first.stop()
    second.stop()
    expect(short).toHaveLength(60)
  })

  test('go back with a stop, and do not count for the most a consumer may run', async () => {
    await using workshop = await Workshop.open()
    await workshop.produce(...Array.from({length: 60}, (_, i) => `${i}`), 'long', ...Array.from({length: 8}, (_, i) => `behind ${i}`))
    const handler = mixed()
    const {report, stop} = workshop.start(handler, {graceMs: 0})
    await waitFor(() => handler.started.length === 61)
    stop()
    expect((await report).settled).toBe(61)
    const jobs = (await workshop.storage.get(Array.from({length: 9}, (_, i) => 61 + i))).map(({state, attempts}) => `${state} ${attempts}`)
    expect(new Set(jobs)).toEqual(new Set(['pending 0']))
  })
})
