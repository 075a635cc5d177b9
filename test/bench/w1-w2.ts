/** W1 and W2: one process adds jobs, one at a time, 64 in flight, in bulk. */
import {EngineBench, type Durability, type Store} from './engine-bench.ts'
import {timeIdeal} from './ideal.ts'
import {payloads} from './jobs.ts'
import {roundsOr, scaled} from './size.ts'
import {perSecond} from './statistics.ts'
import type {Goal, Workload} from './workload.ts'

/** How a list of payloads gets into the queue. Returns the ids. */
type Adding = (store: Store, payloads: readonly Uint8Array[]) => Promise<readonly number[]>

interface AddWorkload {
  readonly name: string
  readonly title: string
  readonly durability: Durability
  readonly jobs: number
  readonly rounds: number
  readonly add: Adding
  /** The ideal puts so many rows in a commit. */
  readonly idealBatch: number
  readonly goals: readonly Goal[]
}

const BULK = 1000
const IN_FLIGHT = 64

const oneByOne: Adding = async ({queue}, all) => {
  const ids: number[] = []
  for (const payload of all) for (const {id} of await queue.enqueue([{payload}])) ids.push(id)
  return ids
}

const inFlight: Adding = async ({queue}, all) => {
  const ids: number[] = []
  let next = 0
  const client = async (): Promise<void> => {
    for (let payload = all[next++]; payload !== undefined; payload = all[next++]) {
      for (const {id} of await queue.enqueue([{payload}])) ids.push(id)
    }
  }
  await Promise.all(Array.from({length: IN_FLIGHT}, client))
  return ids
}

const inBulk: Adding = async ({queue}, all) => {
  const ids: number[] = []
  for (let start = 0; start < all.length; start += BULK) {
    const jobs = all.slice(start, start + BULK).map(payload => ({payload}))
    for (const {id} of await queue.enqueue(jobs)) ids.push(id)
  }
  return ids
}

function workload({name, title, durability, jobs, rounds, add, idealBatch, goals}: AddWorkload): Workload {
  const bench = new EngineBench(name, {
    durability,
    jobs,
    seed: async () => payloads(jobs),
    work: add,
    leaves: {pending: jobs, done: 0},
  })
  const idealPayloads = payloads(jobs)
  const ideal = (): number =>
    timeIdeal(durability, () => {}, queue => queue.insert(idealPayloads, idealBatch), {left: jobs, done: 0})
  return {
    name,
    figures: [{name: 'rate', title: `${title}, ${durability.toUpperCase()}`, unit: 'jobs/s', goals}],
    rounds: roundsOr(rounds),
    warmUp: true,
    prepare: () => bench.prepare(),
    ways: {qctl: () => bench.qctl(), same: () => bench.same(), ideal: () => ({rate: perSecond(jobs, ideal())})},
    finish: () => bench.finish(),
  }
}

/** One at a time, in flight, in bulk. */
export function addWorkloads(): readonly Workload[] {
  const single = {title: 'add one at a time', rounds: 11, add: oneByOne, idealBatch: 1} as const
  return [
    workload({...single, name: 'W1a', durability: 'normal', jobs: scaled(8000), goals: [{to: 'ideal', atLeast: 0.8}]}),
    workload({...single, name: 'W1b', durability: 'full', jobs: scaled(2500), goals: [{to: 'same', atLeast: 0.95}]}),
    workload({
      name: 'W1c', title: `${IN_FLIGHT} adds in flight`, durability: 'full', jobs: scaled(64_000, IN_FLIGHT), rounds: 9, add: inFlight,
      idealBatch: IN_FLIGHT, goals: [{to: 'ideal', atLeast: 0.65}],
    }),
    workload({
      name: 'W2', title: 'add 100,000 by 1,000', durability: 'full', jobs: scaled(100_000, BULK), rounds: 9, add: inBulk,
      idealBatch: BULK, goals: [{to: 'ideal', atLeast: 0.73}],
    }),
  ]
}
