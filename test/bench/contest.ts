/** Contests: one thing done by many, in turn, and compared with how qctl does it as it comes. */
import type {Setting} from './peers/peer.ts'
import {median} from './statistics.ts'
import {Wrong} from './workload.ts'

/** One program, set up in one way. */
export interface Contender {
  readonly name: string
  readonly setting: Setting
  /** True when that is how it comes. */
  readonly isDefault: boolean
}

/** What one turn brought. */
export type Turn =
  | {readonly kind: 'measured'; readonly value: number; readonly lost: number; readonly doubled: number}
  /** It has nothing of the kind. */
  | {readonly kind: 'absent'}
  | {readonly kind: 'failed'; readonly why: string}

export interface Entry {
  readonly contender: Contender
  /** @param last what the turn before brought; `null` in the first */
  readonly turn: (last: number | null) => Promise<Turn>
}

export interface Contest {
  /** Whole in itself, as a heading. */
  readonly title: string
  /** What is measured, in a sentence or two. */
  readonly rules: string
  readonly unit: 'jobs/s' | 'ms'
  readonly rounds: number
  /** True has a round before the first that is not counted: it tells how long a turn takes, or checks. */
  readonly rehearsal: boolean
  readonly entries: readonly Entry[]
}

/** How a contender came out. */
export interface Standing {
  readonly contender: Contender
  /** One a round. */
  readonly values: readonly number[]
  /** qctl's figure divided by this one or, where less is better, the other way round; of each round. */
  readonly behind: readonly number[]
  readonly lost: number
  readonly doubled: number
  /** Why there are no values. */
  readonly failed: string | null
}

export interface Outcome {
  readonly contest: Contest
  /** The best first; those that have nothing of the kind are left out. */
  readonly standings: readonly Standing[]
}

/** True for qctl, however it is set up. */
export function isOurs({name}: Contender): boolean {
  return name === 'qctl'
}

/** True for what everything is compared with. */
export function isBaseline(contender: Contender): boolean {
  return isOurs(contender) && contender.isDefault
}

/**
 * Holds a contest: in each round everybody once, each round beginning with another one, so that what happens to the machine
 * happens to all alike.
 * @param onTurn told who is next
 * @throws Wrong when qctl itself failed, lost or doubled something
 */
export async function hold(contest: Contest, onTurn: (round: number, contender: Contender) => void): Promise<Outcome> {
  const runners = contest.entries.map(entry => new Runner(entry))
  for (let round = contest.rehearsal ? 0 : 1; round <= contest.rounds; round += 1) {
    for (let at = 0; at < runners.length; at += 1) {
      const runner = runners[(at + round) % runners.length]
      if (runner === undefined || runner.isOut) continue
      onTurn(round, runner.contender)
      await runner.run(round > 0)
    }
  }
  const results = runners.filter(({isAbsent}) => !isAbsent)
  for (const {contender, failed, lost, doubled} of results) {
    if (!isOurs(contender) || (failed === null && lost + doubled === 0)) continue
    throw new Wrong(`${contest.title}: qctl (${contender.setting.name}) ${failed ?? `lost ${lost} and doubled ${doubled}`}`)
  }
  return {contest, standings: rank(results, contest.unit)}
}

/** What one contender did. */
export type Result = Omit<Standing, 'behind'>

/** Sorts, and compares with the baseline. */
export function rank(results: readonly Result[], unit: Contest['unit']): readonly Standing[] {
  const baseline = results.find(({contender}) => isBaseline(contender))?.values ?? []
  const lessIsBetter = unit === 'ms'
  const behind = ({values}: Result): readonly number[] =>
    values.flatMap((value, round) => {
      const ours = baseline[round]
      if (ours === undefined) return []
      return [lessIsBetter ? value / ours : ours / value]
    })
  const order = ({values}: Result): number => {
    if (values.length === 0) return Number.MAX_VALUE
    return lessIsBetter ? median(values) : -median(values)
  }
  return results.toSorted((a, b) => order(a) - order(b)).map(result => {
    const {contender, values, lost, doubled, failed} = result
    return {contender, values, lost, doubled, failed, behind: behind(result)}
  })
}

class Runner implements Result {
  readonly contender: Contender
  readonly values: number[] = []
  lost = 0
  doubled = 0
  failed: string | null = null
  isAbsent = false
  readonly #turn: Entry['turn']
  #last: number | null = null

  constructor({contender, turn}: Entry) {
    this.contender = contender
    this.#turn = turn
  }

  /** True when it is not asked again. */
  get isOut(): boolean {
    return this.isAbsent || this.failed !== null
  }

  async run(counts: boolean): Promise<void> {
    const turn = await this.#turn(this.#last)
    if (turn.kind === 'absent') this.isAbsent = true
    if (turn.kind === 'failed') this.failed = turn.why
    if (turn.kind !== 'measured') return
    this.#last = turn.value
    this.lost += turn.lost
    this.doubled += turn.doubled
    if (counts) this.values.push(turn.value)
  }
}
