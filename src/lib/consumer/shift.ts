/**
 * The work of one registered consumer: idle slots → claim → attempt → settle, until it is told to stop or has nothing left
 * to do. Ends and claims of one turn of the event loop are given to the store together, so that they share a commit.
 */
import {sentence} from '../errors.ts'
import type {Claim, Lease} from '../job.ts'
import {bareEnd, type RunEnd} from '../outcome.ts'
import type {SpoolDirectory} from '../output-spool.ts'
import type {Settlement} from '../queue/queue.ts'
import {type Clock, monotonicMs, nextTurn, systemClock} from '../time.ts'
import {Afterwork} from './afterwork.ts'
import type {Attempt, AttemptFacts} from './attempt.ts'
import {Claims} from './claims.ts'
import type {ConsumerOptions} from './consumer.ts'
import {Ends, type Finished} from './ends.ts'
import type {Guard} from './guard.ts'
import {Heartbeat} from './heartbeat.ts'
import {Pace} from './pace.ts'
import type {Registration} from './registration.ts'
import {Requests} from './requests.ts'
import type {RetirementReason} from './retirement.ts'
import {ShiftLog} from './shift-log.ts'
import {Slots, type SlotsOptions} from './slots.ts'
import {Spools} from './spools.ts'
import {isOwnEnd, Tally} from './tally.ts'
import {Timers} from './timers.ts'
import {Wakeup} from './wakeup.ts'

/** What a handler gets between TERM and KILL when the grace of a stop is used up. */
const LAST_GRACE_MS = 500
/** How long a consumer that has to end waits for handlers that got their KILL. */
const KILLED_WAIT_MS = 5000

export interface ShiftOptions extends ConsumerOptions, Pick<SlotsOptions, 'sweeper'> {
  /** Where the output of runs can be seen while they go on; `null` = nowhere. */
  readonly spools: SpoolDirectory | null
}

export class Shift {
  readonly #options: ShiftOptions
  readonly #consumer: Registration
  readonly #clock: Clock
  readonly #wakeup = new Wakeup()
  readonly #pace = new Pace(() => this.#wakeup.signal())
  readonly #claims: Claims
  readonly #heartbeat: Heartbeat
  readonly #slots: Slots
  readonly #spools: Spools
  readonly #ends: Ends
  readonly #requests: Requests
  readonly #afterwork: Afterwork
  readonly #log: ShiftLog
  readonly #guard: Guard | null
  readonly #timers = new Timers()
  /** The last claim was tried and granted nothing. */
  #foundNothing = false
  #isClaiming = false
  #isStopping = false
  /** Claims no more; what runs may go on for as long as it likes. */
  #isRetiring = false
  /** Told to end, and what could be waited for was waited for. */
  #isPatienceOver = false
  #failure: Error | null = null
  readonly #tally = new Tally()

  /** @param guard of the processes that runs start; `null` when they have none */
  constructor(options: ShiftOptions, consumer: Registration, guard: Guard | null) {
    const {queue, storage, handler, log, graceMs, clock = systemClock} = options
    this.#log = new ShiftLog(log)
    const onTrouble = this.#log.trouble
    const wake = (): void => this.#wakeup.signal()
    this.#options = options
    this.#consumer = consumer
    this.#guard = guard
    this.#clock = clock
    this.#afterwork = new Afterwork(handler, log)
    this.#spools = new Spools({directory: options.spools, clock, onTrouble})
    this.#heartbeat = new Heartbeat({queue, clock, guard, onLost: (claim, why) => this.#lose(claim, why), onTrouble})
    this.#slots = new Slots({
      ...options,
      heartbeat: this.#heartbeat,
      guard,
      count: options.concurrency,
      onStart: lease => this.#begin(lease),
      onGivenBack: lease => this.#giveBack(lease),
      onEnd: (...end) => this.#onEnd(...end),
    })
    this.#ends = new Ends({
      queue,
      clock,
      onSettled: (finished, settlement) => this.#onSettled(finished, settlement),
      onExpired: ({lease}, error) => this.#logLoss(lease, `its end could not be stored in time: ${sentence(error)}`),
      onDue: wake,
      onTrouble,
    })
    const isKnown = (claim: Claim): boolean => this.#slots.has(claim) || this.#ends.has(claim)
    this.#claims = new Claims({...options, consumer, isKnown, onReady: wake, onHopeless: error => this.fail(error), onTrouble})
    this.#requests = new Requests({
      storage,
      consumerId: consumer.id,
      running: this.#slots.running,
      onRequested: (attempt, requested) => attempt.stop({cause: 'requested', requested, graceMs}),
      onLost: attempt => this.#lose(attempt.lease, 'it is held by nobody or somebody else'),
      onTrouble,
    })
  }

  /**
   * Works until there is a reason to end.
   * @returns how many ends of runs were stored
   * @throws what `fail` was given, and errors of the storage that are no use waiting for
   */
  async work(): Promise<number> {
    this.#wakeup.signal()
    do {
      await this.#wakeup.wait()
      // Whatever else ends in this turn goes into the same transaction.
      if (this.#slots.size > 0) await nextTurn()
      if (this.#failure === null && !this.#canWait) await this.#step()
    } while (!(await this.#isOver()))
    if (this.#failure !== null) throw this.#failure
    await this.#claims.letGo()
    await this.#afterwork.finish()
    return this.#tally.settled
  }

  /** Whether it wants to know at once of jobs that come. A claim on its way finds them, and a look that is put off is made up for. */
  isHungry(): boolean {
    return !this.#isClaiming && this.#demand(0) > 0 && !this.#pace.delays()
  }

  /** There may be work, or news about the work in hand. */
  storeChanged(): void {
    this.#wakeup.signal()
    this.#requests.poke()
  }

  /** Claims no more; what runs may finish within the grace, then it is ended and given back. */
  stop(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#slots.close()
    const {graceMs, log} = this.#options
    log({kind: 'stopping', running: this.#slots.size, graceMs})
    if (this.#slots.size > 0) void this.#claims.leave()
    this.#timers.later(graceMs, () => this.#slots.stopAll({cause: 'shutdown', graceMs: LAST_GRACE_MS}))
    // One that was told to end before, for another reason, may have a longer grace of its own.
    this.#timers.later(graceMs + LAST_GRACE_MS, () => this.#slots.killAll())
    this.#wakeup.signal()
  }

  /** Claims no more; ends when what runs has ended. One that is too big before its first job is done stays: so would the next one be. */
  retire(reason: RetirementReason): void {
    if (this.#isRetiring || this.#isStopping || (reason.why === 'max_rss' && this.#tally.own === 0)) return
    this.#isRetiring = true
    this.#slots.close()
    this.#options.log({kind: 'retiring', running: this.#slots.size, ...reason})
    if (this.#slots.size > 0) void this.#claims.leave()
    this.#wakeup.signal()
  }

  /** Claims no more and ends what runs at once. */
  kill(): void {
    this.#isStopping = true
    this.#slots.close()
    this.#slots.killAll()
    this.#limitPatience()
  }

  /** The store cannot be trusted any more: kills what runs and stores nothing. */
  fail(error: Error): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.#ends.close()
    this.#slots.close()
    this.#slots.loseAll()
    this.#limitPatience()
  }

  /** Leaves no timer behind. */
  close(): void {
    const parts = [this.#heartbeat, this.#requests, this.#claims, this.#pace, this.#ends, this.#spools, this.#timers]
    for (const part of parts) part.close()
  }

  /** @param isLast when it finds nothing there will be no other look, so it is never too soon */
  async #step(isLast = false): Promise<void> {
    if (this.#demand(0) > 0) await this.#claims.prepare()
    const ends = this.#ends.take()
    // A claim beside ends costs no commit of its own.
    const demand = ends.length > 0 || isLast || !this.#pace.delays() ? this.#demand(ends.filter(isOwnEnd).length) : 0
    const settling = this.#ends.settle(ends)
    const askedAt = monotonicMs()
    this.#isClaiming = demand > 0
    const granted = demand > 0 ? await this.#claims.claim(demand) : null
    this.#isClaiming = false
    this.#foundNothing = granted?.length === 0
    if (granted !== null && granted.length < demand) this.#pace.foundTooFew(monotonicMs() - askedAt)
    if (granted !== null && this.#mayStart) this.#guard?.expect(granted)
    this.#slots.take(granted ?? [])
    await settling
    this.#knowLastJob()
  }

  /** With the last of `maxJobs` at work it claims no more, unless stock or handler may give one back. One that is lost is not made up for. */
  #knowLastJob(): void {
    const {maxJobs, handler} = this.#options
    if (maxJobs === null || !this.#mayStart || this.#isRetiring || this.#slots.haveQueue || this.#ends.count > 0) return
    this.#isRetiring = this.#tally.own + (handler.givesBack === true ? 0 : this.#slots.size) >= maxJobs
    if (this.#isRetiring && this.#slots.size > 0) void this.#claims.leave()
  }

  /** While all slots are taken and jobs wait for them, ends may wait for company in their commit. */
  get #canWait(): boolean {
    return this.#slots.haveQueue && !this.#ends.haveWaited
  }

  /** How many jobs could be started now, given that so many of the jobs' own ends are about to be stored. */
  #demand(ending: number): number {
    if (!this.#mayStart || this.#isRetiring || this.#claims.arePaused) return 0
    // A job whose end cannot be stored is held still, although nothing of it runs.
    const inHand = this.#slots.size + this.#ends.waiting
    const allowed = (this.#options.maxJobs ?? Number.POSITIVE_INFINITY) - this.#tally.own - ending
    return Math.min(this.#slots.limit, allowed) - inHand
  }

  get #mayStart(): boolean {
    return !this.#isStopping && this.#failure === null
  }

  #begin(lease: Lease): AttemptFacts {
    const {dbPath, timeoutMs, graceMs} = this.#options
    this.#log.began(lease)
    const settings = this.#claims.settingsOf(lease.queue)
    return {
      consumer: this.#consumer.name,
      dbPath,
      maxAttempts: lease.maxAttempts ?? settings.maxAttempts,
      timeoutMs: lease.timeoutMs ?? timeoutMs ?? settings.timeoutMs,
      graceMs,
      clock: this.#clock,
      spools: this.#spools,
    }
  }

  #giveBack(lease: Lease): void {
    if (this.#failure !== null) return
    this.#guard?.release(lease)
    this.#ends.add({lease, end: bareEnd({kind: 'released'}), leaseEndsAt: lease.grantedBootMs + lease.leaseMs, wasGivenBack: true})
  }

  #onEnd({lease, isLost}: Attempt, end: RunEnd, leaseEndsAt: number | null): void {
    this.#wakeup.signal()
    if (isLost || leaseEndsAt === null) return this.#logLoss(lease, 'the handler was ended')
    this.#ends.add({lease, end, leaseEndsAt})
  }

  #onSettled(finished: Finished, settlement: Settlement): void {
    const {lease} = finished
    if (settlement.kind === 'lost') return this.#logLoss(lease, 'its end came too late')
    this.#tally.add(finished)
    this.#spools.settled(lease)
    this.#log.ended(lease, settlement.transition)
    this.#afterwork.begin(lease, settlement.transition.to)
  }

  #lose(claim: Claim, why: string): void {
    this.#log.trouble(`holding job ${claim.id}`, why, null)
    this.#slots.lose(claim)
  }

  async #isOver(): Promise<boolean> {
    if (this.#isPatienceOver) return true
    if (this.#slots.size > 0 || this.#ends.count > 0) return false
    if (this.#failure !== null || this.#isStopping || this.#isRetiring) return true
    return this.#options.drain && this.#foundNothing && (await this.#isDrained())
  }

  /** Nobody works on these queues now, so nothing can come back from a failure, and a last look finds nothing. */
  async #isDrained(): Promise<boolean> {
    if (!(await this.#claims.areQueuesAtRest())) return false
    await this.#step(true)
    return this.#foundNothing && this.#slots.size === 0 && this.#ends.count === 0
  }

  #limitPatience(): void {
    this.#timers.later(KILLED_WAIT_MS, () => {
      this.#isPatienceOver = true
      this.#wakeup.signal()
    })
    this.#wakeup.signal()
  }

  #logLoss(lease: Lease, why: string): void {
    this.#claims.lost(lease)
    this.#spools.lost(lease)
    this.#log.lost(lease, why)
  }
}
