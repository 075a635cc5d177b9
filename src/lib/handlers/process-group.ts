/** One program with everything it starts: ended as a whole, and its output kept within bounds. */
import type {RunOutput} from '../job.ts'
import {after, type CancelTimer} from '../time.ts'
import type {Child, ChildExit, ChildSpec, StartChild} from './child.ts'
import {Tail} from './tail.ts'

/** How much of each output stream is kept. */
const TAIL_BYTES = 64 * 1024
/** How long the output may still flow once the program has ended: enough to read what is there already. */
const DRAIN_MS = 250

/** The end of a program and of its group. */
export interface GroupEnd {
  readonly exit: ChildExit
  readonly output: RunOutput
  /** True when it was told to end before it had ended by itself. */
  readonly stopped: boolean
  /** True when something of the group still ran after the program had ended; it was killed. */
  readonly leftovers: boolean
}

/** A running program that leads a process group of its own. */
export class ProcessGroup {
  /** The program has ended, its output is read, what was left of the group got its KILL. Never rejects. */
  readonly ended: Promise<GroupEnd>
  readonly #child: Child
  readonly #stdout: Tail
  readonly #stderr: Tail
  #cancelKill: CancelTimer | null = null
  #isStopped = false
  #isOver = false

  private constructor(child: Child, stdout: Tail, stderr: Tail) {
    this.#child = child
    this.#stdout = stdout
    this.#stderr = stderr
    this.ended = this.#end()
  }

  /**
   * Starts a program.
   * @param start the runtime's way to do so
   * @throws what `start` throws
   */
  static async start(start: StartChild, spec: Omit<ChildSpec, 'onStdout' | 'onStderr'>): Promise<ProcessGroup> {
    const stdout = new Tail(TAIL_BYTES)
    const stderr = new Tail(TAIL_BYTES)
    const child = await start({
      ...spec,
      onStdout: chunk => stdout.push(chunk),
      onStderr: chunk => stderr.push(chunk),
    })
    return new ProcessGroup(child, stdout, stderr)
  }

  /** Asks the whole group to end: TERM, and KILL once `graceMs` are over. */
  stop(graceMs: number): void {
    if (graceMs <= 0) return this.kill()
    this.#isStopped = true
    this.#signal('SIGTERM')
    // A stopped process sees its TERM only when it runs again.
    this.#signal('SIGCONT')
    if (!this.#isOver) this.#cancelKill = after(graceMs, () => this.kill())
  }

  /** Ends the whole group now. */
  kill(): void {
    this.#isStopped = true
    this.#signal('SIGKILL')
  }

  async #end(): Promise<GroupEnd> {
    const exit = await this.#child.exited
    const stopped = this.#isStopped
    await settledWithin(this.#child.drained, DRAIN_MS)
    // The group's number is not given to anybody else while one of it lives, and not this soon after.
    const leftovers = this.#signal('SIGKILL')
    this.#isOver = true
    this.#cancelKill?.()
    this.#child.abandonOutput()
    await this.#child.drained
    return {exit, output: this.#output(), stopped, leftovers}
  }

  #output(): RunOutput {
    return {
      stdout: this.#stdout.bytes(),
      stderr: this.#stderr.bytes(),
      stdoutDroppedBytes: this.#stdout.droppedBytes,
      stderrDroppedBytes: this.#stderr.droppedBytes,
    }
  }

  /** @returns false when nobody is there to get it */
  #signal(signal: NodeJS.Signals): boolean {
    if (this.#isOver) return false
    try {
      // Windows has no groups; there only the program itself is reached.
      return process.kill(process.platform === 'win32' ? this.#child.pid : -this.#child.pid, signal)
    } catch {
      return false
    }
  }
}

/** Waits for a promise that never rejects, but no longer than `ms`. */
async function settledWithin(promise: Promise<void>, ms: number): Promise<void> {
  const {promise: late, resolve} = Promise.withResolvers<void>()
  const cancel = after(ms, resolve)
  await Promise.race([promise, late])
  cancel()
}
