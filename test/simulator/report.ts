import {addTally, COUNTS, type Count, emptyTally} from './tally.ts'
import type {Failure, Played, Seeds} from './play.ts'

const NAMES: Readonly<Record<Count, string>> = {
  jobs: 'jobs added',
  calls: 'calls of the store',
  claims: 'leases granted',
  extensions: 'leases to extend',
  ends: 'ends stored',
  lateEndsRefused: 'late ends refused',
  endsSentAgain: 'ends sent again',
  reaped: 'jobs taken from the dead and the late',
  crashes: 'consumers killed',
  freezes: 'consumers stopped for a while',
  reboots: 'reboots',
  suspends: 'suspends of the host',
  clockSteps: 'steps of the wall clock',
  failedCommits: 'commits refused',
  unknownCommits: 'commits with unknown outcome',
  checks: 'comparisons of the whole store',
}
const MOST_FAILURES_SHOWN = 10

/** Adds up what several processes have played. */
export class Report {
  readonly #tally = emptyTally()
  readonly #failures: Failure[] = []
  #seeds = 0
  #cpuMs = 0

  add({seeds, tally, failures, cpuMs}: Played): void {
    this.#seeds += seeds
    this.#cpuMs += cpuMs
    addTally(this.#tally, tally)
    this.#failures.push(...failures)
  }

  get seeds(): number {
    return this.#seeds
  }

  get failures(): readonly Failure[] {
    return this.#failures.toSorted((a, b) => a.seed - b.seed)
  }

  /** The whole result in lines. */
  text({from, count}: Seeds, tookMs: number): string {
    const eachMs = (this.#cpuMs / this.#seeds).toFixed(1)
    const numbers = COUNTS.map(name => `  ${digits(this.#tally[name]).padStart(12)}  ${NAMES[name]}`)
    const failures = this.failures.slice(0, MOST_FAILURES_SHOWN)
    const said = failures.map(({seed, error}) => `seed ${seed}: ${error}\n  its history: npm run simulate -- --seed ${seed}`)
    return [
      `${digits(this.#seeds)}${this.#seeds < count ? ` of ${digits(count)}` : ''} seeds (${from} … ${from + count - 1}) in ${Math.round(tookMs / 1000)} s, ${eachMs} ms of a processor each`,
      ...numbers,
      `${digits(this.#failures.length)} failed`,
      ...said,
    ].join('\n')
  }
}

function digits(value: number): string {
  return value.toLocaleString('en-US')
}
