import type {Session} from '../cli/session.ts'
import {QctlError} from '../errors.ts'
import type {Storage} from '../storage/storage.ts'
import {monotonicMs, nextTurn, sleep, systemClock} from '../time.ts'
import type {Beside} from './beside.ts'
import {Sources} from './sources.ts'
import {type Event, frameOf, shownScreen, shownView, type State} from './state.ts'

/** How long to wait before each try to reach a database that is away; the last again and again. */
const RETRY_MS = [1000, 2000, 4000, 8000, 10_000]
/** Looking may take this share of the time. */
const BUSY_SHARE = 4
const SECOND_MS = 1000

/** What the poller asks for and tells. */
export interface Surroundings {
  readonly open: () => Promise<Session>
  readonly names: readonly string[] | null
  readonly beside: Beside
  readonly state: () => State
  readonly tell: (event: Event) => void
}

/**
 * Asks the store for what is shown, again and again: one look at a time, no read transaction kept between two. When the store is away it
 * tries to open it anew, so that a file that was put back, or another in its place, is found.
 */
export class Poller {
  readonly #surroundings: Surroundings
  #sources: Sources | null
  #wake = new AbortController()
  #tries = 0

  /** @param session open already, so that a database that is not there is an error and no screen */
  constructor(session: Session, surroundings: Surroundings) {
    this.#surroundings = surroundings
    this.#sources = new Sources(session, surroundings.names, surroundings.beside)
  }

  /** The database, for what is to be done to it; `null` while it is away. */
  get session(): Session | null {
    return this.#sources?.session ?? null
  }

  /** Looks until the signal, then closes the database. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const {trouble} = this.#surroundings.state()
      const isAsked = this.#wake.signal.aborted
      if (isAsked) this.#wake = new AbortController()
      if (trouble !== null && !isAsked && trouble.retryAt > systemClock.wallNow()) this.#surroundings.tell({kind: 'clock', at: systemClock.wallNow()})
      else if (isAsked || trouble !== null || !isStill(this.#surroundings.state())) await this.look()
      else this.#surroundings.tell({kind: 'clock', at: systemClock.wallNow()})
      await sleep(this.#pauseMs(), AbortSignal.any([signal, this.#wake.signal]))
      // Keys and signals get through, however often it is woken.
      await nextTurn()
    }
    await this.#close()
  }

  /** Looks soon, whatever the interval. */
  lookNow(): void {
    this.#wake.abort()
  }

  /** Asks once. Errors become a banner. */
  async look(): Promise<void> {
    const {state, tell, beside} = this.#surroundings
    const startedMs = monotonicMs()
    try {
      const sources = await this.#reached()
      const {number, own} = shownView(state())
      const facts = await shownScreen(state()).look(own, sources, frameOf(state()))
      if (state().trouble !== null) tell({kind: 'found', note: 'the database is back', at: systemClock.wallNow()})
      this.#tries = 0
      const inHand = beside.hand.view.job?.lease.id ?? null
      tell({kind: 'looked', view: number, facts, inHand, at: systemClock.wallNow(), tookMs: monotonicMs() - startedMs})
    } catch (error) {
      await this.#lost(error)
    }
  }

  /**
   * Looks until nothing is on its way that is to be seen at once.
   * @param limitMs no longer than this
   */
  async lookUntilTold(limitMs: number): Promise<void> {
    const endMs = monotonicMs() + limitMs
    await this.look()
    for (let paceMs = this.#soonMs(); paceMs !== null && monotonicMs() < endMs; paceMs = this.#soonMs()) {
      await sleep(paceMs)
      await this.look()
    }
  }

  /** After what time something is to be seen that is on its way, ms; `null` = nothing is. */
  #soonMs(): number | null {
    const state = this.#surroundings.state()
    return state.trouble === null ? soonMs(state) : null
  }

  /** A slow store is asked less often; ages on the screen move on every second even so. */
  #pauseMs(): number {
    const state = this.#surroundings.state()
    if (state.trouble !== null) return SECOND_MS
    const paceMs = paceOf(state)
    // Somebody waits for what is looked for more often.
    return Math.max(paceMs, state.tookMs * (paceMs < state.intervalMs ? 1 : BUSY_SHARE))
  }

  async #reached(): Promise<Sources> {
    if (this.#sources !== null) {
      await assertThere(this.#sources.session.storage)
      return this.#sources
    }
    const {open, names, beside} = this.#surroundings
    this.#sources = new Sources(await open(), names, beside)
    return this.#sources
  }

  async #lost(error: unknown): Promise<void> {
    await this.#close()
    const at = systemClock.wallNow()
    const delayMs = RETRY_MS[Math.min(this.#tries, RETRY_MS.length - 1)] ?? SECOND_MS
    this.#tries += 1
    const message = error instanceof Error ? error.message : String(error)
    const hint = error instanceof QctlError ? error.hint : null
    this.#surroundings.tell({kind: 'lost', trouble: {message, hint, retryAt: at + delayMs}, at})
  }

  async #close(): Promise<void> {
    const sources = this.#sources
    this.#sources = null
    // What cannot be closed is gone anyway.
    await sources?.session.close().catch(() => {})
  }
}

/** How long to wait between two looks, ms. */
function paceOf(state: State): number {
  if (isStill(state)) return state.intervalMs
  return Math.min(state.intervalMs, soonMs(state) ?? state.intervalMs)
}

function soonMs(state: State): number | null {
  const {own, seen} = shownView(state)
  return shownScreen(state).paceMs?.(own, seen?.facts ?? null) ?? null
}

/** True while what is shown is to stay as it is. */
function isStill(state: State): boolean {
  const {own, seen} = shownView(state)
  if (seen === null) return false
  return state.frozenAt !== null || shownScreen(state).isHeld?.(own) === true
}

/**
 * A file that was deleted or replaced can be read for as long as it is open; the watch of the store finds it out.
 * @throws Error that says so
 */
function assertThere(storage: Pick<Storage, 'watch'>): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = storage.watch(error => {
      end()
      if (error === null) resolve()
      else reject(error)
    }, 0)
  })
}
