import type {Session} from '../cli/session.ts'
import type {WorkEvent} from '../consumer/events.ts'
import {QctlError} from '../errors.ts'
import {type Handler, type RunContext, stoppedOutcome} from '../handlers/handler.ts'
import type {Lease} from '../job.ts'
import {bareEnd, type Outcome, type RunEnd} from '../outcome.ts'
import {formatDurationShort, sleep} from '../time.ts'
import {withHint} from './with-hint.ts'

/** A job in the hand of whoever sits at the screen. */
export interface InHand {
  readonly lease: Lease
  /** The name under which it is held. */
  readonly consumer: string
  readonly maxAttempts: number
}

/** How the hand is: empty, with a job in it, or empty again; `news` says what became of the last job. */
export interface HandView {
  readonly job: InHand | null
  readonly news: string | null
}

/** What a person says of the job. */
export type Answer = Extract<Outcome, {kind: 'done' | 'failed' | 'released'}>

/** How the hand gets at a queue. */
export interface HandOptions {
  /** A connection of its own: one that the screen lost and found again would lose the lease. */
  readonly open: () => Promise<Session>
  /** `null` when the database is not a file. */
  readonly dbPath: string | null
}

/** A free job is claimed in far less. */
const CLAIM_MS = 2000
/** For giving the job back when the program ends; what takes longer is left to the reaper. */
const LEAVE_MS = 3000

/** Takes one job at a time by hand. */
export class Hand {
  readonly #options: HandOptions
  #hold: Hold | null = null

  constructor(options: HandOptions) {
    this.#options = options
  }

  get view(): HandView {
    return this.#hold?.view ?? {job: null, news: null}
  }

  /**
   * Takes the next job of a queue.
   * @returns null when none can be taken now
   * @throws QctlError `conflict` while another one is in the hand
   */
  async take(queue: string): Promise<InHand | null> {
    const {job} = this.view
    if (job !== null) throw new QctlError('conflict', `job ${job.lease.id} is still in your hand`, {hint: 'say first what became of it'})
    const hold = await Hold.begin(queue, this.#options)
    this.#hold = hold
    return hold.granted()
  }

  /**
   * Settles the job in the hand.
   * @returns what became of it
   * @throws QctlError `conflict` when the hand is empty
   */
  async answer(answer: Answer): Promise<string> {
    if (this.#hold === null || this.view.job === null) throw new QctlError('conflict', this.view.news ?? 'there is no job in your hand')
    return this.#hold.answer(answer)
  }

  /** Gives back what is in the hand. */
  async close(): Promise<void> {
    await this.#hold?.letGo()
  }
}

/**
 * One job and its holder: a consumer whose handler is the person at the screen. So leases, fences, cancel requests and the end of a run
 * are the same code as everywhere. There is no time limit: what a person needs to think says nothing about the job.
 */
class Hold implements Handler {
  /** It never does. */
  readonly startsClock = true
  readonly #taken = Promise.withResolvers<InHand>()
  readonly #end = Promise.withResolvers<RunEnd>()
  readonly #stop = new AbortController()
  #job: InHand | null = null
  #news: string | null = null
  #over: Promise<void> = Promise.resolve()

  /** Begins to look for a job. */
  static async begin(queue: string, {open, dbPath}: HandOptions): Promise<Hold> {
    const hold = new Hold()
    const [session, {Consumer}] = await Promise.all([open(), import('../consumer/consumer.ts')])
    const consumer = new Consumer({
      ...session,
      dbPath,
      handler: hold,
      name: null,
      queues: [queue],
      concurrency: 1,
      leaseMs: null,
      timeoutMs: null,
      graceMs: 0,
      drain: false,
      maxJobs: 1,
      stop: hold.#stop.signal,
      kill: new AbortController().signal,
      log: event => hold.#tell(event),
    })
    hold.#over = hold.#live(consumer, session)
    return hold
  }

  get view(): HandView {
    return {job: this.#job, news: this.#news}
  }

  /** The job, once it is granted; `null` when there is none. */
  async granted(): Promise<InHand | null> {
    const job = await Promise.race([this.#taken.promise, this.#over, sleep(CLAIM_MS)])
    if (job !== undefined) return job
    await this.letGo()
    if (this.#news !== null) throw new QctlError('busy', this.#news)
    return null
  }

  async answer(outcome: Answer): Promise<string> {
    this.#end.resolve(bareEnd(outcome))
    await this.#over
    return this.#news ?? 'nobody knows what became of it'
  }

  async letGo(): Promise<void> {
    this.#stop.abort()
    await Promise.race([this.#over, sleep(LEAVE_MS)])
  }

  /** The handler: waits for the person, or for whatever takes the job away. */
  run(lease: Lease, context: RunContext): Promise<RunEnd> {
    context.listen({stop: stop => this.#end.resolve(bareEnd(stoppedOutcome(stop))), kill: () => {}})
    this.#job = {lease, consumer: context.consumer, maxAttempts: context.maxAttempts}
    this.#taken.resolve(this.#job)
    return this.#end.promise
  }

  async close(): Promise<void> {}

  async #live(consumer: {run(): Promise<unknown>}, session: Session): Promise<void> {
    try {
      await consumer.run()
    } catch (error) {
      this.#news = withHint(error)
    }
    this.#job = null
    await session.close().catch(() => {})
  }

  #tell(event: WorkEvent): void {
    if (event.kind === 'ended') this.#news = becameOf(event)
    else if (event.kind === 'lease_lost') this.#news = `job ${event.id} is not yours any more: ${event.why}`
  }
}

function becameOf({id, queue, outcome, to, reason, delayMs}: Extract<WorkEvent, {kind: 'ended'}>): string {
  if (outcome === 'cancelled') return `job ${id} was taken out of your hand: somebody asked for it, it is ${to}`
  if (outcome === 'released') return `job ${id} is back in ${queue}; this attempt does not count`
  if (to === 'pending') return `job ${id} failed; it comes again in ${formatDurationShort(delayMs)}`
  return `job ${id} is ${to}${reason === null ? '' : ` (${reason})`}`
}
