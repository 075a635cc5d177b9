import {describe, expect, test} from 'bun:test'
import fc from 'fast-check'
import {Lie, LineReader} from '../../../src/lib/handlers/workers/lines.ts'
import {jobLine, readMessage} from '../../../src/lib/handlers/workers/messages.ts'
import {leaseOf} from '../support.ts'

function payloadIn(line: string): Uint8Array {
  const {payload, payload_base64: base64} = JSON.parse(line) as {readonly payload?: string; readonly payload_base64?: string}
  return payload === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(payload)
}

describe('a job line', () => {
  const line = (payload: Uint8Array | string) => jobLine(leaseOf(payload), {maxAttempts: 8, timeoutMs: null})

  test('is one line and brings every payload unharmed', () => {
    fc.assert(
      fc.property(fc.uint8Array({maxLength: 64}), payload => {
        expect(line(payload)).toMatch(/^[^\n]+\n$/)
        expect(Buffer.from(payloadIn(line(payload))).equals(Buffer.from(payload))).toBe(true)
      }),
    )
  })

  test('keeps a mark of the byte order and control characters', () => {
    for (const text of ['\ufeffx', '\u0000\u001f\u007f\u2028"\\\n']) expect(Buffer.from(payloadIn(line(text))).toString()).toBe(text)
  })
})

describe('what a worker says', () => {
  const said = (fields: object) => readMessage(JSON.stringify({id: 1, fence: 2, ...fields})).said

  test('is an answer', () => {
    expect(said({ok: true})).toEqual({kind: 'answer', outcome: {kind: 'done', result: null}})
    expect(said({ok: true, result: null})).toEqual({kind: 'answer', outcome: {kind: 'done', result: null}})
    expect(said({error: {code: 7}, retry: null})).toEqual({kind: 'answer', outcome: {kind: 'failed', error: '{"code":7}', retryAfterMs: null}})
    expect(said({error: 'x', retry: '10m'})).toEqual({kind: 'answer', outcome: {kind: 'failed', error: 'x', retryAfterMs: 600_000}})
    expect(said({error: 'x', retry: false})).toEqual({kind: 'answer', outcome: {kind: 'rejected', reason: 'permanent', error: 'x'}})
    expect(said({snooze: '1h'})).toEqual({kind: 'answer', outcome: {kind: 'snoozed', delayMs: 3_600_000}})
    expect(said({snooze: null})).toEqual({kind: 'answer', outcome: {kind: 'snoozed', delayMs: null}})
  })

  test('is a lie when it is nothing of that', () => {
    for (const text of ['', 'x', '7', 'null', '[]', '{}', '{"id":1}', '{"id":"1","fence":1,"ok":true}', '{"id":1.5,"fence":1,"ok":true}', '{"id":1,"fence":1,"ok":false}', '{"id":1,"fence":1,"ok":1}', '{"id":1,"fence":1,"error":"x","retry":5}', '{"id":1,"fence":1,"error":"x","retry":"soon"}', '{"id":1,"fence":1,"progress":"half"}', '{"id":1,"fence":1,"ok":true,"result_base64":7}']) {
      expect(() => readMessage(text)).toThrow(Lie)
    }
  })
})

describe('lines', () => {
  test('come out whole, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({unit: 'grapheme'}).map(text => text.replaceAll('\n', ' ')), {minLength: 1}), fc.array(fc.nat(20)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map(line => `${line}\n`).join(''))
        const reader = new LineReader()
        const found: string[] = []
        let place = 0
        for (const cut of [...cuts, bytes.length]) {
          // What is pushed is overwritten afterwards.
          const chunk = Uint8Array.from(bytes.subarray(place, place + cut))
          found.push(...reader.push(chunk))
          chunk.fill(0)
          place += cut
        }
        expect(found).toEqual(lines)
      }),
    )
  })

  test('have a limit while they are put together', () => {
    const reader = new LineReader(10)
    expect(reader.push(Buffer.from('0123456789\n012345'))).toEqual(['0123456789'])
    expect(() => reader.push(Buffer.from('67890'))).toThrow(Lie)
  })
})
