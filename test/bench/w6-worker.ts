/** One process of W6: the producer of single jobs, or the consumer that is woken by them. */
import {watch} from 'node:fs'
import {sleep} from '../../src/lib/time.ts'
import {IdealQueue} from './ideal.ts'
import {Consumer} from '../../src/lib/consumer/consumer.ts'
import {openStore} from './engine-bench.ts'
import {FunctionHandler} from './function-handler.ts'
import {payloads} from './jobs.ts'
import type {Moments, Task} from './w6.ts'
import {Bench, wallMs} from './worker.ts'

const BATCH = 100
const SECOND_LOOK_MS = 2
const NEVER = new AbortController().signal
const bench = new Bench<Task>()
const {way, path, role} = bench.task
if (role.kind === 'producer') await produce(role.jobs, role.everyMs)
else if (way === 'qctl') await consume()
else await consumeIdeally()
process.exit()

async function produce(jobs: number, everyMs: number): Promise<void> {
  const add = await adding()
  await bench.start()
  const moments: Moments[] = []
  for (const payload of payloads(jobs)) {
    const calledAt = wallMs()
    const id = await add(payload)
    moments.push({id, calledAt, at: wallMs()})
    await sleep(everyMs)
  }
  bench.report(moments)
}

async function adding(): Promise<(payload: Uint8Array) => Promise<number> | number> {
  if (way === 'ideal') {
    const ideal = new IdealQueue(path, 'full', 1000)
    return payload => ideal.add(payload)
  }
  const {queue} = await openStore(path)
  return async payload => (await queue.enqueue([{payload}]))[0]?.id ?? 0
}

async function consume(): Promise<void> {
  const moments: Moments[] = []
  const handler = new FunctionHandler(id => moments.push({id, calledAt: 0, at: wallMs()}))
  const {queue, storage} = await openStore(path)
  await bench.start()
  await new Consumer({
    queue, storage, dbPath: path, handler, name: 'bench', queues: ['default'], concurrency: BATCH, leaseMs: null, timeoutMs: null,
    graceMs: 1000, drain: false, maxJobs: null, stop: bench.stop, kill: NEVER, log: () => {},
  }).run()
  await storage.close()
  bench.report(moments)
}

/** Woken by the log file alone, looking once more for the news that Bun swallows, with a slow poll behind it. */
async function consumeIdeally(): Promise<void> {
  const ideal = new IdealQueue(path, 'full', 1000)
  const moments: Moments[] = []
  let taken: readonly number[] = []
  const look = (): void => {
    while (taken.length > 0 || ideal.hasReady()) {
      taken = ideal.turn(taken, BATCH)
      for (const id of taken) moments.push({id, calledAt: 0, at: wallMs()})
    }
  }
  const watcher = watch(`${path}-wal`, () => {
    look()
    setTimeout(look, SECOND_LOOK_MS)
  })
  const poll = setInterval(look, 1000)
  await bench.start()
  await new Promise(resolve => bench.stop.addEventListener('abort', resolve))
  watcher.close()
  clearInterval(poll)
  bench.report(moments)
}
