/**
 * Figures in Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats). By hand: the client library counts what happens
 * in its own process; these counters are kept by the store and only told, histograms with them, which the library cannot be given.
 */
import {countBelow, type Histogram} from '../histogram.ts'
import {type Consumer, RUN_OUTCOMES, STATES} from '../job.ts'
import type {Meter} from '../meter.ts'
import {safeText} from '../safe-text.ts'
import type {QueueStats} from '../stats.ts'
import type {StorageInfo} from '../storage/storage.ts'
import {aliveOf} from './consumer-json.ts'

/** What is told. */
export interface Facts {
  readonly queues: readonly QueueStats[]
  readonly consumers: readonly Consumer[]
  readonly info: StorageInfo
}

/** Powers of two of a millisecond, up to an hour and more: there the buckets of the store begin, so that the counts are exact. */
const BOUNDS_MS = Array.from({length: 23}, (_, power) => 2 ** power)

type Labels = Readonly<Record<string, string>>

/** One line of the format. */
interface Sample {
  readonly labels: Labels
  readonly value: number
  readonly suffix?: '_bucket' | '_sum' | '_count'
}

interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: readonly Sample[]
}

/** The whole page. */
export function prometheusText(facts: Facts): string {
  return [...queueGauges(facts.queues), ...queueCounters(facts.queues), ...storeMetrics(facts)].map(metricText).join('')
}

function queueGauges(queues: readonly QueueStats[]): readonly Metric[] {
  const each = (of: (queue: QueueStats) => number): readonly Sample[] => queues.map(queue => ({labels: {queue: queue.name}, value: of(queue)}))
  return [
    {
      name: 'qctl_jobs',
      type: 'gauge',
      help: 'Jobs in each state, as long as they are kept.',
      samples: queues.flatMap(({name, counts}) => STATES.map(state => ({labels: {queue: name, state}, value: counts[state]}))),
    },
    {name: 'qctl_jobs_scheduled', type: 'gauge', help: 'Pending jobs whose time has not come (a lower bound above 10000).', samples: each(({scheduled}) => scheduled.count)},
    {
      name: 'qctl_oldest_pending_seconds',
      type: 'gauge',
      help: 'How long the oldest job that could run has been waiting; 0 when none.',
      samples: each(({oldestPendingMs}) => (oldestPendingMs ?? 0) / 1000),
    },
    {name: 'qctl_queue_paused', type: 'gauge', help: '1 while the queue is paused.', samples: each(({paused}) => (paused ? 1 : 0))},
  ]
}

function queueCounters(queues: readonly QueueStats[]): readonly Metric[] {
  const counter = (name: string, help: string, of: (total: Meter) => readonly (readonly [Labels, number])[]): Metric => ({
    name, type: 'counter', help,
    samples: queues.flatMap(queue => of(queue.total).map(([labels, value]) => ({labels: {queue: queue.name, ...labels}, value}))),
  })
  return [
    counter('qctl_jobs_added_total', 'Jobs that came into being.', ({added}) => [[{}, added]]),
    counter('qctl_jobs_total', 'Jobs that finished, by how.', ({runs, failed, cancelled}) => [
      [{outcome: 'done'}, runs.done ?? 0], [{outcome: 'failed'}, failed], [{outcome: 'cancelled'}, cancelled],
    ]),
    counter('qctl_runs_total', 'Runs that ended, by how.', ({runs}) => RUN_OUTCOMES.map(outcome => [{outcome}, runs[outcome] ?? 0])),
    counter('qctl_retries_total', 'Runs after which the job is to be tried again, the attempt spent.', ({retried}) => [[{}, retried]]),
    counter('qctl_jobs_resubmitted_total', 'Finished jobs that were made pending again.', ({resubmitted}) => [[{}, resubmitted]]),
    histogram('qctl_job_wait_seconds', 'From the moment a job could run to its claim.', queues, ({wait}) => wait),
    histogram('qctl_job_run_seconds', 'What runs took, however they ended.', queues, ({run}) => run),
  ]
}

function histogram(name: string, help: string, queues: readonly QueueStats[], of: (total: Meter) => Histogram): Metric {
  const samples = queues.flatMap(({name: queue, total}): readonly Sample[] => {
    const times = of(total)
    const buckets = BOUNDS_MS.map((ms): Sample => ({labels: {queue, le: String(ms / 1000)}, value: countBelow(times, ms), suffix: '_bucket'}))
    return [
      ...buckets,
      {labels: {queue, le: '+Inf'}, value: times.count, suffix: '_bucket'},
      {labels: {queue}, value: times.sumMs / 1000, suffix: '_sum'},
      {labels: {queue}, value: times.count, suffix: '_count'},
    ]
  })
  return {name, type: 'histogram', help, samples}
}

function storeMetrics({consumers, info}: Facts): readonly Metric[] {
  const living = consumers.filter(({endedAt}) => endedAt === null)
  const alive = (word: string): Sample => ({labels: {alive: word}, value: living.filter(consumer => aliveOf(consumer) === word).length})
  return [
    {name: 'qctl_consumers', type: 'gauge', help: 'Registered consumers, by whether their process lives.', samples: ['yes', 'no', 'unknown'].map(alive)},
    {
      name: 'qctl_store_info',
      type: 'gauge',
      help: 'What the store is; always 1.',
      samples: [{labels: {engine: info.engine, engine_version: info.engineVersion, schema: String(info.schemaVersion), durability: info.durability}, value: 1}],
    },
  ]
}

function metricText({name, type, help, samples}: Metric): string {
  const lines = samples.map(({labels, value, suffix = ''}) => `${name}${suffix}${labelText(labels)} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** As the format asks for, and harmless on a terminal. Names of queues have nothing of the kind, unless the database was made elsewhere. */
function escaped(value: string): string {
  return safeText(value, {multiline: true}).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
