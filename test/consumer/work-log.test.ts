import {expect, test} from 'bun:test'
import {workLog} from '../../src/lib/consumer/work-log.ts'
import {Log} from '../../src/lib/log.ts'
import {systemClock} from '../../src/lib/time.ts'

const END = {kind: 'ended', id: 1, queue: 'q', attempt: 1, fence: 1, outcome: 'released', to: 'pending', reason: null, error: null, delayMs: 0} as const

test('a job that was taken ahead and goes back without a run is no news, one whose run was ended is', () => {
  const lines: string[] = []
  const sink = {write: (line: string) => lines.push(line) > 0, flush: () => Promise.resolve()}
  const tell = workLog(new Log({format: 'json', level: 'debug', sink, clock: systemClock}))
  tell({...END, runMs: null})
  tell({...END, runMs: 12})
  expect(lines.map(line => JSON.parse(line).level)).toEqual(['debug', 'warn'])
})
