/** The shorthands of listings, `-Q -s --key --tag --since --until`, as a filter. */
import type {Filter} from './filter.ts'
import {and} from './filter.ts'
import {compareField} from './filter-fields.ts'
import type {Operator, WrittenValue} from './filter-fields.ts'
import {parseFilter} from './filter-parse.ts'

/** Flags as they were written; what is absent or empty asks nothing. */
export interface FilterFlags {
  /** Any of these. */
  readonly queues?: readonly string[] | undefined
  /** Any of these; `scheduled` and `retrying` too. */
  readonly states?: readonly string[] | undefined
  readonly key?: string | undefined
  /** All of these. */
  readonly tags?: readonly string[] | undefined
  /** Created at this time or later. */
  readonly since?: string | undefined
  /** Created before this time. */
  readonly until?: string | undefined
  readonly where?: string | undefined
}

/**
 * Joins the shorthands and `--where` by and.
 * @param flags as written
 * @param now UTC ms
 * @throws QctlError usage
 */
export function filterFromFlags(flags: FilterFlags, now: number): Filter {
  const compare = (field: string, op: Operator, texts: readonly string[] = []): Filter[] => {
    const [first, ...others] = texts.map((text): WrittenValue => ({text, quoted: true}))
    return first === undefined ? [] : [compareField(field, {op, values: [first, ...others], now})]
  }
  const one = (text: string | undefined): string[] => (text === undefined ? [] : [text])
  return and(
    ...compare('queue', 'in', flags.queues),
    ...compare('state', 'in', flags.states),
    ...compare('key', '=', one(flags.key)),
    ...(flags.tags ?? []).flatMap((tag) => compare('tag', '=', [tag])),
    ...compare('created', '>=', one(flags.since)),
    ...compare('created', '<', one(flags.until)),
    parseFilter(flags.where ?? '', now),
  )
}
