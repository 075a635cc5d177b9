/** A consumer as it is: the real shift with its heartbeat, claims, stock, ends and pace, and the real maintenance; only the handler is made up. */
import {Maintenance} from '../../src/lib/consumer/maintenance.ts'
import {Shift} from '../../src/lib/consumer/shift.ts'
import type {Handler, RunContext, Stop} from '../../src/lib/handlers/handler.ts'
import {stoppedOutcome} from '../../src/lib/handlers/handler.ts'
import type {Lease} from '../../src/lib/job.ts'
import {QctlError} from '../../src/lib/errors.ts'
import {bareEnd, type Outcome, type RunEnd} from '../../src/lib/outcome.ts'
import {Queue} from '../../src/lib/queue/queue.ts'
import {enroll} from './enroll.ts'
import type {Host, Post} from './host.ts'
import type {Life} from './life.ts'
import {anyOutcome, KILLED} from './outcomes.ts'

const POLL_MS = 1000
const GRACE_MS = 1500
/** How long a handler takes to die. */
const DYING_MS = 15
const NEVER = new AbortController().signal

export class Worker {
  readonly #post: Post
  #shift: Shift | null = null
  #isStopped = false

  constructor(post: Post) {
    this.#post = post
  }

  /** Works until it is told to stop, as `Consumer` does. */
  async live(): Promise<void> {
    const {host, wire} = this.#post
    const {storage} = wire
    const id = await enroll(this.#post)
    if (id === null) return
    const queue = new Queue(storage, () => host.random.next())
    const shift = this.#makeShift(queue, id)
    if (this.#isStopped) shift.stop()
    const over = new AbortController()
    const maintenance = new Maintenance({queue, storage, coroner: host.coroner, spools: null, log: () => {}})
    const unwatch = storage.watch(() => {
      shift.storeChanged()
      void maintenance.rescueNowAndThen()
    }, POLL_MS, () => shift.isHungry())
    void maintenance.run(over.signal)
    try {
      await shift.work()
    } finally {
      over.abort()
      unwatch()
      maintenance.close()
      shift.close()
    }
    await storage.unregister(id)
  }

  /** Somebody sends a signal. */
  stop(): void {
    const {random, weather} = this.#post.host
    this.#isStopped ||= weather.isCalm
    if (weather.isCalm) this.#shift?.stop()
    else if (random.chance(0.3)) this.#shift?.kill()
    else if (random.chance(0.3)) this.#shift?.retire({why: 'max_age', ageMs: 1, limitMs: 1})
    else this.#shift?.stop()
  }

  /** In fine weather not before it is told to. */
  #whenToEnd(): {readonly drain: boolean; readonly maxJobs: number | null} {
    const {random, weather} = this.#post.host
    if (weather.isCalm) return {drain: false, maxJobs: null}
    return {drain: random.chance(0.15), maxJobs: random.chance(0.15) ? random.between(1, 4) : null}
  }

  #makeShift(queue: Queue, id: number): Shift {
    const {host, life, wire, queues, concurrency} = this.#post
    const options = {queue, storage: wire.storage, dbPath: null, handler: new MadeUpHandler(host, life), name: life.name, queues, concurrency}
    const limits = {leaseMs: null, timeoutMs: host.random.chance(0.3) ? 2000 : null, graceMs: GRACE_MS, ...this.#whenToEnd()}
    const sweeper = {sweep: () => host.time.pause(host.random.between(0, DYING_MS))}
    const signals = {stop: NEVER, kill: NEVER}
    const log = (event: object): void => host.log(() => `${life.name} says ${JSON.stringify(event)}`)
    this.#shift = new Shift({...options, ...limits, ...signals, log, spools: null, sweeper, clock: life.clock}, {id, name: life.name}, null)
    return this.#shift
  }
}

/** Takes a random time, ends at random, and dies when it is told to, sometimes only when it has to. */
class MadeUpHandler implements Handler {
  readonly #host: Host
  readonly #life: Life

  constructor(host: Host, life: Life) {
    this.#host = host
    this.#life = life
  }

  async run(lease: Lease, context: RunContext): Promise<RunEnd> {
    const {work, random, time} = this.#host
    const run = work.begin(lease, this.#life)
    const wanted = anyOutcome(this.#host)
    const {promise, resolve} = Promise.withResolvers<Outcome>()
    if (!this.#lastsForEver()) time.plan(this.#howLong(), this.#life, () => resolve(wanted))
    void run.killed.then(() => resolve(KILLED))
    this.#obey(context, resolve)
    if (random.chance(0.3)) reportProgress(context, random.next())
    const outcome = await promise
    work.end(run)
    return bareEnd(outcome)
  }

  async close(): Promise<void> {}

  /** Then somebody has to end it. */
  #lastsForEver(): boolean {
    const {random, weather} = this.#host
    return !weather.isCalm && random.chance(0.03)
  }

  #howLong(): number {
    const {random, isHasty} = this.#host
    return random.weighted([[50, random.between(0, 3)], [isHasty ? 0 : 40, random.between(0, 600)], [isHasty ? 0.5 : 10, random.between(0, 8000)]])
  }

  #obey(context: RunContext, resolve: (outcome: Outcome) => void): void {
    const {time, random} = this.#host
    let stopped: Stop | null = null
    const dieWithin = (ms: number): void => {
      time.plan(random.between(0, ms), this.#life, () => resolve(stopped === null ? KILLED : stoppedOutcome(stopped)))
    }
    context.listen({
      stop: stop => {
        stopped = stop
        if (stop.graceMs === 0) dieWithin(DYING_MS)
        else if (random.chance(0.7)) dieWithin(stop.graceMs)
        else time.plan(stop.graceMs, this.#life, () => dieWithin(DYING_MS))
      },
      kill: () => dieWithin(DYING_MS),
    })
  }
}

/** It may come too late, which a handler survives. */
function reportProgress({report}: RunContext, progress: number): void {
  try {
    report.progress(progress)
  } catch (error) {
    if (!(error instanceof QctlError && error.code === 'conflict')) throw error
  }
}
