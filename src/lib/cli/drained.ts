import {sentence} from '../errors.ts'
import type {Log} from '../log.ts'
import {explain} from '../queue/explain.ts'
import {wordingOf} from '../queue/explain-text.ts'
import type {Filter} from '../queue/filter.ts'
import type {Storage} from '../storage/storage.ts'
import {eyesOf} from './eyes.ts'

/** Where the work was. */
export interface Drained {
  readonly queues: readonly string[]
  readonly storage: Pick<Storage, 'queues' | 'find' | 'explain'>
  /** The file of the database; `null` for a URL. */
  readonly dbPath: string | null
}

/** Tells what a consumer that drained its queues leaves in them, and why. Never rejects: the work is done. */
export async function tellWhatStays({queues, storage, dbPath}: Drained, log: Log): Promise<void> {
  try {
    for (const {name, counts} of await storage.queues(queues)) {
      if (counts.pending === 0) continue
      const {id, why} = await oldestOf(name, {storage, dbPath})
      log.info(`${counts.pending.toLocaleString('en')} ${counts.pending === 1 ? 'job stays' : 'jobs stay'}`, {queue: name, oldest: id, why})
    }
  } catch (error) {
    log.warn('cannot tell what stays', {error: sentence(error)})
  }
}

/** The oldest pending job of a queue, and why it is not running. */
async function oldestOf(queue: string, {storage, dbPath}: Omit<Drained, 'queues'>): Promise<{readonly id?: number; readonly why?: string}> {
  const parts: readonly Filter[] = [{kind: 'text', field: 'queue', op: 'in', values: [queue]}, {kind: 'state', states: ['pending']}]
  const page = await storage.find({filter: {kind: 'and', parts}, order: {field: 'id', descending: false}, limit: 1, cursor: null, scanLimit: null})
  const [standing] = await storage.explain(page.jobs.map(({id}) => id))
  if (standing === undefined) return {}
  const explanation = explain(standing, eyesOf(dbPath))
  const [reason] = explanation.reasons
  return {id: explanation.id, ...(reason === undefined ? {} : {why: wordingOf(reason, explanation).text})}
}
