/**
 * The one store of a simulated world: the real engine, and beside it the model and the auditors, who see every call in the order in
 * which the engine made it. An answer that the model does not give, or a fact that it does not have, ends the world.
 */
import {QctlError} from '../../src/lib/errors.ts'
import {DEFAULT_SETTINGS, type Job, type Lease, type QueueSettings} from '../../src/lib/job.ts'
import type {Settled, Storage, Transition} from '../../src/lib/storage/storage.ts'
import {Audit, readFacts} from '../queue/model/audit.ts'
import {type Ids, Model, Refusal} from '../queue/model/model.ts'
import type {ModelLease} from '../queue/model/state.ts'
import {assertLawful} from './lawful.ts'
import type {Tally} from './tally.ts'
import type {VirtualTime} from './virtual-time.ts'

/** A call of one method of the contract. */
export type Call = {
  [K in Exclude<keyof Storage, 'watch' | 'close'>]: {readonly method: K; readonly args: Parameters<Storage[K]>}
}[Exclude<keyof Storage, 'watch' | 'close'>]

export type Answer = {readonly value: unknown} | {readonly error: unknown}

export interface StoreOptions {
  readonly storage: Storage
  readonly time: VirtualTime
  readonly tally: Tally
  /** Told of every transition before it is believed, with the lease that it ends. */
  readonly onEnd: (transition: Transition, lease: ModelLease) => void
}

/** In which order the engine makes the writes of one moment. */
const RANKS: readonly (readonly Call['method'][])[] = [
  ['settle'],
  ['extend', 'act', 'setQueue', 'deleteQueue', 'register', 'unregister', 'maintain'],
  ['claim'],
  ['enqueue'],
]
/** A decision may be as old as a call can take, also one of a process that was stopped in the middle. */
const DECIDED_WITHIN_MS = 60_000
/** All facts are compared after every so many writes; the answers and the leases after each. */
const WRITES_PER_CHECK = 24

export class WatchedStore {
  readonly model: Model
  readonly #options: StoreOptions
  readonly #audit = new Audit()
  /** What was in force until then. */
  readonly #settings: {readonly untilMs: number; readonly settings: ReadonlyMap<string, QueueSettings>}[] = []
  #writes = 0

  constructor(options: StoreOptions) {
    this.#options = options
    this.model = new Model(options.time.clock, 0.5)
  }

  /**
   * Makes the calls of one process and one moment; their writes share a commit.
   * @param skewMs by so much the wall clock of that process differs
   */
  perform(calls: readonly Call[], skewMs: number): readonly Answer[] {
    const {clock} = this.#options.time
    clock.wall += skewMs
    try {
      return this.#perform(calls)
    } finally {
      clock.wall -= skewMs
    }
  }

  #perform(calls: readonly Call[]): readonly Answer[] {
    this.#options.tally.calls += calls.length
    const answers = this.#really(calls)
    for (const methods of RANKS) {
      const made = calls.map((call, i) => ({call, answer: answers[i]})).filter(({call}) => methods.includes(call.method))
      if (methods[0] === 'settle') this.#judgeEnds(made)
      else for (const {call, answer} of made) this.#judge(call, answer)
    }
    this.model.endStep()
    const writes = calls.filter(isWrite).length
    this.#writes += writes
    if (this.#writes >= WRITES_PER_CHECK) this.check()
    else if (writes > 0) this.#audit.holders(this.ask(storage => storage.held()), this.model)
    return answers
  }

  /** Compares everything. */
  check(): void {
    const {storage, time, tally} = this.#options
    this.#writes = 0
    tally.checks += 1
    const facts = this.#now(() => readFacts(storage, time.clock))
    this.#audit.facts(facts)
    this.#audit.model(facts, this.model)
  }

  /** Every run and event of every job; and each claim has exactly one end, but for the one that goes on. */
  checkHistories(): void {
    const jobs = this.model.jobs
    const records = this.#now(() => this.#options.storage.get(jobs.map(({id}) => id), {history: true}))
    for (const [i, job] of jobs.entries()) {
      this.#audit.history(job, records[i]?.history)
      const ended = records[i]?.history.runs.map(({run}) => run) ?? []
      const claims = Array.from({length: job.state === 'processing' ? job.fence - 1 : job.fence}, (_, run) => run + 1)
      if (ended.join() !== claims.join()) throw new Error(`job ${job.id} had the claims ${claims.join()}, and these ended: ${ended.join()}`)
    }
  }

  /** Asks the engine something at once, past all processes. */
  ask<T>(question: (storage: Storage) => Promise<T>): T {
    return this.#now(() => question(this.#options.storage))
  }

  #really(calls: readonly Call[]): readonly Answer[] {
    const answers: Answer[] = []
    this.#options.time.as(null, () => {
      for (const [i, call] of calls.entries()) {
        this.#invoke(call).then(
          value => (answers[i] = {value}),
          (error: unknown) => (answers[i] = {error}),
        )
      }
      this.#options.time.settle()
    })
    if (Object.keys(answers).length < calls.length) throw new Error(`no answer to ${calls.map(({method}) => method).join()}`)
    return answers
  }

  #invoke({method, args}: Call): Promise<unknown> {
    const call = this.#options.storage[method] as (...args: readonly unknown[]) => Promise<unknown>
    return call.apply(this.#options.storage, args)
  }

  #now<T>(question: () => Promise<T>): T {
    const answers: Answer[] = []
    this.#options.time.as(null, () => {
      question().then(
        value => answers.push({value}),
        (error: unknown) => answers.push({error}),
      )
      this.#options.time.settle()
    })
    const [answer] = answers
    if (answer === undefined) throw new Error('a question was not answered at once')
    if ('error' in answer) throw answer.error
    return answer.value as T
  }

  /** The ends of several callers are one list for the engine. */
  #judgeEnds(made: readonly {readonly call: Call; readonly answer: Answer | undefined}[]): void {
    const sent = made.flatMap(({call}) => (call.method === 'settle' ? call.args[0] : []))
    if (sent.length === 0) return
    const answers = made.flatMap(({answer}) => (answer !== undefined && 'value' in answer ? (answer.value as readonly Settled[]) : []))
    const {transitions, real} = inOrder(sent, answers)
    for (const transition of transitions) this.#judgeEnd(transition)
    this.#audit.answer(real, this.model.store(transitions, this.#ids()))
    this.#countEnds(transitions, real)
  }

  #judgeEnd(transition: Transition): void {
    const job = this.model.state.jobs.get(transition.id)
    // Of an end that is refused nothing has to be right.
    if (job?.lease == null || job.fence !== transition.fence) return
    assertLawful(transition, job, this.#settingsOf(job.queue))
    this.#options.onEnd(transition, job.lease)
  }

  #countEnds(transitions: readonly Transition[], answers: readonly (Settled | undefined)[]): void {
    const {tally} = this.#options
    for (const [i, {again, only}] of transitions.entries()) {
      const kind = answers[i]?.kind
      if (kind === 'settled') tally.ends += 1
      if (kind === 'settled' && only !== null) tally.reaped += 1
      if (kind === 'lost') tally.lateEndsRefused += 1
      if (again) tally.endsSentAgain += 1
    }
  }

  #judge(call: Call, answer: Answer | undefined): void {
    if (answer === undefined) throw new Error(`no answer to ${call.method}`)
    const real = 'value' in answer ? {value: inShort(call, answer.value)} : {refused: codeOf(answer.error)}
    if (call.method === 'setQueue' || call.method === 'deleteQueue') this.#noteSettings()
    this.#audit.answer(real, this.#predict(call, answer))
  }

  #predict(call: Call, answer: Answer): unknown {
    try {
      return {value: this.#inModel(call, answer)}
    } catch (error) {
      if (error instanceof Refusal) return {refused: error.code}
      throw error
    }
  }

  #inModel(call: Call, answer: Answer): unknown {
    const {model} = this
    const {tally} = this.#options
    const real = 'value' in answer ? answer.value : null
    switch (call.method) {
      case 'claim':
        this.#audit.granted((real ?? []) as readonly Lease[])
        tally.claims += (real as readonly Lease[] | null)?.length ?? 0
        return model.claim(call.args[0]).map(id => leaseInShort(model.state.jobs.get(id)))
      case 'extend':
        tally.extensions += call.args[0].length
        return model.extend(...call.args).map(({id, fence}) => [id, fence])
      case 'act':
        return model.act(call.args[0], call.args[1], this.#ids())
      case 'enqueue':
        tally.jobs += call.args[0].length
        return model.enqueue(call.args[0], (real ?? []) as never)
      case 'register':
        return this.#register(call.args[0], real)
      case 'unregister':
        return model.unregister(call.args[0], call.args[1]?.leaving === true ? 'leaves' : 'ends') ?? null
      case 'setQueue':
        return model.setQueue(...call.args) ?? null
      case 'deleteQueue':
        return model.deleteQueue(call.args[0], call.args[1].force) ?? null
      case 'maintain':
        return model.maintain()
      default:
        throw new Error(`${call.method} writes nothing`)
    }
  }

  #register({name, process, replaces}: Parameters<Storage['register']>[0], real: unknown): string {
    const id = typeof real === 'object' && real !== null && 'id' in real ? Number(real.id) : Number.NaN
    return this.model.register(name, process, replaces, id)
  }

  /** How the model learns the id of a copy: it is the one that nobody knew before. */
  #ids(): Ids {
    let copies: readonly Job[] | null = null
    return {
      copyOf: originId => {
        const query = {filter: null, order: {field: 'id', descending: true}, limit: 10_000, cursor: null, scanLimit: null} as const
        copies ??= this.ask(storage => storage.find(query)).jobs.filter(({id}) => !this.model.state.jobs.has(id))
        return copies.find(copy => copy.originId === originId)?.id ?? Number.NaN
      },
    }
  }

  #noteSettings(): void {
    const settings = new Map([...this.model.state.queues.values()].map(queue => [queue.name, queue.settings]))
    this.#settings.push({untilMs: this.#options.time.nowMs, settings})
  }

  /** Those that were in force within the time that a decision may take to arrive. */
  #settingsOf(queue: string): readonly QueueSettings[] {
    const from = this.#options.time.nowMs - DECIDED_WITHIN_MS
    const recent = this.#settings.filter(({untilMs}) => untilMs >= from)
    return [this.model.settingsOf(queue), ...recent.map(({settings}) => settings.get(queue) ?? DEFAULT_SETTINGS)]
  }
}

/** Two ends of one claim may come in one moment, a reaper's and its holder's; the engine takes plain successes first. */
function inOrder(sent: readonly Transition[], answers: readonly Settled[]): {transitions: readonly Transition[]; real: readonly (Settled | undefined)[]} {
  const places = [...sent.keys()].toSorted((a, b) => Number(isPlain(sent[b])) - Number(isPlain(sent[a])))
  return {transitions: places.flatMap(place => sent[place] ?? []), real: places.map(place => answers[place])}
}

function isPlain(transition: Transition | undefined): boolean {
  return transition?.to === 'done' && transition.result === null && transition.progress === null
}

/** Whether a call may change anything. */
function isWrite({method}: Call): boolean {
  return RANKS.some(methods => methods.includes(method))
}

function codeOf(error: unknown): string {
  if (error instanceof QctlError) return error.code
  throw error
}

/** What of an answer the model predicts. */
function inShort(call: Call, value: unknown): unknown {
  switch (call.method) {
    case 'claim':
      return (value as readonly Lease[]).map(({id, fence, attempt, crashes, snoozes}) => ({id, fence, attempt, crashes, snoozes}))
    case 'extend':
      return (value as readonly {id: number; fence: number}[]).map(({id, fence}) => [id, fence])
    case 'register':
      return (value as {readonly kind: string}).kind
    case 'maintain':
      return (value as {readonly deleted: unknown}).deleted
    case 'act':
    case 'enqueue':
      return value
    default:
      return null
  }
}

function leaseInShort(job: {id: number; fence: number; attempts: number; crashes: number; snoozes: number} | undefined): unknown {
  return job === undefined ? null : {id: job.id, fence: job.fence, attempt: job.attempts, crashes: job.crashes, snoozes: job.snoozes}
}
