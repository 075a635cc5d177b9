import {describe, expect, test} from 'bun:test'
import fc from 'fast-check'
import {QctlError} from '../../src/lib/errors.ts'
import {FAIL_REASONS, STATES} from '../../src/lib/job.ts'
import {FILTER_FIELDS, STATE_WORDS} from '../../src/lib/queue/filter-fields.ts'
import {filterFromFlags} from '../../src/lib/queue/filter-flags.ts'
import {matches} from '../../src/lib/queue/filter-match.ts'
import type {FilterSubject} from '../../src/lib/queue/filter-match.ts'
import {parseFilter} from '../../src/lib/queue/filter-parse.ts'
import {and, EVERY_JOB, or} from '../../src/lib/queue/filter.ts'
import type {Filter, NumberField, Order, TextField} from '../../src/lib/queue/filter.ts'
import {formatFilter} from './filter-text.ts'

const NOW = Date.UTC(2026, 10, 22, 12)
const HOUR = 3_600_000
const DAY = 24 * HOUR

function parse(text: string): Filter {
  return parseFilter(text, NOW)
}

function refusal(text: string): QctlError {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof QctlError && error.code === 'usage') return error
    throw error
  }
  throw new Error(`was not refused: ${text}`)
}

const text = (field: TextField, ...values: string[]): Filter => ({kind: 'text', field, op: 'in', values})
const number = (field: NumberField, op: Order, value: number): Filter => ({kind: 'number', field, op, value})
const not = (part: Filter): Filter => ({kind: 'not', part})

describe('a filter is read', () => {
  test.each<[string, Filter]>([
    ['', EVERY_JOB],
    ['  \n ', EVERY_JOB],
    ['queue=mail', text('queue', 'mail')],
    [' queue = mail ', text('queue', 'mail')],
    ['queue!=mail', not(text('queue', 'mail'))],
    ['queue in(a,b)', text('queue', 'a', 'b')],
    ['queue in ( a , "b" )', text('queue', 'a', 'b')],
    ['queue=mail state=failed age>1d', and(text('queue', 'mail'), {kind: 'state', states: ['failed']}, number('created', '<', NOW - DAY))],
    ['queue=a and key=b', and(text('queue', 'a'), text('key', 'b'))],
    ['queue=a or queue=b key=c', or(text('queue', 'a'), and(text('queue', 'b'), text('key', 'c')))],
    ['(queue=a OR queue=b) key=c', and(or(text('queue', 'a'), text('queue', 'b')), text('key', 'c'))],
    ['not (queue=a or key=b) not key=c', and(not(or(text('queue', 'a'), text('key', 'b'))), not(text('key', 'c')))],
    ['not(queue=a)', not(text('queue', 'a'))],
    ['((queue=a))', text('queue', 'a')],
    ['key="a b"', text('key', 'a b')],
    [String.raw`key="say \"hi\" \\ "`, text('key', String.raw`say "hi" \ `)],
    ['key=a=b>c~d!', text('key', 'a=b>c~d!')],
    ['key=or', text('key', 'or')],
    ['key=""', text('key', '')],
    ['error~Timeout', {kind: 'text', field: 'error', op: 'contains', value: 'Timeout'}],
    ['tag=eu tag=blue', and(text('tag', 'eu'), text('tag', 'blue'))],
    ['reason in(poison,"")', text('reason', 'poison', '')],
    ['consumer=web1:mail-00', text('consumer', 'web1:mail-00')],
    ['id=42', {kind: 'number', field: 'id', op: 'in', values: [42]}],
    ['id in(1,9007199254740991)', {kind: 'number', field: 'id', op: 'in', values: [1, Number.MAX_SAFE_INTEGER]}],
    ['priority>=-5', number('priority', '>=', -5)],
    ['attempts<3', number('attempts', '<', 3)],
    ['age<=1h30m', number('created', '>=', NOW - 1.5 * HOUR)],
    ['age<5s', number('created', '>', NOW - 5000)],
    ['updated>-1h', number('updated', '>', NOW - HOUR)],
    ['finished>-1h', and({kind: 'state', states: ['done', 'failed', 'cancelled']}, number('updated', '>', NOW - HOUR))],
    ['finished!="2026-12-01 00:00:00Z"', not(and({kind: 'state', states: ['done', 'failed', 'cancelled']}, {kind: 'number', field: 'updated', op: 'in', values: [Date.UTC(2026, 11, 1)]}))],
    ['run_at<=now+1d', number('run_at', '<=', NOW + DAY)],
    ['run_at>2026-12-01T00:00:00Z', number('run_at', '>', Date.UTC(2026, 11, 1))],
    ['created<"2026-12-01 00:00:00+01:00"', number('created', '<', Date.UTC(2026, 10, 30, 23))],
    ['state in(done,failed)', {kind: 'state', states: ['done', 'failed']}],
    ['state!=done', not({kind: 'state', states: ['done']})],
    ['state=scheduled', and({kind: 'state', states: ['pending']}, number('run_at', '>', NOW))],
    ['state=retrying', and({kind: 'state', states: ['pending']}, number('attempts', '>', 0))],
    ['state in(failed,scheduled)', or({kind: 'state', states: ['failed']}, and({kind: 'state', states: ['pending']}, number('run_at', '>', NOW)))],
    ['payload.id=42', {kind: 'payload', path: ['id'], op: 'in', values: [{text: '42', scalar: 42}]}],
    ['payload.id="42"', {kind: 'payload', path: ['id'], op: 'in', values: [{text: '42', scalar: undefined}]}],
    ['payload.zip=01234', {kind: 'payload', path: ['zip'], op: 'in', values: [{text: '01234', scalar: undefined}]}],
    ['payload.a in(true,null,x)', {kind: 'payload', path: ['a'], op: 'in', values: [{text: 'true', scalar: true}, {text: 'null', scalar: null}, {text: 'x', scalar: undefined}]}],
    ['payload.user."first name"[0].größe>=1.5e1', {kind: 'payload', path: ['user', 'first name', 0, 'größe'], op: '>=', value: 15}],
    ['payload[3]<b', {kind: 'payload', path: [3], op: '<', value: 'b'}],
    ['payload.n<"15"', {kind: 'payload', path: ['n'], op: '<', value: '15'}],
    ['payload.__proto__.x~y', {kind: 'payload', path: ['__proto__', 'x'], op: 'contains', value: 'y'}],
  ])('%s', (written, tree) => {
    expect(parse(written)).toEqual(tree)
  })

  test('every field and every state word is known', () => {
    expect(FILTER_FIELDS).toEqual([
      'id', 'queue', 'state', 'key', 'tag', 'priority', 'attempts', 'age', 'created', 'updated', 'finished', 'run_at', 'consumer', 'reason', 'error',
    ])
    for (const word of STATE_WORDS) parse(`state=${word}`)
  })
})

describe('a filter is refused, with the place', () => {
  test.each([
    ['stat=a', 1, 'unknown field "stat"', 'did you mean state?'],
    ['queue=a Queue=a', 9, 'unknown field "Queue"', 'did you mean queue?'],
    ['constructor=1', 1, 'unknown field', null],
    ['queue', 6, 'after queue should be', null],
    ['queue mail', 7, 'after queue should be', null],
    ['queue=', 7, 'a value is missing', null],
    ['queue==mail', 7, 'a value is missing', null],
    ['queue=>mail', 7, 'a value is missing', null],
    ['queue=a,b', 8, 'unexpected ","', 'in(a,b)'],
    ['queue=a"b"', 8, 'unexpected "\\""', null],
    ['queue="a', 7, 'quotes that are not closed', null],
    [String.raw`queue="a\n"`, 7, 'quotes that are not closed', String.raw`\"`],
    ['queue="a b"', 1, 'not a name: "a b"', null],
    ['queue=""', 1, 'not a name', null],
    ['queue<a', 1, 'queue cannot be compared with <', null],
    ['queue in a', 7, 'after queue should be', null],
    ['queue in()', 10, 'a value is missing', null],
    ['queue in(a', 11, 'in(…) is not closed', null],
    ['queue in(a b)', 11, 'in(…) is not closed', null],
    ['(queue=a', 9, 'a parenthesis is not closed', null],
    ['queue=a)', 8, 'unexpected ")"', null],
    ['()', 2, 'here should be a field', null],
    ['queue=a or', 11, 'a comparison is missing', null],
    ['or queue=a', 1, 'unknown field "or"', null],
    ['not', 4, 'a comparison is missing', null],
    ['=a', 1, 'here should be a field', null],
    ['state=faild', 1, 'unknown state "faild"', 'did you mean failed?'],
    ['state~fail', 1, 'state cannot be compared with ~', null],
    ['reason=oom', 1, 'unknown reason "oom"', null],
    ['error~""', 1, 'needs something to look for', null],
    ['age=1d', 1, 'age cannot be compared with =', null],
    ['age!=1d', 1, 'age cannot be compared with =', null],
    ['age>5', 1, '5 what?', null],
    ['age>-5s', 1, 'cannot be negative', null],
    ['age>60y', 1, 'not a duration', null],
    ['age>99999d', 1, 'longer than 100 years', null],
    ['age>25000d', 1, 'longer ago than 1970', null],
    ['updated>noonish', 1, 'not a time', 'now+10m'],
    ['updated~-1h', 1, 'updated cannot be compared with ~', null],
    ['id=0', 1, 'not a whole number from 1', null],
    ['id=0x10', 1, 'not a whole number', null],
    ['id=1e3', 1, 'not a whole number', null],
    ['id=" 1"', 1, 'not a whole number', null],
    ['id=9007199254740992', 1, 'not a whole number', null],
    ['attempts<-1', 1, 'not a whole number from 0', null],
    ['priority=-0', 1, 'not a whole number', null],
    ['priority=1.0', 1, 'not a whole number', null],
    ['payload=1', 8, 'payload needs a path', 'payload.user.id'],
    ['payload.=1', 8, 'payload needs a path', null],
    ['payload[-1]=1', 8, 'payload needs a path', null],
    ['payload.a[01]=1', 10, 'after payload should be', null],
    ['payload.a~""', 1, 'needs something to look for', null],
    ['payload.a=9007199254740993', 1, 'too large to compare exactly', null],
    ['payload.a<1e999', 1, 'too large to compare exactly', null],
    ["id=1;DROP TABLE jobs", 1, 'not a whole number', null],
  ])('%s', (written, place, what, hint) => {
    const error = refusal(written)
    expect(error.message).toStartWith(`filter, character ${place}: `)
    expect(error.message).toContain(what)
    if (hint !== null) expect(error.hint).toContain(hint)
  })

  test('when it is not plain text, or beyond the bounds', () => {
    expect(refusal('key="\0"').message).toContain('plain text')
    expect(refusal('key="\ud800"').message).toContain('plain text')
    expect(refusal(`key=${'x'.repeat(70_000)}`).message).toContain('longer than')
    expect(refusal('queue=a '.repeat(201)).message).toContain('more than 200 comparisons')
    expect(refusal(`${'('.repeat(33)}queue=a${')'.repeat(33)}`).message).toContain('nested deeper than 32')
    expect(refusal(`${'not '.repeat(33)}queue=a`).message).toContain('nested deeper than 32')
    expect(refusal(`payload${'.a'.repeat(33)}=1`).message).toContain('32 steps')
    expect(refusal(`id in(${Array.from({length: 1001}, (_, id) => id + 1).join()})`).message).toContain('1000 values')
    parse('queue=a '.repeat(200))
    parse(`${'('.repeat(32)}queue=a${')'.repeat(32)}`)
  })

  test('and never breaks in another way', () => {
    const piece = fc.constantFrom(
      'queue', 'state', 'payload', 'age', 'id', '=', '!=', '<', '~', 'in(', '(', ')', ',', '"', '\\', '.', '[0]', ' ', ' or ', ' not ', 'and', '1d', '42', 'failed', 'x',
    )
    const written = fc.oneof(fc.string({unit: 'binary'}), fc.array(piece, {maxLength: 20}).map((pieces) => pieces.join('')))
    fc.assert(
      fc.property(written, (some) => {
        try {
          parse(some)
        } catch (error) {
          return error instanceof QctlError && error.code === 'usage'
        }
        return true
      }),
      {numRuns: 5000},
    )
  })
})

/** Any tree that `parseFilter` can make. */
function anyFilter(): fc.Arbitrary<Filter> {
  const name = fc.stringMatching(/^[A-Za-z0-9_.:@/-]{1,12}$/)
  const anyText = fc.string({unit: 'grapheme', maxLength: 8}).filter((some) => !some.includes('\0') && some.isWellFormed())
  const someText = anyText.filter((some) => some !== '')
  const order = fc.constantFrom<Order>('<', '<=', '>', '>=')
  const time = fc.integer({min: 0, max: 253_402_300_799_999})
  const key = fc.string({unit: 'grapheme-ascii', minLength: 1}).filter((some) => !/["\\]/.test(some))
  const path = fc.array(fc.oneof(key, fc.integer({min: 0, max: 999_999_999})), {minLength: 1, maxLength: 4})
  const finite = fc.oneof(fc.integer(), fc.double({min: -1e15, max: 1e15, noNaN: true})).map((some) => some + 0)
  const payloadValue = fc.oneof(
    anyText.map((some) => ({text: some, scalar: undefined})),
    finite.map((some) => ({text: String(some), scalar: some})),
    fc.constantFrom({text: 'true', scalar: true}, {text: 'false', scalar: false}, {text: 'null', scalar: null}),
  )
  const several = <T>(some: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(some, {minLength: 1, maxLength: 3})
  const textIn = (fields: TextField[], value: fc.Arbitrary<string>): fc.Arbitrary<Filter> =>
    fc.record({kind: fc.constant('text' as const), field: fc.constantFrom(...fields), op: fc.constant('in' as const), values: several(value)})
  const leaf: fc.Arbitrary<Filter> = fc.oneof(
    fc.subarray([...STATES], {minLength: 1}).map((states): Filter => ({kind: 'state', states})),
    textIn(['queue', 'tag', 'consumer'], name),
    textIn(['key', 'error'], anyText),
    textIn(['reason'], fc.constantFrom(...FAIL_REASONS, '')),
    fc.tuple(fc.constantFrom<TextField>('queue', 'tag', 'consumer', 'key', 'error'), someText).map(([field, value]): Filter => ({kind: 'text', field, op: 'contains', value})),
    fc.tuple(fc.constantFrom<NumberField>('id', 'priority', 'attempts'), order, fc.integer({min: 1})).map(([field, op, value]) => number(field, op, value)),
    fc.tuple(fc.constantFrom<NumberField>('created', 'updated', 'run_at'), order, time).map(([field, op, value]) => number(field, op, value)),
    several(time).map((values): Filter => ({kind: 'number', field: 'run_at', op: 'in', values})),
    fc.tuple(path, several(payloadValue)).map(([steps, values]): Filter => ({kind: 'payload', path: steps, op: 'in', values})),
    fc.tuple(path, order, fc.oneof(finite, anyText)).map(([steps, op, value]): Filter => ({kind: 'payload', path: steps, op, value})),
    fc.tuple(path, someText).map(([steps, value]): Filter => ({kind: 'payload', path: steps, op: 'contains', value})),
  )
  return fc.letrec<{tree: Filter}>((tie) => ({
    tree: fc.oneof(
      {maxDepth: 4, depthSize: 'small'},
      leaf,
      tie('tree').map(not),
      fc.tuple(tie('tree'), tie('tree')).map(([left, right]) => and(left, right)),
      fc.tuple(tie('tree'), tie('tree')).map(([left, right]) => or(left, right)),
    ),
  })).tree
}

test('what is written is read back as the same tree', () => {
  fc.assert(
    fc.property(anyFilter(), (filter) => expect(parse(formatFilter(filter))).toEqual(filter)),
    {numRuns: 2000},
  )
})

test('and drops what matches every job, and flattens', () => {
  const [a, b, c] = [text('key', 'a'), text('key', 'b'), text('key', 'c')]
  expect(and()).toEqual(EVERY_JOB)
  expect(and(EVERY_JOB, a)).toEqual(a)
  expect(and(and(a, b), EVERY_JOB, c)).toEqual({kind: 'and', parts: [a, b, c]})
  expect(or(a)).toEqual(a)
  expect(or(or(a, b), c)).toEqual({kind: 'or', parts: [a, b, c]})
})

const JOB: FilterSubject = {
  id: 42,
  queue: 'mail',
  state: 'failed',
  reason: 'timeout',
  error: 'Connection TIMED out: ÄRGER',
  priority: -5,
  attempts: 3,
  runAt: NOW - HOUR,
  key: null,
  tags: ['eu', 'Blue'],
  consumer: 'web1',
  createdAt: NOW - DAY,
  updatedAt: NOW - HOUR,
}
const PAYLOAD = JSON.stringify({id: 42, text: 'Ab', zip: '01234', on: true, none: null, list: [1, {'a b': 'x'}], deep: {'0': 'zero'}, big: 1.5})

describe('a job matches', () => {
  test.each([
    '', 'id=42', 'id in(1,42)', 'id>=0', 'id>0', 'id>41', 'id>=42', 'id<43', 'id<=42', 'id!=41', 'queue=mail', 'queue~AI', 'queue in(a,mail)', 'state=failed', 'state!=done',
    'state in(done,failed)', 'reason=timeout', 'reason!=""', 'error~timed', 'error~"OUT: Ärg" or error~"out: ÄRG"', 'priority=-5', 'priority<0', 'attempts=3',
    'age>23h', 'age>=1d', 'age<=1d', 'age<25h', 'created>=-1d', 'updated=-1h', 'run_at<now', 'key=""', 'key!=x', 'tag=eu', 'tag=Blue', 'tag~blue', 'tag in(x,eu)',
    'tag!=""', 'consumer=web1', 'not (queue=x)', 'queue=x or queue=mail', 'payload.id=42', 'payload.id="42" or payload.id>41', 'payload.id in(1,42)', 'payload.text=Ab',
    'payload.text~B', 'payload.zip=01234', 'payload.on=true', 'payload.none=null', 'payload.list[0]=1', 'payload.list[1]."a b"=x', 'payload.deep.0=zero',
    'payload.big>1', 'payload.big<=1.5', 'payload.text>=Ab', 'payload.text<b', 'payload.absent!=1', 'not payload.absent=null', 'payload.zip=1234 or payload.zip~234',
  ])('%s', (written) => {
    expect(matches(parse(written), JOB, PAYLOAD)).toBe(true)
    expect(matches(not(parse(written)), JOB, PAYLOAD)).toBe(false)
  })

  test.each([
    'id=41', 'id>42', 'id<42', 'queue=Mail', 'queue=mai', 'state=done', 'state=scheduled', 'state=retrying', 'reason=poison', 'reason=""', 'error~ärger', 'error=""', 'priority>0',
    'age>1d', 'age<1d', 'updated>-1h', 'run_at>now', 'key=x', 'key!=""', 'key~x', 'tag=blue', 'tag=""', 'tag!=eu', 'consumer!=web1', 'queue=mail queue=x',
    'payload.id="42"', 'payload.id=43', 'payload.id<"5"', 'payload.text=ab', 'payload.text>1', 'payload.zip=1234', 'payload.on=1', 'payload.on="true"', 'payload.none=""',
    'payload.absent=null', 'payload.list=1', 'payload.list.0=1', 'payload.deep[0]=zero', 'payload.text[0]=A', 'payload.text.length=2', 'payload.list.length=2',
    'payload.__proto__.constructor~x', 'payload.id~4', 'payload.id!=42',
  ])('not: %s', (written) => {
    expect(matches(parse(written), JOB, PAYLOAD)).toBe(false)
    expect(matches(not(parse(written)), JOB, PAYLOAD)).toBe(true)
  })

  test('by its view of pending', () => {
    const pending = {...JOB, state: 'pending' as const, attempts: 0}
    expect(matches(parse('state=pending'), pending)).toBe(true)
    expect(matches(parse('state=scheduled'), pending)).toBe(false)
    expect(matches(parse('state=scheduled'), {...pending, runAt: NOW + 1})).toBe(true)
    expect(matches(parse('state=retrying'), pending)).toBe(false)
    expect(matches(parse('state=retrying'), {...pending, attempts: 1})).toBe(true)
  })

  test('as one without tags', () => {
    expect(matches(parse('tag=""'), {...JOB, tags: []})).toBe(true)
    expect(matches(parse('tag~e'), {...JOB, tags: []})).toBe(false)
  })

  test('no question about a payload that is absent or not JSON, and its opposite', () => {
    for (const payload of [null, '', 'plain text', '{"id":42', 'NaN']) {
      expect(matches(parse('payload.id=42'), JOB, payload)).toBe(false)
      expect(matches(parse('payload.id!=42'), JOB, payload)).toBe(true)
    }
  })

  test('strings are ordered by their UTF-8 bytes', () => {
    // In UTF-16 the astral character would come first.
    const payload = JSON.stringify({s: '\u{1F600}'})
    expect(matches(parse('payload.s>"\uffee"'), JOB, payload)).toBe(true)
  })
})

describe('the shorthands', () => {
  test('join by and; several queues and states by or, several tags by and', () => {
    const flags = {queues: ['a', 'b'], states: ['failed', 'scheduled'], key: 'k 1', tags: ['x', 'y'], since: '-1d', until: 'now', where: 'attempts>1'}
    expect(filterFromFlags(flags, NOW)).toEqual(
      and(
        text('queue', 'a', 'b'),
        parse('state in(failed,scheduled)'),
        text('key', 'k 1'),
        text('tag', 'x'),
        text('tag', 'y'),
        number('created', '>=', NOW - DAY),
        number('created', '<', NOW),
        number('attempts', '>', 1),
      ),
    )
  })

  test('ask nothing when absent', () => {
    expect(filterFromFlags({}, NOW)).toEqual(EVERY_JOB)
    expect(filterFromFlags({queues: [], states: [], tags: [], where: ' '}, NOW)).toEqual(EVERY_JOB)
  })

  test('an or in --where stays inside', () => {
    expect(filterFromFlags({queues: ['a'], where: 'key=b or key=c'}, NOW)).toEqual(parse('queue=a (key=b or key=c)'))
  })

  test.each([{queues: ['a b']}, {states: ['faild']}, {since: 'noonish'}, {until: '5'}, {tags: ['a b']}, {where: 'x'}])('%j is refused', (flags) => {
    expect(() => filterFromFlags(flags, NOW)).toThrow(QctlError)
  })
})
