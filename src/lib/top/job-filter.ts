import {parseFilter} from '../queue/filter-parse.ts'
import {checkBy} from './check.ts'

/** The lists of jobs by state; the last two words are what `state=` takes. */
export const STATE_TABS = [
  {id: 'all', title: 'All', short: 'All'},
  {id: 'pending', title: 'Pending', short: 'Pend'},
  {id: 'scheduled', title: 'Scheduled', short: 'Sched'},
  {id: 'processing', title: 'Processing', short: 'Proc'},
  {id: 'retrying', title: 'Retrying', short: 'Retry'},
  {id: 'failed', title: 'Failed', short: 'Fail'},
  {id: 'done', title: 'Done', short: 'Done'},
  {id: 'cancelled', title: 'Cancelled', short: 'Canc'},
] as const
export type StateTab = (typeof STATE_TABS)[number]['id']

/**
 * The filter that a list stands for, as `--where` takes it; '' is every job.
 * @param names only of these queues; `null` = of all
 */
export function wholeFilter({tab, filter}: {readonly tab: StateTab; readonly filter: string}, names: readonly string[] | null): string {
  const queues = names === null ? [] : [names.length === 1 ? `queue=${names.join()}` : `queue in(${names.join()})`]
  const state = tab === 'all' ? [] : [`state=${tab}`]
  const others = [...queues, ...state]
  const own = filter === '' ? [] : [others.length > 0 && isEither(filter) ? `(${filter})` : filter]
  return [...others, ...own].join(' ')
}

/** What a filter is made of does not depend on the time; this one is far from either end of what can be written. */
const ANY_TIME = Date.UTC(5000, 0)

/** True for `a or b`, which stands alone only in parentheses. */
function isEither(filter: string): boolean {
  return parseFilter(filter, ANY_TIME).kind === 'or'
}

/** What of a filter is wrong, with what to write instead; `null` when nothing is. */
export function wrongFilter(text: string, now: number): string | null {
  return checkBy(typed => parseFilter(filterOf(typed), now))(text)
}

/** What was typed as a filter: a number alone is an id, and words without an operator are looked for in all that is text. */
export function filterOf(typed: string): string {
  const text = typed.trim()
  if (/^[1-9]\d*$/.test(text)) return `id=${text}`
  if (text === '' || /[=<>~()"]/.test(text)) return text
  return ['queue', 'key', 'tag', 'consumer', 'error'].map(field => `${field}~"${text}"`).join(' or ')
}
