/** What the exit status of a command means for its job. Pure. */
import {QctlError} from '../errors.ts'
import type {Outcome} from '../outcome.ts'
import {parseDuration} from '../time.ts'

export type ExitAction =
  | {readonly kind: 'done'}
  | {readonly kind: 'fail'}
  | {readonly kind: 'retry'; readonly delayMs: number | null}
  | {readonly kind: 'snooze'; readonly delayMs: number | null}
  | {readonly kind: 'pause-queue'}
  /** The command could not be run; pauses the queue when that happens again and again. */
  | {readonly kind: 'unrunnable'}

/** What each exit status means; one that is not named is a failure to be retried. */
export type ExitPolicy = ReadonlyMap<number, ExitAction>

/** Shells say 126 for "found but not executable" and 127 for "not found"; the others are from sysexits.h. */
export const DEFAULT_EXIT_POLICY: ExitPolicy = new Map<number, ExitAction>([
  [0, {kind: 'done'}],
  [65, {kind: 'fail'}],
  [75, {kind: 'snooze', delayMs: null}],
  [78, {kind: 'pause-queue'}],
  [126, {kind: 'unrunnable'}],
  [127, {kind: 'unrunnable'}],
])

/** How many unrunnable ends in a row, on one consumer and queue, pause the queue. */
export const UNRUNNABLE_LIMIT = 3

const LAST_LINE_MAX = 200
const RETRY: ExitAction = {kind: 'retry', delayMs: null}
const HINT = 'write it like 75=retry:10m,78=pause-queue; actions: done, fail, retry[:DURATION], snooze[:DURATION], pause-queue'

/**
 * Reads the value of `--on-exit`, such as `75=retry:10m,78=pause-queue`.
 * @returns the default policy with these changes
 * @throws QctlError `usage`
 */
export function parseExitPolicy(text: string): ExitPolicy {
  const changes = new Map<number, ExitAction>()
  for (const rule of text.split(',').map(part => part.trim())) {
    const [, status, action] = /^(\d{1,3})=(.+)$/.exec(rule) ?? []
    if (status === undefined || action === undefined) throw usage(`${JSON.stringify(rule)} is not STATUS=ACTION`)
    if (Number(status) > 255) throw usage(`${status} is not an exit status from 0 to 255`)
    if (changes.has(Number(status))) throw usage(`exit status ${Number(status)} is named twice`)
    changes.set(Number(status), parseAction(action))
  }
  return new Map([...DEFAULT_EXIT_POLICY, ...changes])
}

function parseAction(text: string): ExitAction {
  const [, kind, duration] = /^([a-z-]+)(?::(.*))?$/.exec(text) ?? []
  if (kind === 'retry' || kind === 'snooze') return {kind, delayMs: duration === undefined ? null : parseDuration(duration)}
  if (kind === 'done' || kind === 'fail' || kind === 'pause-queue') {
    if (duration === undefined) return {kind}
    throw usage(`${kind} takes no duration`)
  }
  throw usage(`${JSON.stringify(text)} is not an action`)
}

function usage(problem: string): QctlError {
  return new QctlError('usage', problem, {hint: HINT})
}

/** What a program says last on stderr is nearly always why. */
export function withLastLine(end: string, stderr: Uint8Array): string {
  const line = new TextDecoder().decode(stderr).trimEnd().split('\n').at(-1)?.trim() ?? ''
  return line === '' ? end : `${end}: ${line.slice(0, LAST_LINE_MAX)}`
}

/** What is known of an end besides its status. */
export interface ExitFacts {
  /** What to tell: for example `exit status 3: no such host`. */
  readonly error: string
  /** How many runs in a row could not be run, this one included; 0 when this one could. */
  readonly streak: number
  /** What the run left as its result. */
  readonly result: Uint8Array | null
}

/** What is done about an exit status. */
export function actionOf(status: number, policy: ExitPolicy): ExitAction {
  return policy.get(status) ?? RETRY
}

/** The outcome of a run that ended with an exit status by itself. */
export function exitOutcome(action: ExitAction, {error, streak, result}: ExitFacts): Outcome {
  switch (action.kind) {
    case 'done':
      return {kind: 'done', result}
    case 'fail':
      return {kind: 'rejected', reason: 'permanent', error}
    case 'retry':
      return {kind: 'failed', error, retryAfterMs: action.delayMs}
    case 'snooze':
      return {kind: 'snoozed', delayMs: action.delayMs}
    case 'pause-queue':
      return {kind: 'unrunnable', error, streak: 0, pause: error}
    case 'unrunnable':
      return {kind: 'unrunnable', error, streak, pause: streak < UNRUNNABLE_LIMIT ? null : `${error} (${streak} times in a row)`}
  }
}
