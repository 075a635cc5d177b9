import {QctlError} from '../errors.ts'
import {type ActionReport, type Skipped, wouldChange} from '../queue/action-report.ts'
import {counted} from './counted.ts'

const PAST: Readonly<Record<ActionReport['action'], string>> = {
  cancel: 'cancelled',
  fail: 'marked as failed',
  resubmit: 'resubmitted',
  delete: 'deleted',
  assign: 'assigned',
}
/** How many jobs that were left alone are named. */
const NAMED = 10

/** The document of a bulk verb. `requested` are those among the `changed` that their holders have yet to settle. */
export function reportJson(report: ActionReport): Readonly<Record<string, unknown>> {
  const {action, matched, changed, requested, dryRun, sample} = report
  const skipped = [...report.refused, ...report.open, ...report.already, ...report.missing].sort((a, b) => a.id - b.id)
  return {action, matched, changed: dryRun ? 0 : changed, requested: requested.length, skipped, dry_run: dryRun, sample}
}

/**
 * One sentence for people: `4,198 deleted, 13 skipped (changed since)`.
 * @param past what was done to them
 */
export function reportLine(report: ActionReport, past: string = PAST[report.action]): string {
  const parts: string[] = []
  if (report.dryRun) parts.push(`would ${report.action} ${counted(wouldChange(report), 'job')}`)
  else {
    const settled = report.changed - report.requested.length
    if (settled > 0 || report.requested.length === 0) parts.push(`${count(settled)} ${past}`)
    if (report.requested.length > 0) parts.push(`${count(report.requested.length)} requested`)
  }
  const left = [...report.refused, ...report.open, ...report.missing]
  for (const [why, those] of Map.groupBy(left, ({why}) => why)) parts.push(`${count(those.length)} skipped (${why})`)
  for (const [why, those] of Map.groupBy(report.already, ({why}) => why)) parts.push(`${count(those.length)} ${why}`)
  if (!report.dryRun) return parts.join(', ')
  const sample = report.sample.length === 0 ? '' : ` (${report.sample.join(' ')}${wouldChange(report) > report.sample.length ? ' …' : ''})`
  return `${parts.join(', ')}${sample}; nothing was changed`
}

function count(number: number): string {
  return number.toLocaleString('en')
}

/**
 * The error that a report amounts to. Jobs that a filter found and their state protects are no error: who names none, misses none.
 * @param named true when the jobs were named by their ids
 * @param unnamed ranges and `@` names that named no job
 * @returns the error and the exit status; `null` when every job is as was asked. 66 when one is missing, 124 when one was not
 *   settled in time, 4 when none was allowed, 1 when some were not
 */
export function failureOfReport(
  report: ActionReport,
  {named, unnamed}: {readonly named: boolean; readonly unnamed: readonly string[]},
): {readonly error: QctlError; readonly exit: number} | null {
  const {open} = report
  const missing = named ? report.missing : []
  // A dry run has said what it would leave alone; only what does not exist is a mistake.
  const refused = report.dryRun || !named ? [] : report.refused
  const sentence = sentenceOf([...refused, ...open, ...missing], unnamed)
  if (sentence === '') return null
  if (missing.length > 0 || unnamed.length > 0) return {error: new QctlError('not_found', sentence), exit: 66}
  if (open.length > 0) return {error: new QctlError('timed_out', sentence), exit: 124}
  const good = report.matched - refused.length
  return {error: new QctlError('conflict', sentence), exit: good > 0 ? 1 : 4}
}

/** What a word of the document means in a sentence about one job. */
const SENTENCES: Readonly<Record<string, string>> = {
  'no such job': 'does not exist',
  'changed since': 'has changed since it was counted',
  processing: 'is being processed',
  finished: 'is finished',
  pending: 'is pending',
  'not pending': 'is not pending',
  'key held by another job': 'has a key that another job holds now',
  'requested, still processing': 'was asked to stop and is still being processed; it will be settled',
}

function sentenceOf(left: readonly Skipped[], unnamed: readonly string[]): string {
  const named = [...unnamed.map(name => `there is no job ${name}`), ...left.map(({id, why}) => `job ${id} ${SENTENCES[why] ?? why}`)]
  const more = named.length - NAMED
  return `${named.slice(0, NAMED).join('; ')}${more > 0 ? `; and ${count(more)} more` : ''}`
}
