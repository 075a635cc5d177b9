/**
 * Random interleavings of everything that can happen to jobs, against a model of the specification.
 *
 * Before every claim `explain` is asked about every job: what it says the claim would get is what the claim gets.
 *
 * Breakages tried in a copy, each found by this test and by the contract's: no fence in the WHERE of the ack, no look at a
 * queue's concurrency in the claim, attempts not given back.
 *
 * QCTL_MODEL_RUNS sets the number of runs; QCTL_MODEL_SEED and QCTL_MODEL_PATH repeat the one that failed.
 */
import {expect, test} from 'bun:test'
import fc from 'fast-check'
import {FakeClock} from '../storage/contract/clock.ts'
import {anyScript, type Script} from './model/steps.ts'
import {fileStore, memoryStore} from './model/stores.ts'
import {World} from './model/world.ts'

const RUNS = Number(process.env['QCTL_MODEL_RUNS'] ?? 10_000)
const SEED = Number(process.env['QCTL_MODEL_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const PATH = process.env['QCTL_MODEL_PATH'] ?? ''
const MAX_STEPS = 30
const DEADLINE_MS = 600_000

async function play(script: Script): Promise<void> {
  const clock = new FakeClock()
  const store = script.store === 'file' ? await fileStore(clock) : await memoryStore(clock)
  try {
    const world = new World(script, store, clock)
    for (const step of script.steps) await world.play(step)
    await world.finish()
  } finally {
    await store.close()
  }
}

test(
  `the queue does what the model does, ${RUNS} times`,
  async () => {
    const details = await fc.check(fc.asyncProperty(anyScript(MAX_STEPS), play), {numRuns: RUNS, seed: SEED, path: PATH})
    if (details.failed) {
      const again = `QCTL_MODEL_SEED=${details.seed} QCTL_MODEL_PATH=${details.counterexamplePath ?? ''}`
      throw new Error(`${String(details.errorInstance)}\n\nrepeat with: ${again}\n\n${fc.stringify(details.counterexample)}`)
    }
    if (PATH === '') expect(details.numRuns).toBe(RUNS)
  },
  DEADLINE_MS,
)
