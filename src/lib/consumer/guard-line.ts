/** The line from a consumer to its guard: never waits, and goes on with another guard when one dies. */
import type {OnTrouble} from '../passing.ts'
import type {Ward} from '../guard/guard.ts'
import {encodeNotices, type Notice} from '../guard/notices.ts'
import {after, type CancelTimer, monotonicMs} from '../time.ts'
import type {GuardProcess, StartGuard} from './guard-process.ts'

export interface GuardLineOptions extends Ward {
  readonly start: StartGuard
  /** The whole truth: for a new guard, and for one that could not listen for a while. */
  readonly all: () => readonly Notice[]
  readonly onTrouble: OnTrouble
}

/** A guard that dies is replaced at once; one that was young only after a pause. */
const YOUNG_MS = 10_000
const RESTART_PAUSE_MS = 5000
/** How long a consumer that ends waits for its guard. */
const FAREWELL_MS = 2000

export class GuardLine {
  readonly #options: GuardLineOptions
  #process: GuardProcess | null = null
  /** The pipe is full: what happens meanwhile is told as a whole, later. */
  #isBehind = false
  #cancelRestart: CancelTimer | null = null
  #isClosed = false

  /** Starts the first guard. */
  constructor(options: GuardLineOptions) {
    this.#options = options
    this.#start()
  }

  tell(notices: readonly Notice[]): void {
    if (notices.length > 0 && !this.#isBehind) this.#write(notices)
  }

  /**
   * Ends the guard; resolves when it has gone, or has had time enough for it.
   * @param isAtRest nothing runs any more, so that a guard that does not go is killed; otherwise it ends what does
   */
  async close(isAtRest: boolean): Promise<void> {
    this.#isClosed = true
    this.#cancelRestart?.()
    const guard = this.#process
    if (guard === null) return
    if (isAtRest) guard.write(encodeNotices([{kind: 'bye'}]))
    guard.close()
    const {promise: late, resolve} = Promise.withResolvers<void>()
    const cancel = after(FAREWELL_MS, () => {
      // It may be stopped, and would act on old news when it goes on.
      if (isAtRest) guard.kill()
      resolve()
    })
    await Promise.race([guard.ended, late])
    cancel()
  }

  #start(): void {
    const {start, consumer, dbPath} = this.#options
    const startedAt = monotonicMs()
    try {
      const guard = start({consumer, dbPath})
      this.#process = guard
      void guard.ended.then(how => this.#onEnd(how, monotonicMs() - startedAt))
      this.#tellAll()
    } catch (error) {
      this.#onEnd(error, 0)
    }
  }

  #onEnd(how: unknown, ageMs: number): void {
    this.#process = null
    if (this.#isClosed) return
    const pause = ageMs < YOUNG_MS ? RESTART_PAUSE_MS : 0
    this.#options.onTrouble('guarding the handlers', how, pause)
    this.#cancelRestart = after(pause, () => this.#start())
  }

  #tellAll(): void {
    this.#isBehind = false
    this.#write([{kind: 'reset'}, ...this.#options.all()])
  }

  #write(notices: readonly Notice[]): void {
    const guard = this.#process
    const written = guard?.write(encodeNotices(notices)) ?? null
    if (written === null) return
    this.#isBehind = true
    void written.then(() => {
      if (guard === this.#process) this.#tellAll()
    })
  }
}
