import type {Job, State} from '../job.ts'
import {formatDurationShort} from '../time.ts'
import {formatTime} from '../time-parse.ts'
import type {CellStyle, Column} from './columns.ts'
import {csvColumns} from './csv-columns.ts'
import {jobJson, waitMs} from './job-json.ts'
import type {ListFormat} from './print.ts'
import {safeBytes} from './safe-output.ts'

const RESULT_SHOWN_BYTES = 60

const STATE_STYLES: Readonly<Record<State, CellStyle | null>> = {
  pending: null,
  processing: 'cyan',
  done: 'green',
  failed: 'red',
  cancelled: 'dim',
}

/** How a state is painted. */
export function stateStyle(state: State): CellStyle | null {
  return STATE_STYLES[state]
}

/** What happened to a job or will, in a few words: why it failed, when it runs, who runs it. */
function remark(job: Job, now: number): string {
  if (job.requested !== null) return `${job.requested} requested`
  if (job.state === 'failed') return job.error === null ? (job.reason ?? '') : `${job.reason}: ${firstLine(job.error)}`
  if (job.state === 'processing') return [job.consumer === null ? null : `by ${job.consumer}`, percent(job)].filter(part => part !== null).join(', ')
  if (job.state !== 'pending') return ''
  const last = job.error === null ? '' : firstLine(job.error)
  const when = [job.runAt > now ? `in ${formatDurationShort(job.runAt - now)}` : '', assignment(job, now)].filter(part => part !== '').join(', ')
  return [when, last].filter(part => part !== '').join(': ')
}

/** For whom a pending job is reserved still. */
function assignment({assignedTo, assignedUntil}: Job, now: number): string {
  if (assignedTo === null || (assignedUntil !== null && assignedUntil <= now)) return ''
  return assignedUntil === null ? `for ${assignedTo} only` : `for ${assignedTo} until ${formatTime(assignedUntil)}`
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

function percent({progress}: Job): string | null {
  return progress === null ? null : `${Math.round(progress * 100)} %`
}

/** The beginning of a result, in one line. */
function result({result}: Job): string | null {
  if (result === null) return null
  const shown = safeBytes(result.subarray(0, RESULT_SHOWN_BYTES))
  return result.length > RESULT_SHOWN_BYTES ? `${shown}…` : shown
}

function span(ms: number | null): string | null {
  return ms === null ? null : formatDurationShort(ms)
}

/** In whole seconds: what is less changes while it is read. */
function age(since: number, now: number): string {
  return formatDurationShort(Math.max(0, Math.floor((now - since) / 1000) * 1000))
}

function time(ms: number | null): string | null {
  return ms === null ? null : formatTime(ms)
}

const CSV_SHOWN = 'id queue state reason error priority run_at key attempts created_at finished_at wait_ms run_ms'.split(' ')
const CSV_OTHERS = [
  'scheduled tags content_type file payload_bytes max_attempts crashes snoozes fence timeout_ms assigned_to assigned_until requested',
  'consumer updated_at started_at lease_remaining_ms progress result result_base64 origin_id dead_letter_id',
].flatMap(names => names.split(' '))

/**
 * How jobs are listed.
 * @param now UTC ms, for ages
 */
export function jobList(now: number): ListFormat<Job> {
  const columns: readonly Column<Job>[] = [
    {key: 'id', title: 'ID', value: job => job.id, align: 'right', style: () => 'bold'},
    {key: 'queue', title: 'QUEUE', value: job => job.queue},
    {key: 'state', title: 'STATE', value: job => job.state, style: job => stateStyle(job.state)},
    {key: 'attempts', title: 'ATT', value: job => job.attempts, align: 'right'},
    {key: 'priority', title: 'PRIO', value: job => job.priority, align: 'right', wide: true},
    {key: 'age', title: 'AGE', value: job => age(job.createdAt, now), align: 'right'},
    {key: 'updated', title: 'UPDATED', short: 'UPD', value: job => age(job.updatedAt, now), align: 'right'},
    {key: 'key', title: 'KEY', value: job => job.key, wide: true},
    {key: 'tags', title: 'TAGS', value: job => job.tags.join(','), wide: true},
    {key: 'payload_bytes', title: 'BYTES', value: job => job.payloadBytes, align: 'right', wide: true},
    {key: 'consumer', title: 'CONSUMER', value: job => job.consumer, wide: true},
    {key: 'assigned_to', title: 'ASSIGNED', value: job => job.assignedTo, wide: true},
    {key: 'run_at', title: 'RUN AT', value: job => time(job.runAt), wide: true},
    {key: 'created_at', title: 'SUBMITTED', value: job => time(job.createdAt), wide: true},
    {key: 'finished_at', title: 'FINISHED', value: job => time(job.finishedAt), wide: true},
    {key: 'wait_ms', title: 'WAITED', value: job => span(waitMs(job)), align: 'right', wide: true},
    {key: 'run_ms', title: 'RAN', value: job => span(job.runMs), align: 'right', wide: true},
    {key: 'progress', title: 'PROGRESS', value: percent, align: 'right', wide: true},
    {key: 'result', title: 'RESULT', value: result, wide: true, free: true},
    {key: 'reason', title: 'REASON', value: job => job.reason, wide: true},
    {key: 'error', title: 'ERROR', value: job => job.error, wide: true, free: true},
    {key: 'remark', title: 'REMARK', value: job => remark(job, now), style: job => (job.state === 'failed' ? 'red' : 'dim'), free: true},
  ]
  const toJson = (job: Job): Readonly<Record<string, unknown>> => jobJson(job, now)
  return {columns, csv: csvColumns(CSV_SHOWN, CSV_OTHERS, toJson), id: job => job.id, toJson}
}
