import {QctlError} from '../errors.ts'
import type {IdSpec} from '../queue/id-list.ts'
import type {Inspector, JobDetails} from '../queue/inspector.ts'
import type {Storage} from '../storage/storage.ts'
import {systemClock} from '../time.ts'
import {reportFailure} from './failure.ts'
import type {FlagTable} from './flags.ts'
import {jobDetailsJson} from './job-json.ts'
import {jobList} from './job-list.ts'
import {printJob} from './job-text.ts'
import {noSuchJobs} from './missing.ts'
import type {Printer} from './print.ts'

/** For `jobs show`. */
export const RAW_FLAGS = {
  raw: {kind: 'switch', summary: 'print the payload of one job as it is, and nothing else'},
} as const satisfies FlagTable

/** What showing needs. */
export interface Showing {
  readonly inspector: Inspector
  readonly storage: Storage
  readonly print: Printer
  readonly raw: boolean
}

/**
 * Prints jobs with all that is known about them.
 * @returns the exit status: 66 when some do not exist
 * @throws QctlError `not_found` when none exists
 */
export async function showJobs(specs: readonly IdSpec[], {inspector, storage, print, raw}: Showing): Promise<number> {
  const {ids, missing} = await inspector.resolve(specs)
  const isText = print.output === 'table' || print.output === 'wide'
  const found = await inspector.show(ids, {output: isText && !raw})
  const known = new Set(found.map(({job}) => job.id))
  const absent = [...missing, ...ids.filter(id => !known.has(id)).map(String)]
  if (found.length === 0) throw await noSuchJobs(absent, storage)
  if (raw) printRaw(found, print)
  else {
    const isOne = specs.length === 1 && specs[0]?.kind !== 'range'
    await printAll(found, isOne, print)
  }
  if (absent.length === 0) return 0
  // What was found is printed; a second document for the error would spoil it.
  return reportFailure(await noSuchJobs(absent, storage), {json: null, verbose: false})
}

function printRaw(found: readonly JobDetails[], print: Printer): void {
  const [first, ...others] = found
  if (first === undefined || others.length > 0) throw new QctlError('usage', '--raw prints the payload of one job')
  print.raw(first.job.payload)
}

async function printAll(found: readonly JobDetails[], isOne: boolean, print: Printer): Promise<void> {
  const now = systemClock.wallNow()
  const documents = (): readonly unknown[] => found.map(details => jobDetailsJson(details, now))
  if (print.isJson) print.json(isOne ? documents()[0] : {items: documents()})
  else if (print.isMachine) for (const document of documents()) print.json(document)
  else if (print.output === 'csv' || print.output === 'id') {
    await print.list({items: found.map(({job}) => job), next: null, searched: null}, jobList(now))
  } else {
    for (const [i, details] of found.entries()) {
      if (i > 0) print.line()
      printJob(details, now, print)
    }
    const running = found.find(({job}) => job.state === 'processing')
    if (running !== undefined) print.hint(`what it prints meanwhile: qctl jobs logs ${running.job.id} -f`)
  }
}
