import type {Claim} from '../job.ts'
import {groupLedBy, type ProcessGroupId} from '../process-groups.ts'
import type {Notice} from './notices.ts'

/** A run that the guard knows of. */
export interface GuardedRun {
  readonly claim: Claim
  /** On the boot clock. */
  readonly dueAt: number
  readonly group: ProcessGroupId | null
}

/** The runs of one consumer, as far as it has told of them. */
export class Watch {
  /** By job: a consumer holds a job only once. */
  readonly #runs = new Map<number, GuardedRun>()

  /** @param notice anything but `bye` */
  take(notice: Exclude<Notice, {kind: 'bye'}>): void {
    if (notice.kind === 'reset') return this.#runs.clear()
    const {id, fence} = notice
    const known = this.#runs.get(id)
    const run = known?.claim.fence === fence ? known : null
    if (notice.kind === 'hold') this.#runs.set(id, {claim: run?.claim ?? {id, fence}, dueAt: notice.dueAt, group: run?.group ?? null})
    else if (run === null) return
    else if (notice.kind === 'end') this.#runs.delete(id)
    // Who tells of it is its parent, so the number is still that of the process that is meant.
    else this.#runs.set(id, {...run, group: groupLedBy(notice.pid)})
  }

  /** When the first of them is due; infinite when there is none. */
  get nextDueAt(): number {
    let next = Number.POSITIVE_INFINITY
    for (const {dueAt} of this.#runs.values()) next = Math.min(next, dueAt)
    return next
  }

  /** Gives out those that are due, once. */
  takeDue(now: number): readonly GuardedRun[] {
    const due = [...this.#runs.values()].filter(({dueAt}) => dueAt <= now)
    for (const {claim} of due) this.#runs.delete(claim.id)
    return due
  }
}
