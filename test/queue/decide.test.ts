import {describe, expect, test} from 'bun:test'
import fc from 'fast-check'
import {DEFAULT_SETTINGS, FAIL_REASONS, type QueueSettings} from '../../src/lib/job.ts'
import {bareEnd, type LossCause, type Outcome, type RunEnd} from '../../src/lib/outcome.ts'
import {decide, type Random, type Subject} from '../../src/lib/queue/decide.ts'
import type {Transition} from '../../src/lib/storage/storage.ts'

const HOUR_MS = 3_600_000
/** The longest wait the jitter can draw, less one step. */
const ALMOST_ONE: Random = () => 0.999_999_999
const SUBJECT: Subject = {id: 7, fence: 3, attempt: 1, crashes: 0, snoozes: 0, maxAttempts: null}

interface Case {
  readonly subject?: Partial<Subject>
  readonly settings?: Partial<QueueSettings>
  readonly random?: Random
}

function decided(outcome: Outcome, {subject = {}, settings = {}, random = ALMOST_ONE}: Case = {}): Transition {
  return decide({...SUBJECT, ...subject}, bareEnd(outcome), {...DEFAULT_SETTINGS, ...settings}, random)
}

const FAILED: Outcome = {kind: 'failed', error: 'exit 1', retryAfterMs: null}
const TIMED_OUT: Outcome = {kind: 'timed_out', error: 'after 5s'}
const CRASHED: Outcome = {kind: 'crashed', error: 'SIGSEGV', cause: 'signal'}
const SNOOZED: Outcome = {kind: 'snoozed', delayMs: null}

function lost(cause: LossCause, alone: boolean): Outcome {
  return {kind: 'lost', cause, alone}
}

test('the beginning of an error is kept, and it stays valid text', () => {
  const kept = (error: string): string | null => decided({kind: 'failed', error, retryAfterMs: null}).run.error
  expect(kept('x'.repeat(4096))).toBe('x'.repeat(4096))
  expect(kept('x'.repeat(4097))).toBe(`${'x'.repeat(4096)}…`)
  expect(kept(`${'x'.repeat(4095)}🙂`)).toBe(`${'x'.repeat(4095)}\ufffd…`)
})

describe('done', () => {
  test('is done, with its result', () => {
    const result = new Uint8Array([1])
    expect(decided({kind: 'done', result})).toMatchObject({to: 'done', reason: null, result, refund: false, delayMs: 0})
  })

  test('even on the last attempt, after crashes', () => {
    expect(decided({kind: 'done', result: null}, {subject: {attempt: 99, crashes: 9}})).toMatchObject({to: 'done'})
  })
})

describe('failed', () => {
  test('with attempts left waits and is pending again; the attempt is spent', () => {
    expect(decided(FAILED)).toMatchObject({to: 'pending', reason: null, refund: false, crash: false, snooze: false})
  })

  test('waits random(0, min(cap, base · factor^(attempt−1)))', () => {
    const longest = [1, 2, 3, 4, 5, 6, 7].map(attempt => decided(FAILED, {subject: {attempt}}).delayMs)
    expect(longest).toEqual([1000, 4000, 16_000, 64_000, 256_000, 1_024_000, HOUR_MS])
    expect(decided(FAILED, {subject: {attempt: 5}, random: () => 0}).delayMs).toBe(0)
    expect(decided(FAILED, {subject: {attempt: 2}, random: () => 0.5}).delayMs).toBeWithin(1999, 2002)
  })

  test('waits as long as the handler asked', () => {
    expect(decided({...FAILED, retryAfterMs: 600_000}).delayMs).toBe(600_000)
    expect(decided({...FAILED, retryAfterMs: 0}).delayMs).toBe(0)
  })

  test('waits at least as long as the other side asked', () => {
    const wait = (attempt: number): number => decided({...FAILED, notBeforeMs: 10_000}, {subject: {attempt}}).delayMs
    expect([1, 2, 3].map(wait)).toEqual([10_000, 10_000, 16_000])
  })

  test('on the last attempt is failed: attempts', () => {
    expect(decided(FAILED, {subject: {attempt: 7}}).to).toBe('pending')
    expect(decided(FAILED, {subject: {attempt: 8}})).toMatchObject({to: 'failed', reason: 'attempts', delayMs: 0})
    expect(decided({...FAILED, retryAfterMs: 5}, {subject: {attempt: 8}})).toMatchObject({to: 'failed', delayMs: 0})
  })

  test("the job's own limit beats the queue's, also upwards", () => {
    expect(decided(FAILED, {subject: {attempt: 2, maxAttempts: 2}}).to).toBe('failed')
    expect(decided(FAILED, {subject: {attempt: 8, maxAttempts: 9}}).to).toBe('pending')
  })

  test("a job without a limit of its own has the queue's as it is now", () => {
    expect(decided(FAILED, {subject: {attempt: 2}, settings: {maxAttempts: 2}}).to).toBe('failed')
    expect(decided(FAILED, {subject: {attempt: 8}, settings: {maxAttempts: 20}}).to).toBe('pending')
  })

  test('a limit that was lowered below the attempts made ends it', () => {
    expect(decided(FAILED, {subject: {attempt: 5}, settings: {maxAttempts: 2}})).toMatchObject({to: 'failed', reason: 'attempts'})
  })
})

describe('timed out', () => {
  test('is a failed attempt', () => {
    expect(decided(TIMED_OUT, {subject: {attempt: 2}})).toMatchObject({to: 'pending', delayMs: 4000, refund: false, crash: false})
  })

  test('on the last attempt is failed: timeout', () => {
    expect(decided(TIMED_OUT, {subject: {attempt: 8}})).toMatchObject({to: 'failed', reason: 'timeout'})
  })
})

describe('rejected', () => {
  test('is failed now, whatever attempts are left', () => {
    for (const reason of ['permanent', 'corrupt'] as const) {
      expect(decided({kind: 'rejected', reason, error: 'bad data'})).toMatchObject({to: 'failed', reason})
    }
  })
})

describe('cancelled', () => {
  test('by a cancel is cancelled', () => {
    expect(decided({kind: 'cancelled', requested: 'cancel'})).toMatchObject({to: 'cancelled', reason: null})
  })

  test('by a fail is failed: admin', () => {
    expect(decided({kind: 'cancelled', requested: 'fail'})).toMatchObject({to: 'failed', reason: 'admin'})
  })
})

describe('released', () => {
  test('goes back at once, unspent, and stays a suspect if it was one', () => {
    expect(decided({kind: 'released'}, {subject: {attempt: 8}})).toMatchObject({
      to: 'pending',
      refund: true,
      delayMs: 0,
      crash: false,
      snooze: false,
      suspect: 'keep',
    })
  })
})

describe('snoozed', () => {
  test('goes back unspent and is counted', () => {
    expect(decided(SNOOZED, {subject: {attempt: 8}})).toMatchObject({to: 'pending', refund: true, snooze: true, crash: false})
  })

  test('waits as asked', () => {
    expect(decided({kind: 'snoozed', delayMs: 42_000}).delayMs).toBe(42_000)
  })

  test('has a backoff of its own: by the snoozes, not by the attempts', () => {
    expect(decided(SNOOZED, {subject: {attempt: 5, snoozes: 0}}).delayMs).toBe(1000)
    expect(decided(SNOOZED, {subject: {attempt: 1, snoozes: 2}}).delayMs).toBe(16_000)
  })

  test('the 100th is free, the 101st counts as a failure', () => {
    expect(decided(SNOOZED, {subject: {snoozes: 99}})).toMatchObject({to: 'pending', refund: true, snooze: true})
    expect(decided(SNOOZED, {subject: {snoozes: 100}})).toMatchObject({to: 'pending', refund: false, snooze: false, delayMs: 1000})
    expect(decided({kind: 'snoozed', delayMs: 5}, {subject: {snoozes: 100}})).toMatchObject({refund: false, delayMs: 5})
  })

  test('past the limit on the last attempt is failed: attempts', () => {
    expect(decided(SNOOZED, {subject: {snoozes: 100, attempt: 8}})).toMatchObject({to: 'failed', reason: 'attempts', refund: false})
  })
})

describe('unrunnable', () => {
  test('goes back unspent, with a wait that grows with the streak', () => {
    const waits = [1, 2].map(streak => decided({kind: 'unrunnable', error: 'exit 127', streak, pause: null}, {subject: {attempt: 6}}))
    expect(waits.map(({to, refund, delayMs, pauseQueue}) => ({to, refund, delayMs, pauseQueue}))).toEqual([
      {to: 'pending', refund: true, delayMs: 1000, pauseQueue: null},
      {to: 'pending', refund: true, delayMs: 4000, pauseQueue: null},
    ])
  })

  test('when the queue must stop it pauses it, and the job goes back at once, unspent', () => {
    expect(decided({kind: 'unrunnable', error: 'exit 78', streak: 1, pause: 'exit 78'}, {subject: {attempt: 8}})).toMatchObject({
      to: 'pending',
      refund: true,
      delayMs: 0,
      pauseQueue: 'exit 78',
    })
  })
})

describe('crashed', () => {
  test('below the crash limit waits like a failure, and is counted', () => {
    expect(decided(CRASHED, {subject: {attempt: 2, crashes: 1}})).toMatchObject({
      to: 'pending',
      crash: true,
      refund: false,
      delayMs: 4000,
      suspect: 'no',
    })
  })

  test('the third is failed: poison', () => {
    expect(decided(CRASHED, {subject: {attempt: 3, crashes: 2}})).toMatchObject({to: 'failed', reason: 'poison', crash: true})
  })

  test("the queue's crash limit holds", () => {
    expect(decided(CRASHED, {settings: {crashLimit: 1}})).toMatchObject({to: 'failed', reason: 'poison', crash: true})
    expect(decided(CRASHED, {subject: {crashes: 2}, settings: {crashLimit: 4}}).to).toBe('pending')
  })

  test('on the last attempt is failed: attempts', () => {
    expect(decided(CRASHED, {subject: {attempt: 8}})).toMatchObject({to: 'failed', reason: 'attempts', crash: true})
  })

  test('when both limits are reached the reason is poison', () => {
    expect(decided(CRASHED, {subject: {attempt: 8, crashes: 2}})).toMatchObject({to: 'failed', reason: 'poison', crash: true})
  })
})

describe('lost', () => {
  test('the only job of a consumer that died: a crash, back at once, and a suspect', () => {
    expect(decided(lost('consumer_died', true))).toMatchObject({
      to: 'pending',
      crash: true,
      refund: false,
      delayMs: 0,
      suspect: 'yes',
    })
  })

  test('the third time alone is poison, also on the last attempt', () => {
    for (const attempt of [3, 8]) {
      const transition = decided(lost('consumer_died', true), {subject: {attempt, crashes: 2}})
      expect(transition).toMatchObject({to: 'failed', reason: 'poison', crash: true})
    }
  })

  test('one of several of a consumer that died: no crash, but a suspect', () => {
    expect(decided(lost('consumer_died', false), {subject: {crashes: 2}})).toMatchObject({
      to: 'pending',
      crash: false,
      refund: false,
      delayMs: 0,
      suspect: 'yes',
    })
  })

  test('with its lease or with its host: no crash, back at once, suspect as before', () => {
    for (const cause of ['lease_expired', 'host_rebooted'] as const) {
      for (const alone of [true, false]) {
        expect(decided(lost(cause, alone), {subject: {crashes: 2}})).toMatchObject({
          to: 'pending',
          crash: false,
          refund: false,
          delayMs: 0,
          suspect: 'keep',
        })
      }
    }
  })

  test('on the last attempt is failed: attempts', () => {
    for (const outcome of [lost('consumer_died', false), lost('consumer_died', true), lost('lease_expired', true), lost('host_rebooted', true)]) {
      expect(decided(outcome, {subject: {attempt: 8}})).toMatchObject({to: 'failed', reason: 'attempts', delayMs: 0})
    }
  })
})

describe('suspects', () => {
  test('a run that ended by itself clears the suspicion', () => {
    for (const outcome of [FAILED, TIMED_OUT, CRASHED, SNOOZED]) expect(decided(outcome).suspect).toBe('no')
  })
})

describe('every end', () => {
  const outcome: fc.Arbitrary<Outcome> = fc.oneof(
    fc.record({kind: fc.constant('done'), result: fc.option(fc.uint8Array({maxLength: 3}))}),
    fc.record({kind: fc.constant('failed'), error: fc.string(), retryAfterMs: fc.option(fc.nat())}),
    fc.record({kind: fc.constant('timed_out'), error: fc.string()}),
    fc.record({kind: fc.constant('crashed'), error: fc.string(), cause: fc.constantFrom('signal', 'oom', 'worker_died', 'bad_answer')}),
    fc.record({kind: fc.constant('snoozed'), delayMs: fc.option(fc.nat())}),
    fc.record({kind: fc.constant('rejected'), reason: fc.constantFrom('permanent', 'corrupt'), error: fc.string()}),
    fc.record({kind: fc.constant('unrunnable'), error: fc.string(), streak: fc.integer({min: 1, max: 5}), pause: fc.option(fc.string())}),
    fc.record({kind: fc.constant('cancelled'), requested: fc.constantFrom('cancel', 'fail')}),
    fc.constant<Outcome>({kind: 'released'}),
    fc.record({
      kind: fc.constant('lost'),
      cause: fc.constantFrom('lease_expired', 'consumer_died', 'host_rebooted'),
      alone: fc.boolean(),
    }),
  )
  const facts = fc.record({
    exitCode: fc.option(fc.nat(255)),
    progress: fc.constantFrom(null, 0, 0.5, 1),
    signal: fc.option(fc.constantFrom('SIGKILL', 'SIGSEGV')),
    runMs: fc.option(fc.nat()),
    cpuMs: fc.option(fc.nat()),
    maxRssBytes: fc.option(fc.nat()),
    output: fc.constant(null),
  })
  const end: fc.Arbitrary<RunEnd> = fc.tuple(outcome, facts).map(([one, seen]) => ({...seen, outcome: one}))
  const subject: fc.Arbitrary<Subject> = fc.record({
    id: fc.integer({min: 1}),
    fence: fc.integer({min: 1}),
    attempt: fc.integer({min: 1, max: 12}),
    crashes: fc.nat(5),
    snoozes: fc.oneof(fc.nat(3), fc.integer({min: 98, max: 102})),
    maxAttempts: fc.option(fc.integer({min: 1, max: 12})),
  })
  const settings: fc.Arbitrary<QueueSettings> = fc
    .record({
      maxAttempts: fc.integer({min: 1, max: 12}),
      crashLimit: fc.integer({min: 1, max: 5}),
      backoff: fc.record({baseMs: fc.nat(10_000), capMs: fc.nat(10_000_000), factor: fc.integer({min: 1, max: 9})}),
    })
    .map(change => ({...DEFAULT_SETTINGS, ...change}))
  const draw = fc.double({min: 0, max: 1, maxExcluded: true, noNaN: true})

  test('is decided, and only in ways the state machine knows', () => {
    const property = fc.property(subject, end, settings, draw, (job, ended, queue, drawn) => {
      const transition = decide(job, ended, queue, () => drawn)
      const {kind} = ended.outcome
      expect(transition).toMatchObject({id: job.id, fence: job.fence, only: null})
      // A reason is what a failed job has, and nobody else.
      expect(transition.reason !== null).toBe(transition.to === 'failed')
      if (transition.reason !== null) expect(FAIL_REASONS).toContain(transition.reason)
      // Only a job that goes back waits, is refunded, or snoozes.
      expect(Number.isSafeInteger(transition.delayMs) && transition.delayMs >= 0).toBe(true)
      if (transition.to !== 'pending') expect(transition).toMatchObject({delayMs: 0, refund: false, snooze: false})
      // A refund is for those that did not fail; without one the attempts must be left.
      expect(transition.refund).toBe(['released', 'unrunnable'].includes(kind) || transition.snooze)
      if (transition.to === 'pending' && !transition.refund) {
        expect(job.attempt).toBeLessThan(job.maxAttempts ?? queue.maxAttempts)
      }
      expect(transition.snooze).toBe(kind === 'snoozed' && job.snoozes < 100)
      // A crash is counted exactly when the handler itself crashed or died alone with its consumer.
      const {outcome: seen} = ended
      const guilty = kind === 'crashed' || (seen.kind === 'lost' && seen.cause === 'consumer_died' && seen.alone)
      expect(transition.crash).toBe(guilty)
      expect(transition.reason === 'poison').toBe(guilty && job.crashes + 1 >= queue.crashLimit)
      expect(transition.pauseQueue).toBe(seen.kind === 'unrunnable' ? seen.pause : null)
      expect(transition.result).toBe(seen.kind === 'done' ? seen.result : null)
      expect(transition.to === 'done').toBe(kind === 'done')
      expect(transition.to === 'cancelled').toBe(seen.kind === 'cancelled' && seen.requested === 'cancel')
    })
    fc.assert(property, {numRuns: 5000})
  })

  test('keeps what was seen of the run', () => {
    const property = fc.property(subject, end, (job, ended) => {
      const {run, progress} = decide(job, ended, DEFAULT_SETTINGS, () => 0.5)
      const {outcome: seen, progress: reported, ...rest} = ended
      expect(progress).toBe(reported)
      expect(run).toMatchObject(rest)
      expect(run.outcome).toBe(seen.kind)
      expect(run.error).toBe('error' in seen ? seen.error : null)
      const named = 'cause' in seen ? seen.cause : seen.kind === 'cancelled' ? seen.requested : null
      expect(run.cause).toBe(named ?? null)
    })
    fc.assert(property, {numRuns: 1000})
  })

  test('is the same for the same draw', () => {
    const property = fc.property(subject, end, settings, draw, (job, ended, queue, drawn) => {
      expect(decide(job, ended, queue, () => drawn)).toEqual(decide(job, ended, queue, () => drawn))
    })
    fc.assert(property, {numRuns: 200})
  })
})
