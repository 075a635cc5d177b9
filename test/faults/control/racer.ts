/**
 * One of the parties that want the same jobs at the same moment, as a process of its own on one file: `racer.ts ROLE FILE`.
 * holder: claims with leases of a few ms and acknowledges at their edge · reaper: takes what has expired, again and again ·
 * operator: cancels, fails and resubmits at random. Each prints what it was told, a line of JSON per job, until its stdin ends.
 */
import {Queue, type Coroner} from '../../../src/lib/queue/queue.ts'
import {bareEnd} from '../../../src/lib/outcome.ts'
import {openStorage} from '../../../src/lib/storage/open.ts'
import type {Storage} from '../../../src/lib/storage/storage.ts'
import {sleep, systemClock} from '../../../src/lib/time.ts'
import {pick, random} from '../support/seed.ts'

const LEASE_MS = 30
/** Acknowledged within this span, the most of it before the end of the lease: a commit takes a while, too. */
const EDGE_MS = 20
const BATCH = 4

const [, , role = '', file = ''] = process.argv
const storage = await openStorage(file, {create: false, lockTimeoutMs: 30_000})
const queue = new Queue(storage)
let isOver = false
process.stdin.on('end', () => (isOver = true)).resume()

function tell(fact: object): void {
  process.stdout.write(`${JSON.stringify(fact)}\n`)
}

async function hold(): Promise<void> {
  const registered = await storage.register({
    name: `holder-${process.pid}`,
    process: {pid: process.pid, startTime: null, bootId: systemClock.bootId, pidNamespace: 'n', host: 'h', machineId: 'm'},
    queues: ['default'],
    concurrency: BATCH,
    replaces: null,
  })
  if (registered.kind === 'taken') throw new Error('the name is taken')
  while (!isOver) {
    const leases = await queue.claim({consumerId: registered.id, queues: ['default'], limit: BATCH, leaseMs: LEASE_MS})
    const end = systemClock.bootNow() + LEASE_MS
    await Promise.all(leases.map(async lease => {
      await sleep(end - systemClock.bootNow() + (random() - 0.75) * EDGE_MS)
      const [settlement] = await queue.settle([{lease, end: bareEnd({kind: 'done', result: null})}])
      tell({id: lease.id, fence: lease.fence, won: settlement?.kind === 'settled'})
    }))
    if (leases.length === 0) await sleep(1)
  }
}

/** Nobody is known to be dead: only the lease decides. */
const coroner: Coroner = {causeOfDeath: () => null, removeSurvivors: async () => [], outputOf: () => null, forgetOutput: () => undefined}

async function reap(): Promise<void> {
  while (!isOver) {
    for (const {claim, transition} of await queue.reap(coroner)) tell({...claim, to: transition.to})
    await sleep(1)
  }
}

async function operate(store: Storage): Promise<void> {
  const kinds = ['cancel', 'fail', 'resubmit'] as const
  while (!isOver) {
    const {jobs} = await store.find({filter: null, order: {field: 'id', descending: true}, limit: 1000, cursor: null, scanLimit: null})
    const kind = pick(kinds)
    const job = jobs[Math.floor(random() * jobs.length)]
    if (job !== undefined) {
      const [acted] = await store.act({kind, reason: 'race'}, [{id: job.id, seen: null}], 'operator')
      tell({id: job.id, kind, acted: acted?.kind})
    }
    await sleep(2)
  }
}

await (role === 'holder' ? hold() : role === 'reaper' ? reap() : operate(storage))
await storage.close()
process.exit()
