/** The workloads W1, W2, … of the engine. */
import {measure, type Measured} from './measure.ts'
import {tables} from './report.ts'
import {addWorkloads} from './w1-w2.ts'
import {drainWorkloads} from './w3.ts'
import {contestWorkloads} from './w4.ts'
import {growthWorkloads} from './w5.ts'
import {pickUpWorkloads} from './w6.ts'
import {commandWorkloads} from './w7.ts'
import {workerWorkloads} from './w8.ts'
import {show} from './progress.ts'
import type {Workload} from './workload.ts'

/** The families; each is made only when it is wanted. */
const FAMILIES: Readonly<Record<string, () => readonly Workload[]>> = {
  'W1 W2': addWorkloads,
  W3: drainWorkloads,
  W4: contestWorkloads,
  W5: growthWorkloads,
  W6: pickUpWorkloads,
  W7: commandWorkloads,
  W8: workerWorkloads,
}

/**
 * The engine beside its yardsticks.
 * @param wanted beginnings of workloads' names; none = all
 * @returns tables
 */
export async function measureEngine(wanted: readonly string[]): Promise<string> {
  const isWanted = (name: string): boolean => wanted.length === 0 || wanted.some(word => name.toUpperCase().startsWith(word))
  const mayBeWanted = (family: string): boolean => family.split(' ').some(name => isWanted(name) || wanted.some(word => word.startsWith(name)))
  const chosen = Object.entries(FAMILIES)
    .flatMap(([family, workloads]) => (mayBeWanted(family) ? workloads() : []))
    .filter(({name}) => isWanted(name))
  if (chosen.length === 0) throw new TypeError(`no workload is called ${wanted.join(' or ')}`)
  const all: Measured[] = []
  for (const workload of chosen) {
    const title = `${workload.name} ${workload.figures[0]?.title ?? ''}`
    all.push(...await measure(workload, round => show(`${title}: round ${round} of ${workload.rounds}`)))
  }
  show('')
  return tables(all)
}
