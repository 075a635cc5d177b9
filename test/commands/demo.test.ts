import {describe, expect, test} from 'bun:test'
import {mkdirSync, readdirSync} from 'node:fs'
import {requireTool} from '../faults/support/rights.ts'
import {type Running, Scene} from '../faults/support/scene.ts'
import {figure} from '../faults/support/report.ts'
import {sized} from '../faults/support/size.ts'
import {Terminal} from '../support/terminal.ts'
import {waitFor} from '../support/wait-for.ts'

interface Result {
  readonly run_by: string
  readonly files: number
  readonly done: number
  readonly kills: number
  readonly lost: readonly string[]
  readonly overlaps: readonly string[]
}

/** Starts a demonstration whose directory lies in the scene. */
function start(scene: Scene, ...flags: readonly string[]): Running {
  requireTool('supervisord', 'supervisor')
  mkdirSync(scene.path('t'))
  return scene.startQctl(['demo', ...flags], {env: {TMPDIR: scene.path('t'), QCTL_DB: undefined}})
}

/** Nothing is left: no process, no file. */
function expectNothing(scene: Scene): void {
  expect([scene.left(), readdirSync(scene.path('t'))]).toEqual([[], []])
}

describe.each([['supervisord', []], ['a small runner of its own', ['--no-supervisord']]])('demo by %s', (runBy, flags) => {
  test('with consumers killed: proves itself and leaves nothing', async () => {
    await using scene = new Scene()
    const {status, stdout, stderr} = await start(scene, '--chaos', '--for', `${sized(4, 60)}s`, '--json', ...flags).finished()
    const result = JSON.parse(stdout) as Result
    expect([status, stderr, result]).toEqual([0, expect.stringContaining(runBy), expect.objectContaining({run_by: runBy, lost: [], overlaps: []})])
    expect([result.kills > 0, result.files > 5]).toEqual([true, true])
    expectNothing(scene)
    figure(result.kills, `demo --chaos by ${runBy}: ${result.files} files, ${result.kills} consumers killed, lost 0, overlaps 0`)
  }, 180_000)

  test.each(['SIGINT', 'SIGTERM'] as const)('ended by %s: finishes what was begun and leaves nothing', async signal => {
    await using scene = new Scene()
    const demo = start(scene, ...flags)
    await waitFor(() => demo.stderr.includes(' done, '))
    demo.kill(signal)
    const {status, stdout} = await demo.finished()
    expect([status, stdout]).toEqual([0, expect.stringContaining('lost: 0, run by two at once: 0')])
    expectNothing(scene)
  }, 60_000)
})

describe('demo on a terminal', () => {
  test('is shown by top, and proved when that is left', async () => {
    await using scene = new Scene()
    mkdirSync(scene.path('t'))
    await using terminal = await Terminal.start(['demo', '--no-supervisord', '--chaos'], {home: scene.path('t'), env: {TMPDIR: scene.path('t')}, columns: 100, rows: 30})
    await terminal.shows(/files +active/, 30_000)
    await terminal.keys('q')
    expect(await terminal.ended()).toBe(0)
    expect(await terminal.leftovers()).toMatchObject({alternate: false, cursor: true, text: expect.stringContaining('lost: 0, run by two at once: 0')})
    expect(readdirSync(scene.path('t'))).toEqual([])
  }, 60_000)
})
