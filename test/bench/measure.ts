import {median} from './statistics.ts'
import {type Figure, type Figures, type Goal, WAYS, type Way, type Workload, type Yardstick} from './workload.ts'

/** The values of one figure, one a round. */
export type Series = Readonly<Partial<Record<Way, readonly number[]>>>

/** A figure that was measured. */
export interface Measured {
  readonly workload: Workload
  readonly figure: Figure
  readonly series: Series
}

/**
 * Measures a workload: in each round every way once, in turn, each round beginning with another one, so that what happens to
 * the machine happens to all ways alike.
 * @param onRound told how far it is
 */
export async function measure(workload: Workload, onRound: (round: number) => void): Promise<readonly Measured[]> {
  const ways = WAYS.filter(way => workload.ways[way] !== undefined)
  const rounds: Partial<Record<Way, Figures>>[] = []
  await workload.prepare?.()
  try {
    for (let round = workload.warmUp ? -1 : 0; round < workload.rounds; round += 1) {
      onRound(round + 1)
      const results: Partial<Record<Way, Figures>> = {}
      for (let turn = 0; turn < ways.length; turn += 1) {
        const way = ways[(turn + round + 1) % ways.length]
        if (way === undefined) continue
        Bun.gc(true)
        results[way] = await workload.ways[way]?.() ?? {}
      }
      if (round >= 0) rounds.push(results)
    }
  } finally {
    await workload.finish?.()
  }
  return workload.figures.map(figure => ({workload, figure, series: seriesOf(figure, rounds)}))
}

function seriesOf({name}: Figure, rounds: readonly Partial<Record<Way, Figures>>[]): Series {
  const series: Partial<Record<Way, readonly number[]>> = {}
  for (const way of WAYS) {
    const values = rounds.map(round => round[way]?.[name]).filter(value => value !== undefined)
    if (values.length > 0) series[way] = values
  }
  return series
}

/** qctl's value divided by the yardstick's, round by round; empty when there is none. */
export function ratios(series: Series, to: Yardstick): readonly number[] {
  const yardstick = series[to] ?? []
  return (series.qctl ?? []).flatMap((value, i) => {
    const other = yardstick[i]
    return other === undefined ? [] : [value / other]
  })
}

/** Whether the median is within the bound. */
export function isReached({series}: Measured, {to, atLeast, atMost}: Goal): boolean {
  const value = median(to === null ? (series.qctl ?? []) : ratios(series, to))
  return value >= (atLeast ?? Number.NEGATIVE_INFINITY) && value <= (atMost ?? Number.POSITIVE_INFINITY)
}
