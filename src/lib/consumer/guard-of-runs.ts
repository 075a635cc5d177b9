import type {Notice} from '../guard/notices.ts'
import type {Claim, Lease} from '../job.ts'
import {groupLedBy, type ProcessGroupId} from '../process-groups.ts'
import {after, type CancelTimer} from '../time.ts'
import {dueAt, type Guard, type GuardOptions, isDue} from './guard.ts'
import {GuardLine} from './guard-line.ts'

interface Run {
  readonly claim: Claim
  dueAt: number
  /** The leader of its process group; `null` before there is one, and when it had ended before the guard was told. */
  pid: number | null
  /** With the start of that leader, which is looked up only once: later the number may be another's. */
  group: ProcessGroupId | null
  /** The guard knows that leader. */
  isLeaderTold: boolean
  /** It was prolonged so late that the guard may have ended it already. */
  isLate: boolean
}

/**
 * What need not be told at once waits for so long: of runs that are over by then nothing has to be told, and their processes need
 * not be looked up. Until it is told of a process the guard finds it by its environment.
 */
const PATIENCE_MS = 20

/** For handlers that start a process for each run: the guard is told of every one. */
export class GuardOfRuns implements Guard {
  readonly #options: GuardOptions
  readonly #line: GuardLine
  readonly #runs = new Map<Claim, Run>()
  /** Not told yet, in order. */
  #notices: Notice[] = []
  #newcomers: Run[] = []
  #cancelTelling: CancelTimer | null = null

  constructor(options: GuardOptions) {
    this.#options = options
    this.#line = new GuardLine({...options, all: () => this.#all()})
  }

  expect(granted: readonly Lease[]): void {
    for (const lease of granted) {
      const run = {claim: lease, dueAt: dueAt(lease.grantedBootMs + lease.leaseMs, lease.leaseMs), pid: null, group: null, isLeaderTold: false, isLate: false}
      this.#runs.set(lease, run)
      this.#notices.push(holdOf(run))
    }
    if (granted.length > 0) this.#tell([])
  }

  started(lease: Claim, pid: number): void {
    const run = this.#runs.get(lease)
    if (run === undefined) return
    run.pid = pid
    run.group = null
    run.isLeaderTold = false
    this.#newcomers.push(run)
    this.#tellSoon()
  }

  prolong(lease: Claim, endsAt: number, leaseMs: number): void {
    const run = this.#runs.get(lease)
    if (run === undefined) return
    run.isLate ||= isDue(run.dueAt, this.#options.clock)
    run.dueAt = dueAt(endsAt, leaseMs)
    this.#notices.push(holdOf(run))
    this.#tellSoon()
  }

  mayHaveEnded(lease: Claim): boolean {
    const run = this.#runs.get(lease)
    return run !== undefined && (run.isLate || isDue(run.dueAt, this.#options.clock))
  }

  release(lease: Claim): void {
    if (!this.#runs.delete(lease)) return
    this.#notices.push({kind: 'end', id: lease.id, fence: lease.fence})
    this.#tellSoon()
  }

  close(): Promise<void> {
    this.#cancelTelling?.()
    return this.#line.close(this.#runs.size === 0)
  }

  /** With what has to be told at once, or after a while: a timer for many, because each costs as much as the telling. */
  #tellSoon(): void {
    this.#cancelTelling ??= after(PATIENCE_MS, () => {
      this.#cancelTelling = null
      const newcomers = this.#newcomers
      this.#newcomers = []
      this.#tell(newcomers)
    })
  }

  #tell(newcomers: readonly Run[]): void {
    const notices = [...this.#notices, ...this.#leaders(newcomers)]
    this.#notices = []
    this.#line.tell(notices)
  }

  #all(): readonly Notice[] {
    this.#notices = []
    this.#newcomers = []
    const runs = [...this.#runs.values()]
    for (const run of runs) run.isLeaderTold = false
    return [...runs.map(holdOf), ...this.#leaders(runs)]
  }

  /** Of those that are not over yet. */
  #leaders(runs: readonly Run[]): readonly Notice[] {
    return runs.flatMap((run): readonly Notice[] => {
      const {claim, isLeaderTold} = run
      if (run.pid === null || isLeaderTold || !this.#runs.has(claim)) return []
      run.isLeaderTold = true
      run.group ??= groupLedBy(run.pid)
      run.pid = run.group?.pid ?? null
      return run.group === null ? [] : [groupOf(claim, run.group)]
    })
  }
}

function groupOf({id, fence}: Claim, {pid, startTime}: ProcessGroupId): Notice {
  return {kind: 'group', id, fence, pid, startTime: Number(startTime)}
}

function holdOf({claim, dueAt}: Run): Notice {
  return {kind: 'hold', id: claim.id, fence: claim.fence, dueAt}
}
