import type {Claim, Consumer, FullJob, Job, Lease, NewJob, ProcessIdentity, Run, RunFacts, RunOutput, State} from '../../../src/lib/job.ts'
import type {ErrorCode} from '../../../src/lib/errors.ts'
import {QctlError} from '../../../src/lib/errors.ts'
import type {
  Acted,
  Action,
  ClaimRequest,
  History,
  NewConsumer,
  Page,
  Query,
  QueueChange,
  Settled,
  Storage,
  Transition,
} from '../../../src/lib/storage/storage.ts'
import {encodeOutput} from '../../../src/lib/output-record.ts'
import {FakeClock} from './clock.ts'
import type {OpenStore, Store} from './suite.ts'

const ENCODER = new TextEncoder()

/** Far more than any test needs; a hung promise fails by its own name and not by the runner's. */
const PATIENCE_MS = 60_000

/** A job to produce; what is left out does not matter to the test. */
export type Draft = Partial<Omit<NewJob, 'payload'>> & {readonly payload?: Uint8Array | string}

/** One fresh store, its clock, and short words for what tests do with them. */
export class Bench {
  readonly clock: FakeClock
  readonly store: Store
  readonly storage: Storage
  #pids = 100

  static async open(open: OpenStore): Promise<Bench> {
    const clock = new FakeClock()
    return new Bench(clock, await open(clock))
  }

  private constructor(clock: FakeClock, store: Store) {
    this.clock = clock
    this.store = store
    this.storage = store.storage
  }

  close(): Promise<void> {
    return this.store.close()
  }

  /** Stores jobs in one batch; returns their ids. */
  async produce(...drafts: readonly Draft[]): Promise<readonly number[]> {
    return (await this.storage.enqueue(drafts.map(newJob))).map(({id}) => id)
  }

  /** Stores one job. */
  async add(draft: Draft = {}): Promise<number> {
    return only(await this.produce(draft))
  }

  /** Registers a consumer that runs in a process of its own. */
  async hire(name: string, change: Partial<NewConsumer> = {}): Promise<number> {
    const answer = await this.storage.register(this.newcomer(name, change))
    if (answer.kind === 'taken') throw new Error(`${name} is taken by registration ${answer.by.id}`)
    return answer.id
  }

  newcomer(name: string, change: Partial<NewConsumer> = {}): NewConsumer {
    return {name, process: this.process(), queues: ['q'], concurrency: 10, replaces: null, ...change}
  }

  process(change: Partial<ProcessIdentity> = {}): ProcessIdentity {
    this.#pids += 1
    return {
      pid: this.#pids,
      startTime: `${this.#pids}00`,
      bootId: this.clock.bootId,
      pidNamespace: '4026531836',
      host: 'here',
      machineId: 'machine-1',
      ...change,
    }
  }

  /** Claims from queue `q`, as many as there are, unless told otherwise. */
  claim(consumerId: number, change: Partial<ClaimRequest> = {}): Promise<readonly Lease[]> {
    return this.storage.claim({consumerId, queues: ['q'], limit: 100, leaseMs: null, ...change})
  }

  /** The ids that a claim is granted, in its order. */
  async claimIds(consumerId: number, change: Partial<ClaimRequest> = {}): Promise<readonly number[]> {
    return (await this.claim(consumerId, change)).map(({id}) => id)
  }

  /** Claims the one job that can be had. */
  async take(consumerId: number, change: Partial<ClaimRequest> = {}): Promise<Lease> {
    return only(await this.claim(consumerId, {limit: 1, ...change}))
  }

  /** A fresh job in the hands of a new consumer (of the name it is assigned to, if it is). */
  async processing(draft: Draft = {}): Promise<{readonly id: number; readonly lease: Lease; readonly consumerId: number}> {
    const id = await this.add(draft)
    const consumerId = await this.hire(draft.assignedTo ?? `holder-of-${id}`)
    const lease = await this.take(consumerId, {queues: [draft.queue ?? 'q']})
    if (lease.id !== id) throw new Error(`wanted job ${id} and was granted ${lease.id}`)
    return {id, lease, consumerId}
  }

  /** A fresh job that was run and ended so, by a consumer that is gone since. */
  async ended(to: Transition['to'], draft: Draft = {}, change: Partial<Transition> = {}): Promise<number> {
    const {id, lease, consumerId} = await this.processing(draft)
    await this.settle(lease, {to, ...change})
    await this.storage.unregister(consumerId)
    return id
  }

  /** Ends one run. */
  async settle(claim: Claim, change: Partial<Transition> = {}): Promise<Settled> {
    return only(await this.storage.settle([ending(claim, change)]))
  }

  /** Acts on jobs however they are now. */
  act(action: ActionDraft, ...ids: readonly number[]): Promise<readonly Acted[]> {
    const targets = ids.map(id => ({id, seen: null}))
    return this.storage.act({reason: 'because', ...action} as Action, targets, 'operator')
  }

  async job(id: number): Promise<FullJob> {
    const {history: _history, ...job} = only(await this.storage.get([id]))
    return job
  }

  async state(id: number): Promise<State> {
    return (await this.job(id)).state
  }

  async runs(id: number): Promise<readonly Run[]> {
    return (await this.history(id)).runs
  }

  /** All that is kept of a job beside its row. */
  async history(id: number): Promise<History> {
    return only(await this.storage.get([id], {history: true, output: true})).history
  }

  find(change: Partial<Query> = {}): Promise<Page> {
    return this.storage.find({...EVERYTHING, ...change})
  }

  async everyJob(): Promise<readonly Job[]> {
    return (await this.find()).jobs
  }

  /** Creates or changes a queue. */
  queue(name: string, change: Partial<QueueChange> = {}): Promise<unknown> {
    return this.storage.setQueue(name, {create: 'may', ...change})
  }

  async consumer(id: number): Promise<Consumer | undefined> {
    return (await this.storage.consumers()).find(consumer => consumer.id === id)
  }
}

const EVERYTHING: Query = {
  filter: null,
  order: {field: 'id', descending: true},
  limit: 10_000,
  cursor: null,
  scanLimit: null,
}

type ActionDraft = Action extends infer A ? (A extends Action ? Omit<A, 'reason'> & {readonly reason?: string} : never) : never

export function newJob(draft: Draft): NewJob {
  return {
    queue: 'q',
    contentType: null,
    file: false,
    priority: 0,
    when: {kind: 'now'},
    maxAttempts: null,
    timeoutMs: null,
    key: null,
    tags: [],
    assignedTo: null,
    assignedForMs: null,
    ...draft,
    payload: bytes(draft.payload ?? 'payload'),
  }
}

const OUTCOME_OF = {done: 'done', failed: 'failed', cancelled: 'cancelled', pending: 'failed'} as const

/** The end of a run, done unless told otherwise. */
export function ending(claim: Claim, change: Partial<Transition> = {}): Transition {
  const to = change.to ?? 'done'
  return {
    to,
    reason: to === 'failed' ? 'attempts' : null,
    delayMs: 0,
    refund: false,
    crash: false,
    snooze: false,
    suspect: 'no',
    result: null,
    progress: null,
    pauseQueue: null,
    only: null,
    again: false,
    run: facts({outcome: OUTCOME_OF[to]}),
    ...change,
    id: claim.id,
    fence: claim.fence,
  }
}

export function facts(change: Partial<RunFacts> = {}): RunFacts {
  return {
    outcome: 'done',
    exitCode: null,
    signal: null,
    cause: null,
    error: null,
    runMs: null,
    cpuMs: null,
    maxRssBytes: null,
    output: null,
    ...change,
  }
}

/** What a run printed, with so many bytes of each stream let go. */
export function printed(stdout: string, stderr: string, [stdoutDroppedBytes, stderrDroppedBytes] = [0, 0]): RunOutput {
  const records = encodeOutput([
    {kind: 'bytes', stream: 'stdout', at: 1000, bytes: bytes(stdout)},
    {kind: 'bytes', stream: 'stderr', at: 1001, bytes: bytes(stderr)},
  ])
  return {records: new Uint8Array(records), stdoutDroppedBytes, stderrDroppedBytes}
}

export function bytes(content: Uint8Array | string): Uint8Array {
  return typeof content === 'string' ? ENCODER.encode(content) : content
}

/** The one element of a list. */
export function only<T>(list: readonly T[]): T {
  const [first] = list
  if (first === undefined || list.length !== 1) throw new Error(`expected one, there are ${list.length}`)
  return first
}

/** An element that is known to be there. */
export function nth<T>(list: readonly T[], index: number): T {
  const element = list[index]
  if (element === undefined) throw new Error(`no element ${index} in ${list.length}`)
  return element
}

/** The code a call is refused with; fails when it is not refused by a `QctlError`. */
export async function refusal(call: Promise<unknown>): Promise<ErrorCode> {
  try {
    await call
  } catch (error) {
    if (error instanceof QctlError) return error.code
    throw error
  }
  throw new Error('expected a refusal, the call was granted')
}

/** Waits for something that must happen. */
export function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  const {promise: late, reject} = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`${what} did not happen within ${PATIENCE_MS} ms`)), PATIENCE_MS)
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
