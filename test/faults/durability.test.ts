import {beforeAll, expect} from 'bun:test'
import {readFileSync} from 'node:fs'
import {describe, under} from './support/report.ts'
import {requirePtrace} from './support/rights.ts'
import {BINARY, Scene} from './support/scene.ts'
import {readCalls, recorder, unsyncedAtPrint} from './support/syscalls.ts'

const scenario = under('the power is cut while jobs are stored')

beforeAll(requirePtrace)

interface Recorded {
  readonly ids: readonly number[]
  readonly writes: number
  readonly unsynced: readonly string[]
}

/** Runs `produce` under strace. */
async function record(scene: Scene, args: readonly string[], stdin = '', isNew = false): Promise<Recorded> {
  const file = scene.path('trace')
  // A file for stdout, because a process may write to it by any descriptor.
  const printed = scene.path('printed')
  const command = ['sh', '-c', `exec "$@" > ${printed}`, 'sh', BINARY, 'produce', ...args]
  expect((await scene.start(command, {stdin, wrap: recorder(file)}).finished()).status).toBe(0)
  const calls = readCalls(file)
  // A print the recording does not show would prove nothing.
  expect(calls.some(({name, path}) => name.startsWith('write') && path === printed)).toBe(true)
  return {
    ids: readFileSync(printed, 'utf8').trim().split('\n').map(Number),
    writes: calls.filter(({name, path}) => name === 'pwrite64' && path === `${scene.database}-wal`).length,
    unsynced: unsyncedAtPrint(calls, scene.database, {printed, isNew}),
  }
}

function lines(count: number, width = 10): string {
  return Array.from({length: count}, (_, i) => `${String(i).padEnd(width, 'x')}\n`).join('')
}

describe('when an id is printed, its job is on the disk', () => {
  scenario('a single one, also in a database that was just made', async () => {
    await using scene = new Scene()
    expect(await record(scene, ['first'], '', true)).toEqual({ids: [1], writes: expect.any(Number), unsynced: []})
    const {ids, writes, unsynced} = await record(scene, ['second'])
    expect([ids, unsynced]).toEqual([[2], []])
    expect(writes).toBeGreaterThan(0)
  })

  scenario.each([
    ['a table', ['x', '--output', 'table'], ''],
    ['a key', ['x', '--key', 'k'], ''],
    ['the long way', ['x', '-v'], ''],
    ['a payload on stdin', ['-'], 'payload'],
  ])('%s', async (_, args, stdin) => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const {writes, unsynced} = await record(scene, args, stdin)
    expect(writes).toBeGreaterThan(0)
    expect(unsynced).toEqual([])
  })

  scenario('a thousand lines, all of them before the first id', async () => {
    await using scene = new Scene()
    const {ids, unsynced} = await record(scene, ['--lines'], lines(1000), true)
    expect([ids.length, unsynced]).toEqual([1000, []])
  })

  scenario('so many that the log is checkpointed in the commit', async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const {ids, writes, unsynced} = await record(scene, ['--lines'], lines(5000, 1000))
    expect([ids.length, unsynced]).toEqual([5000, []])
    expect(writes).toBeGreaterThan(1000)
  })

  scenario('each batch before its ids', async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const {ids, unsynced} = await record(scene, ['--lines', '--batch', '10'], lines(100))
    expect([ids.length, unsynced]).toEqual([100, []])
  })

  scenario('generated ones, and the names of their files', async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const {ids, unsynced} = await record(scene, ['--generate', scene.path('files'), '--every', '10ms', '--count', '3'])
    expect([ids.length, unsynced]).toEqual([3, []])
  })

  scenario('and this would be seen: with the durability that forgoes it, it is not so', async () => {
    await using scene = new Scene()
    await scene.qctl(['init', '--durability', 'normal'])
    expect((await record(scene, ['x'])).unsynced).not.toEqual([])
  })
})
