import type {Outcome} from '../../src/lib/outcome.ts'
import {LONGEST_WISH_MS} from './lawful.ts'
import type {Host} from './host.ts'

const RESULT = new TextEncoder().encode('result')

/** How a handler ends by itself: well, as soon as the weather is fine. */
export function anyOutcome({random, weather}: Host): Outcome {
  if (weather.isCalm) return {kind: 'done', result: null}
  const wish = (): number | null => (random.chance(0.5) ? null : random.between(0, LONGEST_WISH_MS))
  return random.weighted<() => Outcome>([
    [40, () => ({kind: 'done', result: random.chance(0.2) ? RESULT : null})],
    [20, () => ({kind: 'failed', error: `exit ${random.between(1, 9)}`, retryAfterMs: wish()})],
    [6, () => ({kind: 'timed_out', error: 'too long'})],
    [8, () => ({kind: 'crashed', error: 'SIGSEGV', cause: 'signal'})],
    [8, () => ({kind: 'snoozed', delayMs: wish()})],
    [4, () => ({kind: 'rejected', reason: 'permanent', error: 'bad data'})],
    [4, () => ({kind: 'unrunnable', error: 'exit 78', streak: 1, pause: random.chance(0.3) ? 'exit 78' : null})],
    [6, () => ({kind: 'released'})],
  ])()
}

/** It was killed by somebody else's hand. */
export const KILLED: Outcome = {kind: 'crashed', error: 'killed by SIGKILL', cause: 'signal'}
