/** Programs under Bun: `Bun.spawn` is 1.6 times as fast as `node:child_process`. Loaded only by Bun. */
import {closeSync} from 'node:fs'
import {after} from '../time.ts'
import type {Child, ChildExit, ChildInput, ChildSpec} from './child.ts'
import {anonymousFile, openPipe, type Pipe} from './descriptors.ts'
import {PeakMemory} from './peak-memory.ts'
import {type ByteStream, PipeReader} from './pipe-reader.ts'

/** A program that is still there by then is listened to; the output of shorter ones is read when they end. */
const PATIENCE_MS = 8

/** Starts a program; throws at once when that fails. */
export function startBunChild(spec: ChildSpec): Child {
  const given = open(spec)
  try {
    const child = Bun.spawn([...spec.command], {
      env: {...spec.environment},
      // Bytes reach the program as a file without a name, so one that does not read them cannot break a pipe.
      stdio: [stdinOf(spec, given), given.stdout?.writeEnd ?? 'pipe', given.stderr?.writeEnd ?? 'pipe', ...answersTo(spec, given)],
      detached: true,
    })
    return new BunChild(child, spec, given)
  } catch (error) {
    closeAll(given.input?.writeEnd, given.stdout?.readEnd, given.stderr?.readEnd, given.answers?.readEnd)
    throw error
  } finally {
    closeAll(given.stdin, given.input?.readEnd, given.stdout?.writeEnd, given.stderr?.writeEnd, given.answers?.writeEnd)
  }
}

/** What the program gets, as far as that could be opened here; for the rest the runtime sees to it. */
interface Given {
  readonly stdin: number | null
  /** In place of `stdin`. */
  readonly input: Pipe | null
  readonly stdout: Pipe | null
  readonly stderr: Pipe | null
  readonly answers: Pipe | null
}

function open({stdin, onAnswer}: ChildSpec): Given {
  return {
    stdin: stdin === 'open' || stdin.length === 0 ? null : anonymousFile(stdin),
    input: stdin === 'open' ? openPipe('writeEnd') : null,
    stdout: openPipe('readEnd'),
    stderr: openPipe('readEnd'),
    answers: onAnswer === undefined ? null : openPipe('readEnd'),
  }
}

function stdinOf({stdin}: ChildSpec, given: Given): number | 'pipe' | 'ignore' | Uint8Array {
  if (stdin === 'open') return given.input?.readEnd ?? 'pipe'
  return given.stdin ?? (stdin.length === 0 ? 'ignore' : stdin)
}

function answersTo({onAnswer}: ChildSpec, {answers}: Given): (number | 'pipe')[] {
  return onAnswer === undefined ? [] : [answers?.writeEnd ?? 'pipe']
}

function closeAll(...descriptors: readonly (number | null | undefined)[]): void {
  for (const descriptor of descriptors) if (typeof descriptor === 'number') closeSync(descriptor)
}

class BunChild implements Child {
  readonly pid: number
  readonly input: BunInput | null
  readonly exited: Promise<ChildExit>
  readonly #readers: readonly PipeReader[]

  constructor(child: Bun.Subprocess, {stdin, output, onAnswer, isTalkative}: ChildSpec, given: Given) {
    this.pid = child.pid
    const sink = given.input === null ? child.stdin : Bun.file(given.input.writeEnd).writer()
    this.input = stdin === 'open' && typeof sink === 'object' ? new BunInput(sink, given.input?.writeEnd ?? null) : null
    this.#readers = [
      new PipeReader(sourceOf(given.stdout, child.stdout), bytes => output.write('stdout', bytes)),
      new PipeReader(sourceOf(given.stderr, child.stderr), bytes => output.write('stderr', bytes)),
      ...(onAnswer === undefined ? [] : [new PipeReader(given.answers?.readEnd ?? child.stdio[3] ?? -1, onAnswer)]),
    ]
    if (isTalkative) this.#follow()
    const cancel = isTalkative ? null : after(PATIENCE_MS, () => this.#follow())
    const memory = new PeakMemory(child.pid)
    this.exited = child.exited.then(() => {
      cancel?.()
      for (const reader of this.#readers) reader.finish()
      return exitOf(child, memory.stop())
    })
  }

  get isDrained(): boolean {
    return this.#readers.every(({isDone}) => isDone)
  }

  get drained(): Promise<void> {
    return Promise.all(this.#readers.map(({done}) => done)).then(() => undefined)
  }

  abandonOutput(): void {
    for (const reader of this.#readers) reader.abandon()
  }

  #follow(): void {
    for (const reader of this.#readers) reader.follow()
  }
}

class BunInput implements ChildInput {
  readonly #sink: Bun.FileSink
  readonly #file: number | null
  #isEnded = false

  /** @param file the descriptor below the sink, if the sink does not close it itself */
  constructor(sink: Bun.FileSink, file: number | null) {
    this.#sink = sink
    this.#file = file
  }

  write(text: string): Promise<void> | null {
    if (this.#isEnded) return null
    try {
      const written = [this.#sink.write(text), this.#sink.flush()]
      return written.some(one => one instanceof Promise) ? Promise.allSettled(written).then(() => undefined) : null
    } catch {
      return null
    }
  }

  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    void this.#close()
  }

  async #close(): Promise<void> {
    try {
      await this.#sink.end()
    } catch {
      // Nobody reads it any more.
    } finally {
      closeAll(this.#file)
    }
  }
}

function sourceOf(pipe: Pipe | null, stream: Bun.Subprocess['stdout']): number | ByteStream {
  if (pipe !== null) return pipe.readEnd
  if (stream instanceof ReadableStream) return stream
  throw new TypeError('the program was started without a way to read its output')
}

function exitOf(child: Bun.Subprocess, seenPeak: number | null): ChildExit {
  const usage = child.resourceUsage()
  return {
    code: child.signalCode === null ? child.exitCode : null,
    signal: child.signalCode === null ? null : String(child.signalCode),
    cpuMs: usage === undefined ? null : Math.round(Number(usage.cpuTime.total) / 1000),
    maxRssBytes: ownPeak(usage?.maxRSS ?? 0) ?? seenPeak,
  }
}

/**
 * Until its exec a child counts the memory of its parent as its own, and the kernel keeps the highest figure. So what is
 * not above our own peak says nothing about the program.
 */
function ownPeak(maxRssBytes: number): number | null {
  return maxRssBytes > process.resourceUsage().maxRSS * 1024 ? maxRssBytes : null
}
