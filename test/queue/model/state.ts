import type {FailReason, ProcessIdentity, QueueSettings, Requested, RunFacts, State} from '../../../src/lib/job.ts'

/** A job as the model knows it. Plain data, so that a whole state can be cloned. */
export interface ModelJob {
  readonly id: number
  readonly queue: string
  readonly payload: string
  readonly priority: number
  readonly key: string | null
  readonly maxAttempts: number | null
  readonly createdAt: number
  readonly originId: number | null
  state: State
  reason: FailReason | null
  error: string | null
  runAt: number
  /** When it was stored, put back, taken up again or assigned. */
  changedAt: number
  attempts: number
  crashes: number
  snoozes: number
  fence: number
  suspect: boolean
  assignedTo: string | null
  assignedUntil: number | null
  consumer: string | null
  startedAt: number | null
  finishedAt: number | null
  result: string | null
  progress: number | null
  deadLetterId: number | null
  lease: ModelLease | null
  readonly runs: ModelRun[]
  readonly events: ModelEvent[]
}

export interface ModelLease {
  readonly consumerId: number
  readonly bootId: string
  until: number
  requested: Requested | null
  /** Another job of the same holder was taken from it, and it has not prolonged this lease since. */
  bereft: boolean
}

/** What was told of a run's end. */
export type ModelFacts = Omit<RunFacts, 'output'>

export interface ModelRun extends ModelFacts {
  readonly run: number
  readonly attempt: number
  readonly consumer: string
  readonly startedAt: number
  readonly finishedAt: number
}

export interface ModelEvent {
  readonly at: number
  readonly from: State
  readonly to: State
  readonly actor: string
}

export interface ModelQueue {
  readonly name: string
  paused: string | null
  settings: QueueSettings
  /** The last `runAt` given to a job that could run at once. */
  lastRunAt: number
}

export interface ModelConsumer {
  readonly id: number
  readonly name: string
  readonly process: ProcessIdentity
  ended: boolean
  /** It is granted nothing more. */
  leaving: boolean
}

/** Who holds a key; `freeAt` null while the holder is unfinished. */
export interface ModelKey {
  readonly queue: string
  readonly key: string
  readonly jobId: number
  freeAt: number | null
}

export interface ModelState {
  readonly jobs: Map<number, ModelJob>
  readonly queues: Map<string, ModelQueue>
  readonly consumers: Map<number, ModelConsumer>
  keys: ModelKey[]
  /** The highest id ever given. */
  lastId: number
  /** The highest id given before the present step: all that it gives are above. */
  floor: number
}

export function emptyState(): ModelState {
  return {jobs: new Map(), queues: new Map(), consumers: new Map(), keys: [], lastId: 0, floor: 0}
}
