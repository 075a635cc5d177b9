import type {Job, JobEvent, Run} from '../job.ts'
import type {JobDetails} from '../queue/inspector.ts'
import {safeText} from '../safe-text.ts'
import {formatDuration, formatDurationShort} from '../time.ts'
import {formatTime} from '../time-parse.ts'
import {formatSizeShort} from '../units.ts'
import {counted} from './counted.ts'
import {waitMs} from './job-json.ts'
import {stateStyle} from './job-list.ts'
import {printOutput} from './job-output.ts'
import type {Printer} from './print.ts'
import {safeBytes} from './safe-output.ts'

/** More of a payload or a result is not shown to people. */
const SHOWN_BYTES = 4096

/**
 * Prints everything about a job for people.
 * @param details as `Inspector.show` gives them
 * @param now UTC ms
 */
export function printJob({job, runs, events, output}: JobDetails, now: number, print: Printer): void {
  const style = stateStyle(job.state)
  const state = style === null ? job.state : print.paint[style](job.state)
  print.line(`${print.paint.bold(`job ${job.id}`)}  ${state}${safeText(job.reason === null ? '' : ` (${job.reason})`)}`)
  const facts = factsOf(job, now).filter(([, value]) => value !== null)
  const width = Math.max(...facts.map(([name]) => name.length))
  for (const [name, value] of facts) print.line(`  ${print.paint.dim(name.padEnd(width))}  ${safeText(value ?? '')}`)
  printBytes('payload', job.payload, print)
  if (job.result !== null) printBytes('result', job.result, print)
  if (runs.length > 0) print.line(print.paint.bold('attempts'))
  for (const run of runs) print.line(`  ${safeText(runLine(run))}`)
  const last = runs.at(-1)?.run
  const printed = last === undefined ? undefined : output.get(last)
  if (last !== undefined && printed !== undefined) printOutput(printed, last, print)
  if (events.length > 0) print.line(print.paint.bold('events'))
  for (const event of events) print.line(`  ${safeText(eventLine(event))}`)
}

/**
 * What is to be said of a job, by name; what there is nothing to say about is `null`.
 * @param now UTC ms
 */
export function factsOf(job: Job, now: number): readonly (readonly [string, string | null])[] {
  const span = (ms: number | null): string | null => (ms === null ? null : formatDurationShort(ms))
  const at = (ms: number | null): string | null =>
    ms === null ? null : `${formatTime(ms)}, ${ms > now ? `in ${span(ms - now)}` : `${span(now - ms)} ago`}`
  return [
    ['queue', job.queue],
    ['error', job.error],
    ['requested', job.requested],
    ['priority', job.priority === 0 ? null : String(job.priority)],
    ['key', job.key],
    ['tags', job.tags.length === 0 ? null : job.tags.join(', ')],
    ['type', job.contentType],
    ['submitted', at(job.createdAt)],
    [job.state === 'pending' && job.runAt > now ? 'runs' : 'due', at(job.runAt)],
    ['started', at(job.startedAt)],
    ['finished', at(job.finishedAt)],
    ['waited', span(waitMs(job))],
    ['ran', span(job.runMs)],
    ['attempts', `${job.attempts}${job.maxAttempts === null ? '' : ` of ${job.maxAttempts}`}`],
    ['crashes', job.crashes === 0 ? null : String(job.crashes)],
    ['snoozes', job.snoozes === 0 ? null : String(job.snoozes)],
    ['timeout', job.timeoutMs === null ? null : formatDuration(job.timeoutMs)],
    ['consumer', job.consumer],
    ['lease', job.leaseRemainingMs === null ? null : `${span(job.leaseRemainingMs)} left`],
    ['progress', job.progress === null ? null : `${Math.round(job.progress * 100)} %`],
    ['assigned', job.assignedTo === null ? null : `to ${job.assignedTo}, ${job.assignedUntil === null ? 'for ever' : `until ${at(job.assignedUntil)}`}`],
    ['from', job.originId === null ? null : `job ${job.originId}, which failed`],
    ['copied', job.deadLetterId === null ? null : `to job ${job.deadLetterId}, its dead letter`],
  ]
}

function printBytes(name: string, bytes: Uint8Array, print: Printer): void {
  const rest = bytes.length - SHOWN_BYTES
  print.line(`${print.paint.bold(name)} ${print.paint.dim(`(${counted(bytes.length, 'byte')})`)}`)
  if (bytes.length === 0) return
  const shown = safeBytes(bytes.subarray(0, SHOWN_BYTES), {multiline: true})
  for (const line of shown.replace(/\n$/, '').split('\n')) print.line(`  ${line}`)
  if (rest > 0) print.line(print.paint.dim(`  … and ${counted(rest, 'byte')} more: --raw prints it all`))
}

function runLine(run: Run): string {
  const parts = [
    `run ${run.run}`,
    `attempt ${run.attempt}`,
    run.outcome,
    run.exitCode === null ? null : `exit ${run.exitCode}`,
    run.signal,
    run.cause,
    run.runMs === null ? null : formatDurationShort(run.runMs),
    run.cpuMs === null ? null : `cpu ${formatDurationShort(run.cpuMs)}`,
    run.maxRssBytes === null ? null : `mem ${formatSizeShort(run.maxRssBytes)}`,
    `by ${run.consumer}`,
    formatTime(run.startedAt),
    run.error,
  ]
  return parts.filter(part => part !== null && part !== '').join('  ')
}

/** What an event did to a job, and why, in a few words. */
export interface Told {
  readonly change: string
  readonly why: string
}

/** The storage puts it before the reason of what was asked of the holder of a job, which stays in processing until that has settled it. */
const REQUEST = /^((?:cancel|fail) requested): /

/** @param arrow between the state before and the state after */
export function told({from, to, reason}: JobEvent, arrow: string): Told {
  if (from !== to) return {change: `${from ?? 'nothing'} ${arrow} ${to ?? 'nothing'}`, why: reason}
  const [prefix, request] = (from === 'processing' && REQUEST.exec(reason)) || []
  return request === undefined || prefix === undefined ? {change: to ?? '', why: reason} : {change: request, why: reason.slice(prefix.length)}
}

function eventLine(event: JobEvent): string {
  const {change, why} = told(event, '→')
  return `${formatTime(event.at)}  ${change}  ${event.actor}  ${why}`
}
