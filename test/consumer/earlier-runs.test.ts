import {expect, test} from 'bun:test'
import {Attempt} from '../../src/lib/consumer/attempt.ts'
import type {Attempt as Swept} from '../../src/lib/survivors.ts'
import {bareEnd} from '../../src/lib/outcome.ts'
import {FakeClock} from '../storage/contract/clock.ts'
import {Controls, leaseOf} from '../handlers/support.ts'

/** One run of a job whose earlier runs left something that is gone when the test says so. */
function scene(fence: number) {
  const {promise: areGone, resolve: letGo} = Promise.withResolvers<void>()
  const swept: Swept[] = []
  const sweeper = {
    sweep: (claim: Swept) => {
      swept.push(claim)
      return areGone
    },
  }
  const keepers = {heartbeat: {holds: () => true, report: () => {}}, guard: null, sweeper}
  const spools = {open: () => new Controls().output, ended: () => null}
  const facts = {consumer: 'c', dbPath: null, maxAttempts: 1, timeoutMs: null, graceMs: 0, clock: new FakeClock(), spools}
  const attempt = new Attempt(leaseOf('', {id: 5, fence}), keepers, facts)
  const runs: number[] = []
  const handler = {
    run: async () => {
      runs.push(swept.length)
      return bareEnd({kind: 'done', result: null})
    },
    close: async () => {},
  }
  return {attempt, end: attempt.run(handler), runs, swept, letGo}
}

test('the first run of a job looks for nothing', async () => {
  const {end, runs, swept} = scene(1)
  expect([(await end).outcome.kind, runs, swept]).toEqual(['done', [0], []])
})

test('a later one starts when nothing of the earlier ones is left', async () => {
  const {end, runs, swept, letGo} = scene(3)
  expect([runs, swept]).toEqual([[], [{id: 5, fence: 3, earlierOnes: true}]])
  letGo()
  expect([(await end).outcome.kind, runs]).toEqual(['done', [1]])
})

test('and never when it is told to end before: what cannot be killed holds up nobody who stops', async () => {
  const {attempt, end, runs} = scene(2)
  attempt.stop({cause: 'shutdown', graceMs: 500})
  expect([(await end).outcome.kind, runs]).toEqual(['released', []])
})
