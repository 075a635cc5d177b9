import type {Filter, NumberField, PayloadPath, TextField} from '../../queue/filter.ts'
import type {Named} from './connection.ts'
import {CONSUMER, ERROR} from './job-rows.ts'
import {reasonCode, stateCode} from './rows.ts'
import {FAIL_REASONS} from '../../job.ts'

const NUMBERS: Readonly<Record<NumberField, string>> = {
  id: 'j.id',
  priority: 'j.priority',
  attempts: 'j.attempts',
  created: 'j.created_at',
  updated: 'j.updated_at',
  run_at: 'j.run_at',
}

const REASON = `CASE j.reason ${FAIL_REASONS.map(reason => `WHEN ${reasonCode(reason)} THEN '${reason}'`).join(' ')} ELSE '' END`
/** `tag` is not here: it is many texts. */
const TEXTS: Readonly<Record<Exclude<TextField, 'tag'>, string>> = {
  queue: 'q.name',
  key: `ifnull(j.key, '')`,
  consumer: `ifnull(${CONSUMER}, '')`,
  reason: REASON,
  error: `ifnull(${ERROR}, '')`,
}

const DOCUMENT = 'CAST(j.payload AS TEXT)'

/**
 * Compiles a filter to a condition on `JOB_TABLES`. Every value is bound; only names from the tables above become text.
 * Every part is true or false, never NULL, so that NOT means what the filter's NOT means.
 */
export class FilterSql {
  readonly values: Named = {}
  #count = 0

  /** The condition as SQL; its values are in `values`. */
  compile(filter: Filter): string {
    switch (filter.kind) {
      case 'all':
        return '1'
      case 'and':
      case 'or':
        return `(${filter.parts.map(part => this.compile(part)).join(filter.kind === 'and' ? ' AND ' : ' OR ')})`
      case 'not':
        return `NOT ${this.compile(filter.part)}`
      case 'state':
        return `(j.state IN (${filter.states.map(stateCode).join(', ')}))`
      case 'number':
        return filter.op === 'in'
          ? `(${NUMBERS[filter.field]} IN (${this.#bindAll(filter.values)}))`
          : `(${NUMBERS[filter.field]} ${filter.op} ${this.#bind(filter.value)})`
      case 'text':
        return this.#text(filter)
      case 'payload':
        return this.#payload(filter)
    }
  }

  #text(filter: Extract<Filter, {kind: 'text'}>): string {
    const condition = (column: string): string =>
      filter.op === 'in' ? `${column} IN (${this.#bindAll(filter.values)})` : this.#contains(column, filter.value)
    if (filter.field !== 'tag') return `(${condition(TEXTS[filter.field])})`
    return `(EXISTS (SELECT 1 FROM json_each(ifnull(j.tags, '[""]')) AS t WHERE ${condition('t.value')}))`
  }

  /** SQLite's lower() knows A–Z only, as the filter language does. */
  #contains(column: string, value: string): string {
    return `instr(lower(${column}), lower(${this.#bind(value)})) > 0`
  }

  #payload(filter: Extract<Filter, {kind: 'payload'}>): string {
    const path = this.#bind(jsonPath(filter.path))
    const type = `json_type(${DOCUMENT}, ${path})`
    const value = `json_extract(${DOCUMENT}, ${path})`
    return `(iif(json_valid(${DOCUMENT}), ifnull(${this.#payloadCondition(filter, type, value)}, 0), 0))`
  }

  #payloadCondition(filter: Extract<Filter, {kind: 'payload'}>, type: string, value: string): string {
    if (filter.op === 'contains') return `(${type} = 'text' AND ${this.#contains(value, filter.value)})`
    if (filter.op !== 'in') {
      const types = typeof filter.value === 'number' ? `'integer', 'real'` : `'text'`
      return `(${type} IN (${types}) AND ${value} ${filter.op} ${this.#bind(filter.value)})`
    }
    const parts = filter.values.map(({text, scalar}) => {
      const asText = `(${type} = 'text' AND ${value} = ${this.#bind(text)})`
      if (scalar === undefined) return asText
      if (typeof scalar === 'number') return `(${asText} OR (${type} IN ('integer', 'real') AND ${value} = ${this.#bind(scalar)}))`
      return `(${asText} OR ${type} = '${String(scalar)}')`
    })
    return `(${parts.join(' OR ')})`
  }

  #bindAll(values: readonly (string | number)[]): string {
    return values.map(value => this.#bind(value)).join(', ')
  }

  #bind(value: string | number): string {
    this.#count += 1
    const name = `f${this.#count}`
    this.values[name] = value
    return `:${name}`
  }
}

function jsonPath(path: PayloadPath): string {
  return `$${path.map(step => (typeof step === 'number' ? `[${step}]` : `."${step}"`)).join('')}`
}
