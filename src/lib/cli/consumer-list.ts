import {isStopped} from '../process.ts'
import {formatDurationShort} from '../time.ts'
import {aliveOf, type BusyConsumer, consumerJson} from './consumer-json.ts'
import {csvColumns} from './csv-columns.ts'
import type {ListFormat} from './print.ts'

const CSV_SHOWN = 'name pid host queues concurrency alive leaving jobs processed failed started_at'.split(' ')

/**
 * How consumers are listed.
 * @param now UTC ms, for the time they and their jobs have been up
 */
export function consumerList(now: number): ListFormat<BusyConsumer> {
  return {
    columns: [
      {key: 'name', title: 'CONSUMER', value: consumer => consumer.name, style: () => 'bold'},
      {key: 'pid', title: 'PID', value: consumer => consumer.process.pid, align: 'right', spare: true},
      {key: 'host', title: 'HOST', value: consumer => consumer.process.host, spare: true},
      {key: 'queues', title: 'QUEUES', value: consumer => consumer.queues.join(',')},
      {key: 'jobs', title: 'JOBS', value: consumer => `${consumer.jobs}/${consumer.concurrency}`, align: 'right'},
      {key: 'current', title: 'CURRENT JOB', short: 'CURRENT', value: consumer => current(consumer, now), free: true},
      {
        key: 'alive',
        title: 'ALIVE',
        value: aliveOf,
        style: consumer => (aliveOf(consumer) === 'no' ? 'red' : null),
      },
      {key: 'processed', title: 'PROCESSED', short: 'PROC', value: consumer => consumer.processed, align: 'right'},
      {key: 'failed', title: 'FAILED', short: 'FAIL', value: consumer => consumer.failed, align: 'right'},
      {key: 'up', title: 'UP', value: consumer => formatDurationShort(Math.max(0, now - consumer.startedAt)), align: 'right'},
    ],
    csv: csvColumns(CSV_SHOWN, ['current'], consumer => consumerJson(consumer, now)),
    id: consumer => consumer.name,
    toJson: consumer => consumerJson(consumer, now),
  }
}

/** The job it has had for longest, for how long, how many more, and why it takes no other. */
function current({held, leaving, process}: BusyConsumer, now: number): string | null {
  const [first] = held
  const more = held.length > 1 ? ` +${held.length - 1}` : ''
  const job = first === undefined ? '' : `${first.id} ${first.queue} ${formatDurationShort(Math.max(0, now - first.startedAt))}${more}`
  const state = isStopped(process) ? 'stopped by a signal' : leaving ? 'takes no more' : ''
  return [job, state].filter(part => part !== '').join(', ') || null
}
