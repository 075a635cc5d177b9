import {aliveOf, type BusyConsumer} from '../cli/consumer-json.ts'
import {counted} from '../cli/counted.ts'
import type {Finding} from '../doctor/finding.ts'
import {checkSpace} from '../doctor/place.ts'
import {badRuns, MINUTE_MS} from '../meter.ts'
import {isStopped} from '../process.ts'
import {formatDurationShort} from '../time.ts'
import {formatSizeShort} from '../units.ts'
import {commandLine} from './acts.ts'
import {type QueueRow, queueState} from './columns.ts'
import {concernsByPressure, jobsAtStake} from './pressure.ts'
import {grouped, rate} from './shown.ts'

/** Something that somebody should look at, and what would mend it. */
export interface Concern extends Remark {
  /** The queue that it is about; `null` = none, or all of them. */
  readonly queue: string | null
  /** How many jobs it matters to. */
  readonly jobs: number
}

/** What is said of it. */
interface Remark {
  /** Names it while its text changes. */
  readonly id: string
  readonly text: string
  /** A command. */
  readonly fix: string
  readonly tone: 'warning' | 'error'
  /** Where more of it is to be seen: jobs by a filter, or a screen. */
  readonly where: {readonly jobs: string} | {readonly screen: 'consumers' | 'health'}
}

/** What is looked at for it. */
export interface Surveyed {
  readonly rows: readonly QueueRow[]
  readonly consumers: readonly BusyConsumer[]
  /** What the doctor says about the place of the database. */
  readonly place: readonly Finding[]
  /** The size of the log beside the database; 0 where there is none. */
  readonly logBytes: number
  readonly now: number
}

const PAUSED_LONG_MS = 10 * 60_000
const BAD_SHARE = 0.1
/** Fewer runs say nothing about a share. */
const ENOUGH_RUNS = 10
const LONG_LOG_BYTES = 256 * 1024 ** 2
/** Of a consumer or a disk that is in trouble: more than any queue has. */
const EVERY_JOB = Number.MAX_SAFE_INTEGER
/** A dead consumer's jobs are back within 2 s where anybody looks. */
const RESCUE_MS = 5000

/** What needs attention; what presses most first. */
export function concernsOf({rows, consumers, place, logBytes, now}: Surveyed): readonly Concern[] {
  const ofAll = (remark: Remark): Concern => ({...remark, queue: null, jobs: EVERY_JOB})
  return concernsByPressure([
    ...rows.flatMap(aboutQueue),
    ...consumers.flatMap(consumer => [...dead(consumer, now), ...stopped(consumer), ...late(consumer)]).map(ofAll),
    ...place.flatMap(aboutPlace).map(ofAll),
    ...longLog(logBytes).map(remark => ({...remark, queue: null, jobs: 0})),
  ])
}

function aboutQueue(row: QueueRow): readonly Concern[] {
  const remarks = [...unserved(row), ...pausedLong(row), ...growing(row), ...failing(row), ...crashing(row)]
  return remarks.map(remark => ({...remark, queue: row.name, jobs: jobsAtStake(row)}))
}

/** What the doctor says about the place of a database that is a file. */
export function surveyPlace(location: string): readonly Finding[] {
  return location.startsWith('/') ? [checkSpace(location)] : []
}

function unserved(row: QueueRow): readonly Remark[] {
  if (queueState(row) !== 'no consumer') return []
  const {name, counts, scheduled, oldestPendingMs} = row
  const since = oldestPendingMs === null ? '' : `, the oldest for ${formatDurationShort(oldestPendingMs)}`
  const text = `${name}: ${scheduled.isMore ? 'up to ' : ''}${grouped(counts.pending - scheduled.count)} waiting, no live consumer${since}`
  return [{id: `unserved ${name}`, text, fix: `${commandLine(['qctl', 'consume', '-Q', name])} -- COMMAND`, tone: 'error', where: {jobs: `queue=${name} state=pending`}}]
}

function pausedLong({name, paused, oldestPendingMs}: QueueRow): readonly Remark[] {
  if (!paused || oldestPendingMs === null || oldestPendingMs < PAUSED_LONG_MS) return []
  const text = `${name}: paused, the oldest job waits for ${formatDurationShort(oldestPendingMs)}`
  return [{id: `paused ${name}`, text, fix: commandLine(['qctl', 'queues', 'resume', name]), tone: 'warning', where: {jobs: `queue=${name} state=pending`}}]
}

function growing({name, slots, oldestPendingMs, trend}: QueueRow): readonly Remark[] {
  if (trend.kind !== 'grows') return []
  const {inRate, outRate} = trend
  const text = `${name}: grows by ${rate(inRate - outRate)} a minute (in ${rate(inRate)}, out ${rate(outRate)}), the oldest waits for ${formatDurationShort(oldestPendingMs ?? 0)}`
  return [{id: `growing ${name}`, text, fix: `${commandLine(['qctl', 'consume', '-Q', name, '-c', String(Math.max(2, slots))])} -- COMMAND`, tone: 'warning', where: {jobs: `queue=${name} state=pending`}}]
}

function failing({name, figures}: QueueRow): readonly Remark[] {
  const {failureRate, meter} = figures
  const bad = badRuns(meter)
  const all = bad + (meter.runs.done ?? 0)
  if (failureRate === null || failureRate <= BAD_SHARE || all < ENOUGH_RUNS) return []
  const text = `${name}: ${Math.round(failureRate * 100)}% of the ${grouped(all)} runs ${stretchOf(figures)} went wrong (${grouped(bad)})`
  return [{id: `failing ${name}`, text, fix: commandLine(['qctl', 'jobs', 'list', '-Q', name, '--where', 'attempts>0', '--sort', 'updated']), tone: 'warning', where: {jobs: `queue=${name} attempts>0 state!=done`}}]
}

function crashing({name, figures}: QueueRow): readonly Remark[] {
  const crashed = figures.meter.runs.crashed ?? 0
  if (crashed === 0) return []
  const text = `${name}: ${counted(crashed, 'handler')} ${stretchOf(figures)} died by a signal`
  return [{id: `crashing ${name}`, text, fix: commandLine(['qctl', 'jobs', 'list', '-Q', name, '--where', 'reason=poison']), tone: 'warning', where: {jobs: `queue=${name} attempts>0 state!=done`}}]
}

/** In whole minutes, and never longer than there is anything to tell of. */
function stretchOf({isAll, spanMs}: QueueRow['figures']): string {
  return isAll ? 'so far' : `of the last ${formatDurationShort(spanMs - (spanMs % MINUTE_MS))}`
}

function dead(consumer: BusyConsumer, now: number): readonly Remark[] {
  const left = consumer.held.filter(({startedAt}) => now - startedAt > RESCUE_MS)
  if (left.length === 0 || aliveOf(consumer) !== 'no') return []
  const text = `${consumer.name} died with ${counted(left.length, 'job')}, and nobody has looked after them`
  return [{id: `dead ${consumer.name}`, text, fix: 'qctl reap --once', tone: 'error', where: {screen: 'consumers'}}]
}

function stopped({name, process: {pid}, process: identity, jobs}: BusyConsumer): readonly Remark[] {
  if (!isStopped(identity)) return []
  return [{id: `stopped ${name}`, text: `${name}: stopped by a signal${jobs === 0 ? '' : `, with ${counted(jobs, 'job')}`}`, fix: `kill -CONT ${pid}`, tone: 'error', where: {screen: 'consumers'}}]
}

/** It lives and does not keep what it holds: blocked, or cut off from the database. */
function late(consumer: BusyConsumer): readonly Remark[] {
  const [first, ...more] = consumer.held.filter(({leaseExpired}) => leaseExpired)
  if (first === undefined || aliveOf(consumer) !== 'yes' || isStopped(consumer.process)) return []
  const text = `${consumer.name}: ${counted(more.length + 1, 'lease')} ran out in its hands`
  return [{id: `late ${consumer.name}`, text, fix: commandLine(['qctl', 'jobs', 'explain', String(first.id)]), tone: 'error', where: {screen: 'consumers'}}]
}

function longLog(logBytes: number): readonly Remark[] {
  if (logBytes < LONG_LOG_BYTES) return []
  return [{id: 'log', text: `the log beside the database has ${formatSizeShort(logBytes)}: somebody keeps it from being copied back`, fix: 'qctl doctor', tone: 'warning', where: {screen: 'health'}}]
}

function aboutPlace({check, severity, message, fix}: Finding): readonly Remark[] {
  if (severity === 'ok') return []
  return [{id: check, text: message, fix: fix ?? 'qctl doctor', tone: severity === 'fault' ? 'error' : 'warning', where: {screen: 'health'}}]
}
