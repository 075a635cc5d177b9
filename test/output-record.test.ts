import {expect, test} from 'bun:test'
import fc from 'fast-check'
import {
  bytesOfStream,
  decodeOutput,
  encodeOutput,
  OUTPUT_START,
  OUTPUT_STREAMS,
  outputAfter,
  type OutputRecord,
  positionAfter,
} from '../src/lib/output-record.ts'

const stream = fc.constantFrom(...OUTPUT_STREAMS)
const at = fc.integer({min: 0, max: 2 ** 47})
const record: fc.Arbitrary<OutputRecord> = fc.oneof(
  fc.record({kind: fc.constant('bytes' as const), stream, at, bytes: fc.uint8Array({minLength: 1, maxLength: 40})}),
  fc.record({kind: fc.constant('gap' as const), stream, at, length: fc.integer({min: 1, max: 2 ** 47})}),
)
const records = fc.array(record, {maxLength: 12})

test('what was written is read', () => {
  fc.assert(
    fc.property(records, written => {
      const encoded = encodeOutput(written)
      expect(decodeOutput(encoded)).toEqual({records: written, length: encoded.length})
    }),
  )
})

test('of what is torn anywhere the whole records before are read', () => {
  fc.assert(
    fc.property(records, fc.nat(600), (written, cut) => {
      const encoded = encodeOutput(written).subarray(0, cut)
      const {records: read, length} = decodeOutput(encoded)
      expect(read).toEqual(written.slice(0, read.length))
      expect(length).toBe(encodeOutput(written.slice(0, read.length)).length)
      expect(length).toBeLessThanOrEqual(cut)
    }),
  )
})

test('what is no record is not read', () => {
  const good = encodeOutput([{kind: 'gap', stream: 'stderr', at: 1, length: 2}])
  for (const bad of [0, 5, 255]) expect(decodeOutput(Buffer.concat([good, Buffer.alloc(100, bad)])).length).toBe(good.length)
})

test('what lies before a position is left out, and nothing else', () => {
  fc.assert(
    fc.property(records, fc.nat(100), fc.nat(100), (written, stdout, stderr) => {
      const seen = {stdout, stderr}
      const end = positionAfter(written, OUTPUT_START)
      const rest = outputAfter(written, OUTPUT_START, seen)
      for (const name of OUTPUT_STREAMS) {
        const length = positionAfter(rest, OUTPUT_START)[name]
        expect(length).toBe(Math.max(0, end[name] - seen[name]))
        const all = bytesOfStream(written, name)
        const left = bytesOfStream(rest, name)
        expect(Buffer.from(left).equals(all.subarray(all.length - left.length))).toBe(true)
      }
    }),
  )
})
