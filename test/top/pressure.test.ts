import {describe, expect, test} from 'bun:test'
import type {Session} from '../../src/lib/cli/session.ts'
import {bareEnd} from '../../src/lib/outcome.ts'
import {identifySelf} from '../../src/lib/process.ts'
import type {Concern} from '../../src/lib/top/attention.ts'
import {concernsByPressure} from '../../src/lib/top/pressure.ts'
import {Console, memorySession} from './console.tsx'

const SIZE = {columns: 80, rows: 24} as const

/** Nineteen queues: sixteen idle ones, two in which one job waits for a consumer, and `web`, whose jobs go wrong while 400 others wait. */
async function nineteen(): Promise<Session> {
  const session = await memorySession()
  const {storage, queue} = session
  for (let at = 10; at < 26; at += 1) await storage.setQueue(`idle-${at}`, {create: 'must'})
  await queue.enqueue(['alone-a', 'alone-b'].map(name => ({queue: name, payload: 'a'})))
  await queue.enqueue(Array.from({length: 420}, () => ({queue: 'web', payload: 'a'})))
  const registered = await storage.register({name: 'web-00', process: identifySelf(), queues: ['web', 'zebra'], concurrency: 4, replaces: null})
  if (registered.kind !== 'registered') throw new Error('the name is taken')
  for (const lease of await queue.claim({consumerId: registered.id, queues: ['web'], leaseMs: null, limit: 20})) {
    await queue.settle([{lease, end: bareEnd({kind: 'rejected', reason: 'permanent', error: 'bad'})}])
  }
  return session
}

/** The first words of the rows under a heading. */
function under(console: Console, heading: RegExp): readonly string[] {
  const lines = console.frame()
  const from = lines.findIndex(line => heading.test(line))
  const rest = lines.slice(from + 1)
  return rest.slice(0, rest.findIndex(line => line.startsWith('──'))).map(line => /[\w-]+/.exec(line.slice(2))?.[0] ?? '')
}

describe('where there is no room for all', () => {
  test('the queues with trouble and with jobs that wait are the ones that are shown', async () => {
    const console = await Console.open({size: SIZE}, await nineteen())
    expect(console.text()).toMatch(/Queues \d of 19, most pressing first/)
    expect(under(console, /── Queues/).slice(1, 5)).toEqual(['web', 'alone-a', 'alone-b', 'idle-10'])
  })

  test('what needs attention begins with what matters to most jobs', async () => {
    const console = await Console.open({size: SIZE}, await nineteen())
    const lines = console.frame()
    const first = lines.findIndex(line => line.includes('Attention')) + 1
    expect(lines[first]).toContain('! web: 100% of the ')
  })

  test('Enter opens the queue that is seen under the cursor', async () => {
    const console = await Console.open({size: SIZE}, await nineteen())
    await console.press('down', 'enter')
    expect(console.text()).toContain('Queue alone-a')
  })

  test('the screen of queues keeps them by name, and says how many have no room', async () => {
    const console = await Console.open({size: SIZE, screen: 'queues'}, await nineteen())
    expect(console.text()).toContain('Queues 17 of 19')
    expect(under(console, /Queues 17/).slice(1, 4)).toEqual(['alone-a', 'alone-b', 'idle-10'])
    await console.press('G')
    expect(console.text()).toContain('>  web')
    expect((await Console.open({size: {columns: 80, rows: 30}, screen: 'queues'}, await nineteen())).text()).toContain('Queues 19 ──')
  })
})

test('errors weigh as much as warnings about ten times as many jobs', () => {
  const concern = (id: string, tone: Concern['tone'], jobs: number): Concern => ({id, tone, jobs, queue: id, text: id, fix: id, where: {screen: 'health'}})
  const all = [concern('error 1', 'error', 1), concern('warning 9', 'warning', 9), concern('warning 10', 'warning', 10), concern('warning 100', 'warning', 100), concern('error 9', 'error', 9), concern('all', 'warning', Number.MAX_SAFE_INTEGER)]
  expect(concernsByPressure(all).map(({id}) => id)).toEqual(['all', 'warning 100', 'warning 10', 'error 1', 'error 9', 'warning 9'])
})
