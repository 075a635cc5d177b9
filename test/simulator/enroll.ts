import type {Storage} from '../../src/lib/storage/storage.ts'
import type {SimulatedCoroner} from './coroner.ts'
import type {Life} from './life.ts'

/**
 * Registers a process as a consumer, taking over the name from one that is dead, as `registerConsumer` does for real processes.
 * @returns the registration; `null` when somebody who lives has the name
 */
export async function enroll(storage: Storage, life: Life, queues: readonly string[], concurrency: number, coroner: SimulatedCoroner): Promise<number | null> {
  const consumer = {name: life.name, process: life.process, queues, concurrency}
  const first = await storage.register({...consumer, replaces: null})
  if (first.kind === 'registered') return first.id
  if (coroner.causeOfDeath(first.by.process) === null) return null
  const second = await storage.register({...consumer, replaces: first.by.id})
  return second.kind === 'registered' ? second.id : null
}
