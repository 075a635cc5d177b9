/**
 * Where log lines go: stderr, without ever waiting for it. A blocked or closed log must not stop the queue, so a line that
 * cannot be written now is dropped, and never half of it.
 */
import {fstatSync, write, writeSync} from 'node:fs'
import {isTerminal, openWithoutBlocking} from './descriptor.ts'
import {after, sleep} from './time.ts'

export interface LogSink {
  /** Takes one line, with its line feed. False: dropped, because nobody takes it off. Never throws, never blocks. */
  write(line: string): boolean
  /** Waits until everything taken is written, or `limitMs` have passed. */
  flush(limitMs: number): Promise<void>
}

/** Writes to a descriptor whose writes come back at once: a file, a device, or a pipe opened not to block. */
class DirectSink implements LogSink {
  readonly #file: number
  /** The end of a line that was written only in part; nothing may come before it. */
  #rest = Buffer.alloc(0)

  constructor(file: number) {
    this.#file = file
  }

  write(line: string): boolean {
    if (!this.#writeRest()) return false
    this.#rest = Buffer.from(line)
    this.#writeRest()
    const untouched = this.#rest.length === Buffer.byteLength(line)
    if (untouched) this.#rest = Buffer.alloc(0)
    return !untouched
  }

  async flush(): Promise<void> {
    this.#writeRest()
  }

  #writeRest(): boolean {
    try {
      if (this.#rest.length > 0) this.#rest = this.#rest.subarray(writeSync(this.#file, this.#rest))
    } catch {
      // EAGAIN, EPIPE, ENOSPC, EIO: whatever it is, it is not the queue's business.
    }
    return this.#rest.length === 0
  }
}

/** How many lines may wait for a slow reader. */
const MAX_WAITING = 1000

/** How long to wait, in ms, before writing again to what was full. */
const RETRY_MS = 50

/** Writes to a descriptor that may block, in the background, one write at a time. */
class QueuedSink implements LogSink {
  readonly #file: number
  #waiting: string[] = []
  #writing = false

  constructor(file: number) {
    this.#file = file
  }

  write(line: string): boolean {
    if (this.#waiting.length >= MAX_WAITING) return false
    this.#waiting.push(line)
    if (!this.#writing) this.#writeWaiting()
    return true
  }

  async flush(limitMs: number): Promise<void> {
    for (let waited = 0; this.#writing && waited < limitMs; waited += 10) await sleep(10)
  }

  #writeWaiting(): void {
    const bytes = Buffer.from(this.#waiting.join(''))
    this.#waiting = []
    this.#writing = bytes.length > 0
    if (this.#writing) this.#write(bytes)
  }

  #write(bytes: Buffer): void {
    write(this.#file, bytes, 0, bytes.length, null, (error, written) => {
      const rest = error === null ? bytes.subarray(written) : bytes
      if (error?.code === 'EAGAIN') after(RETRY_MS, () => this.#write(bytes), {keepAlive: false})
      else if (error === null && rest.length > 0) this.#write(rest)
      // Any other error loses these lines; the next ones are tried again.
      else this.#writeWaiting()
    })
  }
}

/**
 * Opens a sink on a descriptor. Where it cannot be written to without blocking, lines are queued.
 * @param file descriptor, 2 for stderr
 */
export function openSink(file: number): LogSink {
  try {
    const stat = fstatSync(file)
    const terminal = isTerminal(file)
    if (stat.isFile() || (stat.isCharacterDevice() && !terminal)) return new DirectSink(file)
    if (!stat.isFIFO() && !terminal) return new QueuedSink(file)
    return new DirectSink(openWithoutBlocking(file))
  } catch {
    return new QueuedSink(file)
  }
}
