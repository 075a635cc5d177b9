import {bareEnd, type Outcome} from '../../src/lib/outcome.ts'
import {identifySelf} from '../../src/lib/process.ts'
import {Queue} from '../../src/lib/queue/queue.ts'
import {openStorage} from '../../src/lib/storage/open.ts'
import {type Clock, systemClock} from '../../src/lib/time.ts'

/** A clock that is set. */
class PastClock implements Clock {
  now = 0
  readonly #start = systemClock.wallNow()
  readonly bootId = systemClock.bootId
  readonly machineId = systemClock.machineId

  wallNow(): number {
    return this.now
  }

  bootNow(): number {
    return systemClock.bootNow() - (this.#start - this.now)
  }
}

/** What happens in a queue in a minute. */
interface Habit {
  readonly queue: string
  readonly perMinute: number
  readonly runMs: number
  /** One of so many goes wrong. */
  readonly badOf: number
}

const HABITS: readonly Habit[] = [
  {queue: 'mail', perMinute: 38, runMs: 84, badOf: 55},
  {queue: 'thumbs', perMinute: 21, runMs: 390, badOf: 240},
  {queue: 'reports', perMinute: 2, runMs: 2600, badOf: 17},
]
const MINUTE_MS = 60_000

/** Writes into a new database what two hours of work leave in it, with the clock set back. */
export async function writeHistory(path: string, minutes = 125): Promise<void> {
  const clock = new PastClock()
  const start = systemClock.wallNow() - minutes * MINUTE_MS
  clock.now = start
  const storage = await openStorage(path, {create: true, clock, durability: 'full'})
  const queue = new Queue(storage)
  const queues = HABITS.map(habit => habit.queue)
  const registered = await storage.register({name: 'past', process: identifySelf(), queues, concurrency: 100, replaces: null})
  if (registered.kind !== 'registered') throw new Error('the name is taken')
  for (let minute = 0; minute < minutes; minute += 1) {
    for (const habit of HABITS) {
      clock.now = start + minute * MINUTE_MS + 1000
      const count = Math.round(habit.perMinute * tide(minute + habit.runMs))
      await queue.enqueue(Array.from({length: count}, (_, at) => ({queue: habit.queue, payload: `${minute}/${at}`})))
      clock.now += 40 + Math.round(habit.runMs * 3 * tide(minute * 3))
      const leases = await queue.claim({consumerId: registered.id, queues: [habit.queue], limit: count, leaseMs: null})
      clock.now += habit.runMs
      await queue.settle(leases.map((lease, at) => ({lease, end: {...bareEnd(outcomeOf(habit, lease.id)), runMs: Math.round(habit.runMs * spread(at + minute))}})))
    }
  }
  await storage.unregister(registered.id)
  await storage.close()
}

function outcomeOf({badOf}: Habit, id: number): Outcome {
  return id % badOf === 0 ? {kind: 'rejected', reason: 'permanent', error: 'smtp 550 no such user'} : {kind: 'done', result: null}
}

/** Busy times and quiet ones. */
function tide(at: number): number {
  return 1 + 0.45 * Math.sin(at / 9) + 0.25 * Math.sin(at / 2.3) + 0.1 * Math.sin(at * 5)
}

/** Most are as fast as usual, some take long. */
function spread(at: number): number {
  const dice = Math.abs(Math.sin(at * 12.9898) * 43_758.5453) % 1
  return 0.6 + dice * 0.8 + (dice > 0.95 ? dice * 4 : 0)
}
