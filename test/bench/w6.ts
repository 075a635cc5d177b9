/** W6: how soon a job is picked up, and what an idle consumer costs. */
import {openStore} from './engine-bench.ts'
import {IdealQueue} from './ideal.ts'
import {assertEach} from './jobs.ts'
import {idleConsumer} from './w6-idle.ts'
import {newPath, removeDatabase} from './scratch.ts'
import {roundsOr, scaled} from './size.ts'
import {percentile} from './statistics.ts'
import {sleep} from '../../src/lib/time.ts'
import {Worker} from './worker.ts'
import type {Figures, Workload} from './workload.ts'

/** What a process is to do. */
export interface Task {
  readonly way: Contender
  readonly path: string
  readonly role: {readonly kind: 'producer'; readonly jobs: number; readonly everyMs: number} | {readonly kind: 'consumer'}
}
type Contender = 'qctl' | 'ideal'

/** Of one job, on the wall clock: when the submit was called (0 at the consumer), and when it returned or the handler started. */
export interface Moments {
  readonly id: number
  readonly calledAt: number
  readonly at: number
}

const EVERY_MS = 40
const SCRIPT = 'w6-worker.ts'
/** The jobs that are on their way get this long after the last submit. */
const LAST_WAIT_MS = 500

/** The latency of single jobs, and the idle consumer. */
export function pickUpWorkloads(): readonly Workload[] {
  const jobs = scaled(200)
  return [
    {
      name: 'W6',
      figures: [
        {name: 'p50', title: 'commit to handler start, p50', unit: 'ms', goals: [{to: null, atMost: 0.5}]},
        {name: 'p99', title: 'commit to handler start, p99', unit: 'ms', goals: [{to: null, atMost: 3}]},
        {name: 'call50', title: 'call to handler start, p50', unit: 'ms', goals: [{to: null, atMost: 0.75}]},
      ],
      rounds: roundsOr(1),
      warmUp: false,
      ways: {qctl: () => pickUp('qctl', jobs), ideal: () => pickUp('ideal', jobs)},
    },
    {
      name: 'W6',
      figures: [
        {name: 'cpu', title: 'an idle consumer', unit: 'CPU s/min', goals: [{to: null, atMost: 0.1}]},
        {name: 'writes', title: 'an idle consumer writes', unit: 'changes', goals: [{to: null, atMost: 0}]},
      ],
      rounds: 1,
      warmUp: false,
      ways: {qctl: () => idleConsumer(scaled(30) * 1000)},
    },
  ]
}

async function pickUp(way: Contender, jobs: number): Promise<Figures> {
  const path = newPath()
  if (way === 'ideal') new IdealQueue(path).close()
  else await (await openStore(path)).storage.close()
  await using consumer = new Worker<readonly Moments[]>(SCRIPT, {way, path, role: {kind: 'consumer'}} satisfies Task)
  await using producer = new Worker<readonly Moments[]>(SCRIPT, {way, path, role: {kind: 'producer', jobs, everyMs: EVERY_MS}} satisfies Task)
  await Promise.all([consumer.ready(), producer.ready()])
  consumer.tell('go')
  await sleep(LAST_WAIT_MS)
  producer.tell('go')
  const submitted = await producer.result()
  await sleep(LAST_WAIT_MS)
  consumer.tell('stop')
  const started = await consumer.result()
  assertEach(started.map(({id}) => id), jobs, `W6 ${way}`)
  removeDatabase(path)
  return latencies(submitted, new Map(started.map(({id, at}) => [id, at])))
}

function latencies(submitted: readonly Moments[], startedAt: ReadonlyMap<number, number>): Figures {
  const started = (id: number): number => startedAt.get(id) ?? Number.NaN
  const afterCommit = submitted.map(({id, at}) => started(id) - at)
  const afterCall = submitted.map(({id, calledAt}) => started(id) - calledAt)
  return {p50: percentile(afterCommit, 0.5), p99: percentile(afterCommit, 0.99), call50: percentile(afterCall, 0.5)}
}
