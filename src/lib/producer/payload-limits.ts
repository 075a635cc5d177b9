import {QctlError} from '../errors.ts'
import {DEFAULT_SETTINGS} from '../job.ts'
import type {Storage} from '../storage/storage.ts'
import {formatSize} from '../units.ts'
import type {NumberedJob} from './numbered-job.ts'

/** How large the payloads of each queue may be, asked for once per queue. */
export class PayloadLimits {
  readonly #storage: Pick<Storage, 'queues'>
  readonly #limits = new Map<string, number>()

  constructor(storage: Pick<Storage, 'queues'>) {
    this.#storage = storage
  }

  /** The limit of one queue, in bytes. */
  async of(queue: string): Promise<number> {
    await this.#learn([queue])
    return this.#limits.get(queue) ?? DEFAULT_SETTINGS.maxPayloadBytes
  }

  /** The largest limit of any queue, also of those that do not exist yet. */
  async largest(): Promise<number> {
    const queues = await this.#storage.queues()
    return Math.max(DEFAULT_SETTINGS.maxPayloadBytes, ...queues.map(queue => queue.settings.maxPayloadBytes))
  }

  /**
   * Refuses payloads above the limit of their queue. Storage does so, too, but it knows no line numbers.
   * @throws QctlError `payload_too_large` naming the line
   */
  async check(jobs: readonly NumberedJob[]): Promise<void> {
    await this.#learn([...new Set(jobs.map(({job}) => job.queue))])
    for (const {line, job} of jobs) {
      const limit = this.#limits.get(job.queue) ?? DEFAULT_SETTINGS.maxPayloadBytes
      if (job.payload.length <= limit) continue
      throw tooLarge(`line ${line}: a payload of ${job.payload.length} ${job.payload.length === 1 ? 'byte' : 'bytes'}`, job.queue, limit)
    }
  }

  async #learn(queues: readonly string[]): Promise<void> {
    const unknown = queues.filter(queue => !this.#limits.has(queue))
    if (unknown.length === 0) return
    const known = new Map((await this.#storage.queues(unknown)).map(({name, settings}) => [name, settings]))
    for (const queue of unknown) this.#limits.set(queue, (known.get(queue) ?? DEFAULT_SETTINGS).maxPayloadBytes)
  }
}

/**
 * The error for a payload that its queue does not take.
 * @param what the payload, and where it came from
 */
export function tooLarge(what: string, queue: string, limit: number): QctlError {
  return new QctlError('payload_too_large', `${what} is above the limit of queue ${queue}, ${formatSize(limit)}; nothing of it was stored`, {
    hint: `store large data in a file and submit that (--file), or raise the limit: qctl queues set ${queue} --max-payload SIZE`,
  })
}
