/** What happened in a simulated world, counted. */
export const COUNTS = [
  'jobs', 'calls', 'claims', 'extensions', 'ends', 'lateEndsRefused', 'endsSentAgain', 'reaped', 'crashes', 'freezes', 'reboots', 'suspends',
  'clockSteps', 'failedCommits', 'unknownCommits', 'checks',
] as const
export type Count = (typeof COUNTS)[number]
export type Tally = Record<Count, number>

export function emptyTally(): Tally {
  return Object.fromEntries(COUNTS.map(name => [name, 0])) as Tally
}

export function addTally(total: Tally, one: Tally): void {
  for (const name of COUNTS) total[name] += one[name]
}
