import type {Claim} from '../job.ts'
import {bareEnd} from '../outcome.ts'
import type {Queue} from '../queue/queue.ts'
import type {Storage} from '../storage/storage.ts'

/**
 * A claim whose commit failed may have been stored all the same: gives back the jobs a consumer holds without knowing.
 * Only while no claim of it is on its way.
 * @param isKnown whether the consumer knows of a job
 */
export async function releaseStrays(
  {storage, queue}: {readonly storage: Pick<Storage, 'held'>; readonly queue: Pick<Queue, 'settle'>},
  consumerId: number,
  isKnown: (claim: Claim) => boolean,
): Promise<void> {
  const held = await storage.held({consumerId})
  const strays = held.filter(job => !isKnown(job))
  if (strays.length > 0) await queue.settle(strays.map(lease => ({lease, end: bareEnd({kind: 'released'})})))
}
