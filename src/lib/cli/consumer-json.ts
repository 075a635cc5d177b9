import type {Consumer} from '../job.ts'
import {liveness} from '../process.ts'
import type {Held} from '../storage/storage.ts'
import {timeField} from './bytes-json.ts'

/** Whether a consumer's process lives, as far as this host can tell. */
export type Alive = 'yes' | 'no' | 'unknown'

/** A consumer and what it is doing. */
export interface BusyConsumer extends Consumer {
  /** The jobs in its hands, oldest claim first. */
  readonly held: readonly Held[]
}

/** Gives to each consumer the jobs in its hands. */
export function withJobs(consumers: readonly Consumer[], held: readonly Held[]): readonly BusyConsumer[] {
  const byConsumer = Map.groupBy(held, ({consumerId}) => consumerId)
  return consumers.map(consumer => ({...consumer, held: byConsumer.get(consumer.id) ?? []}))
}

/** Looks whether a consumer's process lives. */
export function aliveOf(consumer: Consumer): Alive {
  const verdict = liveness(consumer.process)
  return verdict === 'alive' ? 'yes' : verdict === 'dead' ? 'no' : 'unknown'
}

/**
 * A consumer as every JSON document shows it.
 * @param now UTC ms, for how long its jobs have been running
 */
export function consumerJson(consumer: BusyConsumer, now: number): Readonly<Record<string, unknown>> {
  return {
    name: consumer.name,
    pid: consumer.process.pid,
    host: consumer.process.host,
    queues: consumer.queues,
    concurrency: consumer.concurrency,
    alive: aliveOf(consumer),
    leaving: consumer.leaving,
    jobs: consumer.jobs,
    current: consumer.held.map(({id, queue, attempt, startedAt, requested}) => {
      return {id, queue, attempt, started_at: timeField(startedAt), running_ms: Math.max(0, now - startedAt), requested}
    }),
    processed: consumer.processed,
    failed: consumer.failed,
    started_at: timeField(consumer.startedAt),
  }
}
