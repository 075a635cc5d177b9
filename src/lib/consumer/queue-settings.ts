import {DEFAULT_SETTINGS, type QueueSettings} from '../job.ts'
import type {Storage} from '../storage/storage.ts'
import {monotonicMs} from '../time.ts'

/** How long what was read is good for: an operator's change counts for jobs claimed this much later. */
const FRESH_MS = 1000

/** The settings of a consumer's queues, read now and then. */
export class QueueSettingsCache {
  readonly #storage: Pick<Storage, 'queues'>
  readonly #queues: readonly string[]
  #settings = new Map<string, QueueSettings>()
  #readAt = Number.NEGATIVE_INFINITY

  constructor(storage: Pick<Storage, 'queues'>, queues: readonly string[]) {
    this.#storage = storage
    this.#queues = queues
  }

  /** False before they were read for the first time. */
  get areKnown(): boolean {
    return this.#readAt !== Number.NEGATIVE_INFINITY
  }

  /** Reads them again unless that was done just now. */
  async refresh(): Promise<void> {
    if (monotonicMs() - this.#readAt < FRESH_MS) return
    const queues = await this.#storage.queues(this.#queues)
    this.#readAt = monotonicMs()
    this.#settings = new Map(queues.map(({name, settings}) => [name, settings]))
  }

  /** The settings of one queue as they were last read. */
  of(queue: string): QueueSettings {
    return this.#settings.get(queue) ?? DEFAULT_SETTINGS
  }
}
