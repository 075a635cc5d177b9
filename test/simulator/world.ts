/**
 * A simulated host with one store, some consumers, an operator and bad weather. A seed says all that happens in it; when it is over
 * the weather is fine, and everything that was ever asked for must come to its end.
 */
import {QctlError} from '../../src/lib/errors.ts'
import type {Storage, Transition} from '../../src/lib/storage/storage.ts'
import type {ModelLease} from '../queue/model/state.ts'
import {SimulatedCoroner} from './coroner.ts'
import type {Host, Post} from './host.ts'
import {Life} from './life.ts'
import {NAMES, Operator, QUEUES} from './operator.ts'
import {Random} from './random.ts'
import {Rogue} from './rogue.ts'
import {WatchedStore} from './store.ts'
import {emptyTally, type Tally} from './tally.ts'
import {VirtualTime} from './virtual-time.ts'
import {Hazards} from './hazards.ts'
import {Wire} from './wire.ts'
import {Work} from './work.ts'
import {Worker} from './worker.ts'

/** What a world looks like before anything happens. */
interface Cast {
  readonly rogues: number
  readonly workers: number
  readonly isSkewed: boolean
  /** Many jobs that are done in a moment: then consumers claim ahead. */
  readonly isHasty: boolean
  readonly calls: number
}

/** The bad weather lasts no longer. */
const STORMY_MS = 120_000
/** By then everything must have come to its end. */
const CALM_MS = 300_000
const REHIRED_WITHIN_MS = 1500
const SKEW_MS = 4000
const CALM_STEP_MS = 5000
const STOP_MS = 10_000
const HANGS_MS = 2500
const MOST_STEPS = 100_000
/** Changes are told of as they come; there is no need to poll. */
const NEVER_MS = 1e9
/** The consumer that is there in the end. */
const FINISHER = 'zed'

/** A consumer of this world. */
interface Hand {
  readonly life: Life
  /** `null`: nothing can be told to it. */
  readonly worker: Worker | null
}

type Kind = 'rogue' | 'worker'

export class World {
  readonly tally: Tally = emptyTally()
  readonly #random: Random
  readonly #time: VirtualTime
  readonly #host: Host
  readonly #cast: Cast
  readonly #lives = new Map<number, Life>()
  readonly #wires = new Set<Wire>()
  readonly #hands = new Set<Hand>()
  /** How many jobs a consumer held when it died, by its registration. */
  readonly #heldAtDeath = new Map<number, number>()
  #operator: Operator | null = null
  #unwatch = (): void => {}
  #pid = 100
  #failure: {readonly error: unknown} | null = null

  /**
   * @param storage an empty one on this world's clock
   * @param log told of everything that happens
   */
  constructor(time: VirtualTime, random: Random, storage: Storage, log: Host['log']) {
    const {tally} = this
    const fail = (error: unknown): void => {
      this.#failure ??= {error}
    }
    const work = new Work(time, fail)
    const coroner = new SimulatedCoroner(time, random, work, this.#lives)
    const store = new WatchedStore({storage, time, tally, onEnd: (...end) => this.#assertCrashCounts(...end)})
    const stamped = (line: () => string): void => log(() => `${(time.nowMs / 1000).toFixed(3).padStart(8)}  ${line()}`)
    this.#random = random
    this.#time = time
    this.#cast = castOf(random)
    this.#host = {time, random, store, work, coroner, isHasty: this.#cast.isHasty, weather: {isCalm: false, outageUntilMs: 0}, tally, fail, log: stamped}
  }

  /** Plays the whole history. Throws what was wrong. */
  play(): void {
    const {store, log} = this.#host
    const {rogues, workers, calls} = this.#cast
    log(() => JSON.stringify(this.#cast))
    this.#unwatch = store.ask(async storage => storage.watch(() => this.#tellOfChange(), NEVER_MS))
    this.#hireOperator()
    for (const [i, name] of NAMES.slice(0, rogues + workers).entries()) this.#hire(name, i < rogues ? 'rogue' : 'worker')
    const hazards = new Hazards(this.#host, {
      lives: () => [...this.#hands].map(({life}) => life),
      crash: life => this.#crash(life),
      reboot: () => this.#reboot(),
      disturb: () => this.#random.pickAny([...this.#hands])?.worker?.stop(),
    })
    hazards.begin()
    this.#run(STORMY_MS, () => this.tally.calls >= calls)
    hazards.end()
    this.#comeToRest()
    store.check()
    store.checkHistories()
  }

  /** Leaves nothing behind but the numbers that are never used twice. */
  clear(): void {
    const {store} = this.#host
    const queues = [...store.model.state.queues.keys()]
    const consumers = [...store.model.state.consumers.values()].filter(({ended}) => !ended)
    store.perform(queues.map(queue => ({method: 'setQueue', args: [queue, {create: 'never', settings: {deadLetter: null}}]})), 0)
    store.perform(queues.map(queue => ({method: 'deleteQueue', args: [queue, {force: true}]})), 0)
    store.perform(consumers.map(({id}) => ({method: 'unregister', args: [id]})), 0)
    store.check()
    this.#unwatch()
  }

  #run(forMs: number, isOver: () => boolean): void {
    const end = this.#time.nowMs + forMs
    for (let steps = 0; !isOver() && this.#time.step(end); steps += 1) {
      if (this.#failure !== null) throw this.#failure.error
      if (steps > MOST_STEPS) throw new Error(`more than ${MOST_STEPS} things happened within ${forMs} ms: somebody goes in circles`)
    }
  }

  /** In fine weather, with a consumer that behaves, every job comes to its end; and who is told to stop stops. */
  #comeToRest(): void {
    const {weather, store, log} = this.#host
    log(() => 'the weather is fine from now on')
    weather.isCalm = true
    this.#operator?.goHome()
    for (const {life, worker} of this.#hands) if (worker === null) this.#crash(life)
    this.#stopWorkers()
    this.#hire(FINISHER, 'worker')
    const areDone = (): boolean => store.model.jobs.every(({state}) => state !== 'pending' && state !== 'processing')
    for (let ms = 0; ms < CALM_MS && !areDone(); ms += CALM_STEP_MS) {
      this.#removeObstacles()
      this.#run(CALM_STEP_MS, areDone)
    }
    const left = store.model.jobs.filter(({state}) => state === 'pending' || state === 'processing')
    if (left.length > 0) throw new Error(`these jobs never end: ${JSON.stringify(left)}`)
    this.#stopWorkers()
  }

  /** What they still run may last for ever: they must not wait for it. */
  #stopWorkers(): void {
    const workers = [...this.#hands]
    this.#host.log(() => `${workers.map(({life}) => life.name).join(', ') || 'nobody'} is told to stop`)
    for (const {worker, life} of workers) this.#time.as(life, () => worker?.stop())
    this.#run(STOP_MS, () => workers.every(({life}) => life.isDead))
    const [stubborn] = workers.filter(({life}) => !life.isDead)
    if (stubborn !== undefined) throw new Error(`${stubborn.life.name} does not stop`)
  }

  /** What an operator would do about jobs that wait for somebody or something that may never come. */
  #removeObstacles(): void {
    const {store} = this.#host
    const change = {create: 'never', paused: {paused: false, reason: null}, settings: {concurrency: null}} as const
    const blocked = [...store.model.state.queues.values()].filter(({paused, settings}) => paused !== null || settings.concurrency !== null)
    for (const {name} of blocked) store.perform([{method: 'setQueue', args: [name, change]}], 0)
    const assigned = store.model.jobs.filter(({state, assignedTo}) => state === 'pending' && assignedTo !== null && assignedTo !== FINISHER)
    const action = {kind: 'assign', consumer: FINISHER, forMs: null, reason: 'the end is near'} as const
    if (assigned.length > 0) store.perform([{method: 'act', args: [action, assigned.map(({id}) => ({id, seen: null})), 'operator']}], 0)
  }

  #hireOperator(): void {
    const life = this.#birth('operator')
    this.#operator = new Operator(this.#host, this.#connect(life), {usesWallEnds: !this.#cast.isSkewed})
    this.#live(life, this.#operator.live())
  }

  #hire(name: string, kind: Kind): void {
    const random = this.#random
    const life = this.#birth(name)
    const queues = name === FINISHER || random.chance(0.7) ? QUEUES : [random.pick(QUEUES)]
    const post: Post = {host: this.#host, life, wire: this.#connect(life), queues, concurrency: random.between(1, 4)}
    const worker = kind === 'worker' ? new Worker(post) : null
    const hand = {life, worker}
    this.#hands.add(hand)
    life.onDeath(() => {
      this.#hands.delete(hand)
      this.#time.plan(random.between(0, REHIRED_WITHIN_MS), null, () => {
        if (!this.#host.weather.isCalm) this.#hire(name, kind)
      })
    })
    this.#time.as(life, () => this.#live(life, (worker ?? new Rogue(post)).live()))
  }

  #birth(name: string): Life {
    this.#pid += 1
    const skewMs = this.#cast.isSkewed ? this.#random.between(-SKEW_MS, SKEW_MS) : 0
    const life = new Life(name, this.#pid, this.#time, skewMs)
    this.#lives.set(this.#pid, life)
    this.#host.log(() => `${name} starts as ${life.process.pid}`)
    return life
  }

  #connect(life: Life): Wire {
    const wire = new Wire(life, this.#host)
    this.#wires.add(wire)
    life.onDeath(() => this.#wires.delete(wire))
    return wire
  }

  /** A process ends when it has nothing more to do, or when the store says something that it cannot live with. */
  #live(life: Life, work: Promise<void>): void {
    const end = (why: string): void => {
      this.#host.log(() => `${life.name} ends: ${why}`)
      this.#die(life)
    }
    work.then(
      () => end('it is done'),
      (error: unknown) => (error instanceof QctlError ? end(error.message) : this.#host.fail(error)),
    )
  }

  #tellOfChange(): void {
    for (const wire of this.#wires) wire.changed()
  }

  /** What runs of it may live on, until somebody kills it; some of that hangs and cannot be killed yet. */
  #crash(life: Life): void {
    const {log, tally, work} = this.#host
    log(() => `${life.name} crashes`)
    tally.crashes += 1
    for (const run of work.leftBy(life)) {
      if (this.#random.chance(0.2)) run.hangsUntilMs = this.#time.nowMs + this.#random.between(1, HANGS_MS)
      if (this.#random.chance(0.5)) work.kill(run.claim)
    }
    this.#die(life)
  }

  #die(life: Life): void {
    const {model} = this.#host.store
    for (const {id, process} of model.state.consumers.values()) {
      if (process.pid !== life.process.pid || this.#heldAtDeath.has(id)) continue
      this.#heldAtDeath.set(id, model.jobs.filter(({lease}) => lease?.consumerId === id).length)
    }
    life.die()
  }

  #reboot(): void {
    const {log, work} = this.#host
    const {clock} = this.#time
    log(() => 'the host starts again')
    const {wall, boot, bootId} = clock.afterReboot()
    Object.assign(clock, {wall, boot, bootId})
    work.clear()
    for (const life of this.#lives.values()) this.#die(life)
    this.#hireOperator()
  }

  /**
   * A crash is counted when, and only when, the job was all that its holder had when that died: or may have been more a moment before,
   * because another job was taken from it, for its lease, and it gave no sign of life since.
   */
  #assertCrashCounts({id, run, crash}: Transition, {consumerId, bereft}: ModelLease): void {
    if (run.outcome !== 'lost' || run.cause !== 'consumer_died') return
    const held = this.#heldAtDeath.get(consumerId)
    if (crash === (held === 1 && !bereft)) return
    const also = bereft ? ', after others were taken' : ''
    throw new Error(`job ${id}: crash ${crash ? '' : 'not '}counted, and its holder had ${held} jobs when it died${also}`)
  }
}

function castOf(random: Random): Cast {
  const workers = random.weighted([[6, 0], [3, 1], [2, 2], [1, 3]])
  const isHasty = workers > 0 && random.chance(0.3)
  const rogues = isHasty ? 0 : random.between(workers === 0 ? 1 : 0, 3)
  return {workers, rogues, isSkewed: random.chance(0.25), isHasty, calls: random.between(50, 120)}
}
