import {describe, expect, test} from 'bun:test'
import fc from 'fast-check'
import {QctlError} from '../../src/lib/errors.ts'
import {DEFAULT_SETTINGS} from '../../src/lib/job.ts'
import {backoffDelayMs, formatBackoff, parseBackoff, retryWindowMs} from '../../src/lib/queue/backoff.ts'
import {formatDurationLong} from '../../src/lib/time.ts'

const HIGHEST_DRAW = 1 - 2 ** -53
const DEFAULT = DEFAULT_SETTINGS.backoff

describe('a backoff is read and written', () => {
  test.each([
    ['exp:1s..1h*4', {baseMs: 1000, capMs: 3_600_000, factor: 4}],
    ['exp:1s..1h', {baseMs: 1000, capMs: 3_600_000, factor: 4}],
    ['exp:500ms..1d*1.5', {baseMs: 500, capMs: 86_400_000, factor: 1.5}],
    ['fixed:10s', {baseMs: 10_000, capMs: 10_000, factor: 1}],
    ['fixed:0s', {baseMs: 0, capMs: 0, factor: 1}],
  ])('%s', (text, backoff) => {
    expect(parseBackoff(text)).toEqual(backoff)
    expect(parseBackoff(formatBackoff(backoff))).toEqual(backoff)
  })

  test('the default is exp:1s..1h*4', () => {
    expect(formatBackoff(DEFAULT)).toBe('exp:1s..1h*4')
  })

  test.each([
    '', 'exp', 'exp:', 'exp:1s', 'exp:1..1h*4', 'exp:1s..1h*', 'exp:1s..1h*0', 'exp:1s..1h*0.5', 'exp:1s..1h*1e9', 'exp:1s..1h*-4', 'exp:1s..1h*NaN',
    'exp:0s..1h*4', 'exp:1h..1s*4', 'exp:1s..1s*4', 'fixed:', 'fixed:10', 'fixed:-1s', 'fixed:10s*2', 'linear:1s', ' fixed:10s', 'exp:1s..1h*4*4',
  ])('%j is refused', (text) => {
    expect(() => parseBackoff(text)).toThrow(QctlError)
  })
})

describe('the wait', () => {
  test('is at most base · factor^(attempt−1), and the cap from there on', () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => backoffDelayMs(DEFAULT, attempt, () => HIGHEST_DRAW))
    expect(longest).toEqual([1000, 4000, 16_000, 64_000, 256_000, 1_024_000, 3_600_000, 3_600_000])
  })

  test('has full jitter: it may be 0, and its mean is half', () => {
    expect(backoffDelayMs(DEFAULT, 5, () => 0)).toBe(0)
    expect(backoffDelayMs(DEFAULT, 5, () => 0.5)).toBe(128_000)
  })

  test('survives any number of attempts', () => {
    for (const attempt of [1000, 1_000_000, Number.MAX_SAFE_INTEGER]) {
      expect(backoffDelayMs(DEFAULT, attempt, () => HIGHEST_DRAW)).toBe(3_600_000)
      expect(backoffDelayMs({...DEFAULT, factor: 1}, attempt, () => HIGHEST_DRAW)).toBe(1000)
    }
  })

  test('is whole and within its bounds, whatever is drawn', () => {
    const backoffs = fc.record({
      baseMs: fc.integer({min: 1, max: 10_000}),
      capMs: fc.integer({min: 10_001, max: 1e9}),
      factor: fc.double({min: 1, max: 1000, noNaN: true}),
    })
    const draw = fc.double({min: 0, max: 1, maxExcluded: true, noNaN: true})
    fc.assert(
      fc.property(backoffs, fc.integer({min: 0, max: 1_000_000}), draw, (backoff, attempt, drawn) => {
        const ms = backoffDelayMs(backoff, attempt, () => drawn)
        return Number.isInteger(ms) && ms >= 0 && ms <= backoff.capMs && (attempt > 1 || ms <= backoff.baseMs)
      }),
    )
  })

  test('is exact when fixed', () => {
    expect(backoffDelayMs(parseBackoff('fixed:10s'), 3, () => 0.1)).toBe(10_000)
  })
})

describe('the window', () => {
  test('of the defaults is 1 h 23 min at most', () => {
    expect(retryWindowMs(DEFAULT, 8)).toBe(4_965_000)
    expect(formatDurationLong(retryWindowMs(DEFAULT, 8))).toBe('1 h 23 min')
  })

  test('is nothing for one attempt', () => {
    expect(retryWindowMs(DEFAULT, 1)).toBe(0)
  })

  test('is the sum of the longest waits', () => {
    const factors = fc.constantFrom(1, 1.01, 2, 4)
    fc.assert(
      fc.property(fc.integer({min: 1, max: 3000}), factors, (attempts, factor) => {
        const backoff = {baseMs: 1000, capMs: 3_600_000, factor}
        let sum = 0
        for (let attempt = 1; attempt < attempts; attempt++) sum += Math.min(3_600_000, 1000 * factor ** (attempt - 1))
        return Math.abs(retryWindowMs(backoff, attempts) - sum) <= 1
      }),
    )
  })

  test('of a million attempts is there at once', () => {
    expect(retryWindowMs(DEFAULT, 1_000_000)).toBe(1_365_000 + 3_600_000 * (999_999 - 6))
    expect(retryWindowMs(parseBackoff('fixed:10s'), 1_000_000)).toBe(9_999_990_000)
  })
})
