import {describe, expect, test} from 'bun:test'
import {RunReport} from '../../src/lib/consumer/run-report.ts'
import {QctlError} from '../../src/lib/errors.ts'
import type {Report, Stop} from '../../src/lib/handlers/handler.ts'
import {RESULT_MAX_BYTES} from '../../src/lib/job.ts'
import {bareEnd, type Outcome} from '../../src/lib/outcome.ts'
import {waitFor} from '../support/wait-for.ts'
import {ScriptedHandler, Workshop} from './support.ts'

const DONE: Outcome = {kind: 'done', result: null}
const FAILED: Outcome = {kind: 'failed', error: 'exit status 1', retryAfterMs: null}

/** A report on a lease that a test ends. */
class Fixture {
  readonly stop = new AbortController()
  readonly progress: number[] = []
  readonly report: RunReport
  holds = true

  constructor() {
    this.report = new RunReport({holds: () => this.holds, onProgress: value => this.progress.push(value)}, this.stop.signal)
  }

  outcome(outcome: Outcome): Outcome {
    return this.report.completed(bareEnd(outcome)).outcome
  }
}

function codeOf(action: () => void): string {
  try {
    action()
  } catch (error) {
    if (error instanceof QctlError) return error.code
    throw error
  }
  return 'taken'
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('what a run says', () => {
  test('progress is passed on, and the last is part of the end', () => {
    const fixture = new Fixture()
    for (const value of [0, 0.4, 1, 0.2]) fixture.report.progress(value)
    expect(fixture.progress).toEqual([0, 0.4, 1, 0.2])
    expect(fixture.report.completed(bareEnd(FAILED))).toMatchObject({outcome: FAILED, progress: 0.2})
    expect(new Fixture().report.completed(bareEnd(DONE)).progress).toBeNull()
  })

  test('a result is that of a success which brings none', () => {
    const fixture = new Fixture()
    fixture.report.result(bytes('first'))
    fixture.report.result(bytes('second'))
    expect(fixture.outcome(DONE)).toEqual({kind: 'done', result: bytes('second')})
    expect(fixture.outcome({kind: 'done', result: bytes('file')})).toEqual({kind: 'done', result: bytes('file')})
    expect(fixture.outcome(FAILED)).toEqual(FAILED)
  })

  test('a snooze turns a success into "not now", and gives a snooze its delay', () => {
    const fixture = new Fixture()
    fixture.report.result(bytes('so far'))
    fixture.report.snooze(5000)
    expect(fixture.outcome(DONE)).toEqual({kind: 'snoozed', delayMs: 5000})
    expect(fixture.outcome({kind: 'snoozed', delayMs: null})).toEqual({kind: 'snoozed', delayMs: 5000})
    expect(fixture.outcome({kind: 'snoozed', delayMs: 7})).toEqual({kind: 'snoozed', delayMs: 7})
    expect(fixture.outcome(FAILED)).toEqual(FAILED)
    fixture.report.snooze(null)
    expect(fixture.outcome(DONE)).toEqual({kind: 'snoozed', delayMs: null})
  })

  const sayings: readonly (readonly [string, (report: Report) => void])[] = [
    ['progress', report => report.progress(0.5)],
    ['a result', report => report.result(bytes('x'))],
    ['a snooze', report => report.snooze(1000)],
  ]
  for (const [what, say] of sayings) {
    test(`${what} is refused once the lease has ended`, () => {
      const fixture = new Fixture()
      fixture.holds = false
      expect(codeOf(() => say(fixture.report))).toBe('conflict')
      expect(fixture.outcome(DONE)).toEqual(DONE)
      expect(fixture.progress).toEqual([])
    })
  }

  test('of a run that was told to end only progress is taken', () => {
    const fixture = new Fixture()
    fixture.stop.abort({cause: 'requested', requested: 'cancel', graceMs: 1} satisfies Stop)
    expect(sayings.map(([, say]) => codeOf(() => say(fixture.report)))).toEqual(['taken', 'conflict', 'conflict'])
  })

  test('what is no progress, no delay, or too big is refused', () => {
    const {report} = new Fixture()
    for (const value of [-0.01, 1.01, Number.NaN, Number.POSITIVE_INFINITY]) expect(codeOf(() => report.progress(value))).toBe('bad_input')
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) expect(codeOf(() => report.snooze(value))).toBe('bad_input')
    expect(codeOf(() => report.result(new Uint8Array(RESULT_MAX_BYTES)))).toBe('taken')
    expect(codeOf(() => report.result(new Uint8Array(RESULT_MAX_BYTES + 1)))).toBe('bad_input')
  })
})

describe('a consumer', () => {
  test('stores progress while the run goes on, and its last at the end', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('x')
    const {promise, resolve} = Promise.withResolvers<void>()
    const handler = new ScriptedHandler(async (_lease, {report}) => {
      report.progress(0.25)
      await promise
      report.progress(0.5)
      report.result(bytes('early'))
      return DONE
    })
    const {report} = workshop.start(handler, {drain: true})
    await waitFor(async () => (await workshop.job(id)).progress === 0.25)
    resolve()
    await report
    expect(await workshop.job(id)).toMatchObject({state: 'done', progress: 0.5, result: bytes('early')})
  })

  test('snoozes a run that asked for it: no attempt is spent', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('x')
    const handler = new ScriptedHandler((_lease, {report}) => {
      report.snooze(3_600_000)
      return DONE
    })
    await workshop.drain(handler)
    const job = await workshop.job(id)
    expect(job).toMatchObject({state: 'pending', attempts: 0, snoozes: 1})
    expect(job.runAt).toBeGreaterThan(Date.now() + 3_500_000)
  })
})
