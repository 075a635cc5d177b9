import {afterEach, describe, expect, test} from 'bun:test'
import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {ExecHandler, type ExecOptions} from '../../src/lib/handlers/exec.ts'
import {parseExitPolicy} from '../../src/lib/handlers/exit-policy.ts'
import type {Lease} from '../../src/lib/job.ts'
import type {RunEnd} from '../../src/lib/outcome.ts'
import {isFinished, readStat} from '../../src/lib/process.ts'
import {scratchDirectory} from '../support/scratch.ts'
import {waitFor} from '../support/wait-for.ts'
import {Controls, leaseOf, type Printed, printedIn, textOf} from './support.ts'

const directory = scratchDirectory()
const opened: ExecHandler[] = []
afterEach(async () => {
  for (const handler of opened.splice(0)) await handler.close()
})

async function open(command: readonly string[], options: Partial<ExecOptions> = {}): Promise<ExecHandler> {
  const handler = await ExecHandler.open({command, environment: {PATH: process.env['PATH'], TMPDIR: directory}, ...options})
  opened.push(handler)
  return handler
}

async function sh(script: string, lease: Lease = leaseOf(''), controls = new Controls()): Promise<Ran> {
  return run(await open(['/bin/sh', '-c', script]), lease, controls)
}

/** The end of a run, and what it printed. */
type Ran = RunEnd & {readonly printed: Printed}

async function run(handler: ExecHandler, lease: Lease, controls = new Controls()): Promise<Ran> {
  return {...(await handler.run(lease, controls.context)), printed: printedIn(controls.output)}
}

function isGone(pid: number): boolean {
  const stat = readStat(pid)
  return stat === null || isFinished(stat)
}

/** The pids a handler wrote to a file, one per line, once they are all there. */
async function pidsIn(file: string, count: number): Promise<number[]> {
  return waitFor(() => {
    const pids = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : []
    return pids.length === count && pids.every(pid => pid > 0) ? pids : null
  })
}

describe('a command', () => {
  test('gets the payload on stdin, byte for byte, and its output is kept', async () => {
    const payload = new Uint8Array(300_000).map((_, i) => i * 7)
    const end = await run(await open(['sha256sum']), leaseOf(payload))
    expect(end.outcome).toEqual({kind: 'done', result: null})
    expect(end.exitCode).toBe(0)
    expect(end.printed.stdout).toBe(`${new Bun.CryptoHasher('sha256').update(payload).digest('hex')}  -\n`)
  })

  test('gets an empty payload as an empty stdin', async () => {
    expect((await sh('wc -c')).printed.stdout.trim()).toBe('0')
  })

  test('sees nothing of the payload or the key as text of a command', async () => {
    const lease = leaseOf('$(touch pwned); `id`', {key: "'; exit 9 #"})
    const end = await sh('printf %s "$QCTL_KEY"; cat', lease)
    expect(end.printed.stdout).toBe("'; exit 9 #$(touch pwned); `id`")
  })

  test('is a session and process group of its own', async () => {
    const end = await sh('ps -o pid=,pgid=,sid= -p $$')
    expect(new Set(end.printed.stdout.trim().split(/\s+/)).size).toBe(1)
  })

  test('can open its output by name', async () => {
    const end = await sh('echo out >/dev/stdout; echo err >/dev/stderr; echo both | tee /dev/stderr; cat /dev/stdin', leaseOf('in'))
    expect(end.printed.stdout).toBe('out\nboth\nin')
    expect(end.printed.stderr).toBe('err\nboth\n')
  })

  test('that does not read its stdin has not failed', async () => {
    const end = await (await open(['true'])).run(leaseOf(new Uint8Array(64 * 1024 * 1024)), new Controls().context)
    expect(end.outcome.kind).toBe('done')
  })

  test('is measured', async () => {
    const end = await sh('i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done')
    expect(end.cpuMs).toBeGreaterThan(0)
  })
})

describe('the end of a command', () => {
  test('by status', async () => {
    const kinds: string[] = []
    for (const status of [0, 1, 65, 75, 78, 137]) kinds.push((await sh(`exit ${status}`)).outcome.kind)
    expect(kinds).toEqual(['done', 'failed', 'rejected', 'snoozed', 'unrunnable', 'failed'])
  })

  test('tells the last line of stderr', async () => {
    const end = await sh('echo first >&2; echo "no such host" >&2; echo >&2; exit 3')
    expect(end).toMatchObject({outcome: {kind: 'failed', error: 'exit status 3: no such host'}, exitCode: 3, signal: null})
  })

  test('by a signal it was not sent is a crash, unlike status 128 + N', async () => {
    expect(await sh('kill -SEGV $$')).toMatchObject({outcome: {kind: 'crashed', error: 'killed by SIGSEGV'}, exitCode: null, signal: 'SIGSEGV'})
    expect(await sh('kill -KILL $$')).toMatchObject({outcome: {kind: 'crashed'}, signal: 'SIGKILL'})
    expect(await sh('exit 139')).toMatchObject({outcome: {kind: 'failed'}, exitCode: 139, signal: null})
  })

  test('follows --on-exit', async () => {
    const handler = await open(['/bin/sh', '-c', 'exit 9'], {exitPolicy: parseExitPolicy('9=snooze:10m')})
    expect((await handler.run(leaseOf(''), new Controls().context)).outcome).toEqual({kind: 'snoozed', delayMs: 600_000})
  })

  test('does not wait for a grandchild that holds the output, and kills it', async () => {
    const file = join(directory, 'holder')
    const end = await sh(`sleep 100 & echo $! > ${file}; echo done`)
    expect(end.outcome.kind).toBe('done')
    expect(end.printed.stdout).toBe('done\n')
    const [pid = 0] = await pidsIn(file, 1)
    expect(isGone(pid)).toBe(true)
  })

  test('kills what is left of the group also when it holds nothing', async () => {
    const file = join(directory, 'silent')
    await sh(`sleep 100 >/dev/null 2>&1 & echo $! > ${file}`)
    const [pid = 0] = await pidsIn(file, 1)
    expect(isGone(pid)).toBe(true)
  })
})

describe('a command that cannot be run', () => {
  const write = (name: string, text: string, mode: number): string => {
    const path = join(directory, name)
    writeFileSync(path, text)
    chmodSync(path, mode)
    return path
  }
  const cases: readonly (readonly [string, () => string, RegExp])[] = [
    ['is not in PATH', () => 'qctl-no-such-program', /not found in PATH$/],
    ['is not there', () => join(directory, 'nothing'), /nothing: not found$/],
    ['may not be executed', () => write('plain', '#!/bin/sh\n', 0o644), /plain: found, but it may not be executed$/],
    ['is a directory', () => directory, /may not be executed$/],
    ['has a bad interpreter', () => write('odd', '#!/no/such/interpreter\n', 0o755), /the interpreter in its first line does not exist$/],
    ['is no program', () => write('data', 'hello\n', 0o755), /neither a program nor a script/],
  ]
  for (const [what, make, error] of cases) {
    test(`because it ${what}`, async () => {
      const end = await (await open([make()])).run(leaseOf('x'), new Controls().context)
      expect(end).toMatchObject({outcome: {kind: 'unrunnable', streak: 1, pause: null}, exitCode: null, signal: null})
      expect(end.outcome).toMatchObject({error: expect.stringMatching(error) as unknown as string})
    })
  }

  test('because its environment is too long', async () => {
    const handler = await open(['true'], {environment: {PATH: process.env['PATH'], X: 'x'.repeat(3_000_000)}})
    const {outcome} = await handler.run(leaseOf('x'), new Controls().context)
    expect(outcome).toMatchObject({kind: 'unrunnable', error: 'true: the argument list and environment are too long'})
  })

  test('pauses its queue at the third time in a row, counted per queue', async () => {
    const handler = await open(['/bin/sh', '-c', 'exit $(cat)'])
    const streak = async (status: number, queue = 'a'): Promise<unknown> => {
      const {outcome} = await handler.run(leaseOf(String(status), {queue}), new Controls().context)
      return outcome.kind === 'unrunnable' ? [outcome.streak, outcome.pause !== null] : outcome.kind
    }
    expect(await streak(127)).toEqual([1, false])
    expect(await streak(126)).toEqual([2, false])
    expect(await streak(127, 'b')).toEqual([1, false])
    expect(await streak(1)).toBe('failed')
    expect(await streak(127)).toEqual([1, false])
    expect(await streak(127)).toEqual([2, false])
    expect(await streak(127)).toEqual([3, true])
  })

  test('leaves no open file behind', async () => {
    const handler = await open(['qctl-no-such-program'])
    await handler.run(leaseOf('x'), new Controls().context)
    const before = readdirSync('/proc/self/fd').length
    for (let i = 0; i < 20; i++) await handler.run(leaseOf('x'), new Controls().context)
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
  })
})

describe('a command that is told to end', () => {
  const timeout = {cause: 'timeout', limitMs: 5000, graceMs: 10_000} as const

  test('gets TERM; that is no crash, whatever status it ends with', async () => {
    const file = join(directory, 'ready-1')
    for (const trap of ['', "trap 'exit 0' TERM;"]) {
      const controls = new Controls()
      const running = sh(`${trap} echo $$ > ${file}; while :; do sleep 0.05; done`, leaseOf(''), controls)
      await pidsIn(file, 1)
      controls.stop(timeout)
      expect((await running).outcome).toEqual({kind: 'timed_out', error: 'timed out after 5s'})
    }
  })

  test('has its reason as the outcome', async () => {
    const outcome = async (stop: Parameters<Controls['stop']>[0]): Promise<unknown> => {
      const controls = new Controls()
      const running = sh('sleep 100', leaseOf(''), controls)
      controls.stop(stop)
      return (await running).outcome
    }
    expect(await outcome({cause: 'requested', requested: 'cancel', graceMs: 1000})).toEqual({kind: 'cancelled', requested: 'cancel'})
    expect(await outcome({cause: 'shutdown', graceMs: 1000})).toEqual({kind: 'released'})
  })

  test('is killed with all its tree when it ignores TERM, also what left the group', async () => {
    const file = join(directory, 'tree')
    const script = `trap '' TERM
      (trap '' TERM; echo $(sh -c 'echo $PPID') >> ${file}; sleep 100; sleep 100) &
      setsid sh -c 'trap "" TERM; echo $$ >> ${file}; sleep 100; sleep 100' &
      echo $$ >> ${file}; while :; do sleep 1; done`
    const controls = new Controls()
    const running = sh(script, leaseOf(''), controls)
    const pids = await pidsIn(file, 3)
    controls.stop({...timeout, graceMs: 300})
    const end = await running
    expect(end).toMatchObject({outcome: {kind: 'timed_out'}, signal: 'SIGKILL'})
    expect(pids.filter(pid => !isGone(pid))).toEqual([])
  })

  test('is killed at once when there is no time, even if stopped', async () => {
    const file = join(directory, 'frozen')
    const controls = new Controls()
    const running = sh(`echo $$ > ${file}; kill -STOP $$`, leaseOf(''), controls)
    const [pid = 0] = await pidsIn(file, 1)
    await waitFor(() => readStat(pid)?.state === 'T')
    controls.stop({...timeout, graceMs: 60_000})
    controls.kill()
    expect((await running).outcome.kind).toBe('timed_out')
  })

  test('leaves nobody behind who still holds its output, wherever that went', async () => {
    const file = join(directory, 'escaped')
    const end = await sh(`setsid sh -c 'echo $$ >> ${file}; sleep 100; sleep 100' & while ! [ -s ${file} ]; do sleep 0.01; done`)
    expect(end.outcome.kind).toBe('done')
    expect((await pidsIn(file, 1)).filter(pid => !isGone(pid))).toEqual([])
  })

  test('before it has begun does not begin', async () => {
    const controls = new Controls()
    controls.stop({cause: 'shutdown', graceMs: 0})
    const file = join(directory, 'never')
    expect((await sh(`touch ${file}`, leaseOf(''), controls)).outcome).toEqual({kind: 'released'})
    expect(existsSync(file)).toBe(false)
  })
})

describe('output', () => {
  test('of any size is kept as a tail in constant memory', async () => {
    const before = process.memoryUsage().rss
    const end = await sh('head -c 50000000 /dev/zero | tr "\\0" a; printf END; yes err | head -c 1000000 >&2')
    expect(end.printed.stdout.length).toBe(64 * 1024)
    expect(end.printed.stdout.endsWith('aaaEND')).toBe(true)
    expect(end.printed.dropped.stdout).toBe(50_000_003 - 64 * 1024)
    expect(end.printed.dropped.stderr).toBe(1_000_000 - 64 * 1024)
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024)
  })

  test('of many at once is not mixed up, and leaves no file open', async () => {
    const handler = await open(['/bin/sh', '-c', 'cat; cat /proc/self/stat >&2; sleep 100 & exit 0'])
    const stdoutOf = async (i: number): Promise<string> => (await run(handler, leaseOf(`job ${i}`, {id: i}))).printed.stdout
    await stdoutOf(0)
    const before = readdirSync('/proc/self/fd').length
    const texts = await Promise.all(Array.from({length: 30}, (_, i) => stdoutOf(i)))
    expect(texts).toEqual(Array.from({length: 30}, (_, i) => `job ${i}`))
    await waitFor(() => readdirSync('/proc/self/fd').length <= before)
  })
})

describe('a result', () => {
  const result = async (script: string): Promise<unknown> => {
    const {outcome} = await sh(script)
    return outcome.kind === 'done' ? (outcome.result === null ? null : textOf(outcome.result)) : outcome
  }

  test('is what was written to the result file', async () => {
    expect(await result('printf 42 > "$QCTL_RESULT_FILE"')).toBe('42')
    expect(await result('true')).toBeNull()
    expect(await result(': > "$QCTL_RESULT_FILE"')).toBeNull()
    expect(await result('printf x > "$QCTL_RESULT_FILE.t"; mv "$QCTL_RESULT_FILE.t" "$QCTL_RESULT_FILE"')).toBe('x')
  })

  test('lies where nobody else may look', async () => {
    const end = await sh('ls -ld "$(dirname "$QCTL_RESULT_FILE")"')
    expect(end.printed.stdout).toStartWith('drwx------')
  })

  test('that cannot be taken fails the job for good', async () => {
    const error = /the result file/
    for (const script of [
      'head -c 2000000 /dev/zero > "$QCTL_RESULT_FILE"',
      'mkfifo "$QCTL_RESULT_FILE"',
      'ln -s /etc/passwd "$QCTL_RESULT_FILE"',
      'mkdir "$QCTL_RESULT_FILE"',
    ]) {
      expect(await result(script)).toMatchObject({kind: 'rejected', error: expect.stringMatching(error) as unknown as string})
    }
  })

  test('needs a directory that is still there', async () => {
    const handler = await open(['/bin/sh', '-c', 'printf 1 > "$QCTL_RESULT_FILE"; rm -r "$(dirname "$QCTL_RESULT_FILE")"'])
    // Not the directory of whoever else is at work on this machine.
    const saved = process.env['XDG_RUNTIME_DIR']
    process.env['XDG_RUNTIME_DIR'] = scratchDirectory()
    try {
      for (let i = 0; i < 2; i++) expect((await handler.run(leaseOf(''), new Controls().context)).exitCode).toBe(0)
    } finally {
      if (saved === undefined) delete process.env['XDG_RUNTIME_DIR']
      else process.env['XDG_RUNTIME_DIR'] = saved
    }
  })
})

test('a file job is told its path, if that can be told', async () => {
  const path = join(directory, 'ä file')
  mkdirSync(path)
  expect((await sh('printf %s "$QCTL_FILE"', leaseOf(path, {file: true}))).printed.stdout).toBe(path)
  const odd = leaseOf(new Uint8Array([47, 255]), {file: true})
  expect((await sh('true', odd)).outcome).toMatchObject({kind: 'rejected', reason: 'permanent'})
})
