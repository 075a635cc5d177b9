/** The guard as a process: started, written to and ended, in one way for two runtimes. */
import {spawn} from 'node:child_process'
import {guardArguments} from '../guard/run.ts'
import type {Ward} from '../guard/guard.ts'
import {inheritedEnvironment} from '../handlers/environment.ts'
import type {GuardPlan} from './guard.ts'

/** A guard that was started. */
export interface GuardProcess {
  /** How it ended, in words. Never rejects. */
  readonly ended: Promise<string>
  /**
   * Writes at once, and never waits.
   * @returns `null` when all of it is in the pipe, else a promise of that
   */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void> | null
  /** There is nothing more to write. */
  close(): void
  /** Ends it at once, whatever it does. */
  kill(): void
}

/** Starts a guard. Throws the runtime's error when that fails at once. */
export type StartGuard = (ward: Ward) => GuardProcess

/**
 * The guard for a handler.
 * @param processes by which its runs are kept
 * @param self the command that runs this very program again
 * @returns `null` where there is none: without processes, and where no /proc shows what is to be ended
 */
export function guardPlan(processes: 'own' | 'shared' | null, self: readonly string[]): GuardPlan | null {
  if (processes === null || process.platform !== 'linux') return null
  const start: StartGuard = ward => {
    const command = [...self, ...guardArguments(ward)]
    return process.versions.bun === undefined ? new NodeGuard(command) : new BunGuard(command)
  }
  return {start, processes}
}

/** In a session of its own, so that what a terminal or a supervisor sends to the group of the consumer does not reach it. */
const APART = {detached: true, stdio: ['pipe', 'ignore', 'ignore']} as const

/** Collects garbage early: one guard lives beside every consumer. */
const SMALL = {BUN_OPTIONS: '--smol'} as const

/** `node:child_process` of Bun writes only when the turn of the event loop is over: a handler would run before its guard knows. */
class BunGuard implements GuardProcess {
  readonly ended: Promise<string>
  readonly #child: Pick<Bun.Subprocess, 'kill'>
  readonly #pipe: Bun.FileSink

  constructor(command: readonly string[]) {
    const [stdin, stdout, stderr] = APART.stdio
    const child = Bun.spawn([...command], {stdin, stdout, stderr, detached: true, env: {...inheritedEnvironment(process.env), ...SMALL}})
    this.#child = child
    this.#pipe = child.stdin
    this.ended = child.exited.then(() => endOf(child.exitCode, child.signalCode))
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<void> | null {
    this.#pipe.write(bytes)
    const flushed = this.#pipe.flush()
    return flushed instanceof Promise ? flushed.then(nothing, nothing) : null
  }

  close(): void {
    void Promise.resolve(this.#pipe.end()).catch(nothing)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

class NodeGuard implements GuardProcess {
  readonly ended: Promise<string>
  readonly #child: ReturnType<typeof spawn>

  constructor([program = '', ...args]: readonly string[]) {
    const child = spawn(program, args, {...APART, stdio: [...APART.stdio], env: {...inheritedEnvironment(process.env)}})
    this.#child = child
    this.ended = new Promise(resolve => {
      child.once('error', error => resolve(error.message))
      child.once('exit', (code, signal) => resolve(endOf(code, signal)))
    })
    // That it is gone is told by its end.
    child.stdin?.on('error', nothing)
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<void> | null {
    const {stdin} = this.#child
    if (stdin === null || stdin.write(bytes)) return null
    return new Promise(resolve => {
      stdin.once('drain', resolve)
      stdin.once('close', resolve)
    })
  }

  close(): void {
    this.#child.stdin?.end()
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

function nothing(): void {}

function endOf(code: number | null, signal: string | number | null): string {
  return signal === null ? `it ended with status ${code}` : `it was killed by ${signal}`
}
