import type {Notice} from '../guard/notices.ts'
import type {Claim, Lease} from '../job.ts'
import {after, type CancelTimer} from '../time.ts'
import {dueAt, type Guard, type GuardOptions, isDue} from './guard.ts'
import {GuardLine} from './guard-line.ts'

/** Stands for all runs. */
const ALL: Claim = {id: 0, fence: 0}
/** The guard is told anew when this part of the time it knows of is over. */
const TELLINGS_PER_TERM = 3
const SHORTEST_PAUSE_MS = 20

/**
 * For workers that share runs, tens of thousands a second: a guard that acts ends all workers anyway, so it is told only when
 * the first of the runs is due. As runs end and others begin that moment moves on; the guard hears of it in good time.
 */
export class GuardOfWorkers implements Guard {
  readonly #options: GuardOptions
  readonly #line: GuardLine
  /** When each run is due. */
  readonly #runs = new Map<Claim, number>()
  /** When the guard acts, as far as it knows: never later than the first run is due. */
  #term = Number.POSITIVE_INFINITY
  /** These were in hand when the guard was told so late that it may have acted. */
  #late: ReadonlySet<Claim> = new Set()
  #cancelTelling: CancelTimer | null = null

  constructor(options: GuardOptions) {
    this.#options = options
    this.#line = new GuardLine({...options, all: () => this.#all()})
  }

  expect(granted: readonly Lease[]): void {
    let first = this.#term
    for (const lease of granted) {
      const due = dueAt(lease.grantedBootMs + lease.leaseMs, lease.leaseMs)
      this.#runs.set(lease, due)
      if (due < first) first = due
    }
    if (first < this.#term) this.#tell()
  }

  /** Workers are found by their environment. */
  started(): void {}

  prolong(lease: Claim, endsAt: number, leaseMs: number): void {
    if (this.#runs.has(lease)) this.#runs.set(lease, dueAt(endsAt, leaseMs))
  }

  mayHaveEnded(lease: Claim): boolean {
    return this.#late.has(lease) || (this.#runs.has(lease) && isDue(this.#term, this.#options.clock))
  }

  release(lease: Claim): void {
    this.#runs.delete(lease)
  }

  close(): Promise<void> {
    this.#cancelTelling?.()
    return this.#line.close(this.#runs.size === 0)
  }

  #tell(): void {
    this.#line.tell(this.#all())
  }

  #all(): readonly Notice[] {
    if (isDue(this.#term, this.#options.clock)) this.#late = new Set(this.#runs.keys())
    this.#term = Number.POSITIVE_INFINITY
    for (const due of this.#runs.values()) if (due < this.#term) this.#term = due
    this.#cancelTelling?.()
    if (this.#runs.size === 0) return [{kind: 'end', ...ALL}]
    const pause = Math.max(SHORTEST_PAUSE_MS, (this.#term - this.#options.clock.bootNow()) / TELLINGS_PER_TERM)
    this.#cancelTelling = after(pause, () => this.#tell())
    return [{kind: 'hold', ...ALL, dueAt: this.#term}]
  }
}
