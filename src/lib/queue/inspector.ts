import {QctlError} from '../errors.ts'
import type {FullJob} from '../job.ts'
import type {QueueStats} from '../stats.ts'
import type {Action, History, Page, Query, StatsQuery, Storage, Target} from '../storage/storage.ts'
import {type ActionReport, ReportDraft} from './action-report.ts'
import {type Awaited, untilFinished, untilSettled, type WaitLimits} from './await-jobs.ts'
import {EVERY_JOB, type Filter} from './filter.ts'
import {foresee} from './foresee.ts'
import type {IdSpec} from './id-list.ts'
import {jobsById, pages} from './look-up.ts'

/** A job with all that is known about it. */
export interface JobDetails extends History {
  readonly job: FullJob
}

/** The jobs that ids name. */
export interface Named {
  readonly ids: readonly number[]
  /** Ranges and `@` names that name no job. A single id is not looked up: whatever is done with it tells. */
  readonly missing: readonly string[]
}

/** How an action is carried out. */
export interface ActionOptions {
  /** Who does it, for the history. */
  readonly actor: string
  /** How long to wait for holders to settle what they were asked; `null` = not at all. */
  readonly waitMs: number | null
  /** Settles what dead holders left (the reaper); called while waiting. */
  readonly reap: () => Promise<unknown>
  /** Told after each step how many of the jobs have been gone through. */
  readonly onProgress?: (done: number, total: number) => void
  /** Stops between steps with its reason as the error. */
  readonly signal: AbortSignal
}

/** How many jobs are changed in one transaction: others get the lock in between. */
const STEP = 500

/** What an operator sees and does. */
export class Inspector {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** One page of jobs. What the query leaves out means all jobs, newest first, 20 of them, searched to the end. */
  list(query: Partial<Query>): Promise<Page> {
    const order = {field: 'id', descending: true} as const
    return this.#storage.find({filter: null, order, limit: 20, cursor: null, scanLimit: null, ...query})
  }

  /**
   * Everything about the jobs of these ids that exist, in the order asked.
   * @param options output: also what their handlers printed
   */
  async show(ids: readonly number[], {output = false}: {readonly output?: boolean} = {}): Promise<readonly JobDetails[]> {
    const jobs = await this.#storage.get(ids, {history: true, output})
    return jobs.map(job => ({job, ...job.history}))
  }

  /**
   * Queues in figures: what waits, what was counted ever, and minute by minute. For rates and percentiles of a stretch see `figuresOf`.
   * Whoever watches asks once for all the minutes wanted and then, each time, for those since the last one seen.
   */
  stats(query: StatsQuery): Promise<readonly QueueStats[]> {
    return this.#storage.stats(query)
  }

  /** Finds the jobs that ids name, each once, in the order given. */
  async resolve(specs: readonly IdSpec[]): Promise<Named> {
    const ids = new Set<number>()
    const missing: string[] = []
    for (const spec of specs) {
      const found = await this.#idsOf(spec)
      for (const id of found) ids.add(id)
      if (found.length === 0) missing.push(spec.kind === 'range' ? `${spec.from}-${spec.to}` : `@${spec.kind}`)
    }
    return {ids: [...ids], missing}
  }

  /**
   * Every job that matches, as it is now, oldest first: what an action then changes is these and none that arrive meanwhile.
   * @param onProgress told how many have been found
   */
  async snapshot(filter: Filter, onProgress: (found: number) => void = () => {}): Promise<readonly Target[]> {
    const targets: Target[] = []
    for await (const jobs of pages(this.#storage, filter)) {
      for (const {id, state, fence} of jobs) targets.push({id, seen: {state, fence}})
      onProgress(targets.length)
    }
    return targets.reverse()
  }

  /** What `act` would do now. */
  async preview(action: Action, targets: readonly Target[]): Promise<ActionReport> {
    const draft = new ReportDraft(action.kind, targets)
    const jobs = await jobsById(this.#storage, targets.flatMap(({id, seen}) => (seen === null ? [id] : [])))
    for (const {id, seen} of targets) {
      const state = seen?.state ?? jobs.get(id)?.state
      if (state === undefined) draft.add({id, kind: 'missing'})
      else {
        const foreseen = foresee(action.kind, state)
        if (foreseen === 'already') draft.add({id, kind: 'already', state})
        else if (foreseen !== 'change') draft.add({id, kind: 'skipped', state, why: foreseen})
      }
    }
    return draft.finish({dryRun: true})
  }

  /**
   * Does one thing to many jobs, some at a time, and waits for the holders of those that are being processed.
   * @param targets from `snapshot`, or by id (`seen: null`)
   * @throws QctlError when a step fails; its message says how many had been changed
   */
  async act(action: Action, targets: readonly Target[], options: ActionOptions): Promise<ActionReport> {
    const draft = new ReportDraft(action.kind, targets)
    for (let from = 0; from < targets.length; from += STEP) {
      options.signal.throwIfAborted()
      const step = targets.slice(from, from + STEP)
      const answers = await this.#storage.act(action, step, options.actor).catch(error => {
        throw aboutStep(error, action.kind, draft.changed)
      })
      for (const answer of answers) draft.add(answer)
      options.onProgress?.(from + step.length, targets.length)
    }
    if (options.waitMs !== null && draft.requested.length > 0 && (action.kind === 'cancel' || action.kind === 'fail')) {
      const limits = {forMs: options.waitMs, signal: options.signal, beforeEachLook: options.reap}
      const settlements = await untilSettled(this.#storage, draft.requested, action.kind, limits)
      for (const settlement of settlements) draft.settle(settlement)
    }
    return draft.finish({dryRun: false})
  }

  /**
   * Waits until all of these jobs are finished or gone.
   * @returns them in the order asked; `timedOut` when some were not finished
   */
  wait(ids: readonly number[], limits: WaitLimits): Promise<{readonly jobs: readonly Awaited[]; readonly timedOut: boolean}> {
    return untilFinished(this.#storage, ids, limits)
  }

  async #idsOf(spec: IdSpec): Promise<readonly number[]> {
    if (spec.kind === 'id') return [spec.id]
    if (spec.kind === 'range') return (await this.snapshot(range(spec.from, spec.to))).map(({id}) => id)
    const query: Partial<Query> =
      spec.kind === 'last'
        ? {filter: EVERY_JOB}
        : {filter: {kind: 'state', states: ['failed']}, order: {field: 'updated', descending: true}}
    return (await this.list({...query, limit: 1})).jobs.map(({id}) => id)
  }
}

function range(from: number, to: number): Filter {
  return {
    kind: 'and',
    parts: [
      {kind: 'number', field: 'id', op: '>=', value: from},
      {kind: 'number', field: 'id', op: '<=', value: to},
    ],
  }
}

/** All but one may be done twice: what is as it should be is left alone. */
const WHAT_TO_DO: Readonly<Record<Action['kind'], string>> = {
  cancel: 'it may be done: repeat this command, what is cancelled stays so',
  fail: 'it may be done: repeat this command, what has failed stays so',
  delete: 'it may be done: repeat this command, what is gone stays so',
  assign: 'it may be done: repeat this command',
  resubmit: 'it may be done: look before repeating (qctl jobs show), or a job that is done by then runs once more',
}

/** Adds to an error what was done before it: a message that says "nothing stored" means its own step only; and what to do when nobody knows. */
function aboutStep(error: unknown, kind: Action['kind'], changed: number): unknown {
  if (!(error instanceof QctlError)) return error
  const before = changed === 0 ? '' : ` (${changed} ${changed === 1 ? 'job' : 'jobs'} had been changed before that)`
  const hint = error.code === 'outcome_unknown' ? WHAT_TO_DO[kind] : error.hint
  return new QctlError(error.code, `${error.message}${before}`, {...(hint === null ? {} : {hint}), cause: error})
}
