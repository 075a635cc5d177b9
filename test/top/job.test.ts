import {describe, expect, test} from 'bun:test'
import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import stringWidth from 'string-width'
import {openSession, type Session} from '../../src/lib/cli/session.ts'
import type {Lease} from '../../src/lib/job.ts'
import {bareEnd, type Outcome} from '../../src/lib/outcome.ts'
import {encodeOutput, type OutputRecord} from '../../src/lib/output-record.ts'
import {identifySelf} from '../../src/lib/process.ts'
import {scratchDirectory} from '../support/scratch.ts'
import {keysOf} from '../../src/lib/top/keys.ts'
import {reduce} from '../../src/lib/top/reduce.ts'
import {shownScreen, type State, type Step} from '../../src/lib/top/state.ts'
import {Console, frameOf, memorySession} from './console.tsx'
import {HOSTILE} from './scene.ts'

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0)
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/
const said = (stream: 'stdout' | 'stderr', text: string, at = NOW): OutputRecord => ({kind: 'bytes', stream, at, bytes: new TextEncoder().encode(text)})

async function withPayload(payload: string | Uint8Array): Promise<Session> {
  const session = await memorySession()
  if (payload.length > 1024 * 1024) await session.storage.setQueue('mail', {create: 'may', settings: {maxPayloadBytes: payload.length}})
  await session.queue.enqueue([{queue: 'mail', payload}])
  return session
}

/** Claims a job; to be ended as it pleases. */
async function claimed({queue, storage}: Session): Promise<Lease> {
  const registered = await storage.register({name: 'web1', process: identifySelf(), queues: ['mail'], concurrency: 9, replaces: null})
  const consumerId = registered.kind === 'registered' ? registered.id : registered.by.id
  const [lease] = await queue.claim({consumerId, queues: ['mail'], leaseMs: null, limit: 1})
  if (lease === undefined) throw new Error('nothing to claim')
  return lease
}

async function run(session: Session, outcome: Outcome, records: readonly OutputRecord[] = []): Promise<void> {
  const lease = await claimed(session)
  const end = {...bareEnd(outcome), output: {records: encodeOutput(records), stdoutDroppedBytes: 0, stderrDroppedBytes: 0}}
  await session.queue.settle([{lease, end}])
}

const AT_ONCE: Outcome = {kind: 'failed', error: 'exit 1', retryAfterMs: 0}

/** The screen of the newest job, on a tab. */
async function jobConsole(session: Session, tab: string, start: Parameters<typeof Console.open>[0] = {}): Promise<Console> {
  const console = await Console.open({screen: 'jobs', mode: 'admin', ...start}, session)
  await console.press('enter')
  for (let at = 0; at < 6 && !console.text().includes(`[${tab}`); at += 1) await console.press('right')
  expect(console.text()).toContain(`[${tab}`)
  return console
}

/** What stands below heading and tabs, without the blanks at the ends. */
function body(console: Console): readonly string[] {
  return console.frame().slice(5, -2).map(line => line.trimEnd())
}

describe('the payload', () => {
  test('is pretty when it is JSON', async () => {
    const console = await jobConsole(await withPayload('{"to":["ann"],"n":1}'), 'Payload')
    expect(body(console).slice(0, 8)).toEqual([' JSON, 20 B', '', ' {', '   "to": [', '     "ann"', '   ],', '   "n": 1', ' }'])
  })

  test('that looks like JSON and would lose something is text', async () => {
    const console = await jobConsole(await withPayload('{"id":12345678901234567890}'), 'Payload')
    expect(body(console).slice(0, 3)).toEqual([' text, 27 B', '', ' {"id":12345678901234567890}'])
  })

  test('is text with its lines', async () => {
    const console = await jobConsole(await withPayload('one\ntwo\n'), 'Payload')
    expect(body(console).slice(0, 4)).toEqual([' text, 8 B', '', ' one', ' two'])
  })

  test('is hexadecimal when it is no text', async () => {
    const console = await jobConsole(await withPayload(new Uint8Array([0, 255, 65, 27, 10])), 'Payload')
    expect(body(console)[2]).toMatch(/^ 000000 {2}00 ff 41 1b 0a +\.\.A\.\.$/)
  })

  for (const [what, payload] of [['hostile', HOSTILE], ['a line of a megabyte', 'x'.repeat(1024 * 1024)], ['hostile and long', HOSTILE.repeat(9000)], ['JSON that hides something', JSON.stringify({a: HOSTILE})]] as const) {
    test(`does no harm: ${what}`, async () => {
      const console = await jobConsole(await withPayload(payload), 'Payload')
      for (const key of ['end', 'pageup', 'home']) {
        await console.press(key)
        const lines = console.frame()
        expect(lines.length).toBeLessThanOrEqual(24)
        expect(lines.filter(line => stringWidth(line) > 80)).toEqual([])
        expect(lines.filter(line => CONTROL.test(line))).toEqual([])
      }
    })
  }

  test('that is large is shown in part, with how to get it all', async () => {
    const console = await jobConsole(await withPayload('y'.repeat(2_000_000)), 'Payload')
    expect(body(console)[0]).toContain('the first 131,072 bytes of it')
    await console.press('end')
    expect(console.text()).toContain('qctl jobs show 1 --raw')
  })

  test('is read again only when the job has changed', async () => {
    const session = await withPayload('{}')
    let reads = 0
    const {get} = session.storage
    session.storage.get = (...query) => {
      reads += 1
      return get.apply(session.storage, query)
    }
    const console = await jobConsole(session, 'Payload')
    await console.look()
    const before = reads
    await console.look()
    await console.look()
    expect(reads).toBe(before)
    await run(session, AT_ONCE)
    await console.look()
    expect(reads).toBe(before + 1)
  })
})

describe('the output', () => {
  test('is of one run, line by line, of both streams in their order', async () => {
    const session = await withPayload('')
    await run(session, AT_ONCE, [said('stdout', 'connec'), said('stderr', 'oh\n', NOW + 5), said('stdout', 'ting\r\nlast\n', NOW + 9)])
    const console = await jobConsole(session, 'Output')
    expect(console.text()).toContain('run 1, attempt 1: failed')
    expect(body(console).slice(1, 4).map(line => line.replace(/^ \d\d:/, ' '))).toEqual([
      ' 00:00.000 out  connecting', ' 00:00.005 err  oh', ' 00:00.009 out  last',
    ])
  })

  test('of another run is chosen with [ and ], or among the attempts', async () => {
    const session = await withPayload('')
    for (const word of ['first', 'second', 'third']) await run(session, AT_ONCE, [said('stdout', `${word}\n`)])
    const console = await jobConsole(session, 'Output')
    expect(console.text()).toContain('third')
    await console.press('[')
    expect(console.text()).toContain('second')
    await console.press('[', '[', ']')
    expect(console.text()).toContain('second')
    await console.press(']')
    expect(console.text()).toContain('third')
    await console.press('left', 'j', 'j', 'enter')
    expect(console.text()).toContain('[Output]')
    expect(console.text()).toContain('first')
    await console.press('f')
    expect(console.text()).toContain('third')
  })

  test('does no harm', async () => {
    const session = await withPayload('')
    await run(session, AT_ONCE, [said('stdout', HOSTILE.repeat(500)), said('stderr', 'z'.repeat(60_000))])
    const console = await jobConsole(session, 'Output')
    for (const key of ['end', 'home']) {
      await console.press(key)
      expect(console.frame().filter(line => stringWidth(line) > 80 || CONTROL.test(line))).toEqual([])
    }
  })

  test('of a run that goes on is followed, until somebody scrolls up', async () => {
    const directory = scratchDirectory()
    const db = join(directory, 'q.db')
    const session = await openSession({db, lockTimeout: 5000}, {create: true})
    await session.queue.enqueue([{queue: 'mail', payload: ''}])
    const {id, fence} = await claimed(session)
    mkdirSync(`${db}.run`, {mode: 0o700})
    const prints = (count: number): Promise<number> => Bun.write(`${db}.run/${id}.${fence}`, encodeOutput(Array.from({length: count}, (_, at) => said('stdout', `line ${at + 1}\n`))))
    const console = await jobConsole(session, 'Output')
    expect(console.text()).toContain('nothing printed yet')
    await prints(30)
    await console.look()
    expect(console.text()).toContain('goes on, following')
    expect(body(console).at(-1)).toContain('line 30')
    await console.press('k')
    await prints(40)
    await console.look()
    expect(body(console).at(-1)).toContain('line 29')
    expect(console.text()).not.toContain('following')
    await console.press('f')
    expect(body(console).at(-1)).toContain('line 40')
    await session.close()
  })
})

test('the summary has facts, and the end of what was printed', async () => {
  const session = await withPayload('')
  await run(session, {kind: 'rejected', reason: 'permanent', error: 'no such user'}, [said('stderr', 'giving up\n')])
  const console = await jobConsole(session, 'Summary')
  for (const text of ['failed (permanent)', 'queue      mail', 'error      no such user', 'run 1 printed', 'err  giving up']) expect(console.text()).toContain(text)
})

test('the timeline says who did what, in its order', async () => {
  const session = await withPayload('')
  await run(session, AT_ONCE)
  const console = await jobConsole(session, 'Timeline')
  await console.press('C', 'y')
  const lines = body(console).filter(line => line !== '').map(line => line.slice(28))
  expect(lines).toEqual([
    '-         submitted to mail',
    'web1      run 1 begins: attempt 1',
    'web1      run 1 ends: failed: exit 1',
    'top:test  pending → cancelled: by hand',
  ])
})

test('the raw JSON is that of jobs show', async () => {
  const session = await withPayload('{"a":1}')
  const console = await jobConsole(session, 'Raw JSON', {size: {columns: 120, rows: 100}})
  const document: unknown = JSON.parse(body(console).join('\n'))
  expect(document).toMatchObject({id: 1, queue: 'mail', payload: '{"a":1}', attempts_list: [], events: []})
})

describe('explaining', () => {
  test('says why, and what to do', async () => {
    const console = await Console.open({screen: 'jobs', db: '/tmp/a b.db', mode: 'admin'}, await withPayload(''))
    await console.press('C')
    expect(console.text()).toContain("qctl --db '/tmp/a b.db' jobs cancel 1")
    await console.press('esc', 'e')
    expect(console.text()).toContain('nobody consumes queue mail')
    expect(console.text()).toContain("qctl --db '/tmp/a b.db' consume -Q mail -- COMMAND")
    await console.press('y')
    expect(console.copied).toEqual(["qctl --db '/tmp/a b.db' consume -Q mail -- COMMAND"])
    await console.press('enter')
    expect(console.text()).toContain('[Summary]')
    await console.press('e', 'esc', 'esc', 'esc')
    expect(console.text()).toContain('[2 Jobs]')
  })

  test('of a job that is gone says so', async () => {
    const session = await withPayload('')
    const console = await Console.open({screen: 'jobs'}, session)
    await console.press('e')
    await session.inspector.act({kind: 'delete', reason: ''}, [{id: 1, seen: null}], {actor: 'test', waitMs: null, reap: async () => {}, signal: new AbortController().signal})
    await console.look()
    expect(console.text()).toContain('there is no job 1')
  })
})

describe('every tab', () => {
  for (const tab of ['Summary', 'Payload', 'Attempts', 'Output', 'Timeline', 'Raw JSON']) {
    test(`fits into every terminal, and changes nothing in OPS: ${tab}`, async () => {
      const session = await withPayload(HOSTILE)
      await run(session, {kind: 'rejected', reason: 'permanent', error: HOSTILE}, [said('stderr', HOSTILE)])
      const {state} = await jobConsole(session, tab, {mode: 'ops'})
      for (const size of [{columns: 60, rows: 12}, {columns: 80, rows: 24}, {columns: 200, rows: 50}]) {
        const lines = frameOf(state, {size})
        expect(lines.filter(line => stringWidth(line) > size.columns || CONTROL.test(line))).toEqual([])
        expect(lines.length).toBeLessThanOrEqual(size.rows)
      }
      const pressed = keysOf(shownScreen(state)).flatMap(({keys}) => keys).filter(name => name !== 'A')
      for (const name of pressed) {
        const effects = [[name], [name, 'y'], [name, 'enter', 'y']].flatMap(names => reduced(state, names))
        expect(effects.filter(kind => kind === 'run' || kind === 'prepare')).toEqual([])
      }
    })
  }

  test('is ASCII where that was asked for', async () => {
    const session = await withPayload('{"a":1}')
    await run(session, AT_ONCE, [said('stdout', 'one\n')])
    const console = await jobConsole(session, 'Summary')
    for (let at = 0; at < 6; at += 1) {
      expect([...frameOf(console.state, {ascii: true}).join('\n')].filter(character => character > '~')).toEqual([])
      await console.press('right')
    }
  })
})

/** What comes of the last of these keys, a second apart. */
function reduced(state: State, names: readonly string[]): readonly string[] {
  let step: Step = {state, effects: []}
  for (const name of names) step = reduce(step.state, {kind: 'key', name, at: step.state.now + 1000})
  return step.effects.map(({kind}) => kind)
}

describe('acts on the job that is open', () => {
  test('are for it, and after its deletion the list is back', async () => {
    const session = await withPayload('')
    await session.queue.enqueue([{queue: 'mail', payload: ''}])
    const console = await jobConsole(session, 'Summary')
    await console.press('C', 'y')
    expect(console.text()).toContain('cancelled')
    await console.press('R', 'y')
    expect(console.text()).toContain('1 resubmitted')
    await console.press('D', 'n')
    expect(console.text()).toContain('[Summary]')
    await console.press('D', 'y')
    expect(console.text()).toContain('[All 1]')
    expect(console.text()).toContain('1 deleted')
    expect((await session.inspector.list({})).jobs.map(({id}) => id)).toEqual([1])
  })

  test('are none in OPS, nor for a job that is gone', async () => {
    const session = await withPayload('')
    const console = await jobConsole(session, 'Summary', {mode: 'ops'})
    await console.press('D')
    expect(console.text()).toContain('press A')
    await session.inspector.act({kind: 'delete', reason: ''}, [{id: 1, seen: null}], {actor: 'test', waitMs: null, reap: async () => {}, signal: new AbortController().signal})
    await console.press('A', 'D')
    expect(console.text()).toContain('there is no job here')
  })
})
