/**
 * Keeps the leases of running attempts alive, takes along what they report of their progress, and ends the attempts whose lease cannot be kept before it ends: by then the
 * store may give the job to somebody else.
 */
import type {OnTrouble} from '../passing.ts'
import {claimKey} from '../claim-key.ts'
import type {Claim, Lease} from '../job.ts'
import type {Queue} from '../queue/queue.ts'
import {after, type CancelTimer, type Clock} from '../time.ts'
import type {Guard} from './guard.ts'

export interface HeartbeatOptions {
  readonly queue: Pick<Queue, 'extend'>
  readonly clock: Clock
  /** Told of every lease that was prolonged. */
  readonly guard?: Pick<Guard, 'prolong'> | null
  /** The job is not ours any more, or will not be in a moment. */
  readonly onLost: (claim: Claim, why: string) => void
  readonly onTrouble: OnTrouble
}

/** One lease, on the boot clock: that is what the store counts in. */
interface Beat {
  /** The very object that was added. */
  readonly claim: Claim
  readonly leaseMs: number
  /** It lasts at least until then. */
  endsAt: number
  /** When to prolong it; infinite while that is being done. */
  extendAt: number
  /** Reported and not stored yet. */
  progress: number | null
}

/** Leases are prolonged after a third, so that two tries may fail. */
const EXTENSIONS_PER_LEASE = 3
/** Those that are due within this part of a lease go along: one transaction instead of many. */
const COMPANY_PER_LEASE = 10
const RETRIES_PER_LEASE = 20
const MARGIN_PER_LEASE = 6
/** Enough for a KILL to be felt on a busy host. */
const LONGEST_MARGIN_MS = 2000
/** However often handlers report, it is stored no more often than this: each time is an fsync. */
const REPORT_INTERVAL_MS = 1000

export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #beats = new Map<Claim, Beat>()
  #cancelTimer: CancelTimer | null = null
  #wakesAt = Number.POSITIVE_INFINITY
  /** Progress may be stored from this moment on. */
  #reportsAt = 0

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  /** Keeps a lease from now on. */
  add(lease: Lease): void {
    const {leaseMs, grantedBootMs} = lease
    const extendAt = grantedBootMs + leaseMs / EXTENSIONS_PER_LEASE
    const beat = {claim: lease, leaseMs, endsAt: grantedBootMs + leaseMs, extendAt, progress: null}
    this.#beats.set(lease, beat)
    this.#arm(this.#nextMoment(beat))
  }

  /** Whether nobody else can have been given the job yet: its lease is kept and not over. */
  holds(lease: Claim): boolean {
    const beat = this.#beats.get(lease)
    return beat !== undefined && this.#options.clock.bootNow() < beat.endsAt
  }

  /** Stores the progress of a run soon: with the next extension, which is brought forward for it. */
  report(lease: Claim, progress: number): void {
    const beat = this.#beats.get(lease)
    if (beat === undefined) return
    beat.progress = progress
    this.#arm(this.#nextMoment(beat))
  }

  /**
   * Keeps a lease no longer.
   * @returns when it ends, on the boot clock; `null` if it was not kept
   */
  remove(lease: Claim): number | null {
    const beat = this.#beats.get(lease)
    this.#beats.delete(lease)
    return beat?.endsAt ?? null
  }

  /** Keeps nothing any more. */
  close(): void {
    this.#beats.clear()
    this.#cancelTimer?.()
  }

  /** Wakes at that moment, if nothing wakes it sooner. */
  #arm(moment: number): void {
    if (moment >= this.#wakesAt || moment === Number.POSITIVE_INFINITY) return
    this.#cancelTimer?.()
    this.#wakesAt = moment
    this.#cancelTimer = after(moment - this.#options.clock.bootNow(), () => this.#beat())
  }

  #beat(): void {
    this.#wakesAt = Number.POSITIVE_INFINITY
    const now = this.#options.clock.bootNow()
    for (const beat of this.#beats.values()) if (now >= fenceAt(beat)) this.#lose(beat, 'its lease could not be prolonged in time')
    const due = [...this.#beats.values()].filter(beat => this.#isDue(beat, now))
    if (due.some(({progress}) => progress !== null)) this.#reportsAt = now + REPORT_INTERVAL_MS
    for (const beat of due) beat.extendAt = Number.POSITIVE_INFINITY
    for (const [leaseMs, beats] of Map.groupBy(due, beat => beat.leaseMs)) void this.#extend(beats, leaseMs)
    this.#armNext()
  }

  #isDue({extendAt, leaseMs, progress}: Beat, now: number): boolean {
    if (extendAt === Number.POSITIVE_INFINITY) return false
    return extendAt <= now + leaseMs / COMPANY_PER_LEASE || (progress !== null && this.#reportsAt <= now)
  }

  async #extend(beats: readonly Beat[], leaseMs: number): Promise<void> {
    const {clock, queue, guard, onTrouble} = this.#options
    const before = clock.bootNow()
    const extensions = beats.map(({claim: {id, fence}, progress}) => ({id, fence, progress}))
    for (const beat of beats) beat.progress = null
    try {
      const gone = new Set((await queue.extend(extensions, leaseMs)).map(claimKey))
      for (const beat of beats) {
        if (gone.has(claimKey(beat.claim))) this.#lose(beat, 'its lease is held by nobody or somebody else')
        else guard?.prolong(beat.claim, before + leaseMs, leaseMs)
        beat.endsAt = before + leaseMs
        beat.extendAt = before + leaseMs / EXTENSIONS_PER_LEASE
      }
    } catch (error) {
      const pause = Math.round((leaseMs / RETRIES_PER_LEASE) * (0.5 + Math.random()))
      for (const [i, beat] of beats.entries()) {
        beat.extendAt = clock.bootNow() + pause
        beat.progress ??= extensions[i]?.progress ?? null
      }
      onTrouble('prolonging leases', error, pause)
    }
    this.#armNext()
  }

  #armNext(): void {
    let next = Number.POSITIVE_INFINITY
    for (const beat of this.#beats.values()) next = Math.min(next, this.#nextMoment(beat))
    this.#arm(next)
  }

  #nextMoment(beat: Beat): number {
    const isInHand = beat.extendAt === Number.POSITIVE_INFINITY
    const reportAt = beat.progress === null || isInHand ? Number.POSITIVE_INFINITY : this.#reportsAt
    return Math.min(beat.extendAt, reportAt, fenceAt(beat))
  }

  /** Says so once, and only if the lease is still kept: its attempt may have ended meanwhile. */
  #lose(beat: Beat, why: string): void {
    if (!this.#beats.delete(beat.claim)) return
    this.#options.onLost(beat.claim, why)
  }
}

/** From this moment on the handler must be ending, or it outlives the lease. */
function fenceAt({endsAt, leaseMs}: Beat): number {
  return endsAt - Math.min(LONGEST_MARGIN_MS, leaseMs / MARGIN_PER_LEASE)
}
