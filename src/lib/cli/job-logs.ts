import {QctlError} from '../errors.ts'
import type {Claim} from '../job.ts'
import {OUTPUT_START, type OutputRecord} from '../output-record.ts'
import type {SpoolDirectory} from '../output-spool.ts'
import type {IdSpec} from '../queue/id-list.ts'
import type {Inspector} from '../queue/inspector.ts'
import {followRun, nextRun, runOf, storedAfter} from '../queue/run-output.ts'
import type {JobRecord, Storage} from '../storage/storage.ts'
import {parseInteger} from '../units.ts'
import type {FlagTable} from './flags.ts'
import {noSuchJobs} from './missing.ts'
import {type OutputOptions, OutputPrinter, recordJson, wholeRecords} from './output-printer.ts'
import type {Printer} from './print.ts'
import {endWithReader} from './reader-gone.ts'

/** For `jobs logs`. */
export const LOGS_FLAGS = {
  follow: {kind: 'switch', char: 'f', summary: 'go on printing until the run ends; wait for a job that has yet to start'},
  attempt: {
    kind: 'value',
    shape: 'RUN',
    parse: text => parseInteger(text, 1, Number.MAX_SAFE_INTEGER),
    summary: 'which run, as jobs show counts them [default: the one that goes on, else the last]',
  },
  stdout: {kind: 'switch', summary: 'only what it wrote to stdout', exclusive: ['stderr']},
  stderr: {kind: 'switch', summary: 'only what it wrote to stderr; printed to stdout'},
  timestamps: {kind: 'switch', char: 't', summary: 'begin each line with the time it was read'},
  raw: {kind: 'switch', summary: 'as it is, also on a terminal'},
} as const satisfies FlagTable

/** What printing output needs. */
export interface LogsOptions extends OutputOptions {
  readonly inspector: Inspector
  readonly storage: Storage
  /** Where runs show their output while they go on; `null` = nowhere. */
  readonly spools: SpoolDirectory | null
  readonly print: Printer
  readonly follow: boolean
  /** Its fence; `null` = the one that goes on, else the last. */
  readonly run: number | null
  readonly signal: () => AbortSignal
}

/**
 * Prints what one run of a job printed.
 * @throws QctlError `not_found` when there is no such job or run
 */
export async function printLogs(specs: readonly IdSpec[], options: LogsOptions): Promise<void> {
  const {follow, print, run, spools} = options
  if (follow && print.isJson) throw new QctlError('usage', '--follow has no end to put into one document', {hint: 'use -o ndjson'})
  const job = await findJob(specs, options)
  if (follow) await endWithReader()
  // Who follows a job that waits wants to see what it does next.
  const found = follow && run === null && job.state === 'pending' ? null : runOf(job, run)
  if (found === null) {
    if (follow) return printNext(job, options)
    if (print.isJson) return printDocument(job, null, [], options)
    return print.note(`job ${job.id} has not been run yet; it is ${job.state}`)
  }
  if (found.ended === null && follow) return printAsItComes(found.claim, options)
  const output = found.ended === null ? (spools?.read(found.claim) ?? null) : found.output
  const records = storedAfter(output, OUTPUT_START)
  if (print.isJson) return printDocument(job, found.claim.fence, records, options)
  const printer = new OutputPrinter(print, options)
  printer.records(records)
  printer.end()
  if (records.length === 0) print.note(`run ${found.claim.fence} of job ${job.id} ${found.ended === null ? 'has printed nothing yet' : 'printed nothing'}`)
}

async function findJob(specs: readonly IdSpec[], {inspector, storage}: LogsOptions): Promise<JobRecord> {
  const {ids, missing} = await inspector.resolve(specs)
  const [id, ...others] = ids
  if (id === undefined) throw await noSuchJobs(missing, storage)
  if (others.length > 0) throw new QctlError('usage', 'jobs logs prints the output of one job')
  const [job] = await storage.get([id], {history: true, output: true})
  if (job === undefined) throw await noSuchJobs([String(id)], storage)
  return job
}

function printDocument(job: JobRecord, run: number | null, records: readonly OutputRecord[], {only, print}: LogsOptions): void {
  const wanted = records.filter(({stream}) => only === null || stream === only)
  print.json({job: job.id, run, state: job.state, records: wholeRecords(wanted).map(recordJson)})
}

/** Waits for the next run of a job and prints it. */
async function printNext(job: JobRecord, options: LogsOptions): Promise<void> {
  const {print, signal, storage} = options
  if (job.state === 'pending') print.hint(`waiting for job ${job.id} to be run`)
  const claim = await nextRun(storage, job, signal())
  if (claim === null) return print.note(`job ${job.id} is not going to be run`)
  return printAsItComes(claim, options)
}

async function printAsItComes(claim: Claim, options: LogsOptions): Promise<void> {
  const {print, signal, spools, storage} = options
  const printer = new OutputPrinter(print, options)
  const news = followRun(storage, spools, claim, signal())
  for (let step = await news.next(); ; step = await news.next()) {
    if (step.done !== true) printer.records(step.value)
    else {
      printer.end()
      return print.note(endOf(claim, step.value))
    }
  }
}

/** How a run ended, in a sentence. */
function endOf({id, fence}: Claim, job: JobRecord): string {
  const run = job.history.runs.find(one => one.run === fence)
  if (run === undefined) return `run ${fence} of job ${id} is not kept any more; the job is ${job.state}`
  const why = run.error ?? (run.exitCode === null ? null : `exit ${run.exitCode}`)
  const end = `run ${fence} of job ${id} ended: ${run.outcome}${why === null ? '' : ` (${why})`}`
  return run.outcome === job.state ? end : `${end}; the job is ${job.state}`
}
