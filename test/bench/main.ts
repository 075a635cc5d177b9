/**
 * The engine beside its yardsticks: `npm run bench [workload…]`, where a workload is W1, W1b, W3, …; none = all.
 * Measures, and fails only when jobs were lost or doubled. `BENCH_DIR` chooses the disk, `ROUNDS` and `SCALE` a quick look.
 */
import {measure, type Measured} from './measure.ts'
import {circumstances, tables} from './report.ts'
import {addWorkloads} from './w1-w2.ts'
import {drainWorkloads} from './w3.ts'
import {contestWorkloads} from './w4.ts'
import {growthWorkloads} from './w5.ts'
import {pickUpWorkloads} from './w6.ts'
import {commandWorkloads} from './w7.ts'
import {workerWorkloads} from './w8.ts'
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

const wanted = process.argv.slice(2).map(word => word.toUpperCase())

function isWanted(name: string): boolean {
  return wanted.length === 0 || wanted.some(word => name.toUpperCase().startsWith(word))
}

function mayBeWanted(family: string): boolean {
  return wanted.length === 0 || family.split(' ').some(name => wanted.some(word => word.startsWith(name)))
}

const chosen = Object.entries(FAMILIES)
  .flatMap(([family, workloads]) => (mayBeWanted(family) ? workloads() : []))
  .filter(({name}) => isWanted(name))
if (chosen.length === 0) throw new TypeError(`no workload is called ${wanted.join(' or ')}`)

const begun = performance.now()
const all: Measured[] = []
for (const workload of chosen) {
  const title = `${workload.name} ${workload.figures[0]?.title ?? ''}`
  all.push(...await measure(workload, round => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${title}: round ${round} of ${workload.rounds}`)
  }))
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
}
process.stdout.write(`${tables(all)}\n${circumstances()}took ${Math.round((performance.now() - begun) / 1000)} s\n`)
