import {claimKey} from '../../../src/lib/claim-key.ts'
import type {Consumer, Job, Lease} from '../../../src/lib/job.ts'
import {explain} from '../../../src/lib/queue/explain.ts'
import type {Standing} from '../../../src/lib/standing.ts'
import type {QueueStats} from '../../../src/lib/stats.ts'
import type {Held, History, Storage} from '../../../src/lib/storage/storage.ts'
import type {Clock} from '../../../src/lib/time.ts'
import type {Model} from './model.ts'
import type {ModelJob, ModelQueue} from './state.ts'

/** Everything the store says at one moment. */
export interface Facts {
  readonly now: number
  readonly jobs: readonly Job[]
  readonly queues: readonly QueueStats[]
  readonly held: readonly Held[]
  readonly consumers: readonly Consumer[]
}

const EVERY_JOB = {filter: null, order: {field: 'id', descending: false}, limit: 10_000, cursor: null, scanLimit: null} as const

export async function readFacts(storage: Storage, clock: Clock): Promise<Facts> {
  const [{jobs}, queues, held, consumers] = await Promise.all([
    storage.find(EVERY_JOB),
    storage.stats({since: null}),
    storage.held(),
    storage.consumers(),
  ])
  return {now: clock.wallNow(), jobs, queues, held, consumers}
}

/** Compares, and keeps what must hold whatever the model says. */
export class Audit {
  readonly #fences = new Map<number, number>()
  readonly #granted = new Set<string>()

  /** No claim of a job is ever granted twice. */
  granted(leases: readonly Lease[]): void {
    for (const lease of leases) {
      const claim = claimKey(lease)
      if (this.#granted.has(claim)) throw new Error(`claim ${claim} was granted twice`)
      this.#granted.add(claim)
    }
  }

  /** What must hold of any store at any moment, without a model. */
  facts({jobs, queues, held}: Facts): void {
    const keys = new Set<string>()
    for (const {id, fence, state, key, queue} of jobs) {
      const before = this.#fences.get(id) ?? 0
      if (fence < before) throw new Error(`the fence of job ${id} went back from ${before} to ${fence}`)
      this.#fences.set(id, fence)
      if (key === null || (state !== 'pending' && state !== 'processing')) continue
      if (keys.has(`${queue} ${key}`)) throw new Error(`two unfinished jobs of queue ${queue} have the key ${key}`)
      keys.add(`${queue} ${key}`)
    }
    const processing = jobs.filter(({state}) => state === 'processing').map(({id}) => id)
    same('the leases and the jobs processing', held.map(({id}) => id).toSorted(ascending), processing)
    for (const {name, counts} of queues) {
      for (const [state, count] of Object.entries(counts)) {
        same(`count of ${state} in ${name}`, count, jobs.filter(job => job.queue === name && job.state === state).length)
      }
    }
  }

  /** Who holds what: cheap enough to look at after every call. */
  holders(held: readonly Held[], model: Model): void {
    const expected = model.jobs.filter(({lease}) => lease !== null).toSorted(byClaim)
    same('the holders', held.map(holder), expected.map(job => modelHolder(job, model)))
  }

  /** Who asked why a job is not running was told what then happened. */
  foreseen(foreseen: readonly number[], granted: unknown): void {
    same('what explain foresaw and what was granted', granted, foreseen)
  }

  /** There is always a reason; a pending job is called claimable exactly when a consumer with a free slot gets it. */
  explained(standing: Standing): void {
    const {state, claimable, reasons} = explain(standing, {liveness: () => 'alive', isStopped: () => false, pidsOf: () => []})
    const isReady = standing.pending?.claimants.some(({gets, jobs, concurrency}) => gets !== null && jobs + gets < concurrency) ?? false
    same(`whether job ${standing.job.id} is claimable`, claimable, isReady)
    same(`the reasons for job ${standing.job.id} (${state})`, reasons.some(({code}) => code === 'ready'), claimable)
    if (reasons.length === 0) throw new Error(`no reason for job ${standing.job.id}, which is ${state}: ${show(standing)}`)
  }

  answer(real: unknown, predicted: unknown): void {
    same('the answer', real, predicted)
  }

  /** The store against the model, field by field. */
  model({now, jobs, queues, held, consumers}: Facts, model: Model): void {
    const expected = model.jobs.toSorted((a, b) => a.id - b.id)
    same('the ids of the jobs', jobs.map(({id}) => id), expected.map(({id}) => id))
    for (const [i, job] of expected.entries()) same(`job ${job.id}`, realJob(jobs[i], job, model), modelJob(job, model))
    const names = [...model.state.queues.keys()].toSorted()
    same('the queues', queues.map(({name}) => name), names)
    for (const queue of queues) same(`queue ${queue.name}`, realQueue(queue), modelQueue(model.state.queues.get(queue.name), model, now))
    this.holders(held, model)
    const known = consumers.map(({id, name, jobs: count, endedAt, leaving}) => ({id, name, jobs: count, ended: endedAt !== null, leaving}))
    same('the consumers', known, modelConsumers(model))
  }

  history(job: ModelJob, history: History | undefined): void {
    if (history === undefined) throw new Error(`job ${job.id} is gone`)
    const {runs, events} = history
    same(`the runs of job ${job.id}`, runs.map(({stdoutDroppedBytes: _out, stderrDroppedBytes: _err, ...run}) => run), job.runs)
    same(`the events of job ${job.id}`, events.map(({at, from, to, actor}) => ({at, from, to, actor})), job.events)
  }
}

const DECODER = new TextDecoder()

function realJob(job: Job | undefined, expected: ModelJob, model: Model): unknown {
  if (job === undefined) return undefined
  const ended = model.assignmentEnded(expected)
  return {
    id: job.id,
    queue: job.queue,
    state: job.state,
    reason: job.reason,
    error: job.error,
    priority: job.priority,
    runAt: job.runAt,
    key: job.key,
    attempts: job.attempts,
    maxAttempts: job.maxAttempts,
    crashes: job.crashes,
    snoozes: job.snoozes,
    fence: job.fence,
    // An assignment that has ended may still be shown.
    assignedTo: ended ? expected.assignedTo : job.assignedTo,
    assignedUntil: ended ? expected.assignedUntil : job.assignedUntil,
    requested: job.requested,
    consumer: job.consumer,
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    finishedAt: job.finishedAt,
    leaseRemainingMs: job.leaseRemainingMs,
    progress: job.progress,
    result: job.result === null ? null : DECODER.decode(job.result),
    payloadBytes: job.payloadBytes,
    originId: job.originId,
    deadLetterId: job.deadLetterId,
  }
}

function modelJob(job: ModelJob, model: Model): unknown {
  const {payload, lease, suspect: _suspect, changedAt: _changed, runs: _runs, events: _events, ...shown} = job
  return {
    ...shown,
    payloadBytes: payload.length,
    requested: lease?.requested ?? null,
    leaseRemainingMs: model.leaseRemainingMs(job),
  }
}

function realQueue({name, paused, pausedReason, scheduled, oldestPendingMs, settings}: QueueStats): unknown {
  return {name, paused: paused ? (pausedReason ?? '') : null, scheduled: scheduled.count, oldestPendingMs, settings}
}

function modelQueue(queue: ModelQueue | undefined, model: Model, now: number): unknown {
  if (queue === undefined) return undefined
  const {name, paused, settings} = queue
  const pending = model.jobs.filter(job => job.queue === name && job.state === 'pending')
  const due = pending.filter(job => model.isDue(job))
  const first = Math.min(...pending.map(({runAt}) => runAt))
  return {name, paused, settings, scheduled: pending.length - due.length, oldestPendingMs: due.length === 0 ? null : Math.max(0, now - first)}
}

function holder({id, fence, attempt, consumerId, consumer, requested, leaseExpired, bereft}: Held): unknown {
  return {id, fence, attempt, consumerId, consumer, requested, leaseExpired, bereft}
}

function modelHolder(job: ModelJob, model: Model): unknown {
  return {
    id: job.id,
    fence: job.fence,
    attempt: job.attempts,
    consumerId: job.lease?.consumerId,
    consumer: job.consumer,
    requested: job.lease?.requested ?? null,
    leaseExpired: (model.leaseRemainingMs(job) ?? 0) <= 0,
    bereft: job.lease?.bereft,
  }
}

function modelConsumers(model: Model): unknown {
  return [...model.state.consumers.values()]
    .map(({id, name, ended, leaving}) => ({id, name, jobs: model.jobs.filter(({lease}) => lease?.consumerId === id).length, ended, leaving}))
    .filter(({jobs, ended}) => !ended || jobs > 0)
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id))
}

/** Claims of one moment have no order; the store breaks the tie by id. */
function byClaim(a: ModelJob, b: ModelJob): number {
  return (a.startedAt ?? 0) - (b.startedAt ?? 0) || a.id - b.id
}

function ascending(a: number, b: number): number {
  return a - b
}

function same(what: string, real: unknown, expected: unknown): void {
  if (Bun.deepEquals(real, expected)) return
  throw new Error(`${what}: the store says\n  ${show(real)}\nand the model\n  ${show(expected)}`)
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}
