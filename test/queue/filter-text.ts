import type {Filter, NumberField} from '../../src/lib/queue/filter.ts'
import {toIso} from '../../src/lib/time.ts'

const TIMES: readonly NumberField[] = ['created', 'updated', 'run_at']

/** Writes a filter as text that parses to an equal tree; times in UTC. */
export function formatFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'all':
      return ''
    case 'and':
      return filter.parts.map((part) => (part.kind === 'or' ? `(${formatFilter(part)})` : formatFilter(part))).join(' ')
    case 'or':
      return filter.parts.map(formatFilter).join(' or ')
    case 'not':
      return `not (${formatFilter(filter.part)})`
    case 'state':
      return formatIn('state', filter.states)
    case 'number':
      return formatNumber(filter)
    case 'text':
      return filter.op === 'in'
        ? formatIn(filter.field, filter.values.map(quote))
        : `${filter.field}~${quote(filter.value)}`
    case 'payload':
      return formatPayload(filter)
  }
}

function formatNumber(filter: Extract<Filter, {kind: 'number'}>): string {
  const write = (value: number): string => (TIMES.includes(filter.field) ? toIso(value) : String(value))
  return filter.op === 'in' ? formatIn(filter.field, filter.values.map(write)) : `${filter.field}${filter.op}${write(filter.value)}`
}

function formatPayload(filter: Extract<Filter, {kind: 'payload'}>): string {
  const name = `payload${filter.path.map(formatStep).join('')}`
  if (filter.op === 'contains') return `${name}~${quote(filter.value)}`
  if (filter.op === 'in') return formatIn(name, filter.values.map(({text, scalar}) => (scalar === undefined ? quoteAlways(text) : text)))
  return `${name}${filter.op}${typeof filter.value === 'number' ? filter.value : quoteAlways(filter.value)}`
}

function formatStep(step: string | number): string {
  if (typeof step === 'number') return `[${step}]`
  return /^[\w-]+$/.test(step) ? `.${step}` : `."${step}"`
}

function formatIn(name: string, values: readonly string[]): string {
  return values.length === 1 ? `${name}=${values.join()}` : `${name} in(${values.join(',')})`
}

function quote(text: string): string {
  return /^[\w.:@/+-]+$/.test(text) ? text : quoteAlways(text)
}

function quoteAlways(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
