import type {Claim} from '../job.ts'
import type {ProcessGroupId} from '../process-groups.ts'
import type {NoticeListener} from './notices.ts'

/** A run that the guard knows of. */
export interface GuardedRun extends Claim {
  /** On the boot clock. */
  readonly dueAt: number
  readonly group: ProcessGroupId | null
}

/** Objects of runs that are over are used again, up to so many. */
const SPARE_MAX = 1000

type Entry = {-readonly [Name in keyof GuardedRun]: GuardedRun[Name]}

/** The runs of one consumer, as far as it has told of them. */
export class Watch implements NoticeListener {
  /** By job: a consumer holds a job only once. */
  readonly #runs = new Map<number, Entry>()
  readonly #spare: Entry[] = []
  #saidBye = false

  /** The consumer has ended well. */
  get saidBye(): boolean {
    return this.#saidBye
  }

  hold(id: number, fence: number, dueAt: number): void {
    const known = this.#runs.get(id)
    if (known?.fence === fence) known.dueAt = dueAt
    else this.#runs.set(id, this.#entry(id, fence, dueAt))
  }

  /** The number may be another's by now. Who told of it is its parent, and has seen when it started. */
  group(id: number, fence: number, pid: number, startTime: number): void {
    const known = this.#runs.get(id)
    if (known?.fence === fence) known.group = {pid, startTime: String(startTime)}
  }

  end(id: number, fence: number): void {
    const known = this.#runs.get(id)
    if (known?.fence !== fence) return
    this.#runs.delete(id)
    if (this.#spare.length < SPARE_MAX) this.#spare.push(known)
  }

  reset(): void {
    this.#runs.clear()
  }

  bye(): void {
    this.#saidBye = true
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
    for (const {id} of due) this.#runs.delete(id)
    return due
  }

  #entry(id: number, fence: number, dueAt: number): Entry {
    const spare = this.#spare.pop()
    return spare === undefined ? {id, fence, dueAt, group: null} : Object.assign(spare, {id, fence, dueAt, group: null})
  }
}
