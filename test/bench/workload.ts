/** What a benchmark is made of: ways of doing one thing, and the figures that are wanted of them. Data only. */

/** qctl itself; raw node:sqlite doing the same statements; the featureless ideal; something else that is named. */
export const WAYS = ['qctl', 'same', 'ideal', 'beside'] as const
export type Way = (typeof WAYS)[number]
/** What qctl is compared with. */
export type Yardstick = Exclude<Way, 'qctl'>

/** What one measurement of one way brought, by the figure's name. */
export type Figures = Readonly<Record<string, number>>

export type Unit = 'jobs/s' | 'ms' | 'CPU ms' | 'CPU s/min' | 'times' | 'changes'

/** A bound for a figure, or for its ratio to a yardstick. */
export interface Goal {
  /** `null` bounds the figure itself. */
  readonly to: Yardstick | null
  readonly atLeast?: number
  readonly atMost?: number
}

export interface Figure {
  readonly name: string
  /** How the table calls it, after the workload's name. */
  readonly title: string
  readonly unit: Unit
  /** None: shown only. */
  readonly goals: readonly Goal[]
}

export interface Workload {
  /** As in performance.md: W1b. */
  readonly name: string
  readonly figures: readonly Figure[]
  readonly rounds: number
  /** True drops a first round: it pays for the compiler, not for the work. */
  readonly warmUp: boolean
  /** What `beside` is. */
  readonly beside?: string
  readonly prepare?: () => Promise<void>
  readonly ways: Readonly<Partial<Record<Way, () => Promise<Figures> | Figures>>>
  readonly finish?: () => Promise<void>
}

/** A benchmark that lost or doubled something has measured nothing. */
export class Wrong extends Error {}
