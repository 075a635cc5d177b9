/** A consumer's side of its guard: tells it of every run, and replaces it when it dies. */
import {encodeNotices, type Notice} from '../guard/notices.ts'
import type {Ward} from '../guard/guard.ts'
import type {Claim} from '../job.ts'
import {after, type CancelTimer, type Clock, monotonicMs} from '../time.ts'
import type {Granted} from './claims.ts'
import type {OnTrouble} from './events.ts'
import type {GuardProcess, StartGuard} from './guard-process.ts'

export interface GuardOptions extends Ward {
  readonly start: StartGuard
  readonly clock: Clock
  readonly onTrouble: OnTrouble
}

interface Run {
  readonly claim: Claim
  dueAt: number
  /** The leader of its process group; `null` before there is one. */
  pid: number | null
  /** The guard knows that leader. */
  isLeaderTold: boolean
  /** It was prolonged so late that the guard may have ended it already. */
  isLate: boolean
}

/** The consumer itself acts earlier (see the heartbeat); the guard, when that did not happen, at half of that time. */
const MARGIN_PER_LEASE = 12
const LONGEST_MARGIN_MS = 1000
/** What is told at this distance from the moment a run is due may reach the guard too late. */
const SLACK_MS = 50
/** What need not be told at once waits for so long: of runs that are over by then nothing has to be told. */
const PATIENCE_MS = 20
/** A guard that dies is replaced at once; one that was young only after a pause. */
const YOUNG_MS = 10_000
const RESTART_PAUSE_MS = 5000
/** How long a consumer that ends waits for its guard. */
const FAREWELL_MS = 2000

export class Guard {
  readonly #options: GuardOptions
  /** By the very object that was granted. */
  readonly #runs = new Map<Claim, Run>()
  #process: GuardProcess | null = null
  /** Not told yet, in order. */
  #notices: Notice[] = []
  #newcomers: Run[] = []
  /** The pipe is full: what happens meanwhile is told as a whole, later. */
  #isBehind = false
  #cancelTelling: CancelTimer | null = null
  #cancelRestart: CancelTimer | null = null
  #isClosed = false

  constructor(options: GuardOptions) {
    this.#options = options
    this.#start()
  }

  /** To be called before any of these runs starts a process: the guard knows of it then. */
  expect(granted: readonly Granted[]): void {
    for (const {lease, grantedAt} of granted) {
      const run = {claim: lease, dueAt: dueAt(grantedAt + lease.leaseMs, lease.leaseMs), pid: null, isLeaderTold: false, isLate: false}
      this.#runs.set(lease, run)
      this.#notices.push(holdOf(run))
    }
    if (granted.length > 0) this.#tell()
  }

  /** A process was started that leads the group of this run. */
  started(lease: Claim, pid: number): void {
    const run = this.#runs.get(lease)
    if (run === undefined) return
    run.pid = pid
    run.isLeaderTold = false
    this.#newcomers.push(run)
    this.#tellSoon()
  }

  /** The lease was prolonged. */
  prolong(lease: Claim, endsAt: number, leaseMs: number): void {
    const run = this.#runs.get(lease)
    if (run === undefined) return
    run.isLate ||= this.#isDue(run)
    run.dueAt = dueAt(endsAt, leaseMs)
    this.#notices.push(holdOf(run))
    this.#tellSoon()
  }

  /**
   * Nothing of the run is left.
   * @returns true when the guard may have ended it
   */
  release(lease: Claim): boolean {
    const run = this.#runs.get(lease)
    if (run === undefined) return false
    this.#runs.delete(lease)
    this.#notices.push({kind: 'end', id: lease.id, fence: lease.fence})
    this.#tellSoon()
    return run.isLate || this.#isDue(run)
  }

  /** Sends the guard home. To be called when nothing runs any more; resolves when it has gone, or has had time enough for it. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelTelling?.()
    this.#cancelRestart?.()
    const guard = this.#process
    if (guard === null) return
    // What still runs could not be ended: that is left to the guard.
    if (this.#runs.size === 0) guard.write(encodeNotices([{kind: 'bye'}]))
    guard.close()
    const {promise: late, resolve} = Promise.withResolvers<void>()
    const cancel = after(FAREWELL_MS, resolve)
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

  /** With what has to be told at once, or after a while: a timer for many, because each costs as much as the telling. */
  #tellSoon(): void {
    this.#cancelTelling ??= after(PATIENCE_MS, () => {
      this.#cancelTelling = null
      this.#tell()
    })
  }

  #tell(): void {
    const notices = [...this.#notices, ...this.#leaders(this.#newcomers)]
    this.#notices = []
    this.#newcomers = []
    if (notices.length > 0 && !this.#isBehind) this.#write(notices)
  }

  #tellAll(): void {
    this.#isBehind = false
    this.#notices = []
    this.#newcomers = []
    const runs = [...this.#runs.values()]
    for (const run of runs) run.isLeaderTold = false
    this.#write([{kind: 'reset'}, ...runs.map(holdOf), ...this.#leaders(runs)])
  }

  /** Of those that are not over yet. */
  #leaders(runs: readonly Run[]): readonly Notice[] {
    return runs.flatMap((run): readonly Notice[] => {
      const {claim, pid, isLeaderTold} = run
      if (pid === null || isLeaderTold || !this.#runs.has(claim)) return []
      run.isLeaderTold = true
      return [{kind: 'group', id: claim.id, fence: claim.fence, pid}]
    })
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

  #isDue({dueAt}: Run): boolean {
    return this.#options.clock.bootNow() >= dueAt - SLACK_MS
  }
}

function dueAt(leaseEndsAt: number, leaseMs: number): number {
  return leaseEndsAt - Math.min(LONGEST_MARGIN_MS, leaseMs / MARGIN_PER_LEASE)
}

function holdOf({claim, dueAt}: Run): Notice {
  return {kind: 'hold', id: claim.id, fence: claim.fence, dueAt}
}
