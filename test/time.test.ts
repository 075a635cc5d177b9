import {afterAll, beforeAll, describe, expect, test} from 'bun:test'
import fc from 'fast-check'
import {QctlError} from '../src/lib/errors.ts'
import {formatTime, parseTime} from '../src/lib/time-parse.ts'
import {
  after,
  formatDuration,
  formatDurationLong,
  formatDurationShort,
  MAX_DURATION_MS,
  nextTurn,
  parseDuration,
  sleep,
  systemClock,
  toIso,
} from '../src/lib/time.ts'

function refusal(run: () => unknown): QctlError {
  try {
    run()
  } catch (error) {
    if (error instanceof QctlError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('the system clock', () => {
  test('boot time only moves forward and stays near the uptime of the host', async () => {
    const uptime = Number((await Bun.file('/proc/uptime').text()).split(' ')[0]) * 1000
    const readings = Array.from({length: 1000}, () => systemClock.bootNow())
    expect(readings).toEqual(readings.toSorted((a, b) => a - b))
    expect(Math.abs((readings[0] ?? 0) - uptime)).toBeLessThan(5000)
    expect(readings.every(Number.isInteger)).toBe(true)
  })

  test('its id names the boot and the time namespace, alike in every process', async () => {
    const program = `import {systemClock} from ${JSON.stringify(`${import.meta.dirname}/../src/lib/time.ts`)}; console.log(systemClock.bootId)`
    const other = await Bun.$`${process.execPath} -e ${program}`.text()
    const boot = (await Bun.file('/proc/sys/kernel/random/boot_id').text()).trim()
    expect(systemClock.bootId).toMatch(new RegExp(`^${boot}:\\d+$`))
    expect(other.trim()).toBe(systemClock.bootId)
  })

  test('the wall clock is UTC ms', () => {
    expect(toIso(systemClock.wallNow())).toStartWith(new Date().toISOString().slice(0, 10))
  })
})

describe('timers', () => {
  test('sleep ends at once when its signal is or gets aborted, and does not reject', async () => {
    await sleep(1e12, AbortSignal.abort())
    const controller = new AbortController()
    const slept = sleep(1e12, controller.signal)
    controller.abort()
    await slept
  })

  test('sleep takes as long as asked', async () => {
    const begin = performance.now()
    await sleep(30)
    // A timer may fire up to 1 ms early, because it counts whole ms.
    expect(performance.now() - begin).toBeGreaterThanOrEqual(29)
  })

  test('a delay longer than a timer can hold does not fire at once', async () => {
    let fired = false
    const cancel = after(2 ** 31 + 5, () => (fired = true))
    await sleep(20)
    cancel()
    expect(fired).toBe(false)
  })

  test('a cancelled action does not run', async () => {
    let ran = 0
    after(0, () => ran++)()
    after(0, () => ran++)
    await sleep(5)
    expect(ran).toBe(1)
  })

  test('the next turn comes after what is ready in this one', async () => {
    const order: string[] = []
    const turn = nextTurn().then(() => order.push('turn'))
    await Promise.resolve().then(() => order.push('ready'))
    await turn
    expect(order).toEqual(['ready', 'turn'])
  })
})

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['5s', 5000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['1w', 604_800_000],
    ['0s', 0],
    ['1w1d1h1m1s1ms', 694_861_001],
    ['36525d', MAX_DURATION_MS],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each([
    '', ' ', ' 5s', '5s ', '1h 30m', '1.5h', '+5s', '5S', '5min', '5 s', '1h1h', '30m1h', '1e3s', '0x5s', 'NaN', 'Infinity', '1y', 's', '٥s',
    '36526d', '99999999999999999999w',
  ])('%j is refused', (text) => {
    expect(refusal(() => parseDuration(text)).code).toBe('usage')
  })

  test('a bare number is asked for its unit', () => {
    expect(refusal(() => parseDuration('5')).message).toBe('5 what? write 5s, 5m or 5h')
    expect(refusal(() => parseDuration('0')).message).toStartWith('0 what?')
  })

  test('a negative one is refused as such', () => {
    expect(refusal(() => parseDuration('-5s')).message).toBe('a duration cannot be negative: "-5s"')
    expect(refusal(() => parseDuration('-1')).code).toBe('usage')
  })

  test('what is written exactly is read back exactly', () => {
    fc.assert(fc.property(fc.integer({min: 0, max: MAX_DURATION_MS}), (ms) => parseDuration(formatDuration(ms)) === ms))
    for (const text of ['0s', '500ms', '5s', '10m', '1h30m', '7d', '1d1h1m1s1ms']) expect(formatDuration(parseDuration(text))).toBe(text)
  })

  test.each([
    [0, '0s'],
    [850, '850ms'],
    [12_999, '12s'],
    [252_900, '4m12s'],
    [4_965_000, '1h22m'],
    [3_600_000, '1h'],
    [90_061_001, '1d1h'],
    [-3000, '-3s'],
  ])('%i ms is short for %s', (ms, text) => {
    expect(formatDurationShort(ms)).toBe(text)
  })

  test.each([
    [0, '0 s'],
    [500, '500 ms'],
    [4200, '5 s'],
    [4_965_000, '1 h 23 min'],
    [3_599_500, '1 h'],
    [86_399_999, '1 d'],
    [90_000_001, '1 d 2 h'],
  ])('%i ms is at most %s', (ms, text) => {
    expect(formatDurationLong(ms)).toBe(text)
  })

  test('the upper bound is never below', () => {
    const units: Readonly<Record<string, string>> = {' ': '', min: 'm'}
    fc.assert(
      fc.property(fc.integer({min: 1, max: MAX_DURATION_MS / 2}), (ms) => {
        const bound = parseDuration(formatDurationLong(ms).replaceAll(/ |min/g, (part) => units[part] ?? ''))
        return bound >= ms && (ms < 60_000 || bound <= ms * 1.04)
      }),
    )
  })
})

describe('times', () => {
  const zone = process.env['TZ']
  // A Sunday noon in winter time, +01:00.
  const now = Date.UTC(2026, 10, 22, 11)
  beforeAll(() => {
    process.env['TZ'] = 'Europe/Berlin'
  })
  afterAll(() => {
    process.env['TZ'] = zone ?? 'UTC'
  })

  test.each([
    ['2026-12-01T18:30:00Z', '2026-12-01T18:30:00.000Z'],
    ['2026-12-01t18:30:00.5z', '2026-12-01T18:30:00.500Z'],
    ['2026-12-01 18:30:00.2899999+05:30', '2026-12-01T13:00:00.289Z'],
    ['2026-12-01T18:30:00-08:00', '2026-12-02T02:30:00.000Z'],
    ['2026-12-01', '2026-11-30T23:00:00.000Z'],
    ['2026-12-01 18:30', '2026-12-01T17:30:00.000Z'],
    ['2026-12-01T18:30:05.25', '2026-12-01T17:30:05.250Z'],
    ['2026-07-01 9:00', '2026-07-01T07:00:00.000Z'],
    ['2028-02-29', '2028-02-28T23:00:00.000Z'],
    ['2038-01-19T03:14:08Z', '2038-01-19T03:14:08.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
    ['18:30', '2026-11-22T17:30:00.000Z'],
    ['9:00', '2026-11-23T08:00:00.000Z'],
    ['12:00', '2026-11-23T11:00:00.000Z'],
    ['tomorrow 9:00', '2026-11-23T08:00:00.000Z'],
    ['tomorrow', '2026-11-22T23:00:00.000Z'],
    ['today 9:00', '2026-11-22T08:00:00.000Z'],
    ['Yesterday 23:59:59', '2026-11-21T22:59:59.000Z'],
    ['mon 9:00', '2026-11-23T08:00:00.000Z'],
    ['sunday 9:00', '2026-11-29T08:00:00.000Z'],
    ['sun 13:00', '2026-11-22T12:00:00.000Z'],
    ['now', '2026-11-22T11:00:00.000Z'],
    ['now+10m', '2026-11-22T11:10:00.000Z'],
    ['now-1d', '2026-11-21T11:00:00.000Z'],
    ['-1h', '2026-11-22T10:00:00.000Z'],
    ['now+0s', '2026-11-22T11:00:00.000Z'],
  ])('%j is %s', (text, iso) => {
    expect(toIso(parseTime(text, now))).toBe(iso)
  })

  test.each([
    ['9:00', '2026-11-22T08:00:00.000Z'],
    ['18:30', '2026-11-21T17:30:00.000Z'],
    ['12:00', '2026-11-22T11:00:00.000Z'],
    ['mon 9:00', '2026-11-16T08:00:00.000Z'],
    ['sun', '2026-11-21T23:00:00.000Z'],
  ])('looking back, %j is %s', (text, iso) => {
    expect(toIso(parseTime(text, now, 'past'))).toBe(iso)
  })

  test.each([
    '', ' ', 'at noonish', 'noon', '5', '1e12', 'NaN', 'Infinity', '1234567890', '2026-02-29', '2026-13-01', '2026-00-10', '2026-12-32',
    '2026-12-01T24:00:00Z', '2026-12-01T18:30:60Z', '2026-12-01T18:60:00Z', '2026-12-01T18:30:00+24:00', '2026-12-01T18:30:00 Z',
    '10000-01-01', '9999-12-31T23:59:59-01:00', '1969-12-31T23:59:59Z', '0070-01-01', '-5', '-1', 'now+', 'now+5', 'now +5m', '+5m',
    '9', '9:0', '25:00', '09:60', 'tomorrow 9', 'constructor', 'mon tue', 'mond', '2026-12-01Z', ' 18:30', '18:30 ', '-60y', 'now-100w1',
    '-5000w',
  ])('%j is refused', (text) => {
    expect(refusal(() => parseTime(text, now)).code).toBe('usage')
  })

  test('a refusal names the forms that are taken', () => {
    expect(refusal(() => parseTime('at noonish', now)).hint).toContain('now+10m')
  })

  test('an hour that the clocks skip is refused, one that comes twice is its first', () => {
    expect(refusal(() => parseTime('2026-03-29 02:30', now)).message).toContain('clocks')
    expect(toIso(parseTime('2026-10-25 02:30', now))).toBe('2026-10-25T00:30:00.000Z')
  })

  test('a day across a change of the clocks keeps its time of day', () => {
    const beforeChange = Date.UTC(2026, 9, 24, 10)
    expect(toIso(parseTime('tomorrow 9:00', beforeChange))).toBe('2026-10-25T08:00:00.000Z')
  })

  test('a day that begins at 01:00 begins there', () => {
    process.env['TZ'] = 'Africa/Cairo'
    expect(toIso(parseTime('2026-04-24', now))).toBe('2026-04-23T22:00:00.000Z')
    process.env['TZ'] = 'Europe/Berlin'
  })

  test('what is printed is read back, to the second, in every zone', () => {
    expect(formatTime(Date.UTC(2026, 11, 1, 17, 30, 5, 999))).toBe('2026-12-01 18:30:05+01:00')
    for (const name of ['UTC', 'America/St_Johns', 'Asia/Kathmandu', 'Europe/Berlin']) {
      process.env['TZ'] = name
      const seconds = fc.integer({min: 0, max: 253_402_000_000})
      fc.assert(fc.property(seconds, (second) => parseTime(formatTime(second * 1000), now) === second * 1000))
    }
    process.env['TZ'] = 'Europe/Berlin'
  })

  test('anything is read or refused, never NaN', () => {
    const piece = fc.constantFrom('now', '+', '-', '1', '9', '00', ':', ' ', 'mon', 'tomorrow', '2026', 'T', 'Z', '.', 'h', 's', '99999999')
    const text = fc.oneof(fc.string(), fc.array(piece).map((pieces) => pieces.join('')))
    fc.assert(
      fc.property(text, (written) => {
        try {
          const ms = parseTime(written, now)
          return Number.isSafeInteger(ms) && ms >= 0
        } catch (error) {
          return error instanceof QctlError && error.code === 'usage'
        }
      }),
      {numRuns: 2000},
    )
  })
})
