import {describe, expect, test} from 'bun:test'
import fc from 'fast-check'
import {average, boundsOf, bucketOf, countBelow, EMPTY_HISTOGRAM, HistogramDraft, percentile} from '../src/lib/histogram.ts'
import {EMPTY_METER, failureRate, MeterDraft, sumOf} from '../src/lib/meter.ts'
import {decodeMeters, encodeMeter} from '../src/lib/storage/sqlite/meter-bytes.ts'

const times = fc.array(fc.oneof(fc.nat(50), fc.nat(100_000), fc.nat(2 ** 31 - 1)), {minLength: 1, maxLength: 200})

function histogramOf(all: readonly number[]) {
  const draft = new HistogramDraft()
  for (const ms of all) draft.note(ms)
  return draft.finish()
}

describe('a histogram', () => {
  test('buckets touch, and hold what belongs to them', () => {
    for (let bucket = 0; bucket < 448; bucket += 1) {
      const [from, to] = boundsOf(bucket)
      expect([bucketOf(from), bucketOf(to - 1)]).toEqual([bucket, bucket])
      if (bucket < 447) expect(boundsOf(bucket + 1)[0]).toBe(to)
    }
    expect(bucketOf(Number.MAX_SAFE_INTEGER)).toBe(447)
  })

  test('tells percentiles within three percent, average and largest exactly', () => {
    fc.assert(
      fc.property(times, fc.constantFrom(0, 0.5, 0.95, 0.99, 1), (all, share) => {
        const exact = all.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * all.length)) - 1] ?? 0
        const found = percentile(histogramOf(all), share) ?? Number.NaN
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(Math.max(0, exact * 0.0313))
        expect(average(histogramOf(all))).toBe(all.reduce((sum, ms) => sum + ms, 0) / all.length)
        expect(histogramOf(all).maxMs).toBe(Math.max(...all))
      }),
    )
  })

  test('counts what is below a power of two exactly', () => {
    fc.assert(
      fc.property(times, fc.nat(30), (all, power) => {
        expect(countBelow(histogramOf(all), 2 ** power)).toBe(all.filter(ms => ms < 2 ** power).length)
      }),
    )
  })

  test('of nothing says nothing', () => {
    expect([percentile(EMPTY_HISTOGRAM, 0.5), average(EMPTY_HISTOGRAM), countBelow(EMPTY_HISTOGRAM, 10)]).toEqual([null, null, 0])
  })
})

describe('a meter', () => {
  test('is the same however it was added up', () => {
    fc.assert(
      fc.property(times, fc.nat(200), (all, cut) => {
        const meterOf = (some: readonly number[]) => {
          const draft = new MeterDraft()
          for (const ms of some) draft.noteRun('done', ms)
          return draft.finish()
        }
        expect(sumOf([meterOf(all.slice(0, cut)), meterOf(all.slice(cut)), EMPTY_METER])).toEqual(meterOf(all))
      }),
    )
  })

  test('comes back from its bytes, however large the numbers', () => {
    const draft = new MeterDraft()
    draft.count('retried', 2 ** 40)
    for (const ms of [0, 127, 128, 2 ** 31, 86_400_000_000]) draft.noteWait(ms)
    draft.noteRun('lost', null)
    draft.noteRun('timed_out', 60_001)
    const meter = draft.finish()
    expect(decodeMeters(encodeMeter(meter))).toEqual([meter])
    expect(decodeMeters(new Uint8Array([...encodeMeter(meter), ...encodeMeter(EMPTY_METER), ...encodeMeter(meter)]))).toEqual([meter, EMPTY_METER, meter])
    expect(decodeMeters(new Uint8Array())).toEqual([])
  })

  test('knows the share of runs that went wrong', () => {
    expect(failureRate(EMPTY_METER)).toBeNull()
    expect(failureRate({...EMPTY_METER, runs: {done: 6, failed: 1, lost: 1, snoozed: 9, released: 9}})).toBe(0.25)
  })
})
