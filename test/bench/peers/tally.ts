/** Counts how often each of the jobs 0 … was run. */
export class Tally {
  readonly #times: Uint32Array
  #seen = 0
  #doubled = 0

  constructor(jobs: number) {
    this.#times = new Uint32Array(jobs)
  }

  /** @throws when there is no such job */
  add(n: number): void {
    const times = this.#times[n]
    if (times === undefined) throw new RangeError(`nobody submitted a job ${n}`)
    this.#times[n] = times + 1
    if (times === 0) this.#seen += 1
    else this.#doubled += 1
  }

  /** How many were run. */
  get seen(): number {
    return this.#seen
  }

  /** How many were not. */
  get lost(): number {
    return this.#times.length - this.#seen
  }

  /** How many runs were too many. */
  get doubled(): number {
    return this.#doubled
  }
}
