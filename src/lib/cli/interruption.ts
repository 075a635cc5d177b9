import {Interrupted} from './failure.ts'

const ENDING = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const

/**
 * Turns the signals that end a process into AbortSignals: the first one asks to stop, the second to stop now.
 * Until an `Interruption` exists the signals do what they always do, so a command that needs no tidying dies at once.
 */
export class Interruption {
  readonly #stop = new AbortController()
  readonly #now = new AbortController()
  readonly #listener = (signal: NodeJS.Signals): void => {
    const reason = new Interrupted(signal)
    if (this.#stop.signal.aborted) this.#now.abort(reason)
    else this.#stop.abort(reason)
  }

  constructor() {
    for (const signal of ENDING) process.on(signal, this.#listener)
  }

  /** Aborted by the first signal; its reason is an `Interrupted`. */
  get stop(): AbortSignal {
    return this.#stop.signal
  }

  /** Aborted by the second signal. */
  get now(): AbortSignal {
    return this.#now.signal
  }

  /** Gives the signals back. */
  dispose(): void {
    for (const signal of ENDING) process.off(signal, this.#listener)
  }
}
