import {QctlError} from '../errors.ts'
import {EVERY_JOB_TEXT, type Filter} from '../queue/filter.ts'
import {filterFromFlags} from '../queue/filter-flags.ts'
import {type IdSpec, parseIds} from '../queue/id-list.ts'
import type {SortField} from '../storage/storage.ts'
import {parseDuration, systemClock} from '../time.ts'
import {parseInteger} from '../units.ts'
import {type ArgTable, asText, type FlagTable, type FlagValues} from './flags.ts'
import {parseKey, parseName, parseSpanOrNever} from './values.ts'

const WHICH = {helpGroup: 'SELECTION'} as const

/** Flags that say which jobs. */
export const SELECT_FLAGS = {
  where: {kind: 'value', shape: 'FILTER', parse: parseWhere, summary: "such as 'queue=mail state=failed age>1d', see qctl help filters", ...WHICH},
  queue: {kind: 'list', commas: true, char: 'Q', shape: 'A,B', parse: parseName, summary: 'of these queues', ...WHICH},
  state: {
    kind: 'list',
    commas: true,
    char: 's',
    shape: 'A,B',
    parse: asText,
    summary: 'in these states; also scheduled, retrying',
    ...WHICH,
  },
  key: {kind: 'value', shape: 'TEXT', parse: parseSoughtKey, summary: 'with this key', ...WHICH},
  tag: {kind: 'list', commas: true, shape: 'A,B', parse: parseName, summary: 'with all of these tags', ...WHICH},
  since: {kind: 'value', shape: 'TIME', parse: asText, summary: 'submitted then or later, such as -1h', ...WHICH},
  until: {kind: 'value', shape: 'TIME', parse: asText, summary: 'submitted before then', ...WHICH},
} as const satisfies FlagTable
export type SelectFlags = FlagValues<typeof SELECT_FLAGS>

/** Takes a filter, but not a blank one: `--where "$WHICH"` of a variable that is not set would mean every job. */
function parseWhere(text: string): string {
  if (text.trim() !== '') return text
  throw new QctlError('usage', 'no filter given', {hint: `every job is --where '${EVERY_JOB_TEXT}'`})
}

/** Takes the key of a job, but not an empty one: `--key "$KEY"` of a variable that is not set would mean all without a key. */
function parseSoughtKey(text: string): string {
  if (text !== '') return parseKey(text)
  throw new QctlError('usage', 'no key given', {hint: `jobs without a key are --where 'key=""'`})
}

const ID_SUMMARY = '42, 40-50, @last or @last-failed'

/** Ids, where flags may say which jobs instead. */
export const OPTIONAL_ID_ARGS = {id: {summary: ID_SUMMARY, parse: asText, several: true}} as const satisfies ArgTable
/** Ids. */
export const ID_ARGS = {id: {summary: ID_SUMMARY, parse: asText, several: true, required: true}} as const satisfies ArgTable

/** One id. */
export const ONE_ID_ARGS = {id: {summary: '42, @last or @last-failed', parse: asText, required: true}} as const satisfies ArgTable

/** Why something is done, for the history of the jobs. */
export const REASON_FLAGS = {
  reason: {kind: 'value', shape: 'TEXT', parse: asText, summary: 'why, for the history of the jobs'},
} as const satisfies FlagTable

/** For verbs that a holder has to carry out. */
export const NO_WAIT_FLAGS = {
  'no-wait': {kind: 'switch', summary: 'do not wait for the handlers of jobs that are being processed'},
} as const satisfies FlagTable

/** For `jobs assign`. */
export const ASSIGN_FLAGS = {
  consumer: {kind: 'value', shape: 'NAME', parse: parseName, summary: 'only this consumer may take them', required: true},
  for: {kind: 'value', shape: 'DURATION|never', parse: parseSpanOrNever, summary: 'for how long [default: 10m]'},
} as const satisfies FlagTable

/** For `jobs wait`. */
export const WAIT_FLAGS = {
  for: {kind: 'value', shape: 'DURATION', parse: parseDuration, summary: 'no longer than this; then exit 124'},
} as const satisfies FlagTable

const SORTS = ['id', 'priority', 'run_at', 'updated', 'attempts'] as const satisfies readonly SortField[]
/** What people want on top. */
const DESCENDING: Readonly<Record<SortField, boolean>> = {id: true, priority: true, run_at: false, updated: true, attempts: true}

/** For `jobs list`. */
export const LIST_FLAGS = {
  limit: {kind: 'value', char: 'l', shape: 'N', parse: text => parseInteger(text, 1, 1_000_000), summary: 'at most so many [default: 20]'},
  cursor: {kind: 'value', shape: 'CURSOR', parse: asText, summary: 'go on where the page before ended'},
  sort: {kind: 'value', shape: `FIELD[:asc|:desc]`, parse: parseSort, summary: `by ${SORTS.join(', ')} [default: id:desc]`},
  watch: {kind: 'switch', char: 'w', summary: 'print again whenever something changes', exclusive: ['cursor']},
} as const satisfies FlagTable

/** How a list is ordered. */
export interface Sort {
  readonly field: SortField
  readonly descending: boolean
}

function parseSort(text: string): Sort {
  const [name, direction, ...rest] = text.split(':')
  const field = SORTS.find(candidate => candidate === name)
  const isDirection = direction === undefined || direction === 'asc' || direction === 'desc'
  if (field === undefined || !isDirection || rest.length > 0) {
    throw new QctlError('usage', `cannot sort by ${JSON.stringify(text)}`, {hint: `sort by ${SORTS.join(', ')}, with :asc or :desc`})
  }
  return {field, descending: direction === undefined ? DESCENDING[field] : direction === 'desc'}
}

/**
 * The filter of the flags.
 * @returns `null` when they ask nothing
 * @throws QctlError `usage`
 */
export function filterOf(flags: SelectFlags): Filter | null {
  const {queue, state, key, tag, since, until, where} = flags
  const given = [queue, state, key, tag, since, until, where].some(flag => flag !== undefined)
  if (!given) return null
  return filterFromFlags({queues: queue, states: state, key, tags: tag, since, until, where}, systemClock.wallNow())
}

/** Which jobs a verb is for: these, or all that match. */
export type Selection =
  | {readonly kind: 'ids'; readonly specs: readonly IdSpec[]}
  /** `queues`: those that are named apart from the filter, and have to exist. */
  | {readonly kind: 'where'; readonly filter: Filter; readonly queues: readonly string[]}

/**
 * Which jobs a command line means.
 * @throws QctlError `usage` when it says so twice or not at all
 */
export function selectionOf(ids: readonly string[] | undefined, flags: SelectFlags): Selection {
  const filter = filterOf(flags)
  if (ids !== undefined && ids.length > 0) {
    if (filter !== null) throw new QctlError('usage', 'give ids or a filter, not both')
    return {kind: 'ids', specs: parseIds(ids)}
  }
  if (filter === null) throw new QctlError('usage', 'which jobs?', {hint: 'give ids, --where FILTER, or -Q, -s, --tag and the like'})
  return {kind: 'where', filter, queues: flags.queue ?? []}
}
