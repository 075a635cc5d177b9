import {QctlError} from '../errors.ts'
import type {Enqueued, NewJob} from '../job.ts'
import type {Storage} from '../storage/storage.ts'

const KEYED = 'repeat this command: the key keeps the job from being stored twice'

/** True for an error after which the same jobs may be stored once more: their keys keep them from being stored twice. */
export function isHarmlessToRepeat(error: unknown): boolean {
  return error instanceof QctlError && error.hint === KEYED
}

/**
 * Stores checked jobs, all or none. When it is not known whether they are stored, says what to do about it.
 * @returns where each ended up, in order
 * @throws QctlError as `Storage.enqueue`
 */
export async function storeJobs(storage: Pick<Storage, 'enqueue'>, jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
  try {
    return await storage.enqueue(jobs)
  } catch (error) {
    if (!(error instanceof QctlError) || error.code !== 'outcome_unknown') throw error
    // A key makes repeating harmless: a job that is stored is found and not stored again.
    const hint = jobs.every(job => job.key !== null) ? KEYED : 'it may be stored: look before repeating (qctl jobs list)'
    throw new QctlError('outcome_unknown', error.message, {hint, cause: error})
  }
}
