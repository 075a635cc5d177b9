/** What a filter means, in plain TypeScript: the oracle that every engine's SQL is tested against. */
import type {Job} from '../job.ts'
import type {Filter, NumberField, Order, PayloadPath, TextField} from './filter.ts'

/** The part of a job that a filter looks at. */
export type FilterSubject = Pick<
  Job,
  'id' | 'queue' | 'state' | 'reason' | 'error' | 'priority' | 'attempts' | 'runAt' | 'key' | 'tags' | 'consumer' | 'createdAt' | 'updatedAt'
>

/**
 * Whether a job matches.
 * @param filter from `parseFilter`
 * @param job what it is asked of
 * @param payload its payload as text; null or not JSON: nothing asked of the payload matches
 */
export function matches(filter: Filter, job: FilterSubject, payload: string | null = null): boolean {
  switch (filter.kind) {
    case 'all':
      return true
    case 'and':
      return filter.parts.every((part) => matches(part, job, payload))
    case 'or':
      return filter.parts.some((part) => matches(part, job, payload))
    case 'not':
      return !matches(filter.part, job, payload)
    case 'state':
      return filter.states.includes(job.state)
    case 'number': {
      const value = numberOf(job, filter.field)
      return filter.op === 'in' ? filter.values.includes(value) : isOrdered(value - filter.value, filter.op)
    }
    case 'text':
      return matchesText(filter, textsOf(job, filter.field))
    case 'payload':
      return payload !== null && matchesPayload(filter, payload)
  }
}

function numberOf(job: FilterSubject, field: NumberField): number {
  switch (field) {
    case 'created':
      return job.createdAt
    case 'updated':
      return job.updatedAt
    case 'run_at':
      return job.runAt
    default:
      return job[field]
  }
}

function textsOf(job: FilterSubject, field: TextField): readonly string[] {
  if (field !== 'tag') return [job[field] ?? '']
  return job.tags.length === 0 ? [''] : job.tags
}

function matchesText(filter: Extract<Filter, {kind: 'text'}>, texts: readonly string[]): boolean {
  return texts.some((text) => (filter.op === 'in' ? filter.values.includes(text) : contains(text, filter.value)))
}

function contains(text: string, part: string): boolean {
  return lowerAscii(text).includes(lowerAscii(part))
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function isOrdered(difference: number, op: Order): boolean {
  switch (op) {
    case '<':
      return difference < 0
    case '<=':
      return difference <= 0
    case '>':
      return difference > 0
    case '>=':
      return difference >= 0
  }
}

function matchesPayload(filter: Extract<Filter, {kind: 'payload'}>, payload: string): boolean {
  let document: unknown
  try {
    document = JSON.parse(payload)
  } catch {
    return false
  }
  const value = valueAt(document, filter.path)
  if (filter.op === 'contains') return typeof value === 'string' && contains(value, filter.value)
  if (filter.op === 'in') {
    return filter.values.some(({text, scalar}) => value !== undefined && value === (typeof value === 'string' ? text : scalar))
  }
  if (typeof value === 'number' && typeof filter.value === 'number') return isOrdered(value - filter.value, filter.op)
  if (typeof value === 'string' && typeof filter.value === 'string') {
    return isOrdered(Buffer.compare(Buffer.from(value), Buffer.from(filter.value)), filter.op)
  }
  return false
}

/** undefined where the path leads nowhere, as JSON knows no undefined. */
function valueAt(document: unknown, path: PayloadPath): unknown {
  return path.reduce<unknown>((value, step) => {
    if (typeof step === 'number') return Array.isArray(value) ? value[step] : undefined
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject && Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined
  }, document)
}
