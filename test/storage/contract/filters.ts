import fc from 'fast-check'
import {FAIL_REASONS, STATES} from '../../../src/lib/job.ts'
import type {Filter, Order, PayloadPath, PayloadValue} from '../../../src/lib/queue/filter.ts'
import {type Bench, type Draft, ending, facts} from './bench.ts'

/** The jobs of one store, and what of their payloads a filter can read. */
export interface Population {
  readonly ids: readonly number[]
  readonly texts: ReadonlyMap<number, string>
}

const QUEUES = ['mail', 'Mail', 'a.b', 'x'] as const
const KEYS = ['order-1', 'Order-2', 'ÄÖ', "it's", '100%_\\', '😀'] as const
const TAGS = ['red', 'blue', 'Red', 'x/y'] as const
const ERRORS = ['no route to host', 'NO', 'ünsinn 100%', "quote ' \" \\"] as const
const CONSUMERS = ['ann', 'bob', 'Ann'] as const
const STRINGS = ['a', 'A', 'b', 'ab', '', 'é', 'z', '1', 'true', 'null', '\u{1F600}', '\uFFFD', '%_'] as const
const NUMBERS = [0, 1, -1, 2, 1.5, 1e3, 9_007_199_254_740_991, -0.25] as const
const STEPS = ['n', 's', 'a b', 'a.b', '"', 'deep', 'list', '$', '0'] as const
/** What may stand at a path; with things that are no JSON, and JSON that is no object. */
const ODD_PAYLOADS = ['not json', '', '[1,"a",null,{"n":2}]', '"s"', '12', 'null', '{"n":1,}', '{"n":01}', "{'n':1}", ' {"n":1} '] as const

/**
 * Fills the store with jobs of all kinds, in all states.
 * @param seed the same seed, the same jobs
 */
export async function populate(bench: Bench, seed: number, count: number): Promise<Population> {
  const drafts = fc.sample(draft, {numRuns: count, seed})
  const ids = await bench.produce(...drafts)
  const holders = await Promise.all(CONSUMERS.map(name => bench.hire(`${name}${seed === 1 ? '' : seed}`)))
  const fates = fc.sample(fate, {numRuns: count, seed: seed + 1})
  for (const [i, {state, reason, error, holder, passed}] of fates.entries()) {
    bench.clock.pass(passed)
    if (state === 'pending') continue
    const queue = drafts[i]?.queue ?? 'q'
    const [lease] = await bench.claim(holders[holder] ?? Number.NaN, {queues: [queue], limit: 1})
    if (lease === undefined || state === 'processing') continue
    const outcome = state === 'done' ? 'done' : state === 'cancelled' ? 'cancelled' : 'failed'
    const run = facts({outcome, error: state === 'done' ? null : error})
    const to = state === 'retrying' ? 'pending' : state
    await bench.storage.settle([ending(lease, {to, reason: to === 'failed' ? reason : null, run})])
  }
  const existing = await bench.everyJob()
  const jobs = await bench.storage.get(existing.map(({id}) => id))
  return {
    ids: [...new Set([...ids, ...existing.map(({id}) => id)])],
    texts: new Map(jobs.map(({id, payload}) => [id, new TextDecoder().decode(payload)])),
  }
}

const scalar = fc.oneof(fc.constantFrom(...STRINGS), fc.constantFrom(...NUMBERS), fc.boolean(), fc.constant(null))
const {value: document} = fc.letrec<{value: unknown}>(tie => ({
  value: fc.oneof(
    {depthSize: 'small', withCrossShrink: true},
    scalar,
    fc.array(tie('value'), {maxLength: 3}),
    fc.dictionary(fc.constantFrom(...STEPS), tie('value'), {maxKeys: 4}),
  ),
}))
const jsonPayload = fc.dictionary(fc.constantFrom(...STEPS), document, {maxKeys: 5}).map(value => JSON.stringify(value))

const draft: fc.Arbitrary<Draft> = fc.record({
  queue: fc.constantFrom(...QUEUES),
  payload: fc.oneof({weight: 3, arbitrary: jsonPayload}, {weight: 1, arbitrary: fc.constantFrom(...ODD_PAYLOADS)}),
  priority: fc.constantFrom(-1000, -1, 0, 0, 1, 1000),
  key: fc.oneof(fc.constant(null), fc.constantFrom(...KEYS)),
  tags: fc.subarray([...TAGS]),
  when: fc.oneof(
    fc.constant({kind: 'now'} as const),
    fc.constantFrom(1000, 1_000_000).map(delayMs => ({kind: 'after', delayMs}) as const),
  ),
})

const fate = fc.record({
  state: fc.constantFrom(...STATES, 'retrying' as const),
  reason: fc.constantFrom(...FAIL_REASONS),
  error: fc.constantFrom(...ERRORS),
  holder: fc.nat(CONSUMERS.length - 1),
  passed: fc.constantFrom(0, 1, 500),
})

const ORDERS: readonly Order[] = ['<', '<=', '>', '>=']
const order = fc.constantFrom(...ORDERS)

/**
 * Any filter a parser could make, over the values that the jobs have and some that they have not.
 * @param wall the store's wall clock
 */
export function anyFilter({ids}: Population, wall: number): fc.Arbitrary<Filter> {
  const number = numberFilter(ids, wall)
  return fc.letrec<{filter: Filter; parts: readonly Filter[]}>(tie => ({
    parts: fc.array(tie('filter'), {minLength: 2, maxLength: 3}),
    filter: fc.oneof(
      {depthSize: 'small', withCrossShrink: true},
      fc.constant<Filter>({kind: 'all'}),
      fc.subarray([...STATES], {minLength: 1}).map((states): Filter => ({kind: 'state', states})),
      number,
      textFilter,
      payloadFilter,
      fc.record({kind: fc.constantFrom('and', 'or'), parts: tie('parts')}),
      fc.record({kind: fc.constant('not'), part: tie('filter')}),
    ),
  })).filter
}

function numberFilter(ids: readonly number[], wall: number): fc.Arbitrary<Filter> {
  const values = {
    id: fc.constantFrom(...ids, 0, 999_999),
    priority: fc.constantFrom(-1000, -1, 0, 1, 2, 1000),
    attempts: fc.constantFrom(0, 1, 2),
    created: fc.constantFrom(wall, wall - 1000, wall - 5000, 0),
    updated: fc.constantFrom(wall, wall - 500, wall - 5000),
    run_at: fc.constantFrom(wall, wall - 5000, wall + 1000, wall + 900_000),
  } as const
  const fields = Object.keys(values) as (keyof typeof values)[]
  return fc.constantFrom(...fields).chain(field =>
    fc.oneof(
      fc.record({kind: fc.constant('number'), field: fc.constant(field), op: order, value: values[field]}),
      fc.record({
        kind: fc.constant('number'),
        field: fc.constant(field),
        op: fc.constant('in'),
        values: fc.array(values[field], {minLength: 1, maxLength: 3}),
      }),
    ),
  )
}

const TEXTS = {
  queue: [...QUEUES, 'nowhere'],
  key: [...KEYS, '', 'order'],
  tag: [...TAGS, '', 'green'],
  consumer: [...CONSUMERS, '', 'nobody'],
  reason: [...FAIL_REASONS, ''],
  error: [...ERRORS, ''],
} as const

const textFilter: fc.Arbitrary<Filter> = fc.constantFrom(...(Object.keys(TEXTS) as (keyof typeof TEXTS)[])).chain(field =>
  fc.oneof(
    fc.record({
      kind: fc.constant('text'),
      field: fc.constant(field),
      op: fc.constant('in'),
      values: fc.array(fc.constantFrom<string>(...TEXTS[field]), {minLength: 1, maxLength: 3}),
    }),
    fc.record({
      kind: fc.constant('text'),
      field: fc.constant(field),
      op: fc.constant('contains'),
      value: fc.constantFrom('a', 'R', 'o', 'MA', '-', '%', '_', '\\', "'", 'ü', 'Ü', 'äö', '😀', 'no', 'e'),
    }),
  ),
)

const path: fc.Arbitrary<PayloadPath> = fc.array(
  fc.oneof({weight: 4, arbitrary: fc.constantFrom<string>(...STEPS.filter(step => step !== '"'))}, {weight: 1, arbitrary: fc.nat(3)}),
  {minLength: 1, maxLength: 3},
)
const wanted: fc.Arbitrary<PayloadValue> = fc.oneof(
  fc.constantFrom(...STRINGS).map(text => ({text, scalar: undefined})),
  fc.constantFrom(...NUMBERS).map(number => ({text: String(number), scalar: number})),
  fc.boolean().map(flag => ({text: String(flag), scalar: flag})),
  fc.constant({text: 'null', scalar: null}),
)
const payloadFilter: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({
    kind: fc.constant('payload'),
    path,
    op: fc.constant('in'),
    values: fc.array(wanted, {minLength: 1, maxLength: 3}),
  }),
  fc.record({
    kind: fc.constant('payload'),
    path,
    op: order,
    value: fc.oneof(fc.constantFrom<string | number>(...STRINGS), fc.constantFrom<string | number>(...NUMBERS)),
  }),
  fc.record({
    kind: fc.constant('payload'),
    path,
    op: fc.constant('contains'),
    value: fc.constantFrom('a', 'A', 'é', '%', '\u{1F600}', 'b'),
  }),
)
