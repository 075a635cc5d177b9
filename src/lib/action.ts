/** What an operator does to jobs, and what became of each. Data only. */
import type {State} from './job.ts'

export type Action =
  | {readonly kind: 'cancel'; readonly reason: string}
  | {readonly kind: 'fail'; readonly reason: string}
  | {readonly kind: 'resubmit'; readonly reason: string}
  | {readonly kind: 'delete'; readonly reason: string}
  | {readonly kind: 'assign'; readonly reason: string; readonly consumer: string; readonly forMs: number | null}

export interface Target {
  readonly id: number
  readonly seen: {readonly state: State; readonly fence: number} | null
}

export type Acted =
  | {readonly id: number; readonly kind: 'changed'; readonly state: State | null}
  | {readonly id: number; readonly kind: 'requested'; readonly fence: number}
  | {readonly id: number; readonly kind: 'already'; readonly state: State}
  | {readonly id: number; readonly kind: 'missing'}
  | {readonly id: number; readonly kind: 'skipped'; readonly state: State; readonly why: SkipReason}

export type SkipReason = 'changed since' | 'processing' | 'finished' | 'pending' | 'not pending' | 'key held by another job'
