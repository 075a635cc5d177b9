/**
 * A consumer that knows the protocol and no manners: it forgets to extend its leases, sends ends late, twice, or of claims that
 * were lost long ago, and looks for jobs of the dead whenever it likes.
 */
import {QctlError} from '../../src/lib/errors.ts'
import type {Lease} from '../../src/lib/job.ts'
import {bareEnd, type Outcome} from '../../src/lib/outcome.ts'
import {Queue} from '../../src/lib/queue/queue.ts'
import {enroll} from './enroll.ts'
import type {Post} from './host.ts'
import {anyOutcome, KILLED} from './outcomes.ts'
import type {Run} from './work.ts'

const LONGEST_PAUSE_MS = 500
const RETRY_MS = 150
/** Fates of a run, as parts of one. */
const FORGETS_TO_EXTEND = 0.25
const ENDS_LATE_ALL_THE_SAME = 0.3
const ENDS_TWICE = 0.1
const LEAVES = 0.015

export class Rogue {
  readonly #post: Post
  readonly #queue: Queue
  #running = 0
  #isLeaving = false

  constructor(post: Post) {
    this.#post = post
    this.#queue = new Queue(post.wire.storage, () => post.host.random.next())
  }

  /** Works until it has had enough, or has lost its name. */
  async live(): Promise<void> {
    const {host, wire} = this.#post
    const id = await enroll(this.#post)
    if (id === null) return
    while (!this.#isLeaving) {
      await host.time.pause(host.random.between(0, LONGEST_PAUSE_MS))
      await this.#stir(id)
      if (host.random.chance(LEAVES)) await this.#leave(id)
    }
    while (this.#running > 0) await host.time.pause(LONGEST_PAUSE_MS)
    await wire.storage.unregister(id)
  }

  async #stir(id: number): Promise<void> {
    const {host, concurrency} = this.#post
    try {
      if (this.#running < concurrency) await this.#claim(id)
      if (host.random.chance(0.3)) await this.#queue.reap(host.coroner)
    } catch (error) {
      if (!isPassing(error)) this.#isLeaving = true
    }
  }

  async #leave(id: number): Promise<void> {
    this.#isLeaving = true
    await this.#post.wire.storage.unregister(id, {leaving: true}).catch(() => {})
    // It claims on nevertheless.
    await this.#claim(id).catch(() => {})
  }

  async #claim(id: number): Promise<void> {
    const {host, life, queues, concurrency} = this.#post
    const leaseMs = host.random.chance(0.3) ? host.random.between(500, 3000) : null
    const askedAt = life.clock.bootNow()
    const limit = host.random.between(1, concurrency - this.#running)
    for (const lease of await this.#queue.claim({consumerId: id, queues, limit, leaseMs})) void this.#work(lease, askedAt).catch(host.fail)
  }

  async #work(lease: Lease, askedAt: number): Promise<void> {
    const {host, life} = this.#post
    // It may have been stopped on the way: what is over must not begin.
    if (life.clock.bootNow() >= askedAt + lease.leaseMs) return
    this.#running += 1
    const run = host.work.begin(lease, life)
    const outcome = await this.#run(lease, run)
    host.work.end(run)
    this.#running -= 1
    if (outcome !== null || host.random.chance(ENDS_LATE_ALL_THE_SAME)) await this.#end(lease, outcome ?? anyOutcome(host))
    if (!host.random.chance(ENDS_TWICE)) return
    await host.time.pause(host.random.between(0, 4 * lease.leaseMs))
    await this.#queue.settle([{lease, end: bareEnd(anyOutcome(host))}]).catch(() => {})
  }

  /** How the handler ended; `null` when the lease was lost before. */
  async #run(lease: Lease, run: Run): Promise<Outcome | null> {
    const {host} = this.#post
    const {time, random} = host
    const outcome = anyOutcome(host)
    const over = new AbortController()
    const end = await Promise.race([
      time.pause(random.between(0, random.chance(0.2) ? 2 * lease.leaseMs : 400)).then(() => outcome),
      run.killed.then(() => KILLED),
      this.#keep(lease, over.signal).then(() => null),
    ])
    over.abort()
    return end
  }

  /** Extends the lease, if it does not forget to; resolves when that was refused. */
  async #keep(lease: Lease, over: AbortSignal): Promise<void> {
    const {time, random} = this.#post.host
    while (!over.aborted) {
      await time.pause((lease.leaseMs / 3) * (0.5 + random.next()))
      if (over.aborted || random.chance(FORGETS_TO_EXTEND)) continue
      const progress = random.chance(0.2) ? random.next() : null
      const lost = await this.#queue.extend([{id: lease.id, fence: lease.fence, progress}], lease.leaseMs).catch(() => [])
      if (lost.length > 0) return
    }
    await new Promise(() => {})
  }

  /** Tells the end again and again until it is heard. */
  async #end(lease: Lease, outcome: Outcome): Promise<void> {
    const {time, random} = this.#post.host
    const progress = random.chance(0.2) ? random.next() : null
    for (let tries = 0; tries < 8; tries += 1) {
      try {
        await this.#queue.settle([{lease, end: {...bareEnd(outcome), progress}, again: tries > 0}])
        return
      } catch (error) {
        if (!isPassing(error)) throw error
      }
      await time.pause(random.between(RETRY_MS / 2, RETRY_MS))
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof QctlError && (error.code === 'busy' || error.code === 'outcome_unknown')
}
