import {describe, expect, test} from 'bun:test'
import fc from 'fast-check'
import {OutputLog} from '../../src/lib/consumer/output-log.ts'
import {bytesOfStream, decodeOutput, encodeOutput, OUTPUT_STREAMS, positionAfter} from '../../src/lib/output-record.ts'

/** A clock that a test moves. */
class Hands {
  now = 1000
  wallNow(): number {
    return this.now
  }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content)

/** The kept records as `TIME STREAM TEXT`. */
function kept(log: OutputLog): string[] {
  const {records} = decodeOutput(log.output()?.records ?? new Uint8Array())
  return records.flatMap(record => (record.kind === 'bytes' ? [`${record.at} ${record.stream} ${text(record.bytes)}`] : []))
}

describe('what a run prints', () => {
  test('is kept in the order it was read, with the time', () => {
    const clock = new Hands()
    const log = new OutputLog(clock)
    for (const [stream, line] of [['stdout', 'a\n'], ['stderr', 'b\n'], ['stdout', 'c\n'], ['stdout', 'd\n']] as const) {
      log.write(stream, bytes(line))
      clock.now += 5
    }
    expect(kept(log)).toEqual(['1000 stdout a\n', '1005 stderr b\n', '1010 stdout c\n', '1015 stdout d\n'])
  })

  test('is nothing when there is nothing', () => {
    const log = new OutputLog(new Hands())
    log.write('stdout', new Uint8Array())
    expect(log.output()).toBeNull()
  })

  test('makes one record of a line that comes in pieces, for a second', () => {
    const clock = new Hands()
    const log = new OutputLog(clock)
    for (let i = 0; i < 25; i += 1) {
      log.write('stdout', bytes('.'))
      clock.now += 100
    }
    expect(kept(log)).toEqual([`1000 stdout ${'.'.repeat(10)}`, `2000 stdout ${'.'.repeat(10)}`, `3000 stdout ${'.'.repeat(5)}`])
  })

  test('loses the oldest bytes of the stream that has too many, and counts them', () => {
    const clock = new Hands()
    const log = new OutputLog(clock, undefined, 4)
    log.write('stderr', bytes('why'))
    for (const line of ['one\n', 'two\n', '3\n']) {
      clock.now += 1
      log.write('stdout', bytes(line))
    }
    expect(kept(log)).toEqual(['1000 stderr why', '1002 stdout o\n', '1003 stdout 3\n'])
    expect(log.output()).toMatchObject({stdoutDroppedBytes: 6, stderrDroppedBytes: 0})
  })

  test('is the tail of each stream, however it comes, and can be given piece by piece', () => {
    const writes = fc.array(
      fc.tuple(fc.constantFrom(...OUTPUT_STREAMS), fc.uint8Array({minLength: 1, maxLength: 30}), fc.nat(3), fc.boolean()),
      {maxLength: 300},
    )
    fc.assert(
      fc.property(fc.integer({min: 1, max: 100}), writes, (limit, calls) => {
        const clock = new Hands()
        const log = new OutputLog(clock, undefined, limit)
        let position = log.end
        const seen = []
        for (const [stream, chunk, pause, look] of calls) {
          clock.now += pause
          log.write(stream, chunk)
          if (!look) continue
          seen.push(...log.after(position))
          position = log.end
        }
        seen.push(...log.after(position))
        expect(positionAfter(seen, {stdout: 0, stderr: 0})).toEqual(log.end)
        const {records} = decodeOutput(log.output()?.records ?? encodeOutput([]))
        for (const stream of OUTPUT_STREAMS) {
          const whole = Buffer.concat(calls.flatMap(([name, chunk]) => (name === stream ? [chunk] : [])))
          expect(Buffer.from(bytesOfStream(records, stream)).equals(whole.subarray(Math.max(0, whole.length - limit)))).toBe(true)
          expect(log.dropped[stream]).toBe(Math.max(0, whole.length - limit))
        }
        const times = records.map(record => record.at)
        expect(times).toEqual(times.toSorted((a, b) => a - b))
      }),
    )
  })

  test('does not grow with what was let go', () => {
    const clock = new Hands()
    const log = new OutputLog(clock, undefined, 100)
    for (let i = 0; i < 100_000; i += 1) {
      clock.now += 1
      log.write(i % 2 === 0 ? 'stdout' : 'stderr', bytes('line\n'))
    }
    expect(kept(log)).toHaveLength(40)
  })
})
