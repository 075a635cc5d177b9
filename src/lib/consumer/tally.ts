import type {Finished} from './ends.ts'

/** Counts the ends that were stored. */
export class Tally {
  #settled = 0
  #own = 0

  /** All runs that were started, whatever came of them. */
  get settled(): number {
    return this.#settled
  }

  /** Those that ended as their own job did, and were not given back for another's sake. */
  get own(): number {
    return this.#own
  }

  add(finished: Finished): void {
    if (finished.wasGivenBack !== true) this.#settled += 1
    if (isOwnEnd(finished)) this.#own += 1
  }
}

/** Whether a job has come to an end of its own by this, for better or worse. */
export function isOwnEnd({end}: Finished): boolean {
  return end.outcome.kind !== 'released'
}
