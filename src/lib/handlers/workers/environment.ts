import {identifySelf} from '../../process.ts'
import {processName} from '../../survivors.ts'
import {type Environment, inheritedEnvironment} from '../environment.ts'
import type {RunContext} from '../handler.ts'

/** A worker's name says whose it is: by that it is found when its consumer is dead. */
export function workerName(number: number): string {
  return `${processName(identifySelf())}/${number}`
}

/**
 * The environment of a worker. What is said of one job is in its line.
 * @param context of any job of its consumer
 */
export function workerEnvironment(name: string, queues: readonly string[], context: RunContext | null): Environment {
  const environment: Record<string, string> = {
    ...inheritedEnvironment(process.env),
    QCTL_WORKER: name,
    QCTL_QUEUE: queues.join(','),
  }
  if (context === null) return environment
  environment['QCTL_CONSUMER'] = context.consumer
  if (context.dbPath !== null) environment['QCTL_DB'] = context.dbPath
  return environment
}
