import type {Post} from './host.ts'

/**
 * Registers a process as a consumer, taking over the name from one that is dead, as `registerConsumer` does for real processes.
 * @returns the registration; `null` when somebody who lives has the name
 */
export async function enroll({host, life, wire, queues, concurrency}: Post): Promise<number | null> {
  const {storage} = wire
  const consumer = {name: life.name, process: life.process, queues, concurrency}
  const first = await storage.register({...consumer, replaces: null})
  if (first.kind === 'registered') return first.id
  if (host.coroner.causeOfDeath(first.by.process) === null) return null
  const second = await storage.register({...consumer, replaces: first.by.id})
  return second.kind === 'registered' ? second.id : null
}
