/** What a consumer tells its guard of the runs it has in hand. */
import type {OnTrouble} from '../passing.ts'
import {processName} from '../survivors.ts'
import type {Claim, Lease, ProcessIdentity} from '../job.ts'
import type {Clock} from '../time.ts'
import type {StartGuard} from './guard-process.ts'
import {GuardOfRuns} from './guard-of-runs.ts'
import {GuardOfWorkers} from './guard-of-workers.ts'

/** Runs are named by the very lease that was granted. */
export interface Guard {
  /** To be called before any of these runs has a process: the guard knows of it then. */
  expect(granted: readonly Lease[]): void
  /** A process was started that leads the group of this run. */
  started(lease: Claim, pid: number): void
  /** The lease was prolonged. */
  prolong(lease: Claim, endsAt: number, leaseMs: number): void
  /** Whether the guard may have ended what this run had, because its time was over. To be asked before `release`. */
  mayHaveEnded(lease: Claim): boolean
  /** Nothing of the run is left. */
  release(lease: Claim): void
  /** Sends the guard home. To be called when nothing is to run any more; resolves when it has gone. */
  close(): Promise<void>
}

/** How the runs of a handler are kept by processes: each has its own, or workers share them. */
export interface GuardPlan {
  readonly start: StartGuard
  readonly processes: 'own' | 'shared'
}

/** Starts the guard of a consumer. */
export function openGuard({start, processes}: GuardPlan, consumer: ProcessIdentity, context: GuardContext): Guard {
  const options = {...context, start, consumer: processName(consumer)}
  return processes === 'own' ? new GuardOfRuns(options) : new GuardOfWorkers(options)
}

export interface GuardContext {
  readonly dbPath: string | null
  readonly clock: Clock
  readonly onTrouble: OnTrouble
}

/** What both kinds of guards are made of. */
export interface GuardOptions extends GuardContext {
  readonly start: StartGuard
  readonly consumer: string
}

/** The consumer itself acts earlier (see the heartbeat); the guard, when that did not happen, at half of that time. */
const MARGIN_PER_LEASE = 12
const LONGEST_MARGIN_MS = 1000
/** What is told at this distance from the moment a run is due may reach the guard too late. */
const SLACK_MS = 50

/** When the guard acts, on the boot clock. */
export function dueAt(leaseEndsAt: number, leaseMs: number): number {
  return leaseEndsAt - Math.min(LONGEST_MARGIN_MS, leaseMs / MARGIN_PER_LEASE)
}

/** Whether a guard that was told so may act by now. */
export function isDue(dueAt: number, clock: Clock): boolean {
  return clock.bootNow() >= dueAt - SLACK_MS
}
