import {describe, expect, test} from 'bun:test'
import {Attempt} from '../../src/lib/consumer/attempt.ts'
import {Spools} from '../../src/lib/consumer/spools.ts'
import type {Handler, RunContext} from '../../src/lib/handlers/handler.ts'
import {bareEnd, type RunEnd} from '../../src/lib/outcome.ts'
import {monotonicMs, systemClock} from '../../src/lib/time.ts'
import {leaseOf} from '../handlers/support.ts'
import {waitFor} from '../support/wait-for.ts'

/** Runs a job under a time limit of 20 ms. */
function run(work: (context: RunContext) => Promise<RunEnd>): Promise<RunEnd> {
  const {attempt, handler} = prepare(work, true)
  return attempt.run(handler)
}

function prepare(work: (context: RunContext) => Promise<RunEnd>, holds: boolean): {readonly attempt: Attempt; readonly handler: Handler} {
  const spools = new Spools({directory: null, clock: systemClock, onTrouble: () => undefined})
  const facts = {consumer: 'c1', dbPath: null, maxAttempts: 8, timeoutMs: 20, graceMs: 0, clock: systemClock, spools}
  const keepers = {heartbeat: {holds: () => holds, report: () => undefined}, guard: null, sweeper: {sweep: async () => undefined}}
  const attempt = new Attempt(leaseOf('x', {fence: 1}), keepers, facts)
  const handler: Handler = {startsClock: true, run: (_, context) => work(context), close: async () => undefined}
  return {attempt, handler}
}

const passed = (since: number): Promise<true> => waitFor(() => monotonicMs() - since > 60 || null)

describe('the clock of a run', () => {
  test('is started by the handler, and ends the run', async () => {
    const {runMs} = await run(async context => {
      context.startClock()
      await waitFor(() => context.signal.aborted)
      return bareEnd({kind: 'released'})
    })
    expect(runMs).toBeGreaterThanOrEqual(19)
  })

  test('goes no further when the work is over: neither the limit nor what is measured', async () => {
    const startedAt = monotonicMs()
    let overAt = Number.NaN
    const {outcome, runMs} = await run(async context => {
      context.startClock()
      context.stopClock()
      overAt = monotonicMs()
      await passed(overAt)
      context.startClock()
      context.stopClock()
      await passed(monotonicMs())
      return bareEnd(context.signal.aborted ? {kind: 'released'} : {kind: 'done', result: null})
    })
    expect(outcome.kind).toBe('done')
    expect(runMs).toBeLessThanOrEqual(Math.ceil(overAt - startedAt))
  })
})

test('a job whose lease is over before its run begins is not run', async () => {
  let wasRun = false
  const {attempt, handler} = prepare(async () => {
    wasRun = true
    return bareEnd({kind: 'done', result: null})
  }, false)
  await attempt.run(handler)
  expect({wasRun, isLost: attempt.isLost}).toEqual({wasRun: false, isLost: true})
})
