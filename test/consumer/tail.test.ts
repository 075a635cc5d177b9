import {describe, expect, test} from 'bun:test'
import fc from 'fast-check'
import {Tail} from '../../src/lib/consumer/tail.ts'

describe('a tail', () => {
  test('is the end of the stream, and counts the rest', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 40}), fc.array(fc.uint8Array({maxLength: 100})), (limit, chunks) => {
        const tail = new Tail(limit)
        for (const chunk of chunks) tail.push(chunk)
        const whole = Buffer.concat(chunks)
        const kept = whole.subarray(Math.max(0, whole.length - limit))
        expect(Buffer.from(tail.bytes()).equals(kept)).toBe(true)
        expect(tail.droppedBytes).toBe(whole.length - kept.length)
        expect(tail.totalBytes).toBe(whole.length)
      }),
      {numRuns: 2000},
    )
  })

  test('gives any part of what is kept', () => {
    const chunks = fc.array(fc.uint8Array({maxLength: 30}))
    const place = fc.integer({min: 0, max: 200})
    fc.assert(
      fc.property(fc.integer({min: 1, max: 40}), chunks, place, place, (limit, parts, from, to) => {
        const tail = new Tail(limit)
        for (const part of parts) tail.push(part)
        const whole = Buffer.concat(parts)
        expect(Buffer.from(tail.bytes(from, to)).equals(whole.subarray(Math.max(from, tail.droppedBytes), to))).toBe(true)
      }),
      {numRuns: 2000},
    )
  })

  test('is empty at first', () => {
    const tail = new Tail(10)
    expect(tail.bytes()).toEqual(new Uint8Array())
    expect(tail.droppedBytes).toBe(0)
  })
})
