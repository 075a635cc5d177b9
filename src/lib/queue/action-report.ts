import type {Claim} from '../job.ts'
import type {Acted, Action, Target} from '../storage/storage.ts'
import type {Settlement} from './await-jobs.ts'

/** A job that was left as it was. */
export interface Skipped {
  readonly id: number
  readonly why: string
}

/** What an action did, or would do. */
export interface ActionReport {
  readonly action: Action['kind']
  /** How many jobs were named or matched. */
  readonly matched: number
  /** How many were changed; those asked of their holders and not waited for are among them. */
  readonly changed: number
  /** Asked of their holders and not waited for. */
  readonly requested: readonly number[]
  /** Were as asked already. */
  readonly already: readonly Skipped[]
  /** Do not exist. */
  readonly missing: readonly Skipped[]
  /** The state did not allow it, or the job changed since it was seen. */
  readonly refused: readonly Skipped[]
  /** Asked of holders that did not settle in time; they still will. */
  readonly open: readonly Skipped[]
  readonly dryRun: boolean
  /** The first ids of the jobs that were changed or would be. */
  readonly sample: readonly number[]
}

const SAMPLE = 10

/** How many jobs an action changes, as a dry run foresees it. */
export function wouldChange({matched, refused, already, missing}: ActionReport): number {
  return matched - refused.length - already.length - missing.length
}

/** Gathers what became of each job. */
export class ReportDraft {
  readonly #action: Action['kind']
  readonly #targets: readonly Target[]
  #changed = 0
  readonly #requested = new Map<number, Claim>()
  readonly #already: Skipped[] = []
  readonly #missing: Skipped[] = []
  readonly #refused: Skipped[] = []
  readonly #open: Skipped[] = []

  constructor(action: Action['kind'], targets: readonly Target[]) {
    this.#action = action
    this.#targets = targets
  }

  /** How many are changed so far. */
  get changed(): number {
    return this.#changed
  }

  /** What was asked of holders and is not settled yet. */
  get requested(): readonly Claim[] {
    return [...this.#requested.values()]
  }

  /** Files what became of one job. */
  add(acted: Acted): void {
    const {id} = acted
    if (acted.kind === 'changed') this.#changed += 1
    else if (acted.kind === 'requested') this.#requested.set(id, {id, fence: acted.fence})
    else if (acted.kind === 'already') this.#already.push({id, why: `already ${acted.state}`})
    else if (acted.kind === 'missing') this.#missing.push({id, why: 'no such job'})
    else this.#refused.push({id, why: acted.why})
  }

  /** Files what became of a request that was waited for. */
  settle(settlement: Settlement): void {
    const {id} = settlement
    this.#requested.delete(id)
    if (settlement.kind === 'granted') this.#changed += 1
    else if (settlement.kind === 'open') this.#open.push({id, why: 'requested, still processing'})
    else this.#refused.push({id, why: `ended first: ${settlement.state ?? 'deleted'}`})
  }

  /** The report. */
  finish({dryRun}: {readonly dryRun: boolean}): ActionReport {
    return {
      action: this.#action,
      matched: this.#targets.length,
      changed: this.#changed + this.#requested.size,
      requested: [...this.#requested.keys()],
      already: this.#already,
      missing: this.#missing,
      refused: this.#refused,
      open: this.#open,
      dryRun,
      sample: this.#sample(),
    }
  }

  #sample(): readonly number[] {
    const left = new Set([...this.#already, ...this.#missing, ...this.#refused].map(({id}) => id))
    const sample: number[] = []
    for (const {id} of this.#targets) {
      if (sample.length === SAMPLE) break
      if (!left.has(id)) sample.push(id)
    }
    return sample
  }
}
