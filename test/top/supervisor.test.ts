import {describe, expect, test} from 'bun:test'
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {scale} from '../../src/lib/top/acts-of-supervisor.ts'
import {Errand} from '../../src/lib/top/errand.ts'
import type {Move} from '../../src/lib/top/screen.ts'
import {ageWords, answerPace, silence, type Supervision, SupervisorDesk} from '../../src/lib/top/supervisor-desk.ts'
import {shownView} from '../../src/lib/top/state.ts'
import type {Consumer} from '../../src/lib/job.ts'
import {identifySelf} from '../../src/lib/process.ts'
import type {Supervised} from '../../src/lib/supervisor/client.ts'
import {statusOf} from '../../src/lib/supervisor/status.ts'
import {placeOf} from '../../src/lib/supervisor/place.ts'
import {waitFor} from '../support/wait-for.ts'
import {Console} from './console.tsx'

describe('supervisord', () => {
  test('is not said to have no processes before it has answered', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'desk-'))
    const place = placeOf(directory)
    mkdirSync(dirname(place.socket), {recursive: true})
    writeFileSync(place.configuration, '')
    let calls = 0
    // It takes the question and never answers.
    const silent = createServer(() => {
      calls += 1
    }).listen(place.socket)
    const desk = new SupervisorDesk(directory)
    try {
      const first = desk.look({consumers: [], queues: []}, 1_800_000_000_000)
      if (first === null) throw new Error('it has been set up')
      expect(silence(first)).toBe('asking supervisord ...')
      expect(answerPace(first)).toBeLessThan(500)
      await waitFor(() => calls > 0, {what: 'the question'})
    } finally {
      desk.close()
      silent.closeAllConnections()
      silent.close()
      rmSync(directory, {recursive: true})
    }
  })

  test('that has not answered for long is not told as the present', () => {
    expect(ageWords({at: 1_800_000_000_000}, 1_800_000_001_500)).toBe('')
    expect(ageWords({at: 1_800_000_000_000}, 1_800_000_009_000)).toBe(', as of 9s ago')
  })

  test('is asked anew after something was done to it: what was on its way is from before', async () => {
    const answers: ((value: string) => void)[] = []
    const errand = new Errand(() => new Promise<string>(resolve => answers.push(resolve)), {everyMs: 1000, rest: 1})
    errand.news(0)
    const renewed = errand.renew(1)
    answers[0]?.('before')
    await waitFor(() => answers.length === 2, {what: 'another question'})
    answers[1]?.('after')
    await renewed
    expect(errand.news(2)).toMatchObject({value: 'after', isRunning: false})
    expect(answers).toHaveLength(2)
  })
})

test('a process that has nothing to do because its queue is paused is told with the whole reason, also where columns are short of room', async () => {
  const console = await Console.open({screen: 'consumers'})
  await console.press('s')
  const consumer = {process: identifySelf(), queues: ['thumbs'], concurrency: 1, jobs: 0, processed: 0, failed: 0} as unknown as Consumer
  const process = {name: 'consumer_00', group: 'consumer', state: 'RUNNING', pid: consumer.process.pid, uptimeMs: 7000, exitStatus: null, log: null, spawnError: null} as unknown as Supervised
  const queues = [{name: 'other', paused: true, pausedReason: 'repairs'}, {name: 'thumbs', paused: true, pausedReason: '/no/such/cmd: not found (3 times in a row)'}]
  const processes = statusOf([process], {consumers: [consumer], queues}, new Map())
  const supervision: Supervision = {directory: '/d', processes, wanted: 1, most: 32, error: null, at: console.state.now, isAsked: false}
  console.tell({kind: 'looked', view: shownView(console.state).number, facts: {supervision}, inHand: null, at: console.state.now, tookMs: 1})
  expect(console.text().replaceAll(/\s+/g, ' ')).toContain('consumer_00: queue thumbs is paused: /no/such/cmd: not found (3 times in a row)')
  expect(console.text()).not.toContain('repairs')
})

test('scaling says what it does in good English', () => {
  const asked = (count: number, supervision: Pick<Supervision, 'wanted' | 'most'>): Move => {
    const move = scale(supervision)
    if (move.kind !== 'prompt') throw new Error('it asks for a number')
    const [next] = [move.prompt.submit(String(count))].flat()
    if (next === undefined) throw new Error('nothing follows')
    return next
  }
  const from = {wanted: 2, most: 5}
  expect(asked(1, from)).toMatchObject({act: {title: 'Have 1 consumer instead of 2?', facts: [expect.stringContaining('1 finishes what it has and ends; '), expect.anything()]}})
  expect(asked(0, from)).toMatchObject({act: {facts: [expect.stringContaining('2 finish what they have and end; '), expect.anything()]}})
  expect(asked(3, from)).toMatchObject({act: {facts: [expect.stringContaining('1 is started; '), expect.anything()]}})
})
