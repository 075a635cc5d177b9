/**
 * The time of a simulated world: a list of what is to happen, and clocks that jump from one to the next. While it rules, the timers
 * and clocks of this process are its own, so that the real code (which has them from `time.ts` alone) lives in it without a change.
 * One thing happens after the other, each to its end: what a promise has ready is done before the next moment comes.
 */
import {drainMicrotasks} from 'bun:jsc'
import {FakeClock} from '../storage/contract/clock.ts'
import type {Random} from './random.ts'

/** A process of that world: what it has planned happens only while it lives and is not stopped. */
export interface Owner {
  readonly isDead: boolean
  readonly isFrozen: boolean
}

interface Planned {
  at: number
  readonly owner: Owner | null
  readonly action: () => void
  isCancelled: boolean
}

/** What stands for a timer of the runtime. */
class Timer {
  readonly #planned: Planned
  constructor(planned: Planned) {
    this.#planned = planned
  }
  cancel(): void {
    this.#planned.isCancelled = true
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
}

/** Timers are late by so much, now and then by a busy loop. */
const LATE_MS = 2
const BUSY_MS = 60
const BUSY = 0.01

export class VirtualTime {
  readonly clock: FakeClock
  readonly #random: Random
  /** Latest first. */
  readonly #planned: Planned[] = []
  readonly #waiting = new Map<Owner, Planned[]>()
  #immediates: Planned[] = []
  #owner: Owner | null = null
  #nowMs = 1000

  /** @param clock the store's: it is set to the beginning */
  constructor(random: Random, clock: FakeClock) {
    this.#random = random
    this.clock = Object.assign(clock, new FakeClock())
  }

  /** Monotonic ms: stands still while the host is suspended. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Plans something. */
  plan(delayMs: number, owner: Owner | null, action: () => void): Timer {
    const planned = {at: this.#nowMs + Math.max(0, Math.round(delayMs)), owner, action, isCancelled: false}
    this.#add(planned)
    return new Timer(planned)
  }

  /** Waits, for the process that happens now. */
  pause(ms: number): Promise<void> {
    return new Promise(resolve => void this.plan(ms, this.#owner, resolve))
  }

  /** Lets the next thing happen; false when nothing is planned, or nothing before that moment. */
  step(untilMs: number): boolean {
    const next = this.#planned.at(-1)
    if (next === undefined || next.at > untilMs) return false
    this.#planned.pop()
    if (next.isCancelled || next.owner?.isDead === true) return true
    this.#moveTo(next.at)
    if (next.owner?.isFrozen === true) this.#putBy(next, next.owner)
    else this.#happen(next)
    return true
  }

  /** Everything that can be done without waiting is done now. */
  settle(): void {
    drainMicrotasks()
    while (this.#immediates.length > 0) {
      const turn = this.#immediates
      this.#immediates = []
      for (const one of turn) if (!one.isCancelled && one.owner?.isDead !== true) this.#call(one)
    }
  }

  /** What a process missed while it was stopped happens now, in the order in which it would have. */
  thaw(owner: Owner): void {
    const missed = this.#waiting.get(owner) ?? []
    this.#waiting.delete(owner)
    for (const planned of missed) {
      planned.at = this.#nowMs
      this.#add(planned)
    }
  }

  /** Does something in the name of a process, with all that its promises make of it at once. */
  as(owner: Owner | null, action: () => void): void {
    const before = this.#owner
    this.#owner = owner
    try {
      action()
      drainMicrotasks()
    } finally {
      this.#owner = before
    }
  }

  /** Takes over the timers and clocks of this process until the returned function is called. */
  rule(): () => void {
    const real = {setTimeout, clearTimeout, setImmediate, now: Date.now, random: Math.random, monotonic: performance.now}
    const late = (): number => (this.#random.chance(BUSY) ? this.#random.between(0, BUSY_MS) : this.#random.between(0, LATE_MS))
    Object.assign(globalThis, {
      setTimeout: (action: () => void, ms = 0) => this.plan(Math.max(1, ms) + late(), this.#owner, action),
      clearTimeout: (timer: unknown) => (timer instanceof Timer ? timer.cancel() : real.clearTimeout(timer as NodeJS.Timeout)),
      setImmediate: (action: () => void) => this.#immediates.push({at: this.#nowMs, owner: this.#owner, action, isCancelled: false}),
    })
    Date.now = () => this.clock.wallNow()
    Math.random = () => this.#random.next()
    performance.now = () => this.#nowMs
    return () => {
      Object.assign(globalThis, {setTimeout: real.setTimeout, clearTimeout: real.clearTimeout, setImmediate: real.setImmediate})
      Date.now = real.now
      Math.random = real.random
      performance.now = real.monotonic
    }
  }

  #add(planned: Planned): void {
    let place = this.#planned.length
    // Of one moment the first planned is the first to happen.
    while (place > 0 && (this.#planned[place - 1]?.at ?? 0) <= planned.at) place -= 1
    this.#planned.splice(place, 0, planned)
  }

  #moveTo(moment: number): void {
    this.clock.pass(moment - this.#nowMs)
    this.#nowMs = moment
  }

  #putBy(planned: Planned, owner: Owner): void {
    const waiting = this.#waiting.get(owner) ?? []
    waiting.push(planned)
    this.#waiting.set(owner, waiting)
  }

  #happen(planned: Planned): void {
    this.#call(planned)
    this.settle()
  }

  #call({owner, action}: Planned): void {
    this.as(owner, action)
  }
}
