import {describe, expect, test} from 'bun:test'
import {QctlError} from '../../src/lib/errors.ts'
import {actionOf, DEFAULT_EXIT_POLICY, exitOutcome, parseExitPolicy} from '../../src/lib/handlers/exit-policy.ts'

const facts = {error: 'exit status 9', streak: 1, result: null}

describe('the default exit policy', () => {
  test('knows the words of sysexits and shells', () => {
    const kinds = [0, 1, 65, 75, 78, 126, 127, 255].map(status => actionOf(status, DEFAULT_EXIT_POLICY).kind)
    expect(kinds).toEqual(['done', 'retry', 'fail', 'snooze', 'pause-queue', 'unrunnable', 'unrunnable', 'retry'])
  })

  test('becomes outcomes', () => {
    expect(exitOutcome({kind: 'done'}, {...facts, result: new Uint8Array([1])})).toEqual({kind: 'done', result: new Uint8Array([1])})
    expect(exitOutcome({kind: 'fail'}, facts)).toEqual({kind: 'rejected', reason: 'permanent', error: 'exit status 9'})
    expect(exitOutcome({kind: 'retry', delayMs: 5}, facts)).toEqual({kind: 'failed', error: 'exit status 9', retryAfterMs: 5})
    expect(exitOutcome({kind: 'snooze', delayMs: null}, facts)).toEqual({kind: 'snoozed', delayMs: null})
    expect(exitOutcome({kind: 'pause-queue'}, facts)).toMatchObject({kind: 'unrunnable', pause: 'exit status 9'})
  })

  test('pauses for the third unrunnable in a row', () => {
    expect(exitOutcome({kind: 'unrunnable'}, {...facts, streak: 2})).toMatchObject({streak: 2, pause: null})
    expect(exitOutcome({kind: 'unrunnable'}, {...facts, streak: 3})).toMatchObject({streak: 3, pause: 'exit status 9 (3 times in a row)'})
  })
})

describe('--on-exit', () => {
  test('changes what it names and keeps the rest', () => {
    const policy = parseExitPolicy('75=retry:10m, 78=pause-queue,3=snooze,4=snooze:1h30m,5=fail,6=done,7=retry')
    expect(actionOf(75, policy)).toEqual({kind: 'retry', delayMs: 600_000})
    expect(actionOf(3, policy)).toEqual({kind: 'snooze', delayMs: null})
    expect(actionOf(4, policy)).toEqual({kind: 'snooze', delayMs: 5_400_000})
    expect(actionOf(5, policy)).toEqual({kind: 'fail'})
    expect(actionOf(6, policy)).toEqual({kind: 'done'})
    expect(actionOf(7, policy)).toEqual({kind: 'retry', delayMs: null})
    expect(actionOf(65, policy)).toEqual({kind: 'fail'})
  })

  for (const bad of ['', '75', '75=', '=done', 'x=done', '256=done', '-1=done', '1=dead', '1=done:5s', '1=retry:', '1=retry:5', '1=retry:soon', '1=done,1=fail', '1=done,']) {
    test(`refuses ${JSON.stringify(bad)}`, () => {
      expect(() => parseExitPolicy(bad)).toThrow(expect.objectContaining({code: 'usage'}) as unknown as QctlError)
    })
  }
})
