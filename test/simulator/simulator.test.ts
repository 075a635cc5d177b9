/**
 * Whole hosts under a simulated clock: see docs/proof.md, and `npm run simulate` for many more of them.
 * QCTL_SIMULATE_SEEDS sets the number, QCTL_SIMULATE_FROM the first.
 */
import {expect, test} from 'bun:test'
import {MUTANTS} from './control/mutants.ts'
import {broken} from './control/try.ts'
import {type Failure, playHere} from './play.ts'
import {Simulation} from './simulation.ts'

const SEEDS = Number(process.env['QCTL_SIMULATE_SEEDS'] ?? 150)
const FROM = Number(process.env['QCTL_SIMULATE_FROM'] ?? Math.floor(Math.random() * 2 ** 31))
const DEADLINE_MS = 600_000

test(
  `${SEEDS} simulated hosts, seeds from ${FROM}`,
  async () => {
    const failures: Failure[] = []
    let played = 0
    await playHere({from: FROM, count: SEEDS}, part => {
      played += part.seeds
      failures.push(...part.failures)
    })
    expect({played, failures}).toEqual({played: SEEDS, failures: []})
  },
  DEADLINE_MS,
)

test('a seed has one history', async () => {
  const [once, again] = [await historyOf([7]), await historyOf([7])]
  expect(once.length).toBeGreaterThan(50)
  expect(again).toEqual(once)
})

test('a seed has the same history, but for the numbers of its jobs, in a store that others have used', async () => {
  const tallyAfter = async (...before: readonly number[]) => {
    const simulation = new Simulation()
    for (const seed of before) await simulation.play(seed)
    const tally = await simulation.play(11)
    await simulation.close()
    return tally
  }
  expect(await tallyAfter(7, 8)).toEqual(await tallyAfter())
})

test('the clocks and timers of this process are its own again', async () => {
  const before = [setTimeout, clearTimeout, setImmediate, Date.now, Math.random, performance.now]
  await historyOf([1])
  expect([setTimeout, clearTimeout, setImmediate, Date.now, Math.random, performance.now]).toEqual(before)
})

test.each(MUTANTS)('the code is as this mutant knows it: $name', mutant => {
  expect(broken(mutant)).not.toBe('')
})

async function historyOf(seeds: readonly number[]): Promise<readonly string[]> {
  const lines: string[] = []
  const simulation = new Simulation(line => lines.push(line()))
  for (const seed of seeds) await simulation.play(seed)
  await simulation.close()
  return lines
}
