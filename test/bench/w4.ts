/** W4: two producers that add one job at a time and two or eight consumers, all separate processes on one file. */
import {DatabaseSync} from 'node:sqlite'
import {openStore} from './engine-bench.ts'
import {IdealQueue} from './ideal.ts'
import {assertEach, assertLeft} from './jobs.ts'
import {newPath, removeDatabase} from './scratch.ts'
import {roundsOr, scaled} from './size.ts'
import {perSecond} from './statistics.ts'
import type {Consumed} from './w4-parts.ts'
import {until, Worker} from './worker.ts'
import type {Figure, Figures, Workload} from './workload.ts'

/** What a process is to do. */
export interface Task {
  readonly way: Contender
  readonly path: string
  readonly role:
    | {readonly kind: 'producer'; readonly jobs: number}
    | {readonly kind: 'consumer'; readonly name: string; readonly batch: number}
}
type Contender = 'qctl' | 'same' | 'ideal'

/** When a producer began and ended, on the wall clock. */
export interface Produced {
  readonly startedAt: number
  readonly endedAt: number
}

const PRODUCERS = 2
const CONSUMERS: readonly number[] = [2, 8]
const BATCH = 100
const SCRIPT = 'w4-worker.ts'

/** With two and with eight consumers. */
export function contestWorkloads(): readonly Workload[] {
  const jobs = scaled(8000, PRODUCERS)
  const all = async (way: Contender): Promise<Figures> => {
    const figures: Record<string, number> = {}
    for (const consumers of CONSUMERS) {
      const {rate, unfairness} = await contest(way, consumers, jobs)
      figures[`rate${consumers}`] = rate
      figures[`unfairness${consumers}`] = unfairness
    }
    return figures
  }
  return [{
    name: 'W4',
    figures: CONSUMERS.flatMap(figuresWith),
    rounds: roundsOr(5),
    warmUp: false,
    ways: {qctl: () => all('qctl'), same: () => all('same'), ideal: () => all('ideal')},
  }]
}

function figuresWith(consumers: number): readonly Figure[] {
  const title = `${PRODUCERS} producers, ${consumers} consumers, FULL`
  return [
    {name: `rate${consumers}`, title, unit: 'jobs/s', goals: [{to: 'same', atLeast: 0.9}]},
    {name: `unfairness${consumers}`, title: `${title}: slowest to fastest producer`, unit: 'times', goals: [{to: null, atMost: 1.5}]},
  ]
}

/** One run on a file of its own. */
async function contest(way: Contender, consumers: number, jobs: number): Promise<{readonly rate: number; readonly unfairness: number}> {
  const path = newPath()
  if (way === 'ideal') new IdealQueue(path).close()
  else await (await openStore(path)).storage.close()
  await using crew = new AsyncDisposableStack()
  const start = <Result>(role: Task['role']): Worker<Result> => crew.use(new Worker<Result>(SCRIPT, {way, path, role} satisfies Task))
  const consuming = Array.from({length: consumers}, (_, i) => start<Consumed>({kind: 'consumer', name: `bench${i}`, batch: BATCH}))
  const producing = Array.from({length: PRODUCERS}, () => start<Produced>({kind: 'producer', jobs: jobs / PRODUCERS}))
  await Promise.all([...consuming, ...producing].map(worker => worker.ready()))
  for (const worker of [...consuming, ...producing]) worker.tell('go')
  const produced = await Promise.all(producing.map(worker => worker.result()))
  // One that dies ends the waiting.
  await Promise.race([allDone(way, path, jobs), ...consuming.map(worker => worker.result())])
  for (const worker of consuming) worker.tell('stop')
  const consumed = await Promise.all(consuming.map(worker => worker.result()))
  check(way, path, consumed, jobs)
  const took = produced.map(({startedAt, endedAt}) => endedAt - startedAt)
  const wall = Math.max(...consumed.map(({lastAt}) => lastAt)) - Math.min(...produced.map(({startedAt}) => startedAt))
  return {rate: perSecond(jobs, wall), unfairness: Math.max(...took) / Math.min(...took)}
}

async function allDone(way: Contender, path: string, jobs: number): Promise<void> {
  const db = new DatabaseSync(path, {readOnly: true})
  const count = db.prepare(way === 'ideal' ? 'SELECT count(*) AS done FROM history' : 'SELECT ifnull(sum(done), 0) AS done FROM queue')
  try {
    await until(() => Number(count.get()?.['done']) >= jobs, `W4 ${way}: all ${jobs} jobs are done`)
  } finally {
    db.close()
  }
}

function check(way: Contender, path: string, consumed: readonly Consumed[], jobs: number): void {
  const what = `W4 ${way} with ${consumed.length} consumers`
  assertEach(consumed.flatMap(({ids}) => ids), jobs, what)
  if (way !== 'ideal') assertLeft(path, {pending: 0, done: jobs}, what)
  removeDatabase(path)
}
