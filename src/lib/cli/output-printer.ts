import {OUTPUT_STREAMS, type OutputRecord, type OutputStream} from '../output-record.ts'
import {toIso} from '../time.ts'
import {bytesField, timeField} from './bytes-json.ts'
import {counted} from './counted.ts'
import type {Printer} from './print.ts'
import {safeBytes} from './safe-output.ts'

/** How the output of a run is printed. */
export interface OutputOptions {
  /** Only this stream; then it is the data, and goes to stdout. */
  readonly only: OutputStream | null
  readonly timestamps: boolean
  /** As it is, also on a terminal. */
  readonly raw: boolean
}

type BytesRecord = Extract<OutputRecord, {kind: 'bytes'}>

const LINE_FEED = 10

/**
 * Prints what a run printed, each stream to its own, as it comes. In a pipe or a file it is the very bytes, unless times are
 * put before the lines; on a terminal what a terminal would obey is made visible.
 */
export class OutputPrinter {
  readonly #print: Printer
  readonly #options: OutputOptions
  readonly #characters = new WholeCharacters()
  /** Whether the next byte of a stream begins a line. */
  readonly #beginsLine: Record<OutputStream, boolean> = {stdout: true, stderr: true}

  constructor(print: Printer, options: OutputOptions) {
    this.#print = print
    this.#options = options
  }

  records(records: readonly OutputRecord[]): void {
    for (const record of records) {
      if (this.#options.only !== null && record.stream !== this.#options.only) continue
      if (this.#print.isMachine) this.#asJson(record)
      else if (record.kind === 'bytes') this.#asText(record)
      else this.#print.note(gapNote(record))
    }
  }

  /** Prints what is left of characters that never came to their end. */
  end(): void {
    for (const record of this.#characters.rest()) {
      if (this.#print.isMachine) this.#print.json(recordJson(record))
      else this.#write(record)
    }
  }

  #asJson(record: OutputRecord): void {
    for (const whole of this.#characters.take(record)) this.#print.json(recordJson(whole))
  }

  #asText(record: BytesRecord): void {
    if (this.#isExact(record.stream)) return this.#write(record)
    for (const whole of this.#characters.take(record)) this.#write(whole)
  }

  #write(record: OutputRecord): void {
    if (record.kind === 'gap') return
    const {stream, at, bytes} = record
    if (!this.#options.timestamps) return this.#print.foreign(this.#shown(stream, bytes), this.#target(stream))
    for (const line of linesOf(bytes)) {
      if (this.#beginsLine[stream]) this.#print.foreign(`${toIso(at)} `, this.#target(stream))
      this.#print.foreign(this.#shown(stream, line), this.#target(stream))
      this.#beginsLine[stream] = line.at(-1) === LINE_FEED
    }
  }

  #shown(stream: OutputStream, bytes: Uint8Array): string | Uint8Array {
    return this.#isExact(stream) ? bytes : safeBytes(bytes, {multiline: true})
  }

  #isExact(stream: OutputStream): boolean {
    return this.#options.raw || !this.#print.isScreen(this.#target(stream))
  }

  #target(stream: OutputStream): OutputStream {
    return this.#options.only === null ? stream : 'stdout'
  }
}

/** One record, as every JSON document has it. */
export function recordJson(record: OutputRecord): Readonly<Record<string, unknown>> {
  const {at, stream} = record
  const text = bytesField('text', record.kind === 'bytes' ? record.bytes : null)
  return {at: timeField(at), stream, ...text, dropped_bytes: record.kind === 'gap' ? record.length : null}
}

/** Records whose text is not torn within a character, for JSON. */
export function wholeRecords(records: readonly OutputRecord[]): readonly OutputRecord[] {
  const characters = new WholeCharacters()
  return [...records.flatMap(record => characters.take(record)), ...characters.rest()]
}

function gapNote({stream, length}: Extract<OutputRecord, {kind: 'gap'}>): string {
  return `… ${counted(length, 'byte')} of ${stream} not kept …`
}

function linesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LINE_FEED, start)
    const next = end === -1 ? bytes.length : end + 1
    lines.push(bytes.subarray(start, next))
    start = next
  }
  return lines
}

/** Keeps back the beginning of a UTF-8 character at the end of a record for the next record of its stream. */
class WholeCharacters {
  readonly #begun: Record<OutputStream, BytesRecord | null> = {stdout: null, stderr: null}

  take(record: OutputRecord): readonly OutputRecord[] {
    const begun = this.#begun[record.stream]
    this.#begun[record.stream] = null
    if (record.kind === 'gap') return begun === null ? [record] : [begun, record]
    const bytes = begun === null ? record.bytes : Buffer.concat([begun.bytes, record.bytes])
    const end = bytes.length - begunLength(bytes)
    if (end < bytes.length) this.#begun[record.stream] = {...record, bytes: bytes.subarray(end)}
    return end === 0 ? [] : [{...record, bytes: bytes.subarray(0, end)}]
  }

  rest(): readonly OutputRecord[] {
    return OUTPUT_STREAMS.flatMap(stream => this.#begun[stream] ?? [])
  }
}

/** How many bytes at the end are the beginning of a character. */
function begunLength(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? back : 0
  }
  return 0
}
