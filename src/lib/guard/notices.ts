/** What a consumer tells its guard: small records of one size, because thousands are written and read every second. */
import type {Claim} from '../job.ts'

export type Notice =
  /** A run is about to start, or its lease was prolonged: it may go on until `dueAt` on the boot clock. */
  | ({readonly kind: 'hold'; readonly dueAt: number} & Claim)
  /** The process that leads the run's process group, and when it started: the notice may be read long after its end. */
  | ({readonly kind: 'group'; readonly pid: number; readonly startTime: number} & Claim)
  /** Nothing of the run is left. */
  | ({readonly kind: 'end'} & Claim)
  /** Forget all runs: what follows is the whole truth. */
  | {readonly kind: 'reset'}
  /** All is well: the consumer ends and leaves nothing behind. */
  | {readonly kind: 'bye'}

const KINDS = ['hold', 'group', 'end', 'reset', 'bye'] as const satisfies readonly Notice['kind'][]
/** Kind, job, fence and two numbers more; as the machine writes them, for both ends are on it. */
const FIELDS = 5
const RECORD_BYTES = FIELDS * Float64Array.BYTES_PER_ELEMENT

/** @returns the records, in order */
export function encodeNotices(notices: readonly Notice[]): Uint8Array<ArrayBuffer> {
  const fields = new Float64Array(notices.length * FIELDS)
  for (const [i, notice] of notices.entries()) {
    const at = i * FIELDS
    fields[at] = KINDS.indexOf(notice.kind)
    if (!('id' in notice)) continue
    fields[at + 1] = notice.id
    fields[at + 2] = notice.fence
    if (notice.kind === 'hold') fields[at + 3] = notice.dueAt
    if (notice.kind !== 'group') continue
    fields[at + 3] = notice.pid
    fields[at + 4] = notice.startTime
  }
  return new Uint8Array(fields.buffer)
}

/** Hears notices one by one. A guard hears thousands a second and is to stay small, so nothing is made of them on the way. */
export interface NoticeListener {
  hold(id: number, fence: number, dueAt: number): void
  group(id: number, fence: number, pid: number, startTime: number): void
  end(id: number, fence: number): void
  reset(): void
  bye(): void
}

/** Enough for all that a pipe holds. */
const BUFFER_BYTES = 65_536

/** Puts together what arrives in pieces, in a buffer that is made once. */
export class NoticeReader {
  readonly #fields = new Float64Array(BUFFER_BYTES / Float64Array.BYTES_PER_ELEMENT)
  readonly #bytes = new Uint8Array(this.#fields.buffer)
  readonly #listener: NoticeListener
  /** What has arrived of a record that is not whole. */
  #rest = 0

  constructor(listener: NoticeListener) {
    this.#listener = listener
  }

  /** Where the next bytes belong. */
  get room(): Uint8Array {
    return this.#rest === 0 ? this.#bytes : this.#bytes.subarray(this.#rest)
  }

  /** @param length how many bytes were put there */
  take(length: number): void {
    const end = this.#rest + length
    const whole = end - (end % RECORD_BYTES)
    for (let at = 0; at < whole / Float64Array.BYTES_PER_ELEMENT; at += FIELDS) this.#pass(at)
    if (whole < end) this.#bytes.copyWithin(0, whole, end)
    this.#rest = end - whole
  }

  /** A kind that is not known is passed over. */
  #pass(at: number): void {
    const field = (place: number): number => this.#fields[at + place] ?? 0
    switch (KINDS[field(0)]) {
      case 'hold':
        return this.#listener.hold(field(1), field(2), field(3))
      case 'group':
        return this.#listener.group(field(1), field(2), field(3), field(4))
      case 'end':
        return this.#listener.end(field(1), field(2))
      case 'reset':
        return this.#listener.reset()
      case 'bye':
        return this.#listener.bye()
    }
  }
}
