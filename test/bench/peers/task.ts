/** What the bench and the processes that run peers say to each other. */
import type {Place, Setting} from './peer.ts'

/** One at a time, in bulk, a worker that empties the queue, and how soon an idle worker starts a job. */
export type Discipline = 'one' | 'many' | 'drain' | 'pick-up'

export interface Measurement extends Place {
  readonly kind: 'measure'
  readonly peer: string
  readonly discipline: Discipline
  /** How many are measured; some more come before, unmeasured. */
  readonly jobs: number
}

/** The worker of a pick-up, beside the process that submits. */
export interface WorkerTask extends Place {
  readonly kind: 'worker'
  readonly peer: string
}

export type PeerTask = {readonly kind: 'list'} | Measurement | WorkerTask

/** Of one job: when its handler started, on the wall clock. */
export interface Moment {
  readonly n: number
  readonly at: number
}

/** What the bench knows of a peer. */
export interface PeerFacts {
  /** Names it in a task. */
  readonly id: string
  readonly name: string
  readonly version: string
  readonly runtime: 'node' | 'bun'
  readonly settings: readonly Setting[]
  readonly inHand: string
  readonly pollMs: number | null
}

export interface Measured {
  readonly kind: 'measured'
  /** Jobs per second; of a pick-up the median, ms. */
  readonly value: number
  readonly lost: number
  readonly doubled: number
}

export type Answer =
  | Measured
  | {readonly kind: 'peers'; readonly peers: readonly PeerFacts[]}
  | {readonly kind: 'moments'; readonly moments: readonly Moment[]}
  /** It has nothing of the kind. */
  | {readonly kind: 'absent'}
  | {readonly kind: 'failed'; readonly why: string}
