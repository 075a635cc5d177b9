/** What a queue has to offer to be compared. One file per peer implements it. */
import type {payload} from './payload.ts'

/** What is put into the queues. */
export type Payload = ReturnType<typeof payload>

/** A way to set a peer up. */
export interface Setting {
  readonly name: string
  /** What it means, where that is not plain. */
  readonly note?: string
  /** True when the answer to a submission means that the job is on the disk, by fsync. */
  readonly durable: boolean
}

/** Where one measurement has its files, and how the peer is set up for it. */
export interface Place {
  /** Exists, and is empty when the peer is started. */
  readonly directory: string
  readonly setting: string
}

/** Something that was started and has to be stopped. */
export interface Running {
  stop(): Promise<void>
}

export interface Peer {
  readonly name: string
  /** What it runs in; absent = Node. */
  readonly runtime?: 'bun'
  /** Of all that is needed for it. */
  version(): string
  /** The first is how it comes. */
  readonly settings: readonly [Setting, ...Setting[]]
  /** How many jobs a worker of `consume` has in hand, for the reader. */
  readonly inHand: string
  /** How often an idle worker looks for jobs, ms; 0 = it is told; `null` = it does not wait at all. */
  readonly pollMs: number | null
  /** Makes the empty queue, and starts what has to run beside the processes that use it. */
  start(place: Place): Promise<Running>
  /** Connects this process to a queue that was started. */
  open(place: Place): Promise<OpenPeer>
}

/** A queue that is open in this process. */
export interface OpenPeer {
  /** Submits a job. Resolves when the peer has answered. */
  produceOne(payload: Payload): Promise<void>
  /** Submits many in the fastest way the peer documents; absent = it has none. */
  produceMany?(payloads: readonly Payload[]): Promise<void>
  /** Runs `work` for the job with each number, in the fastest way the peer documents, until `stop`; then acknowledges what was run. */
  consume(work: (n: number) => void, stop: AbortSignal): Promise<void>
  /** How many jobs are not finished. */
  left(): Promise<number>
  close(): Promise<void>
}

/** For peers that are files: nothing has to run. */
export const NOTHING_RUNS: Running = {stop: async () => {}}

/** Resolves when it is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), {once: true}))
}
