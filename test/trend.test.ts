import {describe, expect, test} from 'bun:test'
import fc from 'fast-check'
import {checkQueues} from '../src/lib/doctor/work.ts'
import type {Consumer} from '../src/lib/job.ts'
import {EMPTY_METER, type Meter, MeterDraft} from '../src/lib/meter.ts'
import {identifySelf} from '../src/lib/process.ts'
import type {QueueStats} from '../src/lib/stats.ts'
import {type Crew, trendOf, type Watched} from '../src/lib/trend.ts'

const MINUTE = 60_000
const START = 1_800_000_000_000
/** A while into the minute that is not over. */
const NOW = START + 20_000

/** What came in and what was done, minute by minute; the last one is not over. */
type Flow = readonly (readonly [came: number, done: number])[]

function watched(flow: Flow, facts: Partial<Watched> = {}): Watched {
  const minutes = flow.map(([added, done], nth) => {
    const meter: Meter = {...EMPTY_METER, added, runs: {done}}
    return {at: START - (flow.length - 1 - nth) * MINUTE, meter}
  })
  const counts = {pending: 100, processing: 0, done: 0, failed: 0, cancelled: 0}
  return {paused: false, counts, scheduled: {count: 0, isMore: false}, oldestPendingMs: 60_000, minutes, ...facts}
}

/** Every run took so long. */
function running(ms: number, queue: Watched): Watched {
  const minutes = queue.minutes.map(({at, meter}) => {
    const draft = new MeterDraft()
    draft.noteRuns('done', Array<number>(meter.runs.done ?? 0).fill(ms))
    return {at, meter: {...meter, run: draft.finish().run}}
  })
  return {...queue, minutes}
}

const LONG_AGO = START - 60 * MINUTE

function crewSince(since: number): Crew {
  return {since, slots: 2}
}

describe('a backlog', () => {
  const drainingBy = (inMs: number): object => ({kind: 'drains', inMs})
  test.each<[what: string, queue: Watched, crew: Crew | null, trend: object]>([
    ['that is none is empty', watched([[5, 5]], {oldestPendingMs: null}), crewSince(LONG_AGO), {kind: 'empty'}],
    ['is worked on by nobody where there is no consumer', watched([[5, 0]]), null, {kind: 'unserved'}],
    ['of a paused queue goes nowhere', watched([[5, 0]], {paused: true}), crewSince(LONG_AGO), {kind: 'paused'}],
    ['of which nothing was finished yet is level', watched([[300, 0]], {oldestPendingMs: 10_000}), crewSince(LONG_AGO), {kind: 'level'}],
    ['that came at once drains, from its first second on', watched([[300, 200]], {oldestPendingMs: 20_000}), crewSince(NOW - 20_000), drainingBy(10_000)],
    ['that came before the consumer is counted from the consumer', watched([[0, 0], [300, 50]], {oldestPendingMs: 80_000}), crewSince(NOW - 5000), drainingBy(10_000)],
    ['that came while the consumer had nothing to do is counted from then', watched([[0, 0], [300, 50]], {oldestPendingMs: 5000}), crewSince(LONG_AGO), drainingBy(10_000)],
    ['drains no faster than its runs, whatever ended before the consumer began', running(600, watched([[0, 0], [0, 200], [100, 50]])), crewSince(NOW - 1000), drainingBy(30_000)],
    ['does not grow once the stream into it has ended', watched([[60, 30], [60, 30], [60, 30], [60, 30], [60, 30], [0, 10]]), crewSince(LONG_AGO), {kind: 'level'}],
    ['grows where more comes than goes, minute after minute', watched([[60, 40], [60, 40], [60, 40], [60, 40], [60, 40], [20, 10]]), crewSince(LONG_AGO), {kind: 'grows', inRate: 60, outRate: 37.5}],
    ['grows where nothing goes', watched([[60, 0], [60, 0], [60, 0], [60, 0], [60, 0], [20, 0]]), crewSince(LONG_AGO), {kind: 'grows', inRate: 60, outRate: 0}],
    ['is level while its oldest job is young', watched([[60, 40], [60, 40], [60, 40], [60, 40], [60, 40], [20, 10]], {oldestPendingMs: 59_999}), crewSince(LONG_AGO), {kind: 'level'}],
    ['is level where as much goes as comes', watched([[60, 60], [60, 60], [60, 60], [60, 60], [60, 60], [20, 20]]), crewSince(LONG_AGO), {kind: 'level'}],
  ])('%s', (_, queue, crew, trend) => {
    expect(trendOf(queue, crew, NOW)).toEqual(trend as ReturnType<typeof trendOf>)
  })

  const flows = fc.array(fc.tuple(fc.nat({max: 500}), fc.nat({max: 500})), {minLength: 6, maxLength: 6})
  const growth = (flow: Flow): number => flow.reduce((sum, [came, done]) => sum + came - done, 0)

  test('does not grow while it becomes less', () => {
    fc.assert(fc.property(flows, fc.nat({max: 360_000}), fc.nat({max: 59_999}), (flow, servedMs, ms) => {
      fc.pre(growth(flow.slice(-1)) < 0 || growth(flow.slice(-2)) < 0 || growth(flow) < 0)
      expect(trendOf(watched(flow), crewSince(START + ms - servedMs), START + ms).kind).not.toBe('grows')
    }))
  })

  test('does not grow because of bursts, whatever their size', () => {
    fc.assert(fc.property(fc.nat({max: 5}), fc.nat({max: 5}), fc.nat({max: 100_000}), fc.nat({max: 100}), (first, second, size, done) => {
      const flow = Array.from({length: 6}, (_, nth): [number, number] => [nth === first || nth === second ? size : 0, done])
      expect(trendOf(watched(flow), crewSince(LONG_AGO), NOW).kind).not.toBe('grows')
    }))
  })

  test('grows under any stream that is more than what goes', () => {
    fc.assert(fc.property(fc.integer({min: 3, max: 1000}), fc.double({min: 0, max: 0.6, noNaN: true}), (came, share) => {
      const whole = new Array<[number, number]>(5).fill([came, Math.floor(came * share)])
      const flow = [...whole, [Math.round(came / 3), Math.floor((came * share) / 3)] as [number, number]]
      expect(trendOf(watched(flow), crewSince(LONG_AGO), NOW).kind).toBe('grows')
    }))
  })
})

describe('the doctor', () => {
  const worker = {name: 'c', queues: ['mail'], process: identifySelf(), startedAt: LONG_AGO, endedAt: null, leaving: false} as unknown as Consumer
  const says = (flow: Flow): readonly string[] => checkQueues([{...watched(flow), name: 'mail'} as unknown as QueueStats], [worker], NOW).map(({message}) => message)

  test('warns of a queue that grows, and of no burst', () => {
    const stream = new Array<[number, number]>(5).fill([60, 40])
    expect(says([...stream, [20, 10]])).toEqual(['queue mail grows by 23 jobs a minute, the oldest waits for 1m'])
    expect(says([[300, 10], [0, 10]])).toEqual(['every queue with jobs to do has a consumer'])
  })
})
