/** The engine beside its yardsticks, in one process and one run: `bun test/bench/engine.ts [workload …]`. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {identifySelf} from '../../src/lib/process.ts'
import {bareEnd} from '../../src/lib/outcome.ts'
import {Queue} from '../../src/lib/queue/queue.ts'
import {openStorage} from '../../src/lib/storage/open.ts'
import {IDEAL_SCHEMA, idealDrain, idealInsertBatches, idealInsertOneByOne, openRaw} from './raw.ts'

const payloads = (count: number): readonly Uint8Array[] =>
  Array.from({length: count}, (_, i) => Buffer.from(JSON.stringify({to: `user${i}@example.com`, subject: 'hello there', body: 'x'.repeat(40), n: i})))

const scratch = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'qctl-bench-'))
let files = 0
const newPath = (): string => join(scratch, `${++files}.db`)
type Durability = 'full' | 'normal'

async function open(durability: Durability) {
  const storage = await openStorage(newPath(), {create: true, durability})
  return {storage, queue: new Queue(storage)}
}

async function rate(count: number, work: () => Promise<void> | void): Promise<number> {
  const start = performance.now()
  await work()
  return (count / (performance.now() - start)) * 1000
}

async function drain(queue: Queue, storage: Awaited<ReturnType<typeof open>>['storage'], batch: number, limit = Number.POSITIVE_INFINITY) {
  const registered = await storage.register({name: `bench${++files}`, process: identifySelf(), queues: ['default'], concurrency: batch, replaces: null})
  if (registered.kind !== 'registered') throw new Error('taken')
  const request = {consumerId: registered.id, queues: ['default'], limit: batch, leaseMs: null}
  const end = bareEnd({kind: 'done', result: null})
  let leases = await queue.claim(request)
  let done = 0
  while (leases.length > 0 && done < limit) {
    const settling = queue.settle(leases.map(lease => ({lease, end})))
    const claiming = queue.claim(request)
    done += (await settling).length
    leases = await claiming
  }
  if (leases.length > 0) await queue.settle(leases.map(lease => ({lease, end})))
  await storage.unregister(registered.id)
  return done
}

interface Workload {
  readonly goal: number
  readonly ideal: (durability: Durability) => Promise<number>
  readonly qctl: (durability: Durability) => Promise<number>
}

const SYNC = {full: 'FULL', normal: 'NORMAL'} as const
const N1 = 4000
const N2 = 100_000
const N3 = 60_000

const workloads: Record<string, Workload> = {
  'W1b add one at a time': {
    goal: 0.95,
    ideal: async durability => {
      const db = openRaw(newPath(), IDEAL_SCHEMA, SYNC[durability])
      const all = payloads(N1)
      const result = await rate(N1, () => idealInsertOneByOne(db, all))
      db.close()
      return result
    },
    qctl: async durability => {
      const {storage, queue} = await open(durability)
      const all = payloads(N1)
      const result = await rate(N1, async () => {
        for (const payload of all) await queue.enqueue([{payload}])
      })
      await storage.close()
      return result
    },
  },
  'W1c 64 adds in flight': {
    goal: 0.65,
    ideal: async durability => {
      const db = openRaw(newPath(), IDEAL_SCHEMA, SYNC[durability])
      const all = payloads(N2)
      const result = await rate(N2, () => idealInsertBatches(db, all, 64))
      db.close()
      return result
    },
    qctl: async durability => {
      const {storage, queue} = await open(durability)
      const all = payloads(N2)
      let next = 0
      const client = async (): Promise<void> => {
        for (let payload = all[next++]; payload !== undefined; payload = all[next++]) await queue.enqueue([{payload}])
      }
      const result = await rate(N2, async () => {
        await Promise.all(Array.from({length: 64}, client))
      })
      await storage.close()
      return result
    },
  },
  'W2 bulk by 1000': {
    goal: 0.73,
    ideal: async durability => {
      const db = openRaw(newPath(), IDEAL_SCHEMA, SYNC[durability])
      const all = payloads(N2)
      const result = await rate(N2, () => idealInsertBatches(db, all, 1000))
      db.close()
      return result
    },
    qctl: async durability => {
      const {storage, queue} = await open(durability)
      const all = payloads(N2)
      const result = await rate(N2, async () => {
        for (let start = 0; start < N2; start += 1000) await queue.enqueue(all.slice(start, start + 1000).map(payload => ({payload})))
      })
      await storage.close()
      return result
    },
  },
  'W3a drain, batches of 100': drainWorkload(100),
  'W3a drain, batches of 500': drainWorkload(500),
}

function drainWorkload(batch: number): Workload {
  return {
    goal: 0.6,
    ideal: async durability => {
      const db = openRaw(newPath(), IDEAL_SCHEMA, SYNC[durability])
      idealInsertBatches(db, payloads(N3), 1000)
      const result = await rate(N3, () => void idealDrain(db, batch))
      db.close()
      return result
    },
    qctl: async durability => {
      const {storage, queue} = await open(durability)
      const all = payloads(N3)
      for (let start = 0; start < N3; start += 1000) await queue.enqueue(all.slice(start, start + 1000).map(payload => ({payload})))
      let done = 0
      const result = await rate(N3, async () => {
        done = await drain(queue, storage, batch)
      })
      if (done !== N3) throw new Error(`${done} of ${N3} done`)
      await storage.close()
      return result
    },
  }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const shown = (value: number): string => Math.round(value).toLocaleString('en').padStart(9)
const rounds = Number(process.env['ROUNDS'] ?? 5)
const durability: Durability = process.env['DURABILITY'] === 'normal' ? 'normal' : 'full'
const wanted = process.argv.slice(2)

for (const [name, workload] of Object.entries(workloads)) {
  if (wanted.length > 0 && !wanted.some(word => name.includes(word))) continue
  const ideals: number[] = []
  const ours: number[] = []
  const ratios: number[] = []
  for (let round = 0; round < rounds; round++) {
    const ideal = await workload.ideal(durability)
    const our = await workload.qctl(durability)
    ideals.push(ideal)
    ours.push(our)
    ratios.push(our / ideal)
  }
  console.log(`${name.padEnd(28)} ${durability} qctl ${shown(median(ours))}/s  ideal ${shown(median(ideals))}/s  ratio ${median(ratios).toFixed(2)} (goal ${workload.goal})`)
}
rmSync(scratch, {recursive: true, force: true})
