import {QctlError} from '../errors.ts'
import {nearest} from '../nearest.ts'
import type {Filter} from '../queue/filter.ts'
import type {Storage} from '../storage/storage.ts'
import type {Printer} from './print.ts'

/** How many of many are named. */
const NAMED = 5

function listed(names: readonly string[]): string {
  const more = names.length - NAMED
  return `${names.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/**
 * The error for jobs that do not exist.
 * @param names their ids, or the ranges and `@` names that name none
 */
export async function noSuchJobs(names: readonly string[], storage: Pick<Storage, 'info' | 'find'>): Promise<QctlError> {
  const [{location}, newest] = await Promise.all([
    storage.info(),
    storage.find({filter: null, order: {field: 'id', descending: true}, limit: 1, cursor: null, scanLimit: null}),
  ])
  const [last] = newest.jobs
  const hint = last === undefined ? 'there are no jobs at all' : `the newest is ${last.id}`
  return new QctlError('not_found', `no job ${listed(names)} in ${location}`, {hint})
}

/** The error for a queue that does not exist. */
export async function noSuchQueue(name: string, storage: Pick<Storage, 'info' | 'queues'>): Promise<QctlError> {
  const [{location}, queues] = await Promise.all([storage.info(), storage.queues()])
  const names = queues.map(queue => queue.name)
  const meant = nearest(name, names)
  const known = names.length === 0 ? 'there are none yet; a queue comes with its first job' : `the queues are ${listed(names)}`
  return new QctlError('not_found', `no queue ${name} in ${location}`, {hint: meant === null ? known : `did you mean ${meant}?`})
}

/** Every queue that a filter names. */
function queuesIn(filter: Filter): readonly string[] {
  if (filter.kind === 'and' || filter.kind === 'or') return filter.parts.flatMap(queuesIn)
  if (filter.kind === 'not') return queuesIn(filter.part)
  return filter.kind === 'text' && filter.field === 'queue' && filter.op === 'in' ? filter.values : []
}

/**
 * Makes sure that queues which were named by flag exist.
 * @throws QctlError `not_found`
 */
export async function requireQueues(names: readonly string[], storage: Pick<Storage, 'info' | 'queues'>): Promise<void> {
  if (names.length === 0) return
  const known = (await storage.queues(names)).map(({name}) => name)
  const missing = names.find(name => !known.includes(name))
  if (missing !== undefined) throw await noSuchQueue(missing, storage)
}

/** Tells of queues in a filter that do not exist: nothing can match them, and it may be a slip of the keyboard. */
export async function noteMissingQueues(filter: Filter | null, storage: Pick<Storage, 'queues'>, print: Pick<Printer, 'note'>): Promise<void> {
  const named = new Set(filter === null ? [] : queuesIn(filter))
  if (named.size === 0) return
  const known = (await storage.queues()).map(({name}) => name)
  for (const name of named) {
    if (known.includes(name)) continue
    const meant = nearest(name, known)
    print.note(`there is no queue ${name}${meant === null ? '' : ` (did you mean ${meant}?)`}`)
  }
}
