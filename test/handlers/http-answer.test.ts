import {describe, expect, test} from 'bun:test'
import {answerOutcome, type HttpAnswer, retryAfterMs} from '../../src/lib/handlers/http-answer.ts'

const NOW = Date.parse('2026-11-22T10:00:00Z')
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function outcome(status: number, facts: Partial<HttpAnswer> = {}) {
  const answer = {status, statusMessage: 'Word', retryAfter: null, location: null, body: new Uint8Array(), isCut: false, ...facts}
  return answerOutcome(answer, NOW)
}

describe('an answer', () => {
  test('2xx is done, and its body the result', () => {
    expect(outcome(200, {body: bytes('x')})).toEqual({kind: 'done', result: bytes('x')})
    for (const status of [200, 201, 202, 204, 206, 299]) expect(outcome(status)).toEqual({kind: 'done', result: null})
    expect(outcome(200, {body: bytes('half'), isCut: true})).toEqual({kind: 'done', result: null})
  })

  test('3xx fails the job: nothing is followed', () => {
    expect(outcome(302, {location: 'http://10.0.0.1/'})).toEqual({
      kind: 'rejected',
      reason: 'permanent',
      error: 'HTTP 302 Word: redirects are not followed (to http://10.0.0.1/)',
    })
    for (const status of [300, 301, 303, 304, 307, 308]) expect(outcome(status).kind).toBe('rejected')
  })

  test('4xx fails the job', () => {
    expect(outcome(422, {body: bytes('\n {"error":"no such address"}\nmore')})).toEqual({
      kind: 'rejected',
      reason: 'permanent',
      error: 'HTTP 422 Word: {"error":"no such address"}',
    })
    for (const status of [400, 401, 403, 404, 405, 409, 410, 413, 418, 499]) expect(outcome(status).kind).toBe('rejected')
  })

  test('408, 425, 429 and 5xx are tried again', () => {
    for (const status of [408, 425, 429, 500, 501, 502, 503, 504, 599]) {
      expect(outcome(status)).toEqual({kind: 'failed', error: `HTTP ${status} Word`, retryAfterMs: null})
    }
    expect(outcome(503, {retryAfter: '120'})).toEqual({kind: 'failed', error: 'HTTP 503 Word', retryAfterMs: null, notBeforeMs: 120_000})
  })

  test('a long line is cut', () => {
    const made = outcome(400, {body: bytes('y'.repeat(5000))})
    expect('error' in made && made.error.length).toBe('HTTP 400 Word: '.length + 200)
  })
})

describe('Retry-After', () => {
  test.each([
    ['0', null],
    ['7', 7000],
    [' 7 ', 7000],
    ['86400', 86_400_000],
    ['999999999', 86_400_000],
    ['Sun, 22 Nov 2026 10:01:00 GMT', 60_000],
    ['Sunday, 22-Nov-26 10:01:00 GMT', 60_000],
    ['Sun Nov 22 10:01:00 2026', 60_000],
    ['Sun, 22 Nov 2026 09:59:59 GMT', null],
    ['Sun, 22 Nov 2026 10:00:00 GMT', null],
    ['Fri, 01 Jan 2100 00:00:00 GMT', 86_400_000],
    ['-1', null],
    ['1.5', null],
    ['soon', null],
    ['', null],
    [null, null],
    ['2026-11-22', null],
    ['Xyz, 99 Foo 2026', null],
  ] as const)('%j is %j ms', (text, ms) => expect(retryAfterMs(text, NOW)).toBe(ms))
})
