import {closeSync} from 'node:fs'
import {readNow} from './descriptors.ts'

export type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>

/** A pipe holds no more (pipe(7)), so this many bytes are what was there when the program ended. */
const PIPE_BYTES = 64 * 1024
/** Reads that are certain to empty a full pipe. */
const MOST_READS = 4

/**
 * Reads what a program writes to one of its outputs: as it comes once `follow` was called, before that only on demand. A
 * stream of the runtime costs more than half as much as starting the program, and most programs have nothing to say.
 * Loaded only under Bun.
 */
export class PipeReader {
  readonly #source: number | ByteStream
  readonly #push: (bytes: Uint8Array) => void
  #following: Promise<void> | null = null
  #reader: Pick<ReadableStreamDefaultReader, 'cancel'> | null = null
  #isDone = false

  /**
   * @param source the read end of a pipe, not blocking and ours to close; or a stream where there are no pipes
   * @param push takes bytes, which are its own no longer once it has returned
   */
  constructor(source: number | ByteStream, push: (bytes: Uint8Array) => void) {
    this.#source = source
    this.#push = push
    if (typeof source !== 'number') this.follow()
  }

  /** True when it was read to its end, or given up. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Resolves when it was read to its end, or given up. */
  get done(): Promise<void> {
    return this.#following ?? Promise.resolve()
  }

  /** Reads what is there. What comes later is read as it comes. */
  finish(): void {
    if (this.#following !== null || this.#isDone || typeof this.#source !== 'number') return
    for (let reads = 0; reads < MOST_READS; reads += 1) {
      const bytes = readNow(this.#source, PIPE_BYTES)
      if (bytes === null) break
      if (bytes.length === 0) return this.#end()
      this.#push(bytes)
    }
    // Somebody else holds the other end still.
    this.follow()
  }

  /** Reads from now on as it comes. */
  follow(): void {
    if (this.#following === null && !this.#isDone) this.#following = this.#follow()
  }

  /** Reads no further. */
  abandon(): void {
    this.#reader?.cancel().catch(() => undefined)
  }

  async #follow(): Promise<void> {
    const stream = typeof this.#source === 'number' ? Bun.file(this.#source).stream() : this.#source
    const reader = stream.getReader()
    this.#reader = reader
    try {
      for (let read = await reader.read(); !read.done; read = await reader.read()) this.#push(read.value)
    } catch {
      // What could be read was read; an error of a pipe says no more than its end does.
    } finally {
      this.#end()
    }
  }

  #end(): void {
    this.#isDone = true
    if (typeof this.#source === 'number') closeSync(this.#source)
  }
}
