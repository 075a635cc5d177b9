import {expect, test} from 'bun:test'
import {chart} from './chart.ts'
import {type Contender, type Contest, hold, type Outcome, rank, type Result, type Turn} from './contest.ts'
import {assertPublishable, replaceSection} from './docs.ts'
import {Tally} from './peers/tally.ts'
import {chapter, summary} from './ranking.ts'
import {Wrong} from './workload.ts'

const OURS: Contender = {name: 'qctl', setting: {name: 'as it comes', durable: true}, isDefault: true}
const FAST: Contender = {name: 'fast', setting: {name: 'as it comes', note: 'in memory', durable: false}, isDefault: true}
const SURE: Contender = {name: 'fast', setting: {name: '<fsync>', durable: true}, isDefault: false}

function result(contender: Contender, values: readonly number[], more: Partial<Result> = {}): Result {
  return {contender, values, lost: 0, doubled: 0, failed: null, ...more}
}

function contest(unit: Contest['unit'], entries: Contest['entries'] = [], rehearsal = false): Contest {
  return {title: 'A contest', rules: 'Rules.', unit, rounds: 2, rehearsal, entries}
}

function measured(value: number): Turn {
  return {kind: 'measured', value, lost: 0, doubled: 0}
}

const outcome: Outcome = {
  contest: contest('jobs/s'),
  standings: rank([result(OURS, [100, 300]), result(SURE, [50, 60]), result(FAST, [200, 300], {doubled: 3}), result(FAST, [], {failed: 'it broke'})], 'jobs/s'),
}

test('the best comes first, one that failed last', () => {
  expect(outcome.standings.map(({contender, failed}) => (failed === null ? contender : null))).toEqual([FAST, OURS, SURE, null])
  const late = rank([result(FAST, [], {failed: 'x'}), result(SURE, [9]), result(OURS, [3])], 'ms')
  expect(late.map(({values}) => values[0])).toEqual([3, 9, undefined])
})

test('ratios are taken within a round, and say how many times faster qctl is', () => {
  expect(outcome.standings.find(({contender}) => contender === SURE)?.behind).toEqual([2, 5])
  expect(rank([result(OURS, [3]), result(SURE, [9])], 'ms').map(({behind}) => behind)).toEqual([[1], [3]])
})

test('the table says what is slower, lost, doubled or broken', () => {
  const text = chapter(outcome)
  expect(text).toContain('| **qctl** | as it comes             | yes')
  expect(text).toMatch(/\| fast +\| as it comes \(in memory\) \| no +\| 2 \| jobs\/s \| 250 \(200–300\) +\| 1\.33 × slower +\| 0 +\| \*\*3\*\* +\|/)
  expect(text).toMatch(/3\.50 × as fast/)
  expect(text).toContain('fast, as it comes (in memory): it broke')
})

test('the summary has the best of the durable ones and the best as they come', () => {
  const [, , line] = summary([outcome]).split('\n')
  expect(line).toContain('**200/s**')
  expect(line).toContain('fast, <fsync> 55/s: qctl is 3.50 × as fast')
  expect(line).toContain('fast (in memory) 250/s: qctl is 1.33 × slower')
})

test('the chart has a bar for everyone who has a figure, as long as its figure', () => {
  const svg = chart([outcome], ['here & now'])
  expect(svg).toContain('fast, &lt;fsync&gt;')
  expect(svg).toContain('here &amp; now')
  const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)" height="14"/g)].map(([, width]) => Number(width))
  expect(widths).toHaveLength(3)
  expect((widths[0] ?? 0) / (widths[2] ?? 1)).toBeCloseTo(250 / 55, 1)
})

test('everybody has a turn in each round, begun by another one each time; a rehearsal is not counted', async () => {
  const order: string[] = []
  const entry = (contender: Contender, value: number) => ({
    contender,
    turn: async (last: number | null) => {
      order.push(`${contender.name} ${last}`)
      return measured(value + order.length)
    },
  })
  const {standings} = await hold(contest('jobs/s', [entry(OURS, 0), entry(FAST, 10)], true), () => {})
  expect(order).toEqual(['qctl null', 'fast null', 'fast 12', 'qctl 1', 'qctl 4', 'fast 13'])
  expect(standings.map(({values}) => values)).toEqual([[13, 16], [4, 5]])
})

test('a peer that fails or has nothing of the kind is not asked again; a qctl that loses a job ends it all', async () => {
  let asked = 0
  const broken = {contender: FAST, turn: async (): Promise<Turn> => ({kind: (asked += 1) > 1 ? 'absent' : 'failed', why: 'no'})}
  const ours = {contender: OURS, turn: async () => measured(1)}
  const absent = {contender: SURE, turn: async (): Promise<Turn> => ({kind: 'absent'})}
  const {standings} = await hold(contest('ms', [broken, ours, absent]), () => {})
  expect(asked).toBe(1)
  expect(standings.map(({contender, failed}) => [contender, failed])).toEqual([[OURS, null], [FAST, 'no']])
  const loser = {contender: OURS, turn: async (): Promise<Turn> => ({kind: 'measured', value: 1, lost: 1, doubled: 0})}
  expect(hold(contest('ms', [loser]), () => {})).rejects.toThrow(Wrong)
})

test('a tally knows lost and doubled jobs, and refuses strangers', () => {
  const tally = new Tally(3)
  for (const n of [0, 2, 2, 2]) tally.add(n)
  expect([tally.seen, tally.lost, tally.doubled]).toEqual([2, 1, 2])
  expect(() => tally.add(3)).toThrow(RangeError)
})

test('a section is replaced between its marks, and nothing else', () => {
  const text = 'a\n<!-- x -->\nold\n<!-- /x -->\nb\n'
  expect(replaceSection(text, 'x', 'new\n')).toBe('a\n<!-- x -->\nnew\n<!-- /x -->\nb\n')
  expect(() => replaceSection(text, 'y', '')).toThrow('no section y')
})

test('the README has a place for the figures', () => {
  expect(assertPublishable).not.toThrow()
})
