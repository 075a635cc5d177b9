/** W5: what it costs that the file is big. */
import {DatabaseSync} from 'node:sqlite'
import {compareField} from '../../src/lib/queue/filter-fields.ts'
import type {Filter} from '../../src/lib/queue/filter.ts'
import {openStore, type Store} from './engine-bench.ts'
import {assertEach} from './jobs.ts'
import {copyOf, newPath, removeDatabase} from './scratch.ts'
import {roundsOr, scaled} from './size.ts'
import {perSecond} from './statistics.ts'
import {drain, register} from './w3.ts'
import {fillBySql, MAIL, type Sizes} from './w5-file.ts'
import type {Figures, Workload} from './workload.ts'
import {Wrong} from './workload.ts'

const BATCH = 100
const PAGE = 50
/** As `jobs list` searches. */
const SCAN_LIMIT = 100_000

/** A database and the consumer registered in it. */
interface Filled {
  readonly path: string
  readonly consumerId: number
}

/** Claim and ack, the counters and pages of a list, with a million pending and a million finished jobs. */
export function growthWorkloads(): readonly Workload[] {
  const jobs = scaled(10_000, BATCH)
  const big = {pending: scaled(1_000_000), finished: scaled(1_000_000)}
  const files = new Map<'big' | 'empty', Filled>()
  const fileOf = (name: 'big' | 'empty'): Filled => files.get(name) ?? {path: '', consumerId: 0}
  const goal = {to: null, atMost: 10} as const
  return [{
    name: 'W5',
    figures: [
      {name: 'rate', title: `claim and ack by ${BATCH} with ${shown(big)}`, unit: 'jobs/s', goals: [{to: 'beside', atLeast: 0.85}]},
      {name: 'queues', title: 'counts of all queues', unit: 'ms', goals: [{to: null, atMost: 5}]},
      {name: 'all', title: `list page of ${PAGE}`, unit: 'ms', goals: [goal]},
      {name: 'few', title: `list page of ${PAGE}, state=cancelled, 1.4 % of the finished`, unit: 'ms', goals: [goal]},
      {name: 'failed', title: `list page of ${PAGE}, state=failed, 5 % of the finished`, unit: 'ms', goals: [goal]},
      {name: 'queue', title: `list page of ${PAGE}, queue=${MAIL}, 1 % of the jobs`, unit: 'ms', goals: [goal]},
    ],
    rounds: roundsOr(5),
    warmUp: false,
    beside: 'empty file',
    prepare: async () => {
      files.set('big', await filled(big))
      files.set('empty', await filled({pending: Math.ceil(jobs * 1.02), finished: 0}))
    },
    ways: {
      qctl: async () => ({...await lists(fileOf('big')), ...await claims(fileOf('big'), jobs)}),
      beside: async () => {
        const {path, consumerId} = fileOf('empty')
        const copy = {path: copyOf(path), consumerId}
        const figures = await claims(copy, jobs)
        removeDatabase(copy.path)
        return figures
      },
    },
    finish: async () => {
      const {path} = fileOf('big')
      assertCounters(path)
      removeDatabase(path)
    },
  }]
}

function shown({pending, finished}: Sizes): string {
  return `${pending.toLocaleString('en')} pending and ${finished.toLocaleString('en')} finished`
}

async function filled(sizes: Sizes): Promise<Filled> {
  const path = newPath()
  await (await openStore(path)).storage.close()
  fillBySql(path, sizes)
  const store = await openStore(path)
  const consumerId = await register(store, BATCH)
  await store.storage.close()
  return {path, consumerId}
}

async function claims({path, consumerId}: Filled, jobs: number): Promise<Figures> {
  const store = await openStore(path)
  const from = performance.now()
  const ids = await drain(store, consumerId, BATCH, jobs)
  const ms = performance.now() - from
  await store.storage.close()
  assertEach(ids, jobs, 'W5')
  return {rate: perSecond(jobs, ms)}
}

/** Each question is the first of its connection, as it is for a command. */
async function lists({path}: Filled): Promise<Figures> {
  const now = Date.now()
  const pageOf = (filter: Filter | null) => ({storage}: Store) =>
    storage.find({filter, order: {field: 'id', descending: true}, limit: PAGE, cursor: null, scanLimit: SCAN_LIMIT})
  const equal = (field: string, text: string): Filter => compareField(field, {op: 'in', values: [{text, quoted: true}], now})
  return {
    queues: await timed(path, ({storage}) => storage.queues()),
    all: await timed(path, pageOf(null)),
    few: await timed(path, pageOf(equal('state', 'cancelled'))),
    failed: await timed(path, pageOf(equal('state', 'failed'))),
    queue: await timed(path, pageOf(equal('queue', MAIL))),
  }
}

async function timed(path: string, ask: (store: Store) => Promise<unknown>): Promise<number> {
  const store = await openStore(path)
  const from = performance.now()
  await ask(store)
  const ms = performance.now() - from
  await store.storage.close()
  return ms
}

const STATES = ['pending', 'processing', 'done', 'failed', 'cancelled']

/** The counters of the queues against a count of the jobs. */
function assertCounters(path: string): void {
  const db = new DatabaseSync(path)
  const counted = db.prepare('SELECT state, count(*) AS jobs FROM job GROUP BY state').all()
  for (const [i, state] of STATES.entries()) {
    const jobs = Number(counted.find(row => row['state'] === i + 2)?.['jobs'] ?? 0)
    const kept = Number(db.prepare(`SELECT sum(${state}) AS jobs FROM queue`).get()?.['jobs'])
    if (jobs !== kept) throw new Wrong(`W5: ${jobs} jobs are ${state}, the counters say ${kept}`)
  }
  db.close()
}
