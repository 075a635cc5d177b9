import {monotonicMs} from '../time.ts'
import {withHint} from './with-hint.ts'

/** What came of an errand the last time, and how it stands. */
export interface ErrandNews<T> {
  /** `null` before the first answer. */
  readonly value: T | null
  /** When it was got, UTC ms. */
  readonly at: number | null
  /** Why the last try failed; `null` when it did not. */
  readonly error: string | null
  readonly isRunning: boolean
}

/** How often something is found out. */
export interface Pace {
  /** How old an answer may become before it is asked for again. */
  readonly everyMs: number
  /** So many times as long as it took is waited at least: what takes much work is done less often. */
  readonly rest: number
}

/** Something that takes too long for a tick: it is done beside the ticks, which see what was found last. Never twice at once. */
export class Errand<T> {
  readonly #run: (signal: AbortSignal) => Promise<T>
  readonly #pace: Pace
  readonly #end = new AbortController()
  #news: ErrandNews<T> = {value: null, at: null, error: null, isRunning: false}
  #startedAt = Number.NEGATIVE_INFINITY
  #turn = 0
  #tookMs = 0
  /** Ends with what is going on; never fails. */
  #going: Promise<void> = Promise.resolve()

  /**
   * @param run finds it out; told by the signal that nobody wants to know any more
   */
  constructor(run: (signal: AbortSignal) => Promise<T>, pace: Pace) {
    this.#run = run
    this.#pace = pace
  }

  /**
   * The last answer; goes for another one when it is old.
   * @param now any clock, ms
   * @param turn a number above that of the call before asks at once
   */
  news(now: number, turn = 0): ErrandNews<T> {
    const isAsked = turn > this.#turn
    // A clock that stepped back makes it old, too.
    const isOld = Math.abs(now - this.#startedAt) >= Math.max(this.#pace.everyMs, this.#tookMs * this.#pace.rest)
    if ((isAsked || isOld) && !this.#news.isRunning && !this.#end.signal.aborted) {
      this.#turn = Math.max(this.#turn, turn)
      this.#startedAt = now
      this.#news = {...this.#news, isRunning: true}
      this.#going = this.#go(now)
    }
    return this.#news
  }

  /**
   * What is known is not so any more: goes for it anew and waits for the answer.
   * @param now as for `news`
   */
  async renew(now: number): Promise<void> {
    // What is on its way may be from before.
    await this.#going
    this.#startedAt = Number.NEGATIVE_INFINITY
    this.news(now)
    await this.#going
  }

  /** Ends what is going on. */
  close(): void {
    this.#end.abort()
  }

  async #go(now: number): Promise<void> {
    const startedMs = monotonicMs()
    try {
      const value = await this.#run(this.#end.signal)
      this.#news = {value, at: now, error: null, isRunning: false}
    } catch (error) {
      this.#news = {...this.#news, error: withHint(error), isRunning: false}
    }
    this.#tookMs = monotonicMs() - startedMs
  }
}
