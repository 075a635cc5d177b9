/** What one run of a job printed: all that is kept, or as it comes. */
import {QctlError} from '../errors.ts'
import type {Claim, Job, Run, RunOutput} from '../job.ts'
import {decodeOutput, OUTPUT_START, outputAfter, type OutputPosition, type OutputRecord} from '../output-record.ts'
import {type SpoolDirectory, SpoolReader} from '../output-spool.ts'
import type {JobRecord, Storage} from '../storage/storage.ts'
import {Changes} from './changes.ts'
import {jobsById} from './look-up.ts'

type Reading = Pick<Storage, 'get' | 'find' | 'watch'>

/** While a run goes on, its file is looked at this often. */
const LOOK_EVERY_MS = 60

/** A run of a job that was asked for. `ended` is `null` while it goes on. */
export interface FoundRun {
  readonly claim: Claim
  readonly ended: Run | null
  readonly output: RunOutput | null
}

/**
 * Finds a run.
 * @param job with history and output
 * @param run which, by its fence; `null` = the one that goes on, else the last
 * @returns `null` when the job has not been run yet
 * @throws QctlError `not_found` when it has no such run
 */
export function runOf({history, ...job}: JobRecord, run: number | null): FoundRun | null {
  const current = job.state === 'processing' ? job.fence : null
  const wanted = run ?? current ?? history.runs.at(-1)?.run
  if (wanted === undefined) return null
  const ended = history.runs.find(one => one.run === wanted) ?? null
  if (ended === null && wanted !== current) throw noSuchRun(job, wanted, history.runs)
  return {claim: {id: job.id, fence: wanted}, ended, output: history.output.get(wanted) ?? null}
}

function noSuchRun({id, state, fence}: Job, wanted: number, runs: readonly Run[]): QctlError {
  const known = [...runs.map(({run}) => run), ...(state === 'processing' ? [fence] : [])]
  const hint = known.length === 0 ? 'it has not been run yet' : `its runs are ${known.join(', ')}`
  return new QctlError('not_found', `job ${id} has no run ${wanted}`, {hint})
}

function wasDeleted(id: number): QctlError {
  return new QctlError('not_found', `job ${id} was deleted meanwhile`)
}

/** Everything kept of a run that ended, after a position: first what of it was let go. */
export function storedAfter(output: RunOutput | null, position: OutputPosition): readonly OutputRecord[] {
  if (output === null) return []
  const {records} = decodeOutput(output.records)
  const at = records[0]?.at ?? 0
  const gaps = [
    {kind: 'gap', stream: 'stdout', at, length: output.stdoutDroppedBytes},
    {kind: 'gap', stream: 'stderr', at, length: output.stderrDroppedBytes},
  ] as const
  return outputAfter([...gaps.filter(({length}) => length > 0), ...records], OUTPUT_START, position)
}

/**
 * Waits until a job is run again.
 * @param seen its last run, or none, as it was seen pending
 * @returns the next run, which may be over by now; `null` when the job finished without one
 * @throws QctlError `not_found` when the job was deleted
 */
export async function nextRun(storage: Reading, {id, fence}: Claim, signal: AbortSignal): Promise<Claim | null> {
  const changes = new Changes(storage)
  try {
    for (;;) {
      const job = (await jobsById(storage, [id])).get(id)
      if (job === undefined) throw wasDeleted(id)
      if (job.fence > fence) return {id, fence: fence + 1}
      if (job.state !== 'pending') return null
      await changes.next(Number.POSITIVE_INFINITY, signal)
    }
  } finally {
    changes.stop()
  }
}

/**
 * Gives what a run prints, from its start, soon after it was printed, until it ends.
 * @param spools where its output is while it goes on; `null` = nowhere: then all of it comes at the end
 * @returns how it ended
 * @throws QctlError `not_found` when the job was deleted
 */
export async function* followRun(
  storage: Reading,
  spools: SpoolDirectory | null,
  {id, fence}: Claim,
  signal: AbortSignal,
): AsyncGenerator<readonly OutputRecord[], JobRecord> {
  const reader = spools === null ? null : new SpoolReader(spools, {id, fence})
  const changes = new Changes(storage)
  try {
    for (let goesOn = true; goesOn; ) {
      const job = (await jobsById(storage, [id])).get(id)
      goesOn = job?.state === 'processing' && job.fence === fence
      const news = reader?.next() ?? []
      if (news.length > 0) yield news
      if (goesOn) await changes.next(LOOK_EVERY_MS, signal)
    }
    const [job] = await storage.get([id], {history: true, output: true})
    if (job === undefined) throw wasDeleted(id)
    const rest = storedAfter(job.history.output.get(fence) ?? null, reader?.position ?? OUTPUT_START)
    if (rest.length > 0) yield rest
    return job
  } finally {
    changes.stop()
    reader?.close()
  }
}
