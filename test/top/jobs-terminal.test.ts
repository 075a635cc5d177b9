import {describe, expect, test} from 'bun:test'
import {spawn} from 'node:child_process'
import {existsSync, mkdirSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {openSession} from '../../src/lib/cli/session.ts'
import type {State} from '../../src/lib/job.ts'
import {BINARY, Sandbox} from '../support/binary.ts'
import {Terminal} from '../support/terminal.ts'
import {waitFor} from '../support/wait-for.ts'
import {valuesOf} from '../../src/lib/top/overlay.ts'
import {Console} from './console.tsx'

interface Listed {
  readonly items: readonly {readonly id: number; readonly state: State; readonly assigned_to: string | null; readonly reason: string | null}[]
}

async function jobsOf(sandbox: Sandbox): Promise<Listed['items']> {
  return ((await sandbox.json(['jobs', 'list', '-l', '100'])) as Listed).items.toReversed()
}

const statesOf = async (sandbox: Sandbox): Promise<readonly State[]> => (await jobsOf(sandbox)).map(({state}) => state)

/** Answers a question. What is typed before anybody can have read it does not count: so it is typed until the question is gone. */
async function answered(terminal: Terminal, key: string, question: string): Promise<void> {
  await waitFor(async () => {
    await terminal.keys(key)
    return !(await terminal.screen()).includes(question)
  })
}

describe('in a real terminal', () => {
  test('jobs are filtered, marked and cancelled', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', '-Q', 'mail', 'a', 'b', 'c', 'd'])
    await sandbox.qctl(['produce', '-Q', 'other', 'e'])
    await using terminal = await Terminal.start(['top', '--interval', '500ms'], {home: sandbox.home})
    await terminal.keys('2')
    await terminal.shows('[2 Jobs]')
    await terminal.keys('/')
    await terminal.shows('filter: ▏')
    await terminal.type('queue=mail')
    await terminal.keys('Enter')
    await terminal.shows('4 jobs match')
    await terminal.keys('Space')
    await terminal.keys('Space')
    await terminal.shows('2 marked')
    await terminal.keys('C')
    await terminal.shows('press A for ADMIN')
    await terminal.keys('A')
    await terminal.shows(' ADMIN ')
    await terminal.keys('C')
    const dialog = await terminal.shows('Cancel 2 jobs?')
    expect(dialog).toContain('qctl jobs cancel 3 4')
    await answered(terminal, 'y', 'Cancel 2 jobs?')
    await waitFor(async () => (await statesOf(sandbox)).join() === 'pending,pending,cancelled,cancelled,pending')
    await terminal.keys('U')
    await terminal.shows('undone: 2 resubmitted')
    expect(await statesOf(sandbox)).toEqual(['pending', 'pending', 'pending', 'pending', 'pending'])
    await terminal.keys('F')
    await terminal.shows('ALL THAT MATCH')
    await terminal.keys('D')
    await terminal.shows('Type 4 to confirm')
    await sandbox.qctl(['produce', '-Q', 'mail', 'late'])
    await waitFor(async () => {
      await terminal.keys('BSpace', '4')
      return (await terminal.screen()).includes('confirm: 4▏')
    })
    await terminal.keys('Enter')
    await terminal.shows('4 deleted')
    expect((await jobsOf(sandbox)).map(({id}) => id)).toEqual([5, 6])
  })

  test('the output of a run is followed, and cancelling it ends the handler', async () => {
    await using sandbox = new Sandbox()
    const go = join(sandbox.home, 'go')
    await sandbox.qctl(['produce', '-Q', 'mail', 'a'])
    sandbox.start(['consume', '-Q', 'mail', '--shell', `echo begun; while [ ! -e ${go} ]; do sleep 0.05; done; echo went on; exec sleep 600`])
    await using terminal = await Terminal.start(['top', '--admin', '--screen', 'jobs'], {home: sandbox.home})
    await terminal.shows('● processing')
    await terminal.keys('Enter')
    await terminal.shows('[Summary]')
    await terminal.keys('o')
    await terminal.shows('goes on, following')
    await terminal.shows(/out {2}begun/)
    writeFileSync(go, '')
    await terminal.shows(/out {2}went on/)
    await terminal.keys('C')
    await terminal.shows('Cancel job 1?')
    await answered(terminal, 'y', 'Cancel job 1?')
    await terminal.shows('run 1, attempt 1: cancelled')
    expect(await statesOf(sandbox)).toEqual(['cancelled'])
  })
})

/** Runs a command as somebody would who pasted it into a shell, where `qctl` is this binary. */
function paste(line: string, sandbox: Sandbox): Promise<number> {
  const bin = join(sandbox.home, 'bin')
  mkdirSync(bin, {recursive: true})
  if (!existsSync(join(bin, 'qctl'))) symlinkSync(BINARY, join(bin, 'qctl'))
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', line], {env: {PATH: `${bin}:${process.env['PATH']}`, HOME: sandbox.home, TZ: 'UTC'}, stdio: 'ignore'})
    child.on('error', reject)
    child.on('close', code => resolve(code ?? -1))
  })
}

/** Every act with the keys that lead to its question. */
const ACTS = [
  ['cancel', ['C']],
  ['fail', ['X', ...[..."it's"], 'space', ...[...'"over"'], 'enter']],
  ['resubmit', ['R']],
  ['delete', ['D']],
  ['assign', ['M', 'w', '1', 'tab']],
] as const

const CHOICES = [
  ['one job', []],
  ['marked jobs', ['space', 'space', 'j', 'space']],
  ['all that match', ['F']],
] as const

/** Five jobs of one queue and one of another; cancelled, when there is to be something to resubmit. */
async function scene(isCancelled: boolean): Promise<Sandbox> {
  const sandbox = new Sandbox()
  await sandbox.qctl(['produce', '-Q', 'mail', 'a', 'b', 'c', 'd', 'e'])
  await sandbox.qctl(['produce', '-Q', 'other', 'f'])
  if (isCancelled) await sandbox.qctl(['jobs', 'cancel', '1-6'])
  return sandbox
}

async function factsOf(sandbox: Sandbox): Promise<unknown> {
  return (await jobsOf(sandbox)).map(({id, state, reason, assigned_to}) => ({id, state, reason, assigned_to}))
}

/** What has become of the jobs when a question was answered on the screen, or its command was pasted into a shell. */
async function afterwards(way: 'screen' | 'shell', sandbox: Sandbox, keys: readonly string[]): Promise<unknown> {
  const session = await openSession({db: sandbox.database, lockTimeout: 5000}, {create: false})
  const console = await Console.open({screen: 'jobs', mode: 'admin'}, session)
  await console.press('/')
  await console.type('queue=mail not (id=3 or error~"it\'s")')
  await console.press('enter', ...keys)
  if (console.state.overlay?.kind === 'form' && (way === 'screen' || keys.includes('F'))) await console.press('enter')
  const {overlay} = console.state
  if (way === 'shell') {
    const line = overlay?.kind === 'confirm' ? overlay.act.cli : overlay?.kind === 'form' ? overlay.form.cli?.(valuesOf(overlay)) : undefined
    expect({line, status: await paste(line ?? 'false', sandbox)}).toEqual({line, status: 0})
  } else if (overlay?.kind === 'confirm') await console.press(...(overlay.act.tier.kind === 'type' ? [...overlay.act.tier.word, 'enter'] : ['y']))
  await session.close()
  return factsOf(sandbox)
}

describe('the command that a question shows does the same', () => {
  for (const [kind, keys] of ACTS) {
    for (const [what, choose] of CHOICES) {
      test(`${kind}: ${what}`, async () => {
        const [screen, shell] = [await scene(kind === 'resubmit'), await scene(kind === 'resubmit')]
        const before = await factsOf(screen)
        const after = await afterwards('screen', screen, [...choose, ...keys])
        expect(after).not.toEqual(before)
        expect(await afterwards('shell', shell, [...choose, ...keys])).toEqual(after)
      })
    }
  }
})
