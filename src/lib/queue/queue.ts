import {claimKey} from '../claim-key.ts'
import {type Claim, DEFAULT_SETTINGS, type Enqueued, type Lease, type ProcessIdentity, type QueueSettings, type Requested, type RunOutput} from '../job.ts'
import {bareEnd, type LossCause, type RunEnd} from '../outcome.ts'
import type {ClaimRequest, Extension, Held, SettleCondition, Storage, Transition} from '../storage/storage.ts'
import {decide, type Random, type Subject} from './decide.ts'
import {IN_PROGRAMS, type JobInput, newJob} from './new-job.ts'

/** A run that ended, to be settled. */
export interface Ended {
  readonly lease: Subject & {readonly queue: string}
  readonly end: RunEnd
  /** True when it was to be settled before and nobody knows whether it was. */
  readonly again?: boolean
}

/** What became of an ended run: the transition that was stored, or the news that the lease was lost. */
export type Settlement =
  | {readonly kind: 'settled'; readonly transition: Transition; readonly deadLetterId: number | null}
  | {readonly kind: 'lost'}

/** What the reaper must be able to tell and do about processes; the consumer's room knows how. */
export interface Coroner {
  /** How that process is known to have died, or `null` when it may be alive. */
  causeOfDeath(process: ProcessIdentity): LossCause | null
  /**
   * Kills every process that still runs one of these claims, also the workers of its holder, which run several;
   * resolves to those that could not be killed.
   */
  removeSurvivors(held: readonly Holding[]): Promise<readonly Claim[]>
  /** What is known of what a run had printed when its holder was lost. */
  outputOf(claim: Claim): RunOutput | null
  /** It is stored. */
  forgetOutput(claim: Claim): void
}

/** A claim and the process that holds it. */
export type Holding = Pick<Held, 'id' | 'fence' | 'process'>

/** One job the reaper took from a holder that is gone. */
export interface Reaped {
  readonly claim: Claim
  readonly queue: string
  readonly cause: LossCause
  readonly transition: Transition
}

const LOST: Settlement = {kind: 'lost'}

interface Verdict {
  readonly held: Held
  readonly end: RunEnd
  readonly only: SettleCondition
  readonly cause: LossCause
}

/** The life of a job: enqueue, claim, extend, settle, reap. Rules only; memory is the storage's. */
export class Queue {
  readonly #storage: Storage
  readonly #random: Random

  /**
   * @param storage where the jobs are kept
   * @param random draws the jitter of the backoff
   */
  constructor(storage: Storage, random: Random = Math.random) {
    this.#storage = storage
    this.#random = random
  }

  /**
   * Stores jobs, all or none. Resolved = as durable as the database promises.
   * @returns where each ended up, in order
   * @throws QctlError `bad_input`, `payload_too_large`, `busy` (nothing stored), `outcome_unknown`
   */
  async enqueue(jobs: readonly JobInput[]): Promise<readonly Enqueued[]> {
    return this.#storage.enqueue(jobs.map(job => newJob(job, IN_PROGRAMS)))
  }

  /** Takes leases on up to `limit` jobs that may run now. One that is not `intact` must not reach a handler. */
  claim(request: ClaimRequest): Promise<readonly Lease[]> {
    return this.#storage.claim(request)
  }

  /**
   * Prolongs leases, and stores what their runs report of themselves.
   * @param leaseMs from now
   * @returns the claims that no longer hold: their handlers must be stopped
   */
  extend(extensions: readonly Extension[], leaseMs: number): Promise<readonly Claim[]> {
    return this.#storage.extend(extensions, leaseMs)
  }

  /**
   * Decides what each ended run means for its job and stores it, fenced.
   * @returns per run, in order, what became of it
   */
  async settle(ended: readonly Ended[]): Promise<readonly Settlement[]> {
    // Only failures need to know the settings: a batch of plain successes must reach the engine within this tick,
    // so that it shares a commit with the claims that follow it.
    const settings = ended.every(({end}) => end.outcome.kind === 'done') ? null : await this.#settings(ended)
    const transitions = ended.map(({lease, end, again}) => {
      const transition = decide(lease, end, settings?.get(lease.queue) ?? DEFAULT_SETTINGS, this.#random)
      return again === true ? {...transition, again} : transition
    })
    return this.#store(ended.map(({lease}) => lease), transitions)
  }

  /**
   * Gives back the jobs of holders that are dead or whose lease ran out: outcome `lost`, same decision, same settle.
   * What still runs of them is killed first; a job with a process that cannot be killed stays where it is.
   * @returns the jobs that were taken
   */
  async reap(coroner: Coroner): Promise<readonly Reaped[]> {
    const verdicts = await this.#judge(coroner)
    if (verdicts.length === 0) return []
    const alive = new Set((await coroner.removeSurvivors(verdicts.map(({held}) => held))).map(claimKey))
    const free = verdicts.filter(({held}) => !alive.has(claimKey(held)))
    const settings = await this.#settings(free.map(({held}) => ({lease: held})))
    const transitions = free.map(({held, end, only}) => ({
      ...decide(held, {...end, output: coroner.outputOf(held)}, settings.get(held.queue) ?? DEFAULT_SETTINGS, this.#random),
      only,
    }))
    const settlements = await this.#store(free.map(({held}) => held), transitions)
    return free.flatMap(({held, cause}, i) => {
      const settlement = settlements[i]
      if (settlement?.kind !== 'settled') return []
      coroner.forgetOutput(held)
      return [{claim: held, queue: held.queue, cause, transition: settlement.transition}]
    })
  }

  /**
   * Who of the holders is gone, and what that means for each of their jobs. What the dead hold is looked at again once their death is
   * proven: before it they may have ended or claimed jobs after the look, and the one that was held alone is to be blamed.
   */
  async #judge(coroner: Coroner): Promise<readonly Verdict[]> {
    const held = await this.#storage.held()
    const deaths = deathsOf(held, coroner)
    return judge(deaths.size === 0 ? held : await this.#storage.held(), deaths)
  }

  /** Stores transitions; one that met a cancel or fail request is decided again as that. */
  async #store(subjects: readonly Subject[], transitions: readonly Transition[]): Promise<readonly Settlement[]> {
    const answers = await this.#storage.settle(transitions)
    const settlements: Settlement[] = []
    for (const [i, answer] of answers.entries()) {
      const subject = subjects[i]
      const transition = transitions[i]
      if (subject === undefined || transition === undefined) continue
      if (answer.kind === 'settled') settlements.push({kind: 'settled', transition, deadLetterId: answer.deadLetterId})
      else if (answer.kind === 'lost') settlements.push(LOST)
      else settlements.push(await this.#storeRequested(subject, transition, answer.requested))
    }
    return settlements
  }

  async #storeRequested(subject: Subject, transition: Transition, requested: Requested): Promise<Settlement> {
    const again = decide(subject, bareEnd({kind: 'cancelled', requested}), DEFAULT_SETTINGS, this.#random)
    const run = {...transition.run, outcome: again.run.outcome, cause: again.run.cause}
    const settlements = await this.#store([subject], [{...again, run, progress: transition.progress, only: transition.only}])
    return settlements[0] ?? LOST
  }

  async #settings(ended: readonly {readonly lease: {readonly queue: string}}[]): Promise<Map<string, QueueSettings>> {
    const names = [...new Set(ended.map(({lease}) => lease.queue))]
    return new Map((await this.#storage.queues(names)).map(({name, settings}) => [name, settings]))
  }
}

/** How those of the holders died that are proven dead, by registration. */
function deathsOf(held: readonly Held[], coroner: Coroner): ReadonlyMap<number, LossCause> {
  const processes = new Map(held.map(({consumerId, process}) => [consumerId, process]))
  return new Map([...processes].flatMap(([id, process]): [number, LossCause][] => {
    const cause = coroner.causeOfDeath(process)
    return cause === null ? [] : [[id, cause]]
  }))
}

function judge(held: readonly Held[], deaths: ReadonlyMap<number, LossCause>): readonly Verdict[] {
  const byConsumer = Map.groupBy(held, job => job.consumerId)
  return [...byConsumer].flatMap(([consumerId, jobs]) => {
    const death = deaths.get(consumerId) ?? null
    return jobs.flatMap((job): readonly Verdict[] => {
      if (death !== null) return [verdict(job, death, jobs.length === 1 && !job.bereft, {kind: 'holder', consumerId})]
      return job.leaseExpired ? [verdict(job, 'lease_expired', false, {kind: 'lease_expired'})] : []
    })
  })
}

function verdict(held: Held, cause: LossCause, alone: boolean, only: SettleCondition): Verdict {
  const outcome =
    held.requested === null
      ? ({kind: 'lost', cause, alone} as const)
      : ({kind: 'cancelled', requested: held.requested} as const)
  return {held, end: bareEnd(outcome), only, cause}
}
