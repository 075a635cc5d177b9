/** A consumer's way to new jobs: claims, the pauses after failed ones, and the queues' settings that runs need. */
import {claimKey} from '../claim-key.ts'
import {QctlError} from '../errors.ts'
import type {Claim, Lease, QueueSettings} from '../job.ts'
import {bareEnd, type Outcome} from '../outcome.ts'
import type {Queue} from '../queue/queue.ts'
import type {Storage} from '../storage/storage.ts'
import {after, type CancelTimer} from '../time.ts'
import {isPassing, RetryPause, type OnTrouble} from '../passing.ts'
import {QueueSettingsCache} from './queue-settings.ts'
import type {Registration} from './registration.ts'

/** What the reaper says of a run whose lease ended. */
const LOST: Outcome = {kind: 'lost', cause: 'lease_expired', alone: false}
const RELEASED: Outcome = {kind: 'released'}

export interface ClaimsOptions {
  readonly queue: Pick<Queue, 'claim' | 'settle'>
  readonly storage: Pick<Storage, 'queues' | 'held' | 'unregister'>
  readonly consumer: Registration
  readonly queues: readonly string[]
  readonly leaseMs: number | null
  /** Whether the consumer knows of a job it holds. */
  readonly isKnown: (claim: Claim) => boolean
  /** Claims may be made again. */
  readonly onReady: () => void
  /** It is no use to try again. */
  readonly onHopeless: (error: Error) => void
  readonly onTrouble: OnTrouble
}

export class Claims {
  readonly #options: ClaimsOptions
  readonly #settings: QueueSettingsCache
  readonly #pause = new RetryPause()
  #cancelPause: CancelTimer | null = null
  /** A claim failed, and jobs may be held nevertheless. */
  #mayHoldStrays = false
  /** Leases that were lost here: their runs are over, but it may be that nobody has taken their jobs. */
  readonly #lost = new Set<string>()

  constructor(options: ClaimsOptions) {
    this.#options = options
    this.#settings = new QueueSettingsCache(options.storage, options.queues)
  }

  /** True while it is too early to try again after a failure. */
  get arePaused(): boolean {
    return this.#cancelPause !== null
  }

  /** To be called before `claim`; afterwards `arePaused` tells whether that went well. Never rejects. */
  async prepare(): Promise<void> {
    try {
      await this.#letGo()
      // Later only with jobs in hand: an idle consumer does not need to know.
      if (!this.#settings.areKnown) await this.#settings.refresh()
    } catch (error) {
      this.#cannot(error)
    }
  }

  /**
   * Claims jobs. The call into the queue is made before this returns.
   * @returns what was granted; `null` when that could not be tried. Never rejects.
   */
  async claim(limit: number): Promise<readonly Lease[] | null> {
    const {queue, consumer, queues, leaseMs} = this.#options
    try {
      const leases = await queue.claim({consumerId: consumer.id, queues, limit, leaseMs})
      this.#pause.reset()
      if (leases.length > 0) await this.#refreshSettings()
      return leases
    } catch (error) {
      this.#cannot(error)
      return null
    }
  }

  /** The settings of a queue as they were when its last job was claimed. */
  settingsOf(queue: string): QueueSettings {
    return this.#settings.of(queue)
  }

  /** True when nothing of these queues is being processed by anyone. Never rejects. */
  async areQueuesAtRest(): Promise<boolean> {
    const {storage, queues, onTrouble} = this.#options
    try {
      return (await storage.queues(queues)).every(({counts}) => counts.processing === 0)
    } catch (error) {
      // The next change or poll of the store asks again.
      onTrouble('counting jobs', error, null)
      return false
    }
  }

  /** Tells others not to count on this consumer: it claims nothing more while it finishes what it has. Never rejects. */
  async leave(): Promise<void> {
    const {storage, consumer, onTrouble} = this.#options
    try {
      await storage.unregister(consumer.id, {leaving: true})
    } catch (error) {
      onTrouble('telling that it takes no more jobs', error, null)
    }
  }

  /** A lease was lost, and nothing of its run is left. */
  lost(claim: Claim): void {
    this.#lost.add(claimKey(claim))
  }

  /** Leaves no job behind that this consumer holds without working on it: its end would look like theirs. Never rejects. */
  async letGo(): Promise<void> {
    try {
      await this.#letGo()
    } catch (error) {
      this.#options.onTrouble('giving back jobs', error, null)
    }
  }

  /** Leaves no timer behind. */
  close(): void {
    this.#cancelPause?.()
  }

  /** A claim whose commit failed may have been stored all the same: gives back the jobs that are held unknowingly, and those that were lost. */
  async #letGo(): Promise<void> {
    if (!this.#mayHoldStrays && this.#lost.size === 0) return
    const {storage, queue, consumer, isKnown} = this.#options
    const lost = [...this.#lost]
    const held = (await storage.held({consumerId: consumer.id})).filter(job => !isKnown(job))
    if (held.length > 0) await queue.settle(held.map(lease => ({lease, end: bareEnd(lost.includes(claimKey(lease)) ? LOST : RELEASED)})))
    this.#mayHoldStrays = false
    for (const key of lost) this.#lost.delete(key)
  }

  async #refreshSettings(): Promise<void> {
    try {
      await this.#settings.refresh()
    } catch (error) {
      this.#options.onTrouble('reading the settings of queues', error, null)
    }
  }

  #cannot(error: unknown): void {
    const {consumer, onReady, onHopeless, onTrouble} = this.#options
    const code = error instanceof QctlError ? error.code : null
    if (code === 'not_found') return onHopeless(takenOver(consumer))
    if (!isPassing(error)) return onHopeless(error instanceof Error ? error : new Error(String(error)))
    // Jobs may be held that nobody here knows of.
    this.#mayHoldStrays = true
    const pause = this.#pause.next()
    onTrouble('claiming jobs', error, pause)
    this.#cancelPause?.()
    this.#cancelPause = after(pause, () => {
      this.#cancelPause = null
      onReady()
    })
  }
}

function takenOver({name}: Registration): QctlError {
  return new QctlError('conflict', `the registration of consumer ${name} was ended by somebody else`, {
    hint: 'another consumer may use this name: see qctl consumers list',
  })
}
