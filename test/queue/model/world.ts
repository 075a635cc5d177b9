import {claimKey} from '../../../src/lib/claim-key.ts'
import {QctlError} from '../../../src/lib/errors.ts'
import type {Enqueued, Lease, ProcessIdentity, State} from '../../../src/lib/job.ts'
import {bareEnd, type LossCause, type Outcome} from '../../../src/lib/outcome.ts'
import {type Coroner, Queue} from '../../../src/lib/queue/queue.ts'
import type {Action, ClaimRequest, Storage, Target} from '../../../src/lib/storage/storage.ts'
import {FakeClock} from '../../storage/contract/clock.ts'
import {Audit, readFacts} from './audit.ts'
import {type Ended, type Ids, Model, Refusal, type Settlement} from './model.ts'
import type {Call, JobPick, LeasePick, ModelAction, Script, Step} from './steps.ts'
import {NAMES, QUEUES} from './steps.ts'
import type {ModelStore} from './stores.ts'

/** What a call answers, with a refusal as a value, so that real and model can be compared. */
type Answer = {readonly value: unknown} | {readonly refused: string}

/** A call that was really made: what it answered, and how the model would do it. */
interface Made {
  readonly answer: Answer
  readonly predict: (model: Model, ids: Ids) => unknown
}

type EndPick = Extract<Call, {do: 'end'}>['ends'][number]

const REOPENING: ReadonlySet<Step['do']> = new Set(['reopen', 'otherHandle', 'reboot'])

/** Plays a script against the real queue and the model, and compares after every step. */
export class World {
  readonly #clock: FakeClock
  readonly #draw: number
  readonly #store: ModelStore
  readonly #audit = new Audit()
  readonly #leases: Lease[] = []
  /** The end that was sent last of each claim. */
  readonly #sent = new Map<string, {readonly lease: Lease; readonly outcome: Outcome}>()
  /** The registration in use per consumer name. */
  readonly #hired = new Map<string, {readonly id: number; readonly process: ProcessIdentity; readonly queues: readonly string[]}>()
  readonly #dead = new Set<number>()
  /** How each job was seen when it was new to somebody. */
  readonly #once = new Map<number, {readonly state: State; readonly fence: number}>()
  #model: Model
  #storage: Storage
  #queue: Queue
  #pids = 100
  #inOneMoment = false

  constructor(script: Script, store: ModelStore, clock: FakeClock) {
    this.#clock = clock
    this.#draw = script.draw
    this.#store = store
    this.#model = new Model(clock, script.draw)
    this.#storage = store.storage
    this.#queue = this.#queueOf(store.storage)
  }

  #queueOf(storage: Storage): Queue {
    return new Queue(storage, () => this.#draw)
  }

  /** Plays a step; throws when real and model disagree. */
  async play(step: Step): Promise<void> {
    const made = await this.#make(step)
    // When nothing but a clock moved, the next step shows what that did.
    if (made.length > 0 || REOPENING.has(step.do)) await this.#compare(made)
  }

  /** At the end: every run and event of every job. */
  async finish(): Promise<void> {
    const jobs = this.#model.jobs
    const records = await this.#storage.get(jobs.map(({id}) => id), {history: true})
    for (const [i, job] of jobs.entries()) this.#audit.history(job, records[i]?.history)
  }

  async #make(step: Step): Promise<readonly Made[]> {
    switch (step.do) {
      case 'together':
        return this.#together(step.calls)
      case 'reap':
        return [await this.#reap(step)]
      case 'hire':
        return [await this.#hire(nameOf(step.who), step.replace, step.queues)]
      case 'set':
        return [await this.#call(() => this.#storage.setQueue(step.queue, {create: 'may', settings: step.settings}).then(() => null), model => {
          model.setQueue(step.queue, {create: 'may', settings: step.settings})
          return null
        })]
      case 'pause': {
        const change = {create: 'may', paused: {paused: step.paused, reason: 'operator'}} as const
        return [await this.#call(() => this.#storage.setQueue(step.queue, change).then(() => null), model => {
          model.setQueue(step.queue, change)
          return null
        })]
      }
      case 'drop':
        return [await this.#call(() => this.#storage.deleteQueue(step.queue, {force: step.force}).then(() => null), model => {
          model.deleteQueue(step.queue, step.force)
          return null
        })]
      case 'maintain':
        return [await this.#call(async () => (await this.#storage.maintain({limit: 1000})).deleted, model => model.maintain())]
      case 'die':
      case 'quit':
      case 'leave':
        return this.#leave(nameOf(step.who), step.do)
      case 'crash':
        await this.#leave(nameOf(step.who), 'die')
        return [await this.#reap({do: 'reap', unkillable: [], meanwhile: null})]
      case 'pass':
      case 'bootPass':
      case 'setWall':
        this.#moveClock(step.do, step.ms)
        return []
      case 'reopen':
      case 'otherHandle':
      case 'reboot':
        await this.#switch(step.do)
        return []
      default:
        await this.#staff(step)
        return [await this.#start(step)]
    }
  }

  async #call(real: () => Promise<unknown>, predict: Made['predict']): Promise<Made> {
    return {answer: await answerOf(real), predict}
  }

  /** Several calls in one moment: all are made before any is answered. */
  async #together(calls: readonly Call[]): Promise<readonly Made[]> {
    for (const call of calls) await this.#staff(call)
    this.#inOneMoment = true
    const made = await Promise.all(calls.map(call => this.#start(call)))
    this.#inOneMoment = false
    return made
  }

  /** A claim needs somebody who claims: not the dead, and nobody of an earlier boot. */
  async #staff(call: Call): Promise<void> {
    if (call.do !== 'claim') return
    const name = nameOf(call.who)
    const hired = this.#hired.get(name)
    if (hired === undefined || hired.process.bootId !== this.#clock.bootId) await this.#compare([await this.#hire(name, true, QUEUES)])
  }

  #start(call: Call): Promise<Made> {
    switch (call.do) {
      case 'produce':
        return this.#produce(call.jobs)
      case 'claim':
        return this.#claim(call)
      case 'end':
        return this.#end(call.ends)
      case 'extend': {
        const {progress} = call
        const claims = distinct(call.leases.flatMap(pick => this.#lease(pick)))
        const extensions = claims.map(({id, fence}) => ({id, fence, progress}))
        return this.#call(
          async () => (await this.#queue.extend(extensions, call.leaseMs)).map(claimKey),
          model => model.extend(extensions, call.leaseMs).map(claimKey),
        )
      }
      case 'act': {
        const targets = call.jobs.flatMap(pick => this.#target(pick))
        const action = actionOf(call.action)
        return this.#call(
          () => this.#storage.act(action, targets, 'operator'),
          (model, ids) => model.act(action, targets, ids),
        )
      }
    }
  }

  async #produce(jobs: Extract<Call, {do: 'produce'}>['jobs']): Promise<Made> {
    let answers: readonly Enqueued[] = []
    const answer = await answerOf(async () => (answers = await this.#storage.enqueue(jobs)))
    return {answer, predict: model => model.enqueue(jobs, answers)}
  }

  async #claim({who, queues, limit, leaseMs}: Extract<Call, {do: 'claim'}>): Promise<Made> {
    const hired = this.#hired.get(nameOf(who))
    const request = {consumerId: hired?.id ?? 4711, queues: queues ?? hired?.queues ?? [], limit, leaseMs}
    const foreseen = queues === null && !this.#inOneMoment ? await this.#foresee(request) : null
    const answer = await answerOf(async () => {
      const leases = await this.#queue.claim(request)
      this.#audit.granted(leases)
      this.#leases.push(...leases)
      return leases.map(({id}) => id)
    })
    if (foreseen !== null && 'value' in answer) this.#audit.foreseen(foreseen, answer.value)
    return {answer, predict: model => model.claim(request)}
  }

  /** What `explain` says that this claim would be granted, in order. */
  async #foresee({consumerId, limit}: ClaimRequest): Promise<readonly number[]> {
    const standings = await this.#storage.explain(this.#model.jobs.map(({id}) => id))
    const places = standings.flatMap(standing => {
      this.#audit.explained(standing)
      const gets = standing.pending?.claimants.find(claimant => claimant.consumerId === consumerId)?.gets ?? null
      return gets !== null && gets < limit ? [{id: standing.job.id, gets}] : []
    })
    return places.toSorted((a, b) => a.gets - b.gets).map(({id}) => id)
  }

  #end(ends: Extract<Call, {do: 'end'}>['ends']): Promise<Made> {
    const picked = ends.flatMap(end => this.#ended(end))
    const unique = distinct(picked.map(({lease}) => lease)).flatMap(lease => picked.find(one => one.lease === lease) ?? [])
    for (const {lease, outcome} of unique) this.#sent.set(claimKey(lease), {lease, outcome})
    return this.#call(
      async () => {
        const settlements = await this.#queue.settle(unique.map(({lease, outcome, progress, again}) => ({lease, end: {...bareEnd(outcome), progress}, again})))
        return settlements.map(
          (settlement): Settlement =>
            settlement.kind === 'lost'
              ? settlement
              : {kind: 'settled', to: settlement.transition.to, copied: settlement.deadLetterId !== null},
        )
      },
      (model, ids) => model.settle(unique.map(({lease, ...end}) => ({claim: lease, ...end})), ids),
    )
  }

  /** A run that ends; or, sent again, one that ended before. */
  #ended({lease, outcome, progress, again}: EndPick): readonly (Omit<Ended, 'claim'> & {readonly lease: Lease})[] {
    const sent = [...this.#sent.values()]
    const before = sent[lease.index % Math.max(1, sent.length)]
    if (again === 'same' && before !== undefined) return [{...before, progress, again: true}]
    return this.#lease(lease).map(one => ({lease: one, outcome, progress, again: again !== 'no'}))
  }

  /** The model looks before anything happens, and takes when everything has: as the reaper does. */
  #reap({unkillable, meanwhile}: Extract<Step, {do: 'reap'}>): Promise<Made> {
    const jobs = this.#model.jobs
    const survivors = new Set(unkillable.flatMap(index => (jobs.length === 0 ? [] : (jobs[index % jobs.length]?.id ?? []))))
    const {bootId} = this.#clock
    const causeOfDeath = (process: ProcessIdentity): LossCause | null =>
      process.bootId !== bootId ? 'host_rebooted' : this.#dead.has(process.pid) ? 'consumer_died' : null
    const seen = this.#model.look(causeOfDeath).filter(({id}) => !survivors.has(id))
    const coroner: Coroner = {
      causeOfDeath,
      removeSurvivors: async claims => {
        if (meanwhile !== null) await this.play(meanwhile)
        return claims.filter(({id}) => survivors.has(id))
      },
      outputOf: () => null,
      forgetOutput: () => {},
    }
    return this.#call(
      async () => (await this.#queue.reap(coroner)).map(({claim}) => claimKey(claim)).toSorted(),
      (model, ids) => model.take(seen, ids).map(claimKey).toSorted(),
    )
  }

  async #hire(name: string, replace: boolean, queues: readonly string[]): Promise<Made> {
    const before = this.#hired.get(name)
    const process = this.#process()
    const replaces = replace ? (before?.id ?? null) : null
    const answer = await answerOf(async () => {
      const registered = await this.#storage.register({name, process, queues, concurrency: 5, replaces})
      if (registered.kind === 'registered') this.#hired.set(name, {id: registered.id, process, queues})
      return registered.kind
    })
    const id = this.#hired.get(name)?.id ?? Number.NaN
    return {answer, predict: model => model.register(name, process, replaces, id)}
  }

  #process(): ProcessIdentity {
    this.#pids += 1
    const {bootId} = this.#clock
    return {pid: this.#pids, startTime: '1', bootId, pidNamespace: '4', host: 'here', machineId: 'machine-1'}
  }

  async #leave(name: string, how: 'die' | 'quit' | 'leave'): Promise<readonly Made[]> {
    const hired = this.#hired.get(name)
    if (hired === undefined) return []
    if (how === 'die') {
      this.#dead.add(hired.process.pid)
      return []
    }
    return [
      await this.#call(
        () => this.#storage.unregister(hired.id, {leaving: how === 'leave'}).then(() => null),
        model => {
          model.unregister(hired.id, how === 'leave' ? 'leaves' : 'ends')
          return null
        },
      ),
    ]
  }

  /** The wall clock is never set back past the end of an assignment or key window: whether that revives it is left open. */
  #moveClock(how: 'pass' | 'bootPass' | 'setWall', ms: number): void {
    if (how === 'pass') this.#clock.pass(ms)
    else if (how === 'bootPass') this.#clock.boot += ms
    else this.#clock.setWall(Math.max(this.#clock.wall + ms, this.#model.lastBoundary() + 1))
  }

  async #switch(how: 'reopen' | 'otherHandle' | 'reboot'): Promise<void> {
    if (how === 'reboot') {
      const {wall, boot, bootId} = this.#clock.afterReboot()
      Object.assign(this.#clock, {wall, boot, bootId})
    }
    this.#storage = how === 'otherHandle' ? await this.#store.otherHandle() : await this.#store.reopen()
    this.#queue = this.#queueOf(this.#storage)
  }

  /** Real facts against the model's; of several calls in one moment some order must explain all answers and all facts. */
  async #compare(made: readonly Made[]): Promise<void> {
    const facts = await readFacts(this.#storage, this.#clock)
    this.#audit.facts(facts)
    const copies = new Map(facts.jobs.flatMap(({id, originId}) => (originId === null ? [] : [[originId, id]])))
    const ids: Ids = {copyOf: origin => this.#newest(copies, facts.jobs, origin)}
    const orders = permutations(made)
    const doubts: unknown[] = []
    for (const order of orders) {
      const model = orders.length === 1 ? this.#model : this.#model.fork()
      try {
        for (const {answer, predict} of order) this.#audit.answer(answer, answerNow(() => predict(model, ids)))
        this.#audit.model(facts, model)
        model.endStep()
        this.#model = model
        for (const {id, state, fence} of facts.jobs) if (!this.#once.has(id)) this.#once.set(id, {state, fence})
        return
      } catch (error) {
        doubts.push(error)
      }
    }
    throw orders.length === 1 ? doubts[0] : new Error(`no order explains these calls of one moment:\n${doubts.join('\n')}`)
  }

  /** The copy made last of a job that may have been failed more than once. */
  #newest(copies: ReadonlyMap<number, number>, jobs: readonly {readonly id: number; readonly originId: number | null}[], origin: number): number {
    const made = jobs.filter(({originId, id}) => originId === origin && !this.#once.has(id)).map(({id}) => id)
    return made[0] ?? copies.get(origin) ?? Number.NaN
  }

  #lease({index, late}: LeasePick): readonly Lease[] {
    const jobOf = ({id}: Lease) => this.#model.state.jobs.get(id)
    const holds = (lease: Lease): boolean => jobOf(lease)?.lease != null && jobOf(lease)?.fence === lease.fence
    const isOvertaken = (lease: Lease): boolean => jobOf(lease)?.lease != null && !holds(lease)
    // A job whose cancel was asked for before is ended in two calls of the store: what comes between them no order explains.
    const known = this.#leases.filter(lease => !this.#inOneMoment || jobOf(lease)?.lease?.requested == null)
    const overtaken = known.filter(isOvertaken)
    const leases = !late ? known.filter(holds) : overtaken.length > 0 ? overtaken : known
    return leases.slice(index % Math.max(1, leases.length)).slice(0, 1)
  }

  #target({index, seen}: JobPick): readonly Target[] {
    const known = [...this.#once.keys()]
    const id = known[index % Math.max(1, known.length)]
    if (id === undefined) return []
    const job = this.#model.state.jobs.get(id)
    const now = job === undefined ? null : {state: job.state, fence: job.fence}
    return [{id, seen: seen === 'no' ? null : seen === 'now' ? now : (this.#once.get(id) ?? null)}]
  }
}

function nameOf(who: number): string {
  return NAMES[who % NAMES.length] ?? NAMES[0]
}

function actionOf(action: ModelAction): Action {
  return {...action, reason: 'because'}
}

function distinct(leases: readonly Lease[]): readonly Lease[] {
  return [...new Map(leases.map(lease => [claimKey(lease), lease])).values()]
}

async function answerOf(real: () => Promise<unknown>): Promise<Answer> {
  try {
    return {value: await real()}
  } catch (error) {
    if (error instanceof QctlError) return {refused: error.code}
    throw error
  }
}

function answerNow(predict: () => unknown): Answer {
  try {
    return {value: predict()}
  } catch (error) {
    if (error instanceof Refusal) return {refused: error.code}
    throw error
  }
}

function permutations<T>(list: readonly T[]): readonly (readonly T[])[] {
  if (list.length < 2) return [list]
  return list.flatMap((one, i) => permutations(list.toSpliced(i, 1)).map(rest => [one, ...rest]))
}
