import type {Filter} from '../queue/filter.ts'
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
export function wholeFilter({tab, filter: typed}: {readonly tab: StateTab; readonly filter: string}, names: readonly string[] | null): string {
  const filter = filterOf(typed)
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

/** Where words are looked for. */
const TEXTS = ['queue', 'key', 'tag', 'consumer', 'error'] as const

/** What was typed as a filter: a number alone is an id, and words without an operator are looked for in all that is text. */
export function filterOf(typed: string): string {
  const text = typed.trim()
  switch (mannerOf(text)) {
    case 'id':
      return `id=${text}`
    case 'words':
      return TEXTS.map(field => `${field}~"${text}"`).join(' or ')
    case 'filter':
      return text
  }
}

/** What is meant by something that is no filter as it stands; '' where it is one. */
export function meaningOf(typed: string): string {
  return {id: 'an id', words: `in ${TEXTS.slice(0, -1).join(', ')} or ${TEXTS.at(-1)}`, filter: ''}[mannerOf(typed.trim())]
}

function mannerOf(text: string): 'id' | 'words' | 'filter' {
  if (/^[1-9]\d*$/.test(text)) return 'id'
  return text === '' || /[=<>~()"]/.test(text) ? 'filter' : 'words'
}

/** True for a filter that says itself which states it wants. */
export function namesState(typed: string): boolean {
  return hasState(parseFilter(filterOf(typed), ANY_TIME))
}

function hasState(filter: Filter): boolean {
  switch (filter.kind) {
    case 'state':
      return true
    case 'and':
    case 'or':
      return filter.parts.some(hasState)
    case 'not':
      return hasState(filter.part)
    default:
      return false
  }
}
