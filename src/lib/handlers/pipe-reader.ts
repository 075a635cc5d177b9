import {closeSync} from 'node:fs'
import {monotonicMs, nextTurn, sleep} from '../time.ts'
import {enlargePipe, readNow} from './descriptors.ts'

export type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>

/** What a pipe holds (pipe(7)): after a few reads of so much what was there when the program ended is read. */
const PIPE_BYTES = 64 * 1024
const MOST_READS = 4
/** So much in such a time is a flood: then it costs less to look now and then into a larger pipe than to be told of every write. */
const FLOOD = {bytes: 4 * 1024 * 1024, withinMs: 50} as const
const LARGE_PIPE_BYTES = 1024 * 1024
const GULP_BYTES = 256 * 1024
/** A flood is over when nothing came for so long. */
const CALM_MS = 100
/** Steps in which a read that has its bytes already would have given them. */
const MICROTASKS = 16

/**
 * Reads what a program writes to one of its outputs: as it comes once `follow` was called, before that only on demand. A
 * stream of the runtime costs a third of starting a program, and most programs are short and have little to say.
 * Loaded only under Bun.
 */
export class PipeReader {
  readonly #source: number | ByteStream
  readonly #push: (bytes: Uint8Array) => void
  #following: Promise<void> | null = null
  #reader: Pick<ReadableStreamDefaultReader, 'cancel'> | null = null
  #isAbandoned = false
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
    this.#isAbandoned = true
    this.#reader?.cancel().catch(() => undefined)
  }

  async #follow(): Promise<void> {
    try {
      if (typeof this.#source !== 'number') await this.#stream(this.#source)
      else while ((await this.#stream(Bun.file(this.#source).stream())) === 'flood' && (await this.#gulp(this.#source)) === 'calm');
    } catch {
      // What could be read was read; an error of a pipe says no more than its end does.
    } finally {
      this.#end()
    }
  }

  /** Is told of what comes, until the end or a flood. */
  async #stream(stream: ByteStream): Promise<'end' | 'flood'> {
    const reader = stream.getReader()
    this.#reader = reader
    let since = monotonicMs()
    let bytes = 0
    for (;;) {
      const reading = reader.read()
      if (bytes > FLOOD.bytes && typeof this.#source === 'number' && (await isWaiting(reading))) {
        // It waits, so the stream holds nothing that would be lost with it.
        await reader.cancel()
        return 'flood'
      }
      const {done, value} = await reading
      if (done) return 'end'
      this.#push(value)
      bytes += value.length
      if (bytes <= FLOOD.bytes && monotonicMs() - since > FLOOD.withinMs) {
        since = monotonicMs()
        bytes = 0
      }
    }
  }

  /** Looks for what has come, until the end or until nothing comes any more. */
  async #gulp(file: number): Promise<'end' | 'calm'> {
    enlargePipe(file, LARGE_PIPE_BYTES)
    for (let last = monotonicMs(); monotonicMs() - last < CALM_MS; ) {
      let length = 0
      for (let bytes = readNow(file, GULP_BYTES); bytes !== null; bytes = readNow(file, GULP_BYTES)) {
        if (bytes.length === 0) return 'end'
        this.#push(bytes)
        length += bytes.length
        if (length >= LARGE_PIPE_BYTES) break
      }
      if (this.#isAbandoned) return 'end'
      if (length > 0) last = monotonicMs()
      // Whoever fills half of it in a moment would soon have to wait.
      if (length >= LARGE_PIPE_BYTES / 2) await nextTurn()
      else await sleep(1)
    }
    return 'calm'
  }

  #end(): void {
    this.#isDone = true
    if (typeof this.#source === 'number') closeSync(this.#source)
  }
}

/** True when a read has nothing to give yet; looked at within one turn of the event loop, so nothing can come meanwhile. */
async function isWaiting(reading: Promise<unknown>): Promise<boolean> {
  let isSettled = false
  const settle = (): void => {
    isSettled = true
  }
  reading.then(settle, settle)
  for (let step = 0; step < MICROTASKS && !isSettled; step += 1) await undefined
  return !isSettled
}
