import {QctlError} from '../errors.ts'
import {DEFAULT_SETTINGS} from '../job.ts'
import {EMPTY_METER} from '../meter.ts'
import type {QueueStats} from '../stats.ts'
import type {QueueChange, SettingsChange, Storage} from '../storage/storage.ts'
import type {ChangedBy} from '../store-event.ts'
import {cliActor} from './actor.ts'
import {BaseCommand} from './base-command.ts'
import {confirm, expectCount} from './confirm.ts'
import {counted} from './counted.ts'
import {noSuchQueue} from './missing.ts'
import {queueJson} from './queue-json.ts'
import {printQueue, QUEUE_LIST} from './queue-list.ts'

/**
 * A queue that has to exist.
 * @throws QctlError `not_found`, with the name that was probably meant
 */
export async function existingQueue(name: string, storage: Pick<Storage, 'stats' | 'queues' | 'info'>): Promise<QueueStats> {
  const [queue] = await storage.stats({names: [name], since: null})
  if (queue === undefined) throw await noSuchQueue(name, storage)
  return queue
}

/**
 * Waits for a change of a queue.
 * @throws QctlError as the change; when nobody knows whether it is stored, with what to do
 */
export async function changed<T>(name: string, change: Promise<T>): Promise<T> {
  try {
    return await change
  } catch (error) {
    if (!(error instanceof QctlError) || error.code !== 'outcome_unknown') throw error
    throw new QctlError(error.code, error.message, {hint: `it may be done: look with qctl queues show ${name}, then repeat this command`, cause: error})
  }
}

/** Who changes a queue on the command line, for the events. */
export function by(reason: string): ChangedBy {
  return {actor: cliActor(), reason}
}

/** A queue as it is when it has just been created. */
function newQueue(name: string, change: SettingsChange): QueueStats {
  const settings = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null))
  return {
    name, paused: false, pausedReason: null, counts: {pending: 0, processing: 0, done: 0, failed: 0, cancelled: 0},
    scheduled: {count: 0, isMore: false}, oldestPendingMs: null, settings: {...DEFAULT_SETTINGS, ...settings}, total: EMPTY_METER, minutes: [],
  }
}

/** A command about one queue. */
export abstract class QueueCommand extends BaseCommand {
  /** The queue, which has to exist. */
  protected async existing(name: string): Promise<QueueStats> {
    return existingQueue(name, (await this.open()).storage)
  }

  /** Prints a queue with its settings. */
  protected async printQueue(queue: QueueStats, text: () => string | void = () => printQueue(queue, this.print)): Promise<void> {
    const {print} = this
    if (print.output === 'csv' || print.output === 'id') await print.list({items: [queue], next: null, searched: null}, QUEUE_LIST)
    else print.result(queueJson(queue), text)
  }

  /**
   * Says what creating a queue would do, and shows it to programs as it would be.
   * @param words the settings that were given
   * @throws QctlError `conflict` when it exists
   */
  protected async rehearseCreation(name: string, settings: SettingsChange, words: readonly string[]): Promise<void> {
    const {storage} = await this.open()
    if ((await storage.queues([name])).length > 0) throw new QctlError('conflict', `queue ${name} exists already`)
    const set = words.length === 0 ? '' : ` and set ${words.join(', ')}`
    this.print.rehearsal(queueJson(newQueue(name, settings)), `would create queue ${name}${set}; nothing was changed`)
  }

  /** Says what a change would do, and shows the queue as it is. */
  protected async rehearseChange(queue: QueueStats, words: readonly string[]): Promise<void> {
    this.print.note(`would change ${words.join(', ')} of queue ${queue.name}; nothing was changed`)
    await this.printQueue(queue)
  }

  /** Pauses or resumes. */
  protected async setPaused(name: string, paused: NonNullable<QueueChange['paused']>, dryRun: boolean): Promise<void> {
    const {storage} = await this.open()
    await existingQueue(name, storage)
    const word = paused.paused ? 'pause' : 'resume'
    if (dryRun) this.print.note(`would ${word} queue ${name}; nothing was changed`)
    else await changed(name, storage.setQueue(name, {create: 'never', paused, by: by(paused.paused && paused.reason !== null ? `queues pause: ${paused.reason}` : `queues ${word}`)}))
    const queue = await existingQueue(name, storage)
    await this.printQueue(queue, () => `${queue.name} is ${queue.paused ? 'paused' : 'active'}`)
  }

  /**
   * Deletes a queue; with `force` its jobs as well, which is asked about.
   * @throws QctlError `conflict`, `not_found`, `confirmation_needed`
   */
  protected async remove(name: string, {force, dryRun}: {readonly force: boolean; readonly dryRun: boolean}): Promise<void> {
    const {storage} = await this.open()
    const {counts} = await existingQueue(name, storage)
    const jobs = Object.values(counts).reduce((sum, count) => sum + count, 0)
    const change = {verb: `delete queue ${name} and`, count: jobs, noun: 'job'}
    if (dryRun) expectCount(change, this.confirmation.confirm)
    else if (force) await confirm(change, this.confirmation)
    if (!dryRun) await changed(name, storage.deleteQueue(name, {force, by: by(force ? `queues delete, with ${counted(jobs, 'job')}` : 'queues delete')}))
    const document = {action: 'delete', name, jobs, dry_run: dryRun}
    const text = `queue ${name} with ${counted(jobs, 'job')}`
    this.print.result(document, () => (dryRun ? `would delete ${text}; nothing was changed` : `deleted ${text}`))
  }
}
