/** W3: one worker drains jobs that do nothing; finished jobs and their history are kept. */
import {Consumer} from '../../src/lib/consumer/consumer.ts'
import {bareEnd} from '../../src/lib/outcome.ts'
import {identifySelf} from '../../src/lib/process.ts'
import {EngineBench, type Durability, type EngineWork, type Store} from './engine-bench.ts'
import {FunctionHandler} from './function-handler.ts'
import {timeIdeal} from './ideal.ts'
import {payloads} from './jobs.ts'
import {roundsOr, scaled} from './size.ts'
import {perSecond} from './statistics.ts'
import type {Goal, Workload} from './workload.ts'

const FILL = 1000
const NO_ONE_STOPS = new AbortController().signal

/** Fills a queue. */
export async function fill({queue}: Store, jobs: number): Promise<void> {
  const all = payloads(jobs)
  for (let start = 0; start < jobs; start += FILL) {
    await queue.enqueue(all.slice(start, start + FILL).map(payload => ({payload})))
  }
}

/** Registers this process. Returns the registration's id. */
export async function register({storage}: Store, concurrency: number): Promise<number> {
  const registered = await storage.register({
    name: 'bench',
    process: identifySelf(),
    queues: ['default'],
    concurrency,
    replaces: null,
  })
  if (registered.kind === 'taken') throw new TypeError('there is another consumer in this file')
  return registered.id
}

/**
 * Claims `batch` jobs and finishes the previous ones in the same commit, until nothing or the limit is left.
 * @returns the ids of the finished jobs
 */
export async function drain({queue}: Store, consumerId: number, batch: number, limit = Number.POSITIVE_INFINITY): Promise<readonly number[]> {
  const request = {consumerId, queues: ['default'], limit: batch, leaseMs: null}
  const end = bareEnd({kind: 'done', result: null})
  const ids: number[] = []
  let leases = await queue.claim(request)
  while (leases.length > 0) {
    const settling = queue.settle(leases.map(lease => ({lease, end})))
    const claimed = ids.length + leases.length
    const claiming = claimed < limit ? queue.claim({...request, limit: Math.min(batch, limit - claimed)}) : []
    const settlements = await settling
    for (const [i, {id}] of leases.entries()) if (settlements[i]?.kind === 'settled') ids.push(id)
    leases = await claiming
  }
  return ids
}

/** The same through a whole consumer with a handler that is a function. */
async function consume({path, storage, queue}: Store, concurrency: number): Promise<readonly number[]> {
  const handler = new FunctionHandler()
  await new Consumer({
    queue, storage, dbPath: path, handler, name: 'bench', queues: ['default'], concurrency, leaseMs: null, timeoutMs: null,
    graceMs: 1000, drain: true, maxJobs: null, stop: NO_ONE_STOPS, kill: NO_ONE_STOPS, log: () => {},
  }).run()
  return handler.ids
}

interface DrainWorkload {
  readonly name: string
  readonly title: string
  readonly durability: Durability
  readonly jobs: number
  readonly batch: number
  readonly goals: readonly Goal[]
  /** True for a whole consumer instead of the library's claim and settle. */
  readonly whole?: boolean
}

function workload({name, title, durability, jobs, batch, goals, whole = false}: DrainWorkload): Workload {
  const work: EngineWork<number> = {
    durability,
    jobs,
    seed: async store => {
      await fill(store, jobs)
      return whole ? 0 : register(store, batch)
    },
    work: (store, consumerId) => (whole ? consume(store, batch) : drain(store, consumerId, batch)),
    leaves: {pending: 0, done: jobs},
  }
  const bench = new EngineBench(name, work)
  const all = payloads(jobs)
  const ideal = (): number =>
    timeIdeal(durability, queue => queue.insert(all, FILL), queue => void queue.drain(batch), {left: 0, done: jobs})
  return {
    name,
    figures: [{name: 'rate', title: `${title}, ${durability.toUpperCase()}`, unit: 'jobs/s', goals}],
    rounds: roundsOr(whole ? 5 : 7),
    warmUp: true,
    prepare: () => bench.prepare(),
    ways: {qctl: () => bench.qctl(), same: () => bench.same(), ideal: () => ({rate: perSecond(jobs, ideal())})},
    finish: () => bench.finish(),
  }
}

/** In batches, one by one, and through a whole consumer. */
export function drainWorkloads(): readonly Workload[] {
  const batched = {jobs: scaled(30_000, FILL), title: 'claim and ack by 100', batch: 100} as const
  const strict = {batch: 1, title: 'ack one and claim one'} as const
  const binding: Goal = {to: 'same', atLeast: 0.85}
  const limit: Goal = {to: 'ideal', atLeast: 0.6}
  return [
    workload({...batched, name: 'W3a', durability: 'full', goals: [binding, limit]}),
    workload({...batched, name: 'W3a', title: 'claim and ack by 500', batch: 500, durability: 'full', goals: [binding, limit]}),
    workload({...batched, name: 'W3a', durability: 'normal', goals: [binding, limit]}),
    workload({...batched, name: 'W3a', title: 'a consumer with 100 handlers', whole: true, durability: 'full', goals: []}),
    workload({...strict, name: 'W3b', jobs: scaled(2500), durability: 'full', goals: [{to: 'ideal', atLeast: 0.85}]}),
    workload({...strict, name: 'W3b', jobs: scaled(5000), durability: 'normal', goals: [{to: 'ideal', atLeast: 0.85}]}),
  ]
}
