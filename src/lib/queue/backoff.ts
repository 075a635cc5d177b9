/** How long a failed job waits for its next attempt. Pure. */
import {QctlError} from '../errors.ts'
import type {Backoff} from '../job.ts'
import {formatDuration, parseDuration} from '../time.ts'

/** What `*N` is when left out of `exp:1s..1h`. */
const DEFAULT_FACTOR = 4
/** Above this the second wait is already the cap for any sensible pair; it keeps slips of the keyboard out. */
const MAX_FACTOR = 1000

const FORMS = 'write it like exp:1s..1h*4 (base..cap*factor) or fixed:10s'

/**
 * Reads a backoff: `exp:1s..1h*4` waits a random time below min(1 h, 1 s · 4^(attempt−1)); `fixed:10s` always waits 10 s.
 * @throws QctlError usage
 */
export function parseBackoff(text: string): Backoff {
  const fixed = /^fixed:(.*)$/.exec(text)?.[1]
  if (fixed !== undefined) {
    const ms = parseDuration(fixed)
    return {baseMs: ms, capMs: ms, factor: 1}
  }
  const [, base, cap, factorText] = /^exp:(.+?)\.\.([^*]+)(?:\*(.*))?$/.exec(text) ?? []
  if (base === undefined || cap === undefined) throw refuse(text, 'not a backoff')
  const baseMs = parseDuration(base)
  const capMs = parseDuration(cap)
  const factor = factorText === undefined ? DEFAULT_FACTOR : parseFactor(factorText, text)
  if (baseMs === 0) throw refuse(text, 'the base must be more than 0')
  // One with base = cap cannot grow, and is what `fixed:` means.
  if (capMs <= baseMs) throw refuse(text, 'the cap must be more than the base')
  return {baseMs, capMs, factor}
}

function parseFactor(factorText: string, text: string): number {
  const factor = Number(factorText)
  if (!/^\d+(\.\d+)?$/.test(factorText) || factor < 1 || factor > MAX_FACTOR) {
    throw refuse(text, `the factor must be a number from 1 to ${MAX_FACTOR}`)
  }
  return factor
}

function refuse(text: string, why: string): QctlError {
  return new QctlError('usage', `${why}: ${JSON.stringify(text)}`, {hint: FORMS})
}

/** Writes a backoff the way {@link parseBackoff} reads it, exactly. */
export function formatBackoff(backoff: Backoff): string {
  if (isFixed(backoff)) return `fixed:${formatDuration(backoff.baseMs)}`
  return `exp:${formatDuration(backoff.baseMs)}..${formatDuration(backoff.capMs)}*${backoff.factor}`
}

function isFixed(backoff: Backoff): boolean {
  return backoff.baseMs === backoff.capMs
}

/** The longest possible wait after an attempt, ms. A power too big for a number is Infinity, and min() makes it the cap. */
function longestWaitMs(backoff: Backoff, attempt: number): number {
  return Math.min(backoff.capMs, backoff.baseMs * backoff.factor ** (attempt - 1))
}

/**
 * The wait before the next attempt: fixed, or exponential with full jitter, random(0, min(cap, base · factor^(attempt−1))).
 * Full jitter spreads the retries of jobs that failed together best (Marc Brooker, "Exponential Backoff And Jitter", AWS
 * Architecture Blog, 2015).
 * @param backoff of the queue
 * @param attempt the one that just failed, from 1
 * @param random draws from [0, 1)
 * @returns whole ms
 */
export function backoffDelayMs(backoff: Backoff, attempt: number, random: () => number): number {
  if (isFixed(backoff)) return backoff.baseMs
  return Math.floor(random() * (Math.floor(longestWaitMs(backoff, Math.max(1, attempt))) + 1))
}

/**
 * How long a job that always fails is kept trying, at most, not counting the attempts themselves.
 * @param backoff of the queue
 * @param maxAttempts how many attempts there are; between n attempts there are n − 1 waits
 * @returns ms; 4 965 000 for the defaults (1 + 4 + 16 + 64 + 256 + 1024 + 3600 s)
 */
export function retryWindowMs(backoff: Backoff, maxAttempts: number): number {
  let total = 0
  for (let attempt = 1; attempt < maxAttempts; attempt++) {
    const wait = longestWaitMs(backoff, attempt)
    total += wait
    // Once a wait stopped growing, all later ones are alike: no need to walk to a millionth attempt.
    if (wait === backoff.capMs || backoff.factor === 1) return Math.ceil(total + wait * (maxAttempts - 1 - attempt))
  }
  return Math.ceil(total)
}
