/**
 * How what a run prints is written down: records of both streams in the order they were read, in one row of bytes. It is
 * the form in the store, and in the file that others follow while the run goes on.
 *
 * A record is a head of 13 bytes (1 what it is, 6 when it was read in UTC ms, 6 how many bytes, both big-endian) and those
 * bytes. A gap has a head only: so many bytes of that stream were let go here.
 */
import type {RunOutput} from './job.ts'

export const OUTPUT_STREAMS = ['stdout', 'stderr'] as const
export type OutputStream = (typeof OUTPUT_STREAMS)[number]

export type OutputRecord =
  | {readonly kind: 'bytes'; readonly stream: OutputStream; readonly at: number; readonly bytes: Uint8Array}
  | {readonly kind: 'gap'; readonly stream: OutputStream; readonly at: number; readonly length: number}

/** How far each stream has come, in bytes from its start. */
export type OutputPosition = Readonly<Record<OutputStream, number>>

export const OUTPUT_START: OutputPosition = {stdout: 0, stderr: 0}

/** How much of each stream is kept. */
export const OUTPUT_LIMIT_BYTES = 64 * 1024
const HEAD_BYTES = 13
/** The first byte of a record; zeros, which a torn file may hold, begin none. */
const KINDS = [
  {code: 1, kind: 'bytes', stream: 'stdout'},
  {code: 2, kind: 'bytes', stream: 'stderr'},
  {code: 3, kind: 'gap', stream: 'stdout'},
  {code: 4, kind: 'gap', stream: 'stderr'},
] as const

/** Writes records one after the other. */
export function encodeOutput(records: readonly OutputRecord[]): Uint8Array {
  const size = records.reduce((sum, record) => sum + HEAD_BYTES + (record.kind === 'bytes' ? record.bytes.length : 0), 0)
  const encoded = Buffer.alloc(size)
  let place = 0
  for (const record of records) {
    const code = KINDS.find(({kind, stream}) => kind === record.kind && stream === record.stream)?.code ?? 0
    encoded.writeUInt8(code, place)
    encoded.writeUIntBE(record.at, place + 1, 6)
    encoded.writeUIntBE(record.kind === 'bytes' ? record.bytes.length : record.length, place + 7, 6)
    place += HEAD_BYTES
    if (record.kind === 'gap') continue
    encoded.set(record.bytes, place)
    place += record.bytes.length
  }
  return encoded
}

/**
 * Reads whole records, up to a piece that is none or not wholly there yet.
 * @returns the records, whose bytes share the memory of `encoded`, and how much of it they take
 */
export function decodeOutput(encoded: Uint8Array): {readonly records: readonly OutputRecord[]; readonly length: number} {
  const view = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length)
  const records: OutputRecord[] = []
  let place = 0
  while (place + HEAD_BYTES <= view.length) {
    const found = KINDS.find(({code}) => code === view[place])
    if (found === undefined) break
    const {kind, stream} = found
    const at = view.readUIntBE(place + 1, 6)
    const length = view.readUIntBE(place + 7, 6)
    const end = place + HEAD_BYTES + (kind === 'bytes' ? length : 0)
    if (end > view.length) break
    if (kind === 'gap') records.push({kind, stream, at, length})
    else records.push({kind, stream, at, bytes: encoded.subarray(place + HEAD_BYTES, end)})
    place = end
  }
  return {records, length: place}
}

/** The bytes of one stream, joined. */
export function bytesOfStream(records: readonly OutputRecord[], stream: OutputStream): Uint8Array {
  return Buffer.concat(records.flatMap(record => (record.kind === 'bytes' && record.stream === stream ? [record.bytes] : [])))
}

/**
 * Leaves out what lies before a position: of a record that begins before it, the rest is kept.
 * @param from where the first record of each stream begins
 * @param after what was seen already
 */
export function outputAfter(records: readonly OutputRecord[], from: OutputPosition, after: OutputPosition): readonly OutputRecord[] {
  const place = {...from}
  return records.flatMap((record): readonly OutputRecord[] => {
    const {stream} = record
    const length = lengthOf(record)
    const seen = Math.min(length, Math.max(0, after[stream] - place[stream]))
    place[stream] += length
    if (seen === length) return []
    if (seen === 0) return [record]
    return [record.kind === 'gap' ? {...record, length: length - seen} : {...record, bytes: record.bytes.subarray(seen)}]
  })
}

/** Where the streams are after these records. */
export function positionAfter(records: readonly OutputRecord[], from: OutputPosition): OutputPosition {
  const place = {...from}
  for (const record of records) place[record.stream] += lengthOf(record)
  return place
}

/**
 * What is to be stored of records that begin at the start of the streams: the tail of each without a gap, and how much is before it.
 */
export function storedOutput(records: readonly OutputRecord[]): RunOutput {
  const place = {...OUTPUT_START}
  const gapEnd = {...OUTPUT_START}
  for (const record of records) {
    place[record.stream] += lengthOf(record)
    if (record.kind === 'gap') gapEnd[record.stream] = place[record.stream]
  }
  const from = (stream: OutputStream): number => Math.max(gapEnd[stream], place[stream] - OUTPUT_LIMIT_BYTES)
  const [stdout, stderr] = [from('stdout'), from('stderr')]
  const kept = outputAfter(records, OUTPUT_START, {stdout, stderr})
  return {records: encodeOutput(kept), stdoutDroppedBytes: stdout, stderrDroppedBytes: stderr}
}

function lengthOf(record: OutputRecord): number {
  return record.kind === 'bytes' ? record.bytes.length : record.length
}
