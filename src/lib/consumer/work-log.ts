/** How what a consumer or a reaper tells reads in the log. */
import {sentence} from '../errors.ts'
import type {Log as LogFile, LogFields, LogLevel} from '../log.ts'
import {type Log, type WorkEvent} from './events.ts'
import type {Outlasting} from '../passing.ts'

interface Entry {
  readonly level: LogLevel
  readonly message: string
}

/**
 * A log of work that writes lines.
 * @param file where they go
 */
export function workLog(file: LogFile): Log {
  return event => {
    const {level, message} = entryOf(event)
    if (!file.writes(level)) return
    file[level](message, fieldsOf(event))
  }
}

/** How a daemon waits for its store at the start, telling of it as of all trouble in its work. */
export function patience(file: LogFile, stop: AbortSignal): Outlasting {
  const tell = workLog(file)
  return {stop, onTrouble: (doing, error, retryInMs) => tell({kind: 'trouble', doing, error: sentence(error), retryInMs})}
}

function entryOf(event: WorkEvent): Entry {
  switch (event.kind) {
    case 'started':
      return {level: 'info', message: 'consumer started'}
    case 'began':
      return {level: 'debug', message: 'job started'}
    case 'ended':
      return endedEntry(event)
    case 'lease_lost':
      return {level: 'warn', message: 'lease lost'}
    case 'queue_paused':
      return {level: 'error', message: 'queue paused'}
    case 'reaped':
      return {level: 'warn', message: 'job taken from a consumer that is gone'}
    case 'pruned':
      return {level: 'info', message: 'old jobs deleted'}
    case 'buried':
      return {level: 'info', message: 'dead consumer signed off'}
    case 'trouble':
      return {level: 'warn', message: `trouble with ${event.doing}`}
    case 'retiring':
      return {level: 'info', message: 'retiring'}
    case 'born_too_big':
      return {level: 'warn', message: 'more memory than --max-rss before the first job: may end after every job'}
    case 'stopping':
      return {level: 'info', message: 'stopping'}
    case 'stopped':
      return {level: 'info', message: 'consumer stopped'}
  }
}

function endedEntry({to, outcome, runMs}: Extract<WorkEvent, {kind: 'ended'}>): Entry {
  switch (to) {
    case 'done':
      return {level: 'info', message: 'job done'}
    case 'failed':
      return {level: 'error', message: 'job failed'}
    case 'cancelled':
      return {level: 'info', message: 'job cancelled'}
    default:
      // One that was taken ahead and not begun: nothing has happened to it.
      return {level: outcome === 'released' && runMs === null ? 'debug' : 'warn', message: 'job goes back'}
  }
}

/** Every fact of the event, in snake_case. */
function fieldsOf(event: WorkEvent): LogFields {
  const {kind, ...facts} = event
  const fields = Object.entries(facts).filter(([name]) => !(kind === 'trouble' && name === 'doing'))
  return Object.fromEntries(fields.map(([name, value]) => [fieldName(name), value]))
}

function fieldName(name: string): string {
  return name === 'id' ? 'job' : name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}
