import {QctlError} from '../errors.ts'
import type {Awaited, WaitLimits} from '../queue/await-jobs.ts'
import type {IdSpec} from '../queue/id-list.ts'
import type {Inspector} from '../queue/inspector.ts'
import type {Storage} from '../storage/storage.ts'
import {reportFailure} from './failure.ts'
import {noSuchJobs} from './missing.ts'
import type {ListFormat, Printer} from './print.ts'

/** What waiting needs. */
export interface Waiting {
  readonly inspector: Inspector
  readonly storage: Storage
  readonly print: Printer
}

/**
 * Waits until jobs are finished and prints how they ended.
 * @returns the exit status: 0 all done, 1 one failed or was cancelled, 66 one does not exist (any more), 124 time ran out
 */
export async function waitForJobs(specs: readonly IdSpec[], limits: WaitLimits, {inspector, storage, print}: Waiting): Promise<number> {
  const {ids, missing} = await inspector.resolve(specs)
  if (ids.length === 0) throw await noSuchJobs(missing, storage)
  const {jobs, timedOut} = await inspector.wait(ids, limits)
  if (print.output === 'csv' || print.output === 'id') await print.list({items: jobs, next: null, searched: null}, AWAITED_LIST)
  else print.result({jobs, timed_out: timedOut}, () => jobs.map(lineOf))
  const error = await errorOf(jobs, {timedOut, missing, storage})
  if (error !== null) return reportFailure(error, {json: null, verbose: false})
  return jobs.every(({state}) => state === 'done') ? 0 : 1
}

const AWAITED_LIST: ListFormat<Awaited> = {
  columns: [
    {key: 'id', title: 'ID', value: ({id}) => id},
    {key: 'state', title: 'STATE', value: ({state}) => state},
    {key: 'reason', title: 'REASON', value: ({reason}) => reason},
  ],
  id: ({id}) => id,
  toJson: job => job,
}

function lineOf({id, state, reason}: Awaited): string {
  return `${id} ${state ?? 'does not exist'}${reason === null ? '' : ` (${reason})`}`
}

async function errorOf(
  jobs: readonly Awaited[],
  {timedOut, missing, storage}: {readonly timedOut: boolean; readonly missing: readonly string[]; readonly storage: Storage},
): Promise<QctlError | null> {
  if (timedOut) {
    const open = jobs.filter(({state}) => state === 'pending' || state === 'processing')
    const sentence = jobs.length === 1 ? 'the job is not finished; it goes on' : `${open.length} of ${jobs.length} jobs are not finished; they go on`
    return new QctlError('timed_out', sentence)
  }
  const gone = [...missing, ...jobs.filter(({state}) => state === null).map(({id}) => String(id))]
  return gone.length > 0 ? noSuchJobs(gone, storage) : null
}
