/**
 * stdout and stderr. The streams of the process are only made when they are needed, for terminals and slow readers:
 * making one costs 3 ms in Bun, half a hello world. A file or a pipe is written to directly.
 */
import {fstatSync, writeSync} from 'node:fs'
import {isTerminal, openWithoutBlocking} from '../descriptor.ts'
import {nextTurn} from '../time.ts'
import type {Paper} from './print.ts'
import type {Screen} from './terminal.ts'

/** As for an outcome that is unknown: what was to be printed may be missing. */
const STDOUT_FAILED = 74

/** One of the two, as the `Paper` that everything is printed on. */
class StandardPaper implements Paper, Screen {
  readonly #file: 1 | 2
  /** What direct writes go to; null when the stream has to do it, undefined before the first look. */
  #direct: number | null | undefined
  #stream: NodeJS.WriteStream | undefined
  readonly #lost = new AbortController()

  constructor(file: 1 | 2) {
    this.#file = file
  }

  get isTTY(): boolean {
    return this.#target() === null && isTerminal(this.#file)
  }

  get columns(): number | undefined {
    return this.isTTY ? this.stream.columns : undefined
  }

  /** Absent where there is no terminal, as in a stream. */
  get getColorDepth(): (() => number) | undefined {
    return this.isTTY ? () => this.stream.getColorDepth() : undefined
  }

  /** The stream of the process, for what can print on streams only. From then on everything goes through it. */
  get stream(): NodeJS.WriteStream {
    this.#stream ??= this.#makeStream()
    return this.#stream
  }

  /**
   * Aborted by the first write that found that nothing arrives any more. What is printed then is dropped, and the command goes on: it may be
   * changing something, and must not stop half-way because nobody looks. One that only shows, without an end of its own, looks here.
   */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  write(text: string | Uint8Array): boolean {
    if (this.#lost.signal.aborted) return true
    const target = this.#stream === undefined ? this.#target() : null
    const bytes = typeof text === 'string' ? Buffer.from(text) : text
    const rest = target === null ? bytes : this.#writeNow(target, bytes)
    return rest.length === 0 || this.stream.write(rest)
  }

  /** Waits until everything printed has left. Nothing may be printed afterwards. */
  async end(): Promise<void> {
    const stream = this.#stream
    if (stream === undefined || this.#lost.signal.aborted) return
    await new Promise<void>((resolve) => {
      stream.once('error', () => resolve())
      // In Bun only the end waits for what a pipe has not taken; in Node it would shut a socket that others print on, too.
      if (process.versions.bun === undefined) stream.write('', () => resolve())
      else stream.end(() => resolve())
    })
    // An error of the last write is told one turn after the end.
    await nextTurn()
  }

  #target(): number | null {
    if (this.#direct === undefined) this.#direct = directTarget(this.#file)
    return this.#direct
  }

  /** Writes as much as goes without waiting and returns what is left. */
  #writeNow(target: number, bytes: Uint8Array): Uint8Array {
    let rest = bytes
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(target, rest))
    } catch (error) {
      // A slow reader is waited for by the stream.
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return rest
      this.#fail(error)
    }
    return new Uint8Array(0)
  }

  #makeStream(): NodeJS.WriteStream {
    const stream = this.#file === 1 ? process.stdout : process.stderr
    // oclif's listener throws what is no EPIPE, and lets a command go on writing to a pipe that is gone.
    if (this.#file === 1) stream.removeAllListeners('error')
    stream.on('error', (error) => this.#fail(error))
    return stream
  }

  /** A reader that went away (`| head`) is no error; a log nobody reads must not stop anything. */
  #fail(error: unknown): void {
    if (this.#file === 2 || this.#lost.signal.aborted) return
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code !== 'EPIPE') {
      stderr.write(`qctl: cannot write to stdout: ${code}\n`)
      process.once('exit', status => {
        if (status === 0) process.exitCode = STDOUT_FAILED
      })
    }
    this.#lost.abort()
  }
}

/** What to write to when no stream is needed: a file, a device that is no terminal, or a pipe opened not to block. */
function directTarget(file: number): number | null {
  try {
    const stat = fstatSync(file)
    if (stat.isFile() || (stat.isCharacterDevice() && !isTerminal(file))) return file
    return stat.isFIFO() ? openWithoutBlocking(file) : null
  } catch {
    return null
  }
}

export const stdout = new StandardPaper(1)
export const stderr = new StandardPaper(2)

/** Waits until everything printed has left the process. */
export async function endPapers(): Promise<void> {
  await stdout.end()
  await stderr.end()
}
