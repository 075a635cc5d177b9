import {
  type Claim,
  DEFAULT_SETTINGS,
  type Enqueued,
  type Lease,
  type NewJob,
  type ProcessIdentity,
  type QueueSettings,
  type Requested,
  type State,
} from '../../../src/lib/job.ts'
import type {LossCause, Outcome} from '../../../src/lib/outcome.ts'
import type {Acted, Action, ClaimRequest, Extension, QueueChange, SettleCondition, Settled, Target, Transition} from '../../../src/lib/storage/storage.ts'
import type {Clock} from '../../../src/lib/time.ts'
import {asked, type Verdict, verdictOf} from './rules.ts'
import {emptyState, type ModelConsumer, type ModelFacts, type ModelJob, type ModelLease, type ModelQueue, type ModelRun, type ModelState} from './state.ts'

export interface Ended {
  readonly claim: Claim & Pick<Lease, 'attempt' | 'crashes' | 'snoozes'>
  readonly outcome: Outcome
  readonly progress: number | null
  /** It was sent before, and nobody knows whether it was stored. */
  readonly again: boolean
}

/** What became of an ended run, in the words in which real and model are compared. */
export type Settlement = {readonly kind: 'lost'} | {readonly kind: 'settled'; readonly to: State; readonly copied: boolean}

/** A job whose holder is gone, as a reaper saw it. */
export interface Loss extends Claim {
  readonly cause: LossCause
  /** It was the only one its holder had. */
  readonly alone: boolean
  readonly requested: Requested | null
}

/** How the model learns the ids that the store chose: by the answer for produced jobs, by the origin for copies. */
export interface Ids {
  readonly copyOf: (originId: number) => number
}

/** What the end of a run brings beside the verdict. */
interface Conclusion {
  readonly result: Uint8Array | null
  /** Who ended it, if that was not its holder. */
  readonly actor: string | null
  readonly ids: Ids
}

/** Thrown where the contract says that a call is refused. */
export class Refusal extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

/** A queue in memory that does what the specification says, in the simplest way: lists, loops and no indexes. */
export class Model {
  readonly state: ModelState
  readonly #clock: Clock
  readonly #draw: number

  constructor(clock: Clock, draw: number, state: ModelState = emptyState()) {
    this.#clock = clock
    this.#draw = draw
    this.state = state
  }

  /** An independent copy: to try one order of calls made in one moment. */
  fork(): Model {
    return new Model(this.#clock, this.#draw, structuredClone(this.state))
  }

  /** The step is over: ids that come now are above those that came. */
  endStep(): void {
    this.state.floor = this.state.lastId
  }

  get jobs(): readonly ModelJob[] {
    return [...this.state.jobs.values()]
  }

  /** `answers` are the store's: the ids of new jobs are taken from them, everything else is predicted. */
  enqueue(jobs: readonly NewJob[], answers: readonly Enqueued[]): readonly Enqueued[] {
    for (const {queue, payload} of jobs) {
      if (payload.length > this.settingsOf(queue).maxPayloadBytes) throw new Refusal('payload_too_large')
    }
    for (const {queue} of jobs) this.#ensureQueue(queue)
    const fresh = answers.filter(({existing}) => !existing).map(({id}) => id)
    if (fresh.some((id, i) => id <= (fresh[i - 1] ?? 0))) throw new Error(`the ids ${fresh.join()} do not grow`)
    return jobs.map((job, i) => {
      const holder = job.key === null ? null : this.#holder(job.queue, job.key)
      if (holder !== null) return {id: holder, queue: job.queue, existing: true}
      const id = answers[i]?.id ?? Number.NaN
      this.#add(id, job)
      return {id, queue: job.queue, existing: false}
    })
  }

  #add(id: number, job: NewJob): void {
    const {when} = job
    const asked = when.kind === 'now' ? this.#now : when.kind === 'after' ? this.#now + when.delayMs : when.runAt
    const runAt = asked > this.#now ? asked : this.#stamp(job.queue)
    if (job.key !== null) this.#hold(job.queue, job.key, id)
    this.#insert({
      ...blank(id, job.queue, new TextDecoder().decode(job.payload), this.#now, runAt),
      priority: job.priority,
      key: job.key,
      maxAttempts: job.maxAttempts,
      assignedTo: job.assignedTo,
      assignedUntil: job.assignedForMs === null ? null : this.#now + job.assignedForMs,
    })
  }

  #insert(job: ModelJob): void {
    const {floor, lastId} = this.state
    if (job.id <= floor || this.state.jobs.has(job.id)) throw new Error(`id ${job.id} is not above ${floor}, or is taken`)
    this.state.lastId = Math.max(lastId, job.id)
    this.state.jobs.set(job.id, job)
  }

  /** The ids that are granted, in order. */
  claim({consumerId, queues, limit, leaseMs}: ClaimRequest): readonly number[] {
    const consumer = this.state.consumers.get(consumerId)
    if (consumer === undefined || consumer.ended) throw new Refusal('not_found')
    const held = this.jobs.filter(({lease}) => lease?.consumerId === consumerId)
    if (limit === 0 || consumer.leaving || held.some(({suspect}) => suspect)) return []
    const due = queues.flatMap(queue => this.#due(queue, consumer.name))
    const suspect = due.find(job => job.suspect)
    const longest = Math.max(...held.map(({startedAt}) => this.#now - (startedAt ?? Number.NaN)))
    const worksOn = suspect !== undefined && longest > 10_000 && longest > (this.#now - suspect.runAt) / 2
    if (suspect !== undefined && held.length > 0 && !worksOn) return []
    const granted: ModelJob[] = []
    for (const job of suspect === undefined ? due : worksOn ? due.filter(one => !one.suspect) : [suspect]) {
      if (granted.length === limit || this.#room(job.queue) === 0) continue
      this.#grant(job, consumer, leaseMs)
      granted.push(job)
    }
    return granted.map(({id}) => id)
  }

  /** The jobs of a queue that this consumer may start, first first; none when the queue has no room. */
  #due(queue: string, name: string): readonly ModelJob[] {
    if (this.#room(queue) === 0) return []
    return this.jobs
      .filter(job => job.queue === queue && job.state === 'pending' && this.isDue(job))
      .filter(job => job.assignedTo === null || job.assignedTo === name || this.assignmentEnded(job))
      .toSorted((a, b) => b.priority - a.priority || a.runAt - b.runAt || a.id - b.id)
  }

  /** What could run at once before the wall clock stepped back is not held up by that; a delay or a backoff is kept. */
  isDue({queue, runAt, changedAt}: ModelJob): boolean {
    const stamped = this.state.queues.get(queue)?.lastRunAt ?? 0
    return runAt <= this.#now || runAt === stamped || (runAt < stamped && runAt <= changedAt)
  }

  assignmentEnded({assignedUntil}: ModelJob): boolean {
    return assignedUntil !== null && assignedUntil <= this.#now
  }

  #room(name: string): number {
    const queue = this.state.queues.get(name)
    if (queue === undefined || queue.paused !== null) return 0
    const processing = this.jobs.filter(job => job.queue === name && job.state === 'processing').length
    return Math.max(0, (queue.settings.concurrency ?? Number.POSITIVE_INFINITY) - processing)
  }

  #grant(job: ModelJob, consumer: ModelConsumer, leaseMs: number | null): void {
    const until = this.#clock.bootNow() + (leaseMs ?? this.settingsOf(job.queue).leaseMs)
    const lease = {consumerId: consumer.id, bootId: consumer.process.bootId, until, requested: null, bereft: false}
    Object.assign(job, {state: 'processing', consumer: consumer.name, startedAt: this.#now, error: null, lease})
    job.fence += 1
    job.attempts += 1
    job.progress = null
  }

  /** The claims that do not hold. */
  extend(extensions: readonly Extension[], leaseMs: number): readonly Claim[] {
    return extensions.filter(({progress, ...claim}) => {
      const job = this.#claimed(claim)
      const lease = job?.lease ?? null
      if (job === undefined || lease === null || this.#isExpired(lease)) return true
      job.progress = progress ?? job.progress
      lease.until = this.#clock.bootNow() + leaseMs
      lease.bereft = false
      return false
    })
  }

  leaseRemainingMs({lease}: ModelJob): number | null {
    if (lease === null) return null
    return lease.bootId === this.#clock.bootId ? lease.until - this.#clock.bootNow() : -1
  }

  #isExpired(lease: NonNullable<ModelJob['lease']>): boolean {
    return lease.bootId !== this.#clock.bootId || lease.until <= this.#clock.bootNow()
  }

  settle(ended: readonly Ended[], ids: Ids): readonly Settlement[] {
    const before = ended.map(end => this.#endedBefore(end))
    return ended.map(({claim, outcome, progress}, i) => {
      const known = before[i] ?? null
      if (known !== null) return known
      const job = this.#claimed(claim)
      if (job === undefined) return {kind: 'lost'}
      job.progress = progress ?? job.progress
      return this.#end(job, outcome, ids, null)
    })
  }

  /** What is said of an end that was stored when it was sent the first time: what it would mean for the job as it was claimed. */
  #endedBefore({claim, outcome, again}: Ended): Settlement | null {
    const job = again ? this.state.jobs.get(claim.id) : undefined
    if (job === undefined || !job.runs.some(run => run.run === claim.fence && isRunOf(run, outcome))) return null
    const {attempt: attempts, crashes, snoozes} = claim
    const {to} = verdictOf({...job, attempts, crashes, snoozes}, outcome, this.settingsOf(job.queue), this.#draw)
    return {kind: 'settled', to, copied: job.deadLetterId !== null}
  }

  #claimed({id, fence}: Claim): ModelJob | undefined {
    const job = this.state.jobs.get(id)
    return job?.state === 'processing' && job.fence === fence ? job : undefined
  }

  #end(job: ModelJob, outcome: Outcome, ids: Ids, actor: string | null): Settlement {
    const decided = verdictOf(job, outcome, this.settingsOf(job.queue), this.#draw)
    const requested = job.lease?.requested ?? null
    const overruled = decided.to === 'pending' && requested !== null
    const verdict = overruled ? asked(requested) : decided
    const ending = overruled ? ({kind: 'cancelled', requested} as const) : outcome
    const facts = {...NOTHING_MEASURED, outcome: ending.kind, cause: causeOf(ending), error: errorOf(outcome)}
    const result = outcome.kind === 'done' ? outcome.result : null
    const copied = this.#conclude(job, verdict, facts, {result, actor, ids})
    return {kind: 'settled', to: verdict.to, copied}
  }

  /** Stores transitions as the contract says, whoever made them and whatever they say. */
  store(transitions: readonly Transition[], ids: Ids): readonly Settled[] {
    const before = transitions.map(transition => this.#storedBefore(transition))
    return transitions.map((transition, i) => before[i] ?? this.#store(transition, ids))
  }

  #storedBefore({id, fence, run, again}: Transition): Settled | null {
    const job = again ? this.state.jobs.get(id) : undefined
    const isSame = job?.runs.some(one => one.run === fence && Bun.deepEquals(factsOf(one), factsOf(run)))
    return isSame === true ? {kind: 'settled', deadLetterId: job?.deadLetterId ?? null} : null
  }

  #store(transition: Transition, ids: Ids): Settled {
    const {to, only, run} = transition
    const job = this.#claimed(transition)
    if (job?.lease == null || !this.#isMet(only, job.lease)) return {kind: 'lost'}
    const {requested, consumerId} = job.lease
    if (to === 'pending' && requested !== null) return {kind: 'requested', requested}
    const suspect = transition.suspect === 'keep' ? job.suspect : transition.suspect === 'yes'
    const {delayMs: waitMs, pauseQueue: pause, result} = transition
    job.progress = transition.progress ?? job.progress
    const copied = this.#conclude(job, {...transition, waitMs, suspect, pause}, run, {result, actor: only === null ? null : 'reaper', ids})
    if (only !== null) this.#bereave(consumerId)
    return {kind: 'settled', deadLetterId: copied ? job.deadLetterId : null}
  }

  #isMet(only: SettleCondition | null, lease: ModelLease): boolean {
    if (only === null) return true
    return only.kind === 'holder' ? only.consumerId === lease.consumerId : this.#isExpired(lease)
  }

  /** A job was taken from this holder: of its others it is not known that one was its only one, until it prolongs them. */
  #bereave(consumerId: number): void {
    for (const {lease} of this.jobs) if (lease?.consumerId === consumerId) lease.bereft = true
  }

  /** Writes the run's history and moves the job; says whether it was copied to a dead-letter queue. */
  #conclude(job: ModelJob, verdict: Verdict, ended: ModelFacts, also: Conclusion): boolean {
    const {result, actor, ids} = also
    job.runs.push({
      run: job.fence,
      attempt: job.attempts,
      consumer: job.consumer ?? '',
      startedAt: job.startedAt ?? Number.NaN,
      finishedAt: this.#now,
      ...factsOf(ended),
    })
    job.error = ended.error
    this.#leave(job, verdict)
    if (result !== null) job.result = new TextDecoder().decode(result)
    if (actor !== null) job.events.push({at: this.#now, from: 'processing', to: verdict.to, actor})
    if (verdict.pause !== null) this.#pause(job.queue, verdict.pause)
    return this.#finish(job, ids)
  }

  #leave(job: ModelJob, verdict: Verdict): void {
    job.lease = null
    job.state = verdict.to
    job.reason = verdict.reason
    if (verdict.refund) job.attempts -= 1
    if (verdict.crash) job.crashes += 1
    if (verdict.snooze) job.snoozes += 1
    job.suspect = verdict.to === 'pending' && verdict.suspect
    job.changedAt = this.#now
    if (verdict.to === 'pending') job.runAt = verdict.waitMs > 0 ? this.#now + verdict.waitMs : this.#stamp(job.queue)
  }

  /** A queue that is paused already keeps its reason. */
  #pause(name: string, reason: string): void {
    const queue = this.#ensureQueue(name)
    queue.paused ??= reason
  }

  /** What every end brings: the time, the key's window, and for a failed job the copy in the dead-letter queue. */
  #finish(job: ModelJob, ids: Ids): boolean {
    job.finishedAt = job.state === 'pending' ? null : this.#now
    if (job.state === 'pending') return false
    const held = this.state.keys.find(({queue, key, jobId}) => queue === job.queue && key === job.key && jobId === job.id)
    if (held !== undefined) held.freeAt = this.#now + this.settingsOf(job.queue).keyWindowMs
    const {deadLetter} = this.settingsOf(job.queue)
    if (job.state !== 'failed' || deadLetter === null) return false
    const id = ids.copyOf(job.id)
    this.#ensureQueue(deadLetter)
    const copy = blank(id, deadLetter, job.payload, this.#now, this.#stamp(deadLetter))
    this.#insert({...copy, priority: job.priority, originId: job.id})
    job.deadLetterId = id
    return true
  }

  /** What a reaper sees that looks now: the jobs whose holder is dead or whose lease ran out. */
  look(causeOfDeath: (process: ProcessIdentity) => LossCause | null): readonly Loss[] {
    const held = this.jobs.filter(({lease}) => lease !== null)
    return held.flatMap(({id, fence, lease}): readonly Loss[] => {
      const holder = this.state.consumers.get(lease?.consumerId ?? Number.NaN)
      const cause = holder === undefined ? null : causeOfDeath(holder.process)
      const alone = held.filter(other => other.lease?.consumerId === holder?.id).length === 1 && lease?.bereft === false
      const requested = lease?.requested ?? null
      if (cause !== null) return [{id, fence, cause, alone, requested}]
      return lease !== null && this.#isExpired(lease) ? [{id, fence, cause: 'lease_expired', alone: false, requested}] : []
    })
  }

  /** Takes the jobs that a reaper saw, each if it still is lost. Returns their claims. */
  take(losses: readonly Loss[], ids: Ids): readonly Claim[] {
    return losses.filter(loss => {
      const job = this.#claimed(loss)
      if (job?.lease == null || (loss.cause === 'lease_expired' && !this.#isExpired(job.lease))) return false
      const {cause, alone, requested} = loss
      const {consumerId} = job.lease
      this.#end(job, requested === null ? {kind: 'lost', cause, alone} : {kind: 'cancelled', requested}, ids, 'reaper')
      this.#bereave(consumerId)
      return true
    })
  }

  act(action: Action, targets: readonly Target[], ids: Ids): readonly Acted[] {
    return targets.map(({id, seen}) => {
      const job = this.state.jobs.get(id)
      if (job === undefined) return {id, kind: 'missing'}
      const changed = seen !== null && (seen.state !== job.state || seen.fence !== job.fence)
      return changed ? {id, kind: 'skipped', state: job.state, why: 'changed since'} : this.#act(action, job, ids)
    })
  }

  #act(action: Action, job: ModelJob, ids: Ids): Acted {
    const {id, state} = job
    const finished = state === 'done' || state === 'failed' || state === 'cancelled'
    switch (action.kind) {
      case 'cancel':
      case 'fail':
        return this.#stop(action.kind, job, ids)
      case 'resubmit':
        return finished ? this.#resubmit(job) : {id, kind: 'skipped', state, why: state === 'pending' ? 'pending' : 'processing'}
      case 'delete':
        if (state === 'processing') return {id, kind: 'skipped', state, why: 'processing'}
        this.#delete(job)
        return {id, kind: 'changed', state: null}
      case 'assign':
        if (state !== 'pending') return {id, kind: 'skipped', state, why: 'not pending'}
        job.assignedTo = action.consumer
        job.assignedUntil = action.forMs === null ? null : this.#now + action.forMs
        return this.#assigned(job)
    }
  }

  /** What could run at once when it was written still can. */
  #assigned(job: ModelJob): Acted {
    const couldRun = job.runAt <= job.changedAt
    const acted = this.#changed(job, 'pending')
    if (couldRun) job.changedAt = Math.max(job.runAt, job.changedAt)
    return acted
  }

  #stop(kind: 'cancel' | 'fail', job: ModelJob, ids: Ids): Acted {
    const {id, state} = job
    const to = kind === 'cancel' ? 'cancelled' : 'failed'
    if (state === to) return {id, kind: 'already', state}
    if (job.lease !== null) {
      if (job.lease.requested !== kind) job.events.push({at: this.#now, from: 'processing', to: 'processing', actor: 'operator'})
      job.lease.requested = kind
      return {id, kind: 'requested', fence: job.fence}
    }
    if (state !== 'pending') return {id, kind: 'skipped', state, why: 'finished'}
    job.reason = kind === 'fail' ? 'admin' : null
    job.suspect = false
    const acted = this.#changed(job, to)
    this.#finish(job, ids)
    return acted
  }

  #resubmit(job: ModelJob): Acted {
    const {id, state} = job
    const holder = job.key === null ? undefined : this.state.keys.find(({queue, key}) => queue === job.queue && key === job.key)
    if (holder !== undefined && holder.freeAt === null && holder.jobId !== id) {
      return {id, kind: 'skipped', state, why: 'key held by another job'}
    }
    if (job.key !== null) this.#hold(job.queue, job.key, id)
    const fresh = {reason: null, error: null, result: null, progress: null, attempts: 0, crashes: 0, snoozes: 0, finishedAt: null}
    Object.assign(job, {...fresh, runAt: this.#stamp(job.queue)})
    return this.#changed(job, 'pending')
  }

  #changed(job: ModelJob, to: State): Acted {
    job.events.push({at: this.#now, from: job.state, to, actor: 'operator'})
    job.state = to
    job.changedAt = this.#now
    return {id: job.id, kind: 'changed', state: to}
  }

  /** The key of an unfinished job goes with it; that of a finished one stays for its window. */
  #delete(job: ModelJob): void {
    this.state.jobs.delete(job.id)
    this.state.keys = this.state.keys.filter(({jobId, freeAt}) => jobId !== job.id || freeAt !== null)
  }

  register(name: string, process: ProcessIdentity, replaces: number | null, id: number): 'registered' | 'taken' {
    const live = [...this.state.consumers.values()].find(consumer => consumer.name === name && !consumer.ended)
    if (live !== undefined && live.id !== replaces) return 'taken'
    if (live !== undefined) live.ended = true
    this.state.consumers.set(id, {id, name, process, ended: false, leaving: false})
    return 'registered'
  }

  unregister(consumerId: number, how: 'ends' | 'leaves' = 'ends'): void {
    const consumer = this.state.consumers.get(consumerId)
    if (consumer === undefined || consumer.ended) return
    if (how === 'leaves') consumer.leaving = true
    else consumer.ended = true
  }

  setQueue(name: string, change: QueueChange): void {
    const deadLetter = change.settings?.deadLetter ?? null
    for (let next: string | null = deadLetter; next !== null; next = this.settingsOf(next).deadLetter) {
      if (next === name) throw new Refusal('conflict')
    }
    const queue = this.#ensureQueue(name)
    if (deadLetter !== null) this.#ensureQueue(deadLetter)
    const changes = Object.entries(change.settings ?? {})
    const values = changes.map(([key, value]) => [key, value ?? DEFAULT_SETTINGS[key as keyof QueueSettings]])
    queue.settings = {...queue.settings, ...Object.fromEntries(values)}
    if (change.paused !== undefined) queue.paused = change.paused.paused ? (change.paused.reason ?? '') : null
  }

  deleteQueue(name: string, force: boolean): void {
    if (!this.state.queues.has(name)) throw new Refusal('not_found')
    const jobs = this.jobs.filter(job => job.queue === name)
    const inUse = [...this.state.queues.values()].some(({settings}) => settings.deadLetter === name)
    if (inUse || jobs.some(({state}) => state === 'processing') || (!force && jobs.length > 0)) throw new Refusal('conflict')
    for (const {id} of jobs) this.state.jobs.delete(id)
    this.state.keys = this.state.keys.filter(({queue}) => queue !== name)
    this.state.queues.delete(name)
  }

  /** Deletes every finished job past its retention, and forgets every key past its window. */
  maintain(): {readonly done: number; readonly failed: number; readonly cancelled: number} {
    const deleted = {done: 0, failed: 0, cancelled: 0}
    for (const job of this.jobs) {
      const {state, finishedAt} = job
      if (state === 'pending' || state === 'processing') continue
      const keepMs = this.settingsOf(job.queue).retention[`${state}Ms`]
      if (keepMs === null || finishedAt === null || finishedAt + keepMs >= this.#now) continue
      this.#delete(job)
      deleted[state] += 1
    }
    this.state.keys = this.state.keys.filter(({freeAt}) => freeAt === null || freeAt > this.#now)
    return deleted
  }

  /** The latest moment before now that something ended by itself: the wall clock is not set back beyond it. */
  lastBoundary(): number {
    const ends = [...this.jobs.map(({assignedUntil}) => assignedUntil), ...this.state.keys.map(({freeAt}) => freeAt)]
    return Math.max(0, ...ends.filter(end => end !== null && end <= this.#now).map(Number))
  }

  get #now(): number {
    return this.#clock.wallNow()
  }

  settingsOf(queue: string): QueueSettings {
    return this.state.queues.get(queue)?.settings ?? DEFAULT_SETTINGS
  }

  #ensureQueue(name: string): ModelQueue {
    const known = this.state.queues.get(name)
    if (known !== undefined) return known
    const queue = {name, paused: null, settings: DEFAULT_SETTINGS, lastRunAt: 0}
    this.state.queues.set(name, queue)
    return queue
  }

  #stamp(name: string): number {
    const queue = this.#ensureQueue(name)
    queue.lastRunAt = Math.max(this.#now, queue.lastRunAt)
    return queue.lastRunAt
  }

  #holder(queue: string, key: string): number | null {
    const holder = this.state.keys.find(one => one.queue === queue && one.key === key)
    return holder === undefined || (holder.freeAt !== null && holder.freeAt <= this.#now) ? null : holder.jobId
  }

  #hold(queue: string, key: string, jobId: number): void {
    this.state.keys = [...this.state.keys.filter(one => one.queue !== queue || one.key !== key), {queue, key, jobId, freeAt: null}]
  }
}

/** What is told when nothing of the run was seen but that it ended. */
const NOTHING_MEASURED = {exitCode: null, signal: null, runMs: null, cpuMs: null, maxRssBytes: null} as const

function factsOf({outcome, cause, error, exitCode, signal, runMs, cpuMs, maxRssBytes}: ModelFacts): ModelFacts {
  return {outcome, cause, error, exitCode, signal, runMs, cpuMs, maxRssBytes}
}

function isRunOf(run: ModelRun, outcome: Outcome): boolean {
  return run.outcome === outcome.kind && run.cause === causeOf(outcome) && run.error === errorOf(outcome)
}

function causeOf(outcome: Outcome): string | null {
  if (outcome.kind === 'lost' || outcome.kind === 'crashed') return outcome.cause
  return outcome.kind === 'cancelled' ? outcome.requested : null
}

function errorOf(outcome: Outcome): string | null {
  return 'error' in outcome ? outcome.error : null
}

function blank(id: number, queue: string, payload: string, now: number, runAt: number): ModelJob {
  return {
    id,
    queue,
    payload,
    priority: 0,
    key: null,
    maxAttempts: null,
    createdAt: now,
    originId: null,
    state: 'pending',
    reason: null,
    error: null,
   
    runAt,
    changedAt: now,
    attempts: 0,
    crashes: 0,
    snoozes: 0,
    fence: 0,
    suspect: false,
    assignedTo: null,
    assignedUntil: null,
    consumer: null,
    startedAt: null,
    finishedAt: null,
    result: null,
    progress: null,
    deadLetterId: null,
    lease: null,
    runs: [],
    events: [],
  }
}
