import {describe, expect, test} from 'bun:test'
import {chmodSync, mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {Sandbox} from '../support/binary.ts'

interface Shown {
  readonly state: string
  readonly reason: string | null
  readonly attempts: number
  readonly crashes: number
  readonly attempts_list: readonly {
    readonly outcome: string
    readonly exit_code: number | null
    readonly signal: string | null
    readonly cause: string | null
    readonly error: string | null
  }[]
}

function write(sandbox: Sandbox, name: string, text: string, mode: number): string {
  const path = join(sandbox.home, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

/** One run of a command on the compiled binary. */
async function runOnce(sandbox: Sandbox, command: readonly string[]): Promise<Shown> {
  await sandbox.qctl(['produce', 'x'])
  const {status, stderr} = await sandbox.qctl(['consume', '--max-jobs', '1', '--', ...command])
  expect([status, stderr]).toEqual([0, stderr])
  return (await sandbox.json(['jobs', 'show', '1'])) as unknown as Shown
}

/** Tries smaller and smaller environments, until one is small enough to start something with it. */
async function withLargestEnvironment<T>(start: (env: Readonly<Record<string, string>>) => Promise<T>): Promise<T> {
  const full = Object.fromEntries(Array.from({length: 15}, (_, i) => [`PIECE_${i}`, 'x'.repeat(131_050)]))
  for (let size = 131_050; size > 0; size -= 40) {
    try {
      return await start({...full, LAST: 'x'.repeat(size)})
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'E2BIG')) throw error
    }
  }
  throw new Error('no environment is small enough')
}

describe('a command that cannot be started is told apart, recorded, and costs the job nothing', () => {
  test.each<[string, (sandbox: Sandbox) => string, RegExp]>([
    ['not in PATH', () => 'qctl-no-such-program', /^qctl-no-such-program: not found in PATH$/],
    ['not there', () => './missing', /^\.\/missing: not found$/],
    ['below a file', sandbox => `${write(sandbox, 'plain', '', 0o644)}/x`, /: not found$/],
    ['not executable', sandbox => write(sandbox, 'script', '#!/bin/sh\n', 0o644), /: found, but it may not be executed$/],
    ['a directory', sandbox => sandbox.home, /: found, but it may not be executed$/],
    ['without its interpreter', sandbox => write(sandbox, 'script', '#!/nope/sh\n', 0o755), /: the interpreter in its first line does not exist$/],
    ['neither program nor script', sandbox => write(sandbox, 'garbage', 'garbage\0', 0o755), /: neither a program nor a script with a #! line$/],
  ])('%s', async (_what, program, error) => {
    const sandbox = new Sandbox()
    const {state, attempts, crashes, attempts_list} = await runOnce(sandbox, [program(sandbox)])
    expect({state, attempts, crashes}).toEqual({state: 'pending', attempts: 0, crashes: 0})
    expect(attempts_list).toMatchObject([{outcome: 'unrunnable', exit_code: null, signal: null, error: expect.stringMatching(error)}])
  })

  test('an environment that is too long', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x'])
    // As much as the kernel takes for the consumer, so that it is too much with what is added for the handler.
    const {status} = await withLargestEnvironment(env => sandbox.qctl(['consume', '--max-jobs', '1', '--', 'true'], {env}))
    expect(status).toBe(0)
    const {attempts, attempts_list} = (await sandbox.json(['jobs', 'show', '1'])) as unknown as Shown
    expect([attempts, attempts_list]).toMatchObject([0, [{outcome: 'unrunnable', error: 'true: the argument list and environment are too long'}]])
  })
})

describe('the end of a command is told apart and recorded', () => {
  test.each<[string, Partial<Shown['attempts_list'][number]>, number]>([
    ['exit 3', {outcome: 'failed', exit_code: 3, signal: null, cause: null}, 0],
    ['kill -SEGV $$', {outcome: 'crashed', exit_code: null, signal: 'SIGSEGV', cause: 'signal'}, 1],
    ['kill -TERM $$', {outcome: 'crashed', exit_code: null, signal: 'SIGTERM', cause: 'signal'}, 1],
    ['kill -USR1 $$', {outcome: 'crashed', exit_code: null, signal: 'SIGUSR1', cause: 'signal'}, 1],
    ['kill -KILL $$', {outcome: 'crashed', exit_code: null, signal: 'SIGKILL', cause: 'signal'}, 1],
    // A shell that tells of a signal in its status has ended by itself.
    ['sh -c "kill -SEGV \\$\\$"; exit $?', {outcome: 'failed', exit_code: 139, signal: null}, 0],
  ])('%s', async (script, run, crashes) => {
    const shown = await runOnce(new Sandbox(), ['sh', '-c', script])
    expect([shown.attempts, shown.crashes, shown.attempts_list]).toMatchObject([1, crashes, [run]])
  })
})

test('a path that no system takes is the fault of the job, not of the command: failed now', async () => {
  const sandbox = new Sandbox()
  const line = JSON.stringify({file: true, payload: `/${'x'.repeat(150_000)}`})
  await sandbox.qctl(['produce', '--ndjson'], {stdin: `${line}\n`})
  mkdirSync(join(sandbox.home, 'd'))
  const {status} = await sandbox.qctl(['consume', '--drain', '--', 'true'])
  expect(status).toBe(0)
  const {state, reason} = (await sandbox.json(['jobs', 'show', '1'])) as unknown as Shown
  expect([state, reason]).toEqual(['failed', 'permanent'])
})
