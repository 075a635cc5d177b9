import {formatDurationShort} from '../time.ts'
import {commandLine} from './acts.ts'
import {type QueueRow, queueState} from './columns.ts'
import {grouped} from './shown.ts'

/** Something that somebody should look at, and what would mend it. */
export interface Concern {
  readonly text: string
  /** A command. */
  readonly fix: string
  readonly tone: 'warning' | 'error'
}

const PAUSED_LONG_MS = 10 * 60_000

/** What about the queues needs attention; the worst first. */
export function concernsOf(queues: readonly QueueRow[]): readonly Concern[] {
  return queues.flatMap(queue => [...unserved(queue), ...pausedLong(queue)])
}

function unserved(queue: QueueRow): readonly Concern[] {
  if (queueState(queue) !== 'no consumer') return []
  const {name, counts, scheduled, oldestPendingMs} = queue
  const since = oldestPendingMs === null ? '' : `, the oldest for ${formatDurationShort(oldestPendingMs)}`
  return [{text: `${name}: ${grouped(counts.pending - scheduled.count)} waiting, no live consumer${since}`, fix: `${commandLine(['qctl', 'consume', '-Q', name])} -- COMMAND`, tone: 'error'}]
}

function pausedLong({name, paused, oldestPendingMs}: QueueRow): readonly Concern[] {
  if (!paused || oldestPendingMs === null || oldestPendingMs < PAUSED_LONG_MS) return []
  return [{text: `${name}: paused, the oldest job waits for ${formatDurationShort(oldestPendingMs)}`, fix: commandLine(['qctl', 'queues', 'resume', name]), tone: 'warning'}]
}
