/** One program with everything it starts: ended as a whole. */
import {after, type CancelTimer} from '../time.ts'
import type {Child, ChildExit, ChildInput, ChildSpec, StartChild} from './child.ts'

/** How long the output may still flow once the program has ended: enough to read what is there already. */
const DRAIN_MS = 250

/** The end of a program and of its group. */
export interface GroupEnd {
  readonly exit: ChildExit
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
  #cancelKill: CancelTimer | null = null
  #isStopped = false
  #isOver = false

  private constructor(child: Child) {
    this.#child = child
    this.ended = this.#end()
  }

  /**
   * Starts a program.
   * @param start the runtime's way to do so
   * @throws what `start` throws
   */
  static async start(start: StartChild, spec: ChildSpec): Promise<ProcessGroup> {
    return new ProcessGroup(await start(spec))
  }

  /** Of the program, and the number of the group. */
  get pid(): number {
    return this.#child.pid
  }

  /** The stdin of the program, if that was left open. */
  get input(): ChildInput | null {
    return this.#child.input
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
    if (!this.#child.isDrained) await settledWithin(this.#child.drained, DRAIN_MS)
    // The group's number is not given to anybody else while one of it lives, and not this soon after.
    const groupLives = this.#signal('SIGKILL')
    // Who still holds the output, and left the group, is none the less of this run.
    const leftovers = groupLives || !this.#child.isDrained
    this.#isOver = true
    this.#cancelKill?.()
    if (!this.#child.isDrained) {
      this.#child.abandonOutput()
      await this.#child.drained
    }
    return {exit, stopped, leftovers}
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
