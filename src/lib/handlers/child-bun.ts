/** Programs under Bun: `Bun.spawn` is 1.6 times as fast as `node:child_process`. Loaded only by Bun. */
import {closeSync} from 'node:fs'
import {after} from '../time.ts'
import type {Child, ChildExit, ChildSpec} from './child.ts'
import {anonymousFile, openPipe, type Pipe} from './descriptors.ts'
import {PeakMemory} from './peak-memory.ts'
import {type ByteStream, PipeReader} from './pipe-reader.ts'

/** A program that is still there by then is listened to; the output of shorter ones is read when they end. */
const PATIENCE_MS = 8

/** Starts a program; throws at once when that fails. */
export function startBunChild(spec: ChildSpec): Child {
  const given = open(spec.stdin)
  try {
    const child = Bun.spawn([...spec.command], {
      env: {...spec.environment},
      // Bytes reach the program as a file without a name, so one that does not read them cannot break a pipe.
      stdin: given.stdin ?? (spec.stdin.length === 0 ? 'ignore' : spec.stdin),
      stdout: given.stdout?.writeEnd ?? 'pipe',
      stderr: given.stderr?.writeEnd ?? 'pipe',
      detached: true,
    })
    return new BunChild(child, spec, given)
  } catch (error) {
    closeAll(given.stdout?.readEnd, given.stderr?.readEnd)
    throw error
  } finally {
    closeAll(given.stdin, given.stdout?.writeEnd, given.stderr?.writeEnd)
  }
}

/** What the program gets, as far as that could be opened here; for the rest the runtime sees to it. */
interface Given {
  readonly stdin: number | null
  readonly stdout: Pipe | null
  readonly stderr: Pipe | null
}

function open(stdin: Uint8Array): Given {
  const file = stdin.length === 0 ? null : anonymousFile(stdin)
  return {stdin: file, stdout: openPipe(), stderr: openPipe()}
}

function closeAll(...descriptors: readonly (number | null | undefined)[]): void {
  for (const descriptor of descriptors) if (typeof descriptor === 'number') closeSync(descriptor)
}

class BunChild implements Child {
  readonly pid: number
  readonly exited: Promise<ChildExit>
  readonly #readers: readonly PipeReader[]

  constructor(child: Bun.Subprocess, {output, isTalkative}: ChildSpec, given: Given) {
    this.pid = child.pid
    this.#readers = [
      new PipeReader(sourceOf(given.stdout, child.stdout), bytes => output.write('stdout', bytes)),
      new PipeReader(sourceOf(given.stderr, child.stderr), bytes => output.write('stderr', bytes)),
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
