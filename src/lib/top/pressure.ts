/** What comes first where there is no room for all of it: by powers of ten, so that nothing changes places with every job. */
import {badRuns} from '../meter.ts'
import type {Concern} from './attention.ts'
import type {QueueRow} from './columns.ts'

/** How many jobs of a queue wait and may run now. */
export function waitingIn({counts, scheduled}: Pick<QueueRow, 'counts' | 'scheduled'>): number {
  return counts.pending - scheduled.count
}

/** How many jobs it matters to when something is wrong with a queue: those that went wrong, or those that wait for the same. */
export function jobsAtStake(row: QueueRow): number {
  return Math.max(waitingIn(row), badRuns(row.figures.meter))
}

/** What presses most first: an error weighs as much as a warning about ten times as many jobs. */
export function concernsByPressure(concerns: readonly Concern[]): readonly Concern[] {
  return concerns.toSorted((a, b) => weightOf(b) - weightOf(a) || magnitude(b.jobs) - magnitude(a.jobs))
}

/** Queues that press most first: with trouble or many jobs that wait, then those with something to do, then the others; of equals as they come. */
export function queuesByPressure(rows: readonly QueueRow[], concerns: readonly Concern[]): readonly QueueRow[] {
  const troubles = Map.groupBy(concerns, ({queue}) => queue)
  const ranks = new Map(rows.map(row => [row.name, rankOf(row, troubles.get(row.name) ?? [])]))
  const rank = ({name}: QueueRow): number => ranks.get(name) ?? 0
  return rows.toSorted((a, b) => rank(b) - rank(a))
}

function rankOf(row: QueueRow, troubles: readonly Concern[]): number {
  const weight = Math.max(magnitude(waitingIn(row)), ...troubles.map(weightOf))
  return 4 * weight + (troubles.length > 0 ? 2 : 0) + (isBusy(row) ? 1 : 0)
}

function weightOf({tone, jobs}: Concern): number {
  return magnitude(jobs) + (tone === 'error' ? 2 : 1)
}

function isBusy({counts, figures: {addedRate, doneRate, badRate}}: QueueRow): boolean {
  return counts.processing > 0 || addedRate + doneRate + badRate > 0
}

/** The power of ten in it; 0 below ten. */
function magnitude(jobs: number): number {
  return jobs < 10 ? 0 : Math.floor(Math.log10(jobs))
}
