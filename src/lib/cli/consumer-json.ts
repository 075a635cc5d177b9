import type {Consumer} from '../job.ts'
import {liveness} from '../process.ts'
import {timeField} from './bytes-json.ts'

/** Whether a consumer's process lives, as far as this host can tell. */
export type Alive = 'yes' | 'no' | 'unknown'

/** Looks whether a consumer's process lives. */
export function aliveOf(consumer: Consumer): Alive {
  const verdict = liveness(consumer.process)
  return verdict === 'alive' ? 'yes' : verdict === 'dead' ? 'no' : 'unknown'
}

/** A consumer as every JSON document shows it. */
export function consumerJson(consumer: Consumer): Readonly<Record<string, unknown>> {
  return {
    name: consumer.name,
    pid: consumer.process.pid,
    host: consumer.process.host,
    queues: consumer.queues,
    concurrency: consumer.concurrency,
    alive: aliveOf(consumer),
    jobs: consumer.jobs,
    processed: consumer.processed,
    failed: consumer.failed,
    started_at: timeField(consumer.startedAt),
  }
}
