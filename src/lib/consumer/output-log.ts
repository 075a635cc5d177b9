/** What one run prints: the tail of each stream in constant memory, and in which order and when it was read. */
import type {Output} from '../handlers/handler.ts'
import type {RunOutput} from '../job.ts'
import {encodeOutput, OUTPUT_LIMIT_BYTES, OUTPUT_STREAMS, type OutputPosition, type OutputRecord, type OutputStream} from '../output-record.ts'
import type {Clock} from '../time.ts'
import {Tail} from './tail.ts'

/** What continues a line becomes part of its record for so long: a row of dots is not a record each. */
const SAME_RECORD_MS = 1000
/** Pieces whose bytes were let go are forgotten whenever there are as many as this, or twice as many as after the last time. */
const FEW_PIECES = 64
const LINE_FEED = 10

/** One record to be: the bytes of a stream up to `end`, counted from the stream's start, that no piece before it has. */
interface Piece {
  readonly stream: OutputStream
  readonly at: number
  readonly start: number
  end: number
  endsLine: boolean
}

export class OutputLog implements Output {
  readonly #clock: Pick<Clock, 'wallNow'>
  readonly #onWrite: () => void
  readonly #tails: Readonly<Record<OutputStream, Tail>>
  #pieces: Piece[] = []
  #manyPieces = FEW_PIECES

  /**
   * @param onWrite told after each write
   * @param limit how many bytes of each stream to keep
   */
  constructor(clock: Pick<Clock, 'wallNow'>, onWrite: () => void = () => {}, limit = OUTPUT_LIMIT_BYTES) {
    this.#clock = clock
    this.#onWrite = onWrite
    this.#tails = {stdout: new Tail(limit), stderr: new Tail(limit)}
  }

  /** How much of each stream was let go. */
  get dropped(): OutputPosition {
    return {stdout: this.#tails.stdout.droppedBytes, stderr: this.#tails.stderr.droppedBytes}
  }

  /** How much was printed. */
  get end(): OutputPosition {
    return {stdout: this.#tails.stdout.totalBytes, stderr: this.#tails.stderr.totalBytes}
  }

  write(stream: OutputStream, bytes: Uint8Array): void {
    if (bytes.length === 0) return
    const tail = this.#tails[stream]
    const start = tail.totalBytes
    tail.push(bytes)
    this.#note(stream, start, tail.totalBytes, bytes.at(-1) === LINE_FEED)
    this.#onWrite()
  }

  lastBytes(stream: OutputStream, count: number): Uint8Array {
    const tail = this.#tails[stream]
    return tail.bytes(tail.totalBytes - count)
  }

  /** What is kept; `null` when nothing was printed. */
  output(): RunOutput | null {
    const {stdout, stderr} = this.dropped
    if (this.#pieces.length === 0) return null
    return {records: encodeOutput(this.#kept({stdout, stderr})), stdoutDroppedBytes: stdout, stderrDroppedBytes: stderr}
  }

  /** What was printed after a position: first how much of that was let go, then what is kept. */
  after(position: OutputPosition): readonly OutputRecord[] {
    const at = this.#pieces.at(-1)?.at ?? 0
    const gaps = OUTPUT_STREAMS.map(stream => ({kind: 'gap', stream, at, length: this.dropped[stream] - position[stream]}) as const)
    return [...gaps.filter(({length}) => length > 0), ...this.#kept(position)]
  }

  #kept(from: OutputPosition): readonly OutputRecord[] {
    return this.#pieces.flatMap(({stream, at, start, end}): readonly OutputRecord[] => {
      const bytes = this.#tails[stream].bytes(Math.max(start, from[stream]), end)
      return bytes.length === 0 ? [] : [{kind: 'bytes', stream, at, bytes}]
    })
  }

  #note(stream: OutputStream, start: number, end: number, endsLine: boolean): void {
    const at = this.#clock.wallNow()
    const last = this.#pieces.at(-1)
    if (last !== undefined && last.stream === stream && (last.at === at || (!last.endsLine && at - last.at < SAME_RECORD_MS))) {
      last.end = end
      last.endsLine = endsLine
      return
    }
    this.#pieces.push({stream, at, start, end, endsLine})
    if (this.#pieces.length >= this.#manyPieces) this.#forget()
  }

  #forget(): void {
    this.#pieces = this.#pieces.filter(({stream, end}) => end > this.#tails[stream].droppedBytes)
    this.#manyPieces = Math.max(FEW_PIECES, 2 * this.#pieces.length)
  }
}
