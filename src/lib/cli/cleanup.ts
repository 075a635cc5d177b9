import {parsePath} from '../config.ts'
import {QctlError} from '../errors.ts'
import {and} from '../queue/filter.ts'
import {deleteFiles, type OldFiles, oldFilesIn} from '../queue/old-files.ts'
import type {Target} from '../storage/storage.ts'
import {formatSizeShort} from '../units.ts'
import {cliActor} from './actor.ts'
import {confirm, type ConfirmOptions, expectCount} from './confirm.ts'
import {counted} from './counted.ts'
import {CONFIRM_FLAGS, DRY_RUN_FLAGS, type FlagTable, type FlagValues} from './flags.ts'
import type {Printer} from './print.ts'
import type {Session} from './session.ts'
import {parseSpan} from './values.ts'

/** For `cleanup`. */
export const CLEANUP_FLAGS = {
  'older-than': {kind: 'value', shape: 'DURATION', parse: parseSpan, summary: 'only what has not changed for so long', required: true},
  directory: {kind: 'value', shape: 'DIR', parse: parsePath, summary: 'delete the files in it that no unfinished or failed job names'},
  jobs: {kind: 'switch', summary: 'delete finished jobs with their history'},
  ...DRY_RUN_FLAGS,
  ...CONFIRM_FLAGS,
} as const satisfies FlagTable

/** What cleaning up needs. */
export interface Cleaning {
  readonly session: Pick<Session, 'storage' | 'inspector'>
  readonly print: Printer
  readonly confirmation: ConfirmOptions
  readonly signal: () => AbortSignal
  /** UTC ms. */
  readonly now: number
}

const NO_FILES: OldFiles = {files: [], needed: 0, precious: 0}

/**
 * Deletes old files of jobs, and old finished jobs.
 * @throws QctlError `usage` when neither was named, `confirmation_needed`
 */
export async function cleanUp(flags: FlagValues<typeof CLEANUP_FLAGS>, {session, print, confirmation, signal, now}: Cleaning): Promise<void> {
  const {directory, jobs: alsoJobs} = flags
  if (directory === undefined && !alsoJobs) {
    throw new QctlError('usage', 'nothing to clean up was named', {hint: 'add --directory DIR for files, --jobs for finished jobs'})
  }
  const before = now - flags['older-than']
  const old = directory === undefined ? NO_FILES : await oldFilesIn(directory, before, session.storage)
  const jobs = alsoJobs ? await oldJobs(session, before) : []
  const isRehearsal = flags['dry-run']
  const change = {verb: 'delete', count: old.files.length + jobs.length, noun: nounOf(old, jobs)}
  if (isRehearsal) expectCount(change, confirmation.confirm)
  else await confirm(change, confirmation)
  const gone = isRehearsal ? {files: old.files, needed: 0} : await deleteFiles(old.files, session.storage)
  const changed = isRehearsal || jobs.length === 0 ? 0 : await deleteJobs(session, jobs, signal())
  const bytes = gone.files.reduce((sum, file) => sum + file.bytes, 0)
  const needed = old.needed + gone.needed
  const document = {
    files: gone.files.length, file_bytes: bytes, files_needed: needed, files_precious: old.precious, jobs: isRehearsal ? jobs.length : changed, dry_run: isRehearsal,
    sample: gone.files.slice(0, 10).map(({path}) => path),
  }
  const what = [
    ...(directory === undefined ? [] : [`${counted(gone.files.length, 'file')} of ${formatSizeShort(bytes)}`]),
    ...(alsoJobs ? [counted(document.jobs, 'job')] : []),
  ].join(' and ')
  print.result(document, () => (isRehearsal ? `would delete ${what}; nothing was changed` : `deleted ${what}`))
  if (needed > 0) print.note(`${counted(needed, 'file')} old enough but kept: unfinished or failed jobs name them`)
  if (old.precious > 0) print.note(`${counted(old.precious, 'file')} old enough but kept: databases or hidden files`)
  const left = old.files.length - gone.files.length - gone.needed
  if (left > 0) print.note(`${counted(left, 'file')} left alone: changed or gone since they were counted`)
}

function nounOf({files}: OldFiles, jobs: readonly Target[]): string {
  return files.length === 0 ? 'job' : jobs.length === 0 ? 'file' : 'file and job'
}

/** As they are now, so that none that changes meanwhile goes. */
function oldJobs({inspector}: Pick<Session, 'inspector'>, before: number): Promise<readonly Target[]> {
  return inspector.snapshot(and({kind: 'state', states: ['done', 'failed', 'cancelled']}, {kind: 'number', field: 'updated', op: '<', value: before}))
}

async function deleteJobs({inspector}: Pick<Session, 'inspector'>, targets: readonly Target[], signal: AbortSignal): Promise<number> {
  const options = {actor: cliActor(), waitMs: null, reap: async () => {}, signal}
  return (await inspector.act({kind: 'delete', reason: 'cleanup'}, targets, options)).changed
}
