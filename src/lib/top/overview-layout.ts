import {spreadCount} from './components/attention.tsx'
import {PULSE_LINES, SHORT_PULSE_LINES} from './components/pulse.tsx'
import {WIDE_PULSE_LINES} from './components/wide-pulse.tsx'
import type {Frame} from './screen.ts'
import type {Words} from './words.ts'

/** How the lines of the overview are shared out. */
export interface OverviewLayout {
  readonly pulse: 'short' | 'plain' | 'wide'
  /** Rows of queues. */
  readonly queues: number
  /** Rows of consumers; 0 leaves them out. */
  readonly consumers: number
  /** Whether there is a line about the place of the database. */
  readonly health: boolean
  /** Lines of what needs attention, its heading among them; 0 leaves it out. */
  readonly attention: number
  /** What needs attention has the whole of its commands. */
  readonly isSpread: boolean
}

/** What there is to show. */
interface Content {
  readonly rows: readonly unknown[]
  readonly consumers: readonly unknown[]
  /** The lines that each takes where there is room. */
  readonly concerns: readonly (readonly Words[])[]
}

const PULSES = {short: SHORT_PULSE_LINES, plain: PULSE_LINES, wide: WIDE_PULSE_LINES} as const
/** A rule and a head. */
const AROUND_TABLE = 2
const MOST_CONCERNS = 3
/** From so many lines on what needs attention may have half of them. */
const HIGH = 28
/** From so many lines on there is one for the place of the database. */
const HEALTHY = 18

/** How much is said about throughput. */
export function pulseOf({columns, rows}: Frame): OverviewLayout['pulse'] {
  if (rows < 14) return 'short'
  return columns >= 110 && rows >= 24 ? 'wide' : 'plain'
}

/**
 * What is left out first where there is little room: numbers, consumers, queues; what needs attention stays.
 * @param isAttending the cursor is there, and the command under it has a line
 */
export function layoutOf(frame: Frame, {rows, consumers, concerns}: Content, isAttending: boolean): OverviewLayout {
  const pulse = pulseOf(frame)
  const most = {short: 1, plain: MOST_CONCERNS, wide: 2 * MOST_CONCERNS}[pulse]
  const spread = frame.rows < HIGH ? 0 : spreadCount(concerns, Math.floor(frame.rows / 2))
  // Where the cursor goes through them, none is left out.
  const isSpread = spread > 0 && (!isAttending || spread === concerns.length)
  const short = concerns.length === 0 ? 0 : 1 + Math.min(concerns.length, most) + (isAttending ? 1 : 0)
  const attention = isSpread ? 1 + concerns.slice(0, spread).flat().length : short
  const health = frame.rows >= HEALTHY
  const room = frame.rows - PULSES[pulse] - attention - (health ? 1 : 0) - AROUND_TABLE
  if (room < AROUND_TABLE + 2) return {pulse, health, attention, isSpread, queues: Math.max(1, Math.min(room, Math.max(1, rows.length))), consumers: 0}
  const [forQueues, forConsumers] = shared(room - AROUND_TABLE, Math.max(1, rows.length), Math.max(1, consumers.length))
  return {pulse, health, attention, isSpread, queues: forQueues, consumers: forConsumers}
}

/** Shares lines between two tables: each gets what it needs, or at least half when both need more. */
function shared(lines: number, first: number, second: number): readonly [number, number] {
  if (first + second <= lines) return [first, second]
  const half = Math.floor(lines / 2)
  const less = Math.min(second, Math.max(half, lines - first))
  return [Math.max(1, lines - less), less]
}
