/** What each field of the filter language takes, and the part of the tree it becomes. */
import {QctlError} from '../errors.ts'
import {FAIL_REASONS, NAME_PATTERN, STATES} from '../job.ts'
import {nearest} from '../nearest.ts'
import {parseTime} from '../time-parse.ts'
import {parseDuration} from '../time.ts'
import {and, or} from './filter.ts'
import type {Filter, NumberField, Order, PayloadPath, PayloadValue, TextField} from './filter.ts'

/** An operator of the language without `!=`, which is a `not` around `=`. */
export type Operator = Order | '=' | '~' | 'in'

/** A value as it was written. */
export interface WrittenValue {
  readonly text: string
  readonly quoted: boolean
}

/** The right side of a comparison; one value, or several of an `in`. */
export interface Condition {
  readonly op: Operator
  readonly values: readonly [WrittenValue, ...WrittenValue[]]
  /** UTC ms, what relative times count from. */
  readonly now: number
}

type Compile = (condition: Condition) => Filter

/** The fields but `payload.PATH`, each with what makes its part of the tree. A finished job was updated last when it finished. */
const FIELDS: Readonly<Record<string, Compile>> = {
  id: (condition) => numeric('id', condition, (text) => integer(text, isNamed(condition) ? 1 : 0)),
  queue: (condition) => textual('queue', condition, named),
  state,
  key: (condition) => textual('key', condition),
  tag: (condition) => textual('tag', condition, nameOrNone),
  priority: (condition) => numeric('priority', condition, (text) => integer(text, Number.MIN_SAFE_INTEGER)),
  attempts: (condition) => numeric('attempts', condition, (text) => integer(text, 0)),
  age,
  created: (condition) => numeric('created', condition, (text) => parseTime(text, condition.now, 'past')),
  updated: (condition) => numeric('updated', condition, (text) => parseTime(text, condition.now, 'past')),
  finished: (condition) => and({kind: 'state', states: ['done', 'failed', 'cancelled']}, compareField('updated', condition)),
  run_at: (condition) => numeric('run_at', condition, (text) => parseTime(text, condition.now, 'future')),
  consumer: (condition) => textual('consumer', condition, nameOrNone),
  reason,
  error: (condition) => textual('error', condition),
}

/** The names of the fields, for completion and help; `payload.PATH` comes on top. */
export const FILTER_FIELDS: readonly string[] = Object.keys(FIELDS)

/** The words `state` takes: the five states and the two views of pending. */
export const STATE_WORDS = [...STATES, 'scheduled', 'retrying'] as const

/** @throws QctlError usage, with the nearest field, when there is no such field */
export function requireField(field: string): void {
  compilerOf(field)
}

/**
 * One comparison of a field that is not the payload.
 * @throws QctlError usage for an unknown field, an operator that the field does not have, or a value of the wrong kind
 */
export function compareField(field: string, condition: Condition): Filter {
  return compilerOf(field)(condition)
}

function compilerOf(field: string): Compile {
  const compile = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined
  if (compile === undefined) throw unknownWord('field', field, [...FILTER_FIELDS, 'payload'])
  return compile
}

/** Refuses a word that is not in a list, with the nearest of the list. */
function unknownWord(what: string, word: string, allowed: readonly string[]): QctlError {
  const meant = nearest(word, allowed)
  const hint = meant === null ? `use ${allowed.join(', ')}` : `did you mean ${meant}?`
  return new QctlError('usage', `unknown ${what} ${JSON.stringify(word)}`, {hint})
}

function unfit(field: string, op: Operator, use: string): QctlError {
  return new QctlError('usage', `${field} cannot be compared with ${op}`, {hint: `use ${use}`})
}

function numeric(field: NumberField, {op, values}: Condition, parse: (text: string) => number): Filter {
  if (op === '~') throw unfit(field, op, '= != < > <= >= or in(…)')
  if (op === '=' || op === 'in') return {kind: 'number', field, op: 'in', values: values.map(({text}) => parse(text))}
  return {kind: 'number', field, op, value: parse(values[0].text)}
}

/** There is no job 0, but all are from 0 on. */
function isNamed({op}: Condition): boolean {
  return op === '=' || op === 'in'
}

/** Whole decimal numbers only: `0x10`, `1e3`, `+1`, `007` and blanks are refused, not guessed at. */
function integer(text: string, min: number): number {
  const value = Number(text)
  if (!/^(0|-?[1-9]\d*)$/.test(text) || !Number.isSafeInteger(value) || value < min) {
    throw new QctlError('usage', `not a whole number${min === 1 ? ' from 1' : min === 0 ? ' from 0' : ''}: ${JSON.stringify(text)}`)
  }
  return value
}

function textual(field: TextField, {op, values}: Condition, check: (text: string) => string = (text) => text): Filter {
  if (op === '~') {
    const {text} = values[0]
    if (text === '') throw new QctlError('usage', `${field}~ needs something to look for`)
    return {kind: 'text', field, op: 'contains', value: text}
  }
  if (op !== '=' && op !== 'in') throw unfit(field, op, '= != ~ or in(…)')
  return {kind: 'text', field, op: 'in', values: values.map(({text}) => check(text))}
}

function named(text: string): string {
  if (NAME_PATTERN.test(text)) return text
  throw new QctlError('usage', `not a name: ${JSON.stringify(text)}`, {hint: 'names are 1 to 128 of A-Z a-z 0-9 _ . : @ / -'})
}

function nameOrNone(text: string): string {
  return text === '' ? text : named(text)
}

function reason(condition: Condition): Filter {
  if (condition.op === '~') throw unfit('reason', condition.op, '= != or in(…)')
  return textual('reason', condition, (text) => {
    if (text !== '' && !FAIL_REASONS.some((word) => word === text)) throw unknownWord('reason', text, FAIL_REASONS)
    return text
  })
}

const FLIPPED = {'<': '>', '<=': '>=', '>': '<', '>=': '<='} as const satisfies Record<Order, Order>

/** Older than a day is created before now − 1 day. */
function age({op, values, now}: Condition): Filter {
  if (op === '=' || op === 'in' || op === '~') throw unfit('age', op, '< > <= or >=, as in age>1d')
  const value = now - parseDuration(values[0].text)
  if (value < 0) throw new QctlError('usage', `longer ago than 1970: ${JSON.stringify(values[0].text)}`)
  return {kind: 'number', field: 'created', op: FLIPPED[op], value}
}

function state({op, values, now}: Condition): Filter {
  if (op !== '=' && op !== 'in') throw unfit('state', op, '= != or in(…)')
  const words = values.map(({text}) => stateWord(text))
  const states = STATES.filter((name) => words.includes(name))
  const parts: Filter[] = states.length > 0 ? [{kind: 'state', states}] : []
  const pending: Filter = {kind: 'state', states: ['pending']}
  if (words.includes('scheduled')) parts.push(and(pending, {kind: 'number', field: 'run_at', op: '>', value: now}))
  if (words.includes('retrying')) parts.push(and(pending, {kind: 'number', field: 'attempts', op: '>', value: 0}))
  const [first, ...others] = parts
  if (first === undefined) throw new QctlError('usage', 'no state given')
  return or(first, ...others)
}

function stateWord(text: string): (typeof STATE_WORDS)[number] {
  const word = STATE_WORDS.find((candidate) => candidate === text)
  if (word === undefined) throw unknownWord('state', text, STATE_WORDS)
  return word
}

/** One comparison with what a path in a JSON payload leads to. */
export function comparePayload(path: PayloadPath, {op, values}: Condition): Filter {
  const [first] = values
  if (op === '~') {
    if (first.text === '') throw new QctlError('usage', 'payload~ needs something to look for')
    return {kind: 'payload', path, op: 'contains', value: first.text}
  }
  if (op === '=' || op === 'in') return {kind: 'payload', path, op: 'in', values: values.map(payloadValue)}
  const {scalar, text} = payloadValue(first)
  return {kind: 'payload', path, op, value: typeof scalar === 'number' ? scalar : text}
}

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/
const JSON_WORDS: Readonly<Record<string, boolean | null>> = {true: true, false: false, null: null}

/** Unquoted, a value that is a JSON scalar means both that and its text: `payload.id=42` finds 42 and "42". */
function payloadValue({text, quoted}: WrittenValue): PayloadValue {
  if (quoted) return {text, scalar: undefined}
  if (Object.hasOwn(JSON_WORDS, text)) return {text, scalar: JSON_WORDS[text]}
  if (!JSON_NUMBER.test(text)) return {text, scalar: undefined}
  const scalar = Number(text)
  if (Math.abs(scalar) > Number.MAX_SAFE_INTEGER) {
    throw new QctlError('usage', `too large to compare exactly: ${text}`, {hint: 'put it in "…" to compare it as text'})
  }
  return {text, scalar}
}
