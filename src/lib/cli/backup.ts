import {existsSync} from 'node:fs'
import {resolve} from 'node:path'
import {parsePath} from '../config.ts'
import {QctlError} from '../errors.ts'
import {liveness} from '../process.ts'
import {formatDurationShort, monotonicMs} from '../time.ts'
import {formatSize} from '../units.ts'
import type {CopyFacts, Upkeep} from '../upkeep.ts'
import {counted} from './counted.ts'
import {type ArgTable, DRY_RUN_FLAGS, type FlagTable, type FlagValues} from './flags.ts'
import type {Printer} from './print.ts'
import type {Session} from './session.ts'
import {parseSome} from './values.ts'

/** For `backup` and `restore`. */
export const FILE_ARGS = {file: {summary: 'the copy', parse: parsePath, required: true}} as const satisfies ArgTable

/** For `backup`. */
export const BACKUP_FLAGS = {
  keep: {kind: 'value', shape: 'N', parse: parseSome, summary: 'keep so many copies: FILE is the newest, then FILE.1, FILE.2 …', exclusive: ['force']},
  force: {kind: 'switch', summary: 'replace FILE if it is an earlier copy'},
  ...DRY_RUN_FLAGS,
} as const satisfies FlagTable

/** For `restore`. */
export const RESTORE_FLAGS = {
  force: {kind: 'switch', summary: 'also while consumers run: they end their handlers and exit'},
  ...DRY_RUN_FLAGS,
} as const satisfies FlagTable

/** What a copy is, for programs. */
function copyJson({file, bytes, jobs, lastId, processing}: CopyFacts): Readonly<Record<string, unknown>> {
  return {file, bytes, jobs, last_id: lastId, processing}
}

/** Makes a copy and says what it is. */
export async function makeBackup(file: string, flags: FlagValues<typeof BACKUP_FLAGS>, upkeep: Upkeep, print: Printer): Promise<void> {
  const options = {force: flags.force, keep: flags.keep ?? null}
  if (flags['dry-run']) {
    const foreseen = await upkeep.foreseeBackup(file, options)
    const document = {file: foreseen.file, bytes: null, jobs: null, last_id: null, processing: null, verified: false, took_ms: null, dry_run: true}
    return print.rehearsal(document, `would write a copy to ${foreseen.file}${foreseen.replaces ? ', which exists' : ''}; nothing was written`)
  }
  const start = monotonicMs()
  const copy = await upkeep.backup(file, options)
  const tookMs = Math.round(monotonicMs() - start)
  print.result({...copyJson(copy), verified: true, took_ms: tookMs, dry_run: false}, () => {
    return `${copy.file}: ${counted(copy.jobs, 'job')}, ${formatSize(copy.bytes)}, checked; took ${formatDurationShort(tookMs)}`
  })
}

/** What restoring needs. */
export interface Restoring {
  readonly upkeep: Upkeep
  /** The database that is to be replaced. */
  readonly target: string
  /** Opens it; called only when it is there. */
  readonly open: () => Promise<Session>
  readonly print: Printer
}

/**
 * Checks a copy, and puts it in the place of the database.
 * @throws QctlError `conflict` while consumers run
 */
export async function restoreBackup(file: string, flags: FlagValues<typeof RESTORE_FLAGS>, {upkeep, target, open, print}: Restoring): Promise<void> {
  const path = resolve(file)
  const copy = await upkeep.check(path)
  const running = existsSync(target) ? await runningConsumers(open, print) : []
  if (running.length > 0 && !flags.force) {
    const hint = 'stop them first, or use --force: then they end their handlers and exit'
    throw new QctlError('conflict', `${counted(running.length, 'consumer')} of ${target} may be running: ${running.slice(0, 5).join(', ')}`, {hint})
  }
  if (flags['dry-run']) {
    print.result({...copyJson(copy), dry_run: true}, () => `${path} is whole: ${counted(copy.jobs, 'job')}, the newest ${copy.lastId}`)
    print.note(`would put it in the place of ${target}; nothing was changed`)
    return
  }
  const {kept, idFloor, jobs, processing} = await upkeep.restore(path)
  print.result({...copyJson(copy), restored_to: target, kept, ids_above: idFloor}, () => `restored ${path} as ${target}: ${counted(jobs, 'job')}; new ids are above ${idFloor}`)
  if (kept !== null) print.note(`what was there is now ${kept}`)
  if (processing > 0) print.note(`${counted(processing, 'job')} being processed when the copy was made: the next consumer or qctl reap takes them as lost`)
}

/** The names of those that are not known to be dead; none when the database is too damaged to say. */
async function runningConsumers(open: Restoring['open'], print: Printer): Promise<readonly string[]> {
  try {
    const session = await open()
    // A file in use is not replaced.
    const consumers = await session.storage.consumers().finally(() => session.close())
    return consumers.filter(({process, endedAt}) => endedAt === null && liveness(process) !== 'dead').map(({name}) => name)
  } catch (error) {
    if (!(error instanceof QctlError) || !['corrupt', 'not_a_database', 'cannot_open'].includes(error.code)) throw error
    print.warn(`${error.message}: whether consumers run cannot be told`)
    return []
  }
}
