// A consumer as a process of its own: DB NAME LEASE_MS COMMAND… Events go to stdout, one JSON object per line.
import {Consumer} from '../../src/lib/consumer/consumer.ts'
import {openHandler} from '../../src/lib/handlers/index.ts'
import {Queue} from '../../src/lib/queue/queue.ts'
import {openStorage} from '../../src/lib/storage/open.ts'

const [path = '', name = '', leaseMs, ...command] = process.argv.slice(2)
const stop = new AbortController()
const kill = new AbortController()
process.on('SIGTERM', () => (stop.signal.aborted ? kill : stop).abort())
const storage = await openStorage(path)
const report = await new Consumer({
  queue: new Queue(storage),
  storage,
  dbPath: path,
  handler: await openHandler({kind: 'exec', command}),
  name,
  queues: ['default'],
  concurrency: 2,
  leaseMs: Number(leaseMs),
  timeoutMs: null,
  graceMs: 300,
  drain: false,
  maxJobs: null,
  stop: stop.signal,
  kill: kill.signal,
  log: event => console.log(JSON.stringify(event)),
}).run()
console.log(JSON.stringify(report))
await storage.close()
