import {QctlError} from '../../errors.ts'
import {type State, STATES} from '../../job.ts'
import type {Filter} from '../../queue/filter.ts'
import type {Page, Query, SortField} from '../storage.ts'
import type {Connection, Named, Row} from './connection.ts'
import {FilterSql} from './filter-sql.ts'
import {type BootTime, JOB_COLUMNS, JOB_TABLES, jobOf} from './job-rows.ts'
import {CANCELLED, DONE, FAILED, LANE_ASSIGNED, LANE_OPEN, LANE_SUSPECT, num, PENDING, PROCESSING, stateCode} from './rows.ts'

const SORTS: Readonly<Record<SortField, string>> = {
  id: 'j.id',
  priority: 'j.priority',
  run_at: 'j.run_at',
  updated: 'j.updated_at',
  attempts: 'j.attempts',
}

/** Up to so many rows are fetched through an index and sorted; about 10 ms. */
const SMALL = 20_000
/** Up to so many ids are taken from an index and sorted; about 10 ms. */
const MANY_IDS = 200_000
/** A scan looks at windows of growing size, so that a dense filter costs one small one. */
const FIRST_WINDOW = 1000
const WINDOW_GROWTH = 4

/**
 * One page of the jobs that match.
 * Few candidates (by the queues' counters or a key) are read through their index, and as many as there are where an index has them in
 * order; otherwise the table is walked by id: past its first window only if an index knows no better.
 */
export function find(db: Connection, query: Query, time: BootTime): Page {
  const sql = new FilterSql()
  const condition = query.filter === null ? '1' : sql.compile(query.filter)
  const cursor = parseCursor(query)
  const search: Search = {db, query, condition, values: {...time, ...sql.values}, cursor, range: idRange(query.filter)}
  const candidates = query.filter === null ? null : candidatesOf(db, query.filter)
  const count = candidates?.rows ?? Number.POSITIVE_INFINITY
  if (query.order.field !== 'id') {
    return candidates === null || count > SMALL ? sortNewest(search) : candidatePage(search, candidates)
  }
  if (candidates?.inOrder === true) return walkCandidates(search, candidates)
  // To take an id from an index and sort it costs as much as to look at a row.
  if (candidates === null || count > Math.min(MANY_IDS, query.scanLimit ?? MANY_IDS)) return walk(search)
  if (count <= FIRST_WINDOW) return candidatePage(search, candidates)
  const first = walk({...search, query: {...query, scanLimit: Math.min(FIRST_WINDOW, query.scanLimit ?? FIRST_WINDOW)}})
  return first.searched.complete ? first : walkCandidates(search, candidates)
}

interface Search {
  readonly db: Connection
  readonly query: Query
  readonly condition: string
  readonly values: Named
  readonly cursor: Cursor | null
  readonly range: IdRange
}

/** No id outside of it can match; both ends are in it. */
interface IdRange {
  readonly low: number
  readonly high: number
}

/** The ids that a filter leaves: there is no need to walk past them. */
function idRange(filter: Filter | null): IdRange {
  let low = 0
  let high = Number.MAX_SAFE_INTEGER - 1
  for (const part of filter?.kind === 'and' ? filter.parts : filter === null ? [] : [filter]) {
    if (part.kind !== 'number' || part.field !== 'id' || part.op === 'in') continue
    if (part.op === '>' || part.op === '>=') low = Math.max(low, part.op === '>' ? part.value + 1 : part.value)
    if (part.op === '<' || part.op === '<=') high = Math.min(high, part.op === '<' ? part.value - 1 : part.value)
  }
  return {low: Math.ceil(low), high: Math.floor(high)}
}

interface Cursor {
  readonly value: number
  readonly id: number
}

/** Reads one row more than the page holds, to know whether there is a next one. */
function selectFrom(search: Search, source: string | null, range: string, extra: Named): readonly Row[] {
  const {query, cursor} = search
  const column = SORTS[query.order.field]
  const direction = query.order.descending ? 'DESC' : 'ASC'
  const past = query.order.descending ? '<' : '>'
  const after = cursor === null ? '1' : `(${column}, j.id) ${past} (:cursor_value, :cursor_id)`
  // CROSS JOIN holds SQLite to reading the few candidates first.
  const from = source === null ? JOB_TABLES : `(${source}) AS s CROSS JOIN ${JOB_TABLES}`
  const joined = source === null ? '1' : 'j.id = s.id'
  const text = `SELECT ${JOB_COLUMNS} FROM ${from} WHERE ${joined} AND ${range} AND ${after} AND ${search.condition}
ORDER BY ${column} ${direction}, j.id ${direction} LIMIT :page`
  const place = cursor === null ? {} : {cursor_value: cursor.value, cursor_id: cursor.id}
  return search.db.allOnce(text, {...search.values, ...extra, ...place, page: query.limit + 1})
}

function page(query: Query, rows: readonly Row[], searched: number, complete: boolean): Page {
  const jobs = rows.slice(0, query.limit).map(jobOf)
  const last = rows[query.limit - 1]
  const next = rows.length > query.limit && last !== undefined ? cursorAt(query.order.field, last) : null
  return {jobs, next, searched: {rows: searched, complete}}
}

/** All candidates at once. */
function candidatePage(search: Search, {sql, values, rows}: Candidates): Page {
  return page(search.query, selectFrom(search, sql, '1', values), rows, true)
}

/** Takes the ids of the candidates in order and reads the jobs themselves in growing windows until the page is full or enough was looked at. */
function walkCandidates(search: Search, candidates: Candidates): Page {
  const {db, query, range} = search
  const {descending} = query.order
  // What has to be sorted is looked at whole anyway.
  const most = candidates.inOrder ? (query.scanLimit ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
  const next = `SELECT id FROM (${candidates.sql}) WHERE id BETWEEN :low AND :high AND id ${descending ? '<' : '>'} :edge ORDER BY id ${descending ? 'DESC' : 'ASC'} LIMIT :window`
  const idsPast = (edge: number, window: number): readonly number[] =>
    db.allOnce(next, {...candidates.values, low: range.low, high: range.high, edge, window}).map(row => num(row['id']))
  let rows: Row[] = []
  let searched = 0
  let edge: number | null = edgeOf(search)
  for (let size = query.limit + 1; edge !== null && rows.length <= query.limit; size *= WINDOW_GROWTH) {
    if (searched >= most) {
      const complete = idsPast(edge, 1).length === 0
      return {...page(query, rows, searched, complete), next: complete ? null : `${edge}.${edge}`}
    }
    const window = Math.min(size, most - searched, candidates.inOrder ? SMALL : MANY_IDS)
    const ids = idsPast(edge, window)
    const missing = query.limit + 1 - rows.length
    const part = {...search, query: {...query, limit: missing - 1}, cursor: null}
    const {sql, values} = byId(ids)
    rows = [...rows, ...selectFrom(part, sql, '1', values)]
    searched += ids.length
    edge = ids.length < window ? null : (ids.at(-1) ?? null)
  }
  return page(query, rows, candidates.inOrder ? searched : candidates.rows, true)
}

/** Walks the table by id in growing windows until the page is full, the end is reached or enough was looked at. */
function walk(search: Search): Page {
  const {query} = search
  const {descending} = query.order
  const limit = query.scanLimit ?? Number.MAX_SAFE_INTEGER
  let rows: Row[] = []
  let searched = 0
  let size = query.filter === null ? query.limit + 1 : FIRST_WINDOW
  let edge = edgeOf(search)
  for (;;) {
    const wanted = Math.min(size, limit - searched)
    const window = nextWindow(search, edge, wanted, descending)
    if (window === null) return page(query, rows, searched, true)
    const range = descending ? 'j.id >= :low AND j.id < :high' : 'j.id > :high AND j.id <= :low'
    const missing = query.limit + 1 - rows.length
    const part = {...search, query: {...query, limit: missing - 1}, cursor: null}
    rows = [...rows, ...selectFrom(part, null, range, {low: window.end, high: edge})]
    searched += window.rows
    if (rows.length > query.limit) return page(query, rows, searched, true)
    if (searched >= limit) {
      const complete = nextWindow(search, window.end, 1, descending) === null
      return {...page(query, rows, searched, complete), next: complete ? null : `${window.end}.${window.end}`}
    }
    edge = window.end
    size *= WINDOW_GROWTH
  }
}

/** The id before the first one that may be on the page. */
function edgeOf({query, cursor, range: {low, high}}: Search): number {
  return query.order.descending ? Math.min(cursor?.id ?? high + 1, high + 1) : Math.max(cursor?.id ?? low - 1, low - 1)
}

const WINDOW_DOWN = 'SELECT min(id), count(*) FROM (SELECT id FROM job WHERE id < ? AND id >= ? ORDER BY id DESC LIMIT ?)'
const WINDOW_UP = 'SELECT max(id), count(*) FROM (SELECT id FROM job WHERE id > ? AND id <= ? ORDER BY id LIMIT ?)'

/** The next `size` ids past `edge` in the search's range: the last of them and how many there are; `null` at the end. */
function nextWindow({db, range}: Search, edge: number, size: number, descending: boolean): {end: number; rows: number} | null {
  const [row] = descending ? db.tuples(WINDOW_DOWN, edge, range.low, size) : db.tuples(WINDOW_UP, edge, range.high, size)
  const rows = num(row?.[1])
  return rows === 0 ? null : {end: num(row?.[0]), rows}
}

/** Sorted by something no index knows: the newest rows, as many as may be looked at, are sorted whole. */
function sortNewest(search: Search): Page {
  const {query, range} = search
  const window = nextWindow(search, range.high + 1, query.scanLimit ?? Number.MAX_SAFE_INTEGER, true)
  if (window === null) return page(query, [], 0, true)
  const rows = selectFrom(search, null, 'j.id >= :low AND j.id <= :high', {low: window.end, high: range.high})
  return page(query, rows, window.rows, nextWindow(search, window.end, 1, true) === null)
}

interface Candidates {
  /** Selects `id`. */
  readonly sql: string
  readonly values: Named
  /** How many there are. */
  readonly rows: number
  /** An index has them in the order of their ids: there is no need to sort. */
  readonly inOrder: boolean
}

/** The jobs a filter can match at most, when an index knows them; else `null`. */
function candidatesOf(db: Connection, filter: Filter): Candidates | null {
  const parts = filter.kind === 'and' ? filter.parts : [filter]
  const ids = parts.find(part => part.kind === 'number' && part.field === 'id' && part.op === 'in')
  if (ids?.kind === 'number' && ids.op === 'in') return byId(ids.values)
  const keys = parts.find(part => part.kind === 'text' && part.field === 'key' && part.op === 'in' && !part.values.includes(''))
  if (keys?.kind === 'text' && keys.op === 'in') return byKey(db, keys.values)
  const states = parts.find(part => part.kind === 'state')
  const queue = parts.find(part => part.kind === 'text' && part.field === 'queue' && part.op === 'in')
  if (states === undefined && queue === undefined) return null
  const names = queue?.kind === 'text' && queue.op === 'in' ? queue.values : null
  return byState(db, states?.kind === 'state' ? states.states : STATES, names)
}

function byId(ids: readonly number[]): Candidates {
  return {sql: 'SELECT DISTINCT value AS id FROM json_each(:ids)', values: {ids: JSON.stringify(ids)}, rows: ids.length, inOrder: false}
}

const BY_KEY = 'SELECT id FROM job INDEXED BY job_by_key WHERE key IN (SELECT value FROM json_each(:keys))'

function byKey(db: Connection, keys: readonly string[]): Candidates {
  const values = {keys: JSON.stringify(keys)}
  const [row] = db.all(`SELECT count(*) AS rows FROM (${BY_KEY})`, values)
  return {sql: BY_KEY, values, rows: num(row?.['rows']), inOrder: false}
}

const QUEUE_COUNTS = 'SELECT id, name, pending, processing, done, failed, cancelled FROM queue WHERE deleted_at IS NULL'
const IN_QUEUES = 'queue_id IN (SELECT value FROM json_each(:queues))'
const pendingIn = (index: string, lane: number): string =>
  `SELECT id FROM job INDEXED BY ${index} WHERE ${IN_QUEUES} AND state = ${PENDING} AND lane = ${lane}`
const finishedIn = (state: number): string =>
  `SELECT id FROM job INDEXED BY job_finished WHERE ${IN_QUEUES} AND state = ${state} AND state >= ${DONE}`
const IDS_BY_STATE: Readonly<Record<number, string>> = {
  [PENDING]: [pendingIn('job_ready', LANE_OPEN), pendingIn('job_assigned', LANE_ASSIGNED), pendingIn('job_suspect', LANE_SUSPECT)].join(' UNION ALL '),
  [PROCESSING]: 'SELECT job_id AS id FROM lease',
  [DONE]: finishedIn(DONE),
  [FAILED]: finishedIn(FAILED),
  [CANCELLED]: finishedIn(CANCELLED),
}

/** These have an index of their own, in the order of ids and for all queues together. */
const UNHAPPY: Readonly<Record<number, string>> = {[FAILED]: unhappyIn(FAILED), [CANCELLED]: unhappyIn(CANCELLED)}
/** Of what that index holds at least this share has to be of the queues that are meant: the others are passed over one by one. */
const FAIR_SHARE = 0.05

function unhappyIn(state: number): string {
  return `SELECT id FROM job INDEXED BY job_unhappy WHERE ${IN_QUEUES} AND state = ${state} AND state >= ${FAILED}`
}

function byState(db: Connection, states: readonly State[], names: readonly string[] | null): Candidates {
  const all = db.all(QUEUE_COUNTS)
  const queues = all.filter(row => names === null || names.some(name => name === row['name']))
  const count = (some: readonly Row[]): number => some.reduce((sum, row) => sum + states.reduce((total, state) => total + num(row[state]), 0), 0)
  const rows = count(queues)
  const codes = states.map(stateCode)
  const inOrder = rows > FIRST_WINDOW && rows >= FAIR_SHARE * count(all) && codes.every(code => code in UNHAPPY)
  const sql = codes.map(code => (inOrder ? UNHAPPY : IDS_BY_STATE)[code] ?? '').join(' UNION ALL ')
  const needsQueues = codes.some(code => code !== PROCESSING)
  return {sql, values: needsQueues ? {queues: JSON.stringify(queues.map(row => num(row['id'])))} : {}, rows, inOrder}
}

const COLUMN_OF: Readonly<Record<SortField, string>> = {
  id: 'id',
  priority: 'priority',
  run_at: 'run_at',
  updated: 'updated_at',
  attempts: 'attempts',
}

function cursorAt(field: SortField, row: Row): string {
  return `${num(row[COLUMN_OF[field]])}.${num(row['id'])}`
}

function parseCursor({cursor, order}: Query): Cursor | null {
  if (cursor === null) return null
  const [value, id] = cursor.split('.').map(Number)
  if (!/^-?\d+\.\d+$/.test(cursor) || value === undefined || id === undefined || (order.field === 'id' && value !== id)) {
    throw new QctlError('usage', `not a cursor of this list: ${JSON.stringify(cursor)}`, {hint: 'use the "next" of the page before'})
  }
  return {value, id}
}
