/** Who adds jobs and meddles with them: producers and operators in one process. */
import type {NewJob} from '../../src/lib/job.ts'
import type {Action, QueueChange, SettingsChange, Target} from '../../src/lib/storage/storage.ts'
import type {Host} from './host.ts'
import type {Random} from './random.ts'
import type {Wire} from './wire.ts'

export const QUEUES = ['a', 'b', 'c'] as const
export const NAMES = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay'] as const

const PAYLOAD = new TextEncoder().encode('x')
const LONGEST_PAUSE_MS = 600
/** Enough that things meet, few enough that a look at all of them is cheap. */
const MOST_JOBS = 14
const FIRST_JOBS = 4
const HASTY_JOBS = 40

/** Keys and assignments end by the wall clock: whether one that steps back revives them is left open, so who simulates that has none. */
export interface Habits {
  readonly usesWallEnds: boolean
}

export class Operator {
  readonly #host: Host
  readonly #wire: Wire
  readonly #habits: Habits
  /** How jobs were seen once. */
  readonly #seen: Target[] = []
  #isGone = false

  constructor(host: Host, wire: Wire, habits: Habits) {
    this.#host = host
    this.#wire = wire
    this.#habits = habits
  }

  async live(): Promise<void> {
    const {time, random} = this.#host
    await this.#patiently(() => this.#open())
    while (!this.#isGone) {
      await this.#patiently(() => this.#stir())
      await time.pause(random.between(0, LONGEST_PAUSE_MS))
    }
  }

  goHome(): void {
    this.#isGone = true
  }

  /** Commits that fail are not repeated: the next thing is done instead. */
  async #patiently(action: () => Promise<unknown>): Promise<void> {
    await action().catch(() => {})
  }

  async #open(): Promise<void> {
    for (const queue of QUEUES) await this.#set(queue, {create: 'may', settings: firstSettings(this.#host.random)})
    await this.#wire.storage.enqueue(Array.from({length: this.#host.isHasty ? HASTY_JOBS : FIRST_JOBS}, () => this.#newJob()))
  }

  async #stir(): Promise<unknown> {
    const {random, store} = this.#host
    const {storage} = this.#wire
    const isFull = store.model.state.jobs.size >= MOST_JOBS
    const queue = random.pick(QUEUES)
    return random.weighted<() => Promise<unknown>>([
      [isFull ? 0 : 40, () => storage.enqueue(Array.from({length: random.between(1, 3)}, () => this.#newJob()))],
      [25, () => storage.act(this.#anyAction(), this.#targets(), 'operator')],
      [isFull ? 15 : 3, () => storage.act({kind: 'delete', reason: 'full'}, this.#targets(), 'operator')],
      [8, () => this.#set(queue, {create: 'may', settings: anySettings(random)})],
      [4, () => this.#set(queue, {create: 'may', paused: {paused: true, reason: 'operator'}})],
      [8, () => this.#set(queue, {create: 'may', paused: {paused: false, reason: null}})],
      [1, () => storage.deleteQueue(queue, {force: random.chance(0.7)})],
      [2, () => storage.maintain({limit: 500})],
      [2, () => storage.explain([...store.model.state.jobs.keys()])],
    ])()
  }

  #set(queue: string, change: QueueChange): Promise<unknown> {
    return this.#wire.storage.setQueue(queue, change)
  }

  #newJob(): NewJob {
    const {random} = this.#host
    const {usesWallEnds} = this.#habits
    const assignedTo = usesWallEnds && random.chance(0.15) ? random.pick(NAMES) : null
    return {
      queue: random.weighted([[5, 'a'], [2, 'b'], [1, 'c']]),
      payload: PAYLOAD,
      contentType: null,
      file: false,
      priority: random.weighted([[4, 0], [1, 1], [1, -1]]),
      when: random.chance(0.8) ? {kind: 'now'} : {kind: 'after', delayMs: random.between(1, 2000)},
      maxAttempts: random.chance(0.3) ? random.between(1, 3) : null,
      timeoutMs: null,
      key: usesWallEnds && random.chance(0.2) ? random.pick(['k', 'l']) : null,
      tags: [],
      assignedTo,
      assignedForMs: assignedTo !== null && random.chance(0.7) ? random.between(100, 5000) : null,
    }
  }

  #anyAction(): Action {
    const {random} = this.#host
    const reason = 'because'
    const kind = random.weighted([[4, 'cancel'], [2, 'fail'], [4, 'resubmit'], [this.#habits.usesWallEnds ? 2 : 0, 'assign']] as const)
    return kind === 'assign' ? {kind, consumer: random.pick(NAMES), forMs: random.between(100, 5000), reason} : {kind, reason}
  }

  #targets(): readonly Target[] {
    const {random, store} = this.#host
    const jobs = [...store.model.state.jobs.values()]
    const ids = new Set(Array.from({length: random.between(1, 2)}, () => random.pickAny(jobs)?.id ?? 1))
    const targets = [...ids].map(id => {
      const job = store.model.state.jobs.get(id)
      return {id, seen: job === undefined || random.chance(0.5) ? null : {state: job.state, fence: job.fence}}
    })
    this.#seen.push(...targets)
    const old = random.chance(0.2) ? random.pickAny(this.#seen) : undefined
    return old === undefined ? targets : [old]
  }
}

/** Short leases and backoffs: a world lasts a minute or two. */
function firstSettings(random: Random): SettingsChange {
  return {
    maxAttempts: random.between(2, 4),
    backoff: {baseMs: random.between(1, 50), capMs: 1200, factor: 3},
    crashLimit: random.between(1, 3),
    leaseMs: random.pick([800, 2000, 4000]),
    deadLetter: random.chance(0.1) ? 'c' : null,
  }
}

function anySettings(random: Random): SettingsChange {
  return random.weighted<() => SettingsChange>([
    [2, () => ({maxAttempts: random.between(1, 4)})],
    [4, () => ({concurrency: random.chance(0.3) ? null : random.between(1, 2)})],
    [2, () => ({crashLimit: random.between(1, 3)})],
    [1, () => ({leaseMs: random.pick([800, 2000, 4000])})],
    [1, () => ({retention: random.pick([null, {doneMs: 2000, failedMs: 5000, cancelledMs: 500}])})],
    [1, () => ({deadLetter: random.pick([null, ...QUEUES])})],
    [1, () => ({keyWindowMs: random.pick([null, 1500])})],
  ])()
}
