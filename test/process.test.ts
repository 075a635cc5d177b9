import {afterEach, describe, expect, test} from 'bun:test'
import {spawn} from 'node:child_process'
import type {ChildProcess} from 'node:child_process'
import type {ProcessIdentity} from '../src/lib/job.ts'
import {identifySelf, isFinished, isStillThere, liveness, readStat, sendTo} from '../src/lib/process.ts'
import {waitFor} from './support/wait-for.ts'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

async function start(command: string): Promise<{child: ChildProcess; line: string}> {
  const child = spawn('sh', ['-c', command], {stdio: ['ignore', 'pipe', 'ignore']})
  children.push(child)
  let text = ''
  child.stdout?.on('data', (bytes: Buffer) => (text += bytes.toString()))
  await waitFor(() => text.includes('\n'))
  return {child, line: text.trim()}
}

/** This host's identity of another process. */
function identify(pid: number): ProcessIdentity {
  const startTime = readStat(pid)?.startTime
  if (startTime === undefined) throw new Error(`no process ${pid}`)
  return {...identifySelf(), pid, startTime}
}

describe('an identity', () => {
  test('is complete on Linux', () => {
    const self = identifySelf()
    expect(self.pid).toBe(process.pid)
    expect(self.startTime).toMatch(/^\d+$/)
    expect(self.bootId).toMatch(/^[0-9a-f-]{36}:\d+$/)
    expect(self.pidNamespace).toMatch(/^\d+$/)
    expect(self.host).not.toBe('')
  })

  test('is read right from a process whose name has blanks and parentheses', async () => {
    const {line} = await start(`printf ') R 1 (x' > /proc/self/comm; echo $$; while :; do sleep 1; done`)
    expect(await Bun.file(`/proc/${line}/stat`).text()).toContain('() R 1 (x)')
    const reference = (await Bun.$`ps -o lstart= -p ${line}`.text()).trim()
    const ticks = Number(readStat(Number(line))?.startTime)
    const bootSeconds = Number(/btime (\d+)/.exec(await Bun.file('/proc/stat').text())?.[1])
    expect(Math.abs(Date.parse(`${reference} UTC`) / 1000 - (bootSeconds + ticks / 100))).toBeLessThan(2)
  })
})

test('a signal reaches the process that was meant, and none that has its number', async () => {
  const {child, line} = await start('echo $$; exec sleep 100')
  const meant = {pid: Number(line), startTime: readStat(Number(line))?.startTime ?? ''}
  const next = {...meant, startTime: '1'}
  expect([meant, next].map(isStillThere)).toEqual([true, false])
  sendTo(next, 'SIGKILL')
  sendTo(meant, 'SIGTERM')
  await waitFor(() => child.signalCode !== null)
  expect(child.signalCode).toBe('SIGTERM')
  expect(isStillThere(meant)).toBe(false)
})

describe('liveness', () => {
  test('a running or stopped process is alive', async () => {
    const {child, line} = await start('echo $$; exec sleep 100')
    const identity = identify(Number(line))
    expect(liveness(identity)).toBe('alive')
    child.kill('SIGSTOP')
    await waitFor(() => readStat(identity.pid)?.state === 'T')
    expect(liveness(identity)).toBe('alive')
    expect(liveness(identifySelf())).toBe('alive')
  })

  test('one that is gone is dead', async () => {
    const {child, line} = await start('echo $$; exec sleep 100')
    const identity = identify(Number(line))
    child.kill('SIGKILL')
    await waitFor(() => child.signalCode !== null)
    expect(liveness(identity)).toBe('dead')
  })

  test('a zombie is dead', async () => {
    // It ends when the shell is a shell no more, which would have taken note of it.
    const {line} = await start('sleep 0.5 & echo $!; exec sleep 100')
    await waitFor(() => readStat(Number(line))?.state === 'Z')
    expect(liveness(identify(Number(line)))).toBe('dead')
  })

  test('a zombie whose threads still run is not finished', () => {
    const stat = readStat(process.pid)
    if (stat === null) throw new Error('no /proc')
    expect(isFinished({...stat, state: 'Z', threads: 2})).toBe(false)
    expect(isFinished({...stat, state: 'Z', threads: 1})).toBe(true)
  })

  test('a pid that now belongs to another process is dead', () => {
    expect(liveness({...identifySelf(), startTime: '1'})).toBe('dead')
  })

  test('another boot of the same machine is dead, of another or a nameless machine unknown', () => {
    const self = {...identifySelf(), bootId: '00000000-0000-0000-0000-000000000000:1'}
    const machineId = self.machineId
    expect(liveness(self)).toBe(machineId === '' ? 'unknown' : 'dead')
    expect(liveness({...self, machineId: 'f'.repeat(32)})).toBe('unknown')
    expect(liveness({...self, machineId: ''})).toBe('unknown')
  })

  test('another pid namespace is unknown, even where the pid is free here', () => {
    expect(liveness({...identifySelf(), pid: 4_194_304, pidNamespace: '1'})).toBe('unknown')
    expect(liveness({...identifySelf(), pid: 4_194_304})).toBe('dead')
  })

  test('across time namespaces a start time proves nothing, a free pid does', () => {
    const [boot] = identifySelf().bootId.split(':')
    expect(liveness({...identifySelf(), bootId: `${boot}:1`, startTime: '1'})).toBe('unknown')
    expect(liveness({...identifySelf(), bootId: `${boot}:1`, pid: 4_194_304})).toBe('dead')
  })

  test('without a start time a taken pid proves nothing', () => {
    expect(liveness({...identifySelf(), startTime: null})).toBe('unknown')
  })

  test('from inside another namespace nothing here is proven', async () => {
    const program = `
      import {liveness} from ${JSON.stringify(`${import.meta.dirname}/../src/lib/process.ts`)}
      console.log(liveness(JSON.parse(process.env.IDENTITY)))`
    const {child, line} = await start('echo $$; exec sleep 100')
    const env = {...process.env, IDENTITY: JSON.stringify(identify(Number(line)))}
    const same = await Bun.$`${process.execPath} -e ${program}`.env(env).text()
    const own = await Bun.$`unshare --pid --fork --mount-proc ${process.execPath} -e ${program}`.env(env).text()
    const foreignProc = await Bun.$`unshare --pid --fork ${process.execPath} -e ${program}`.env(env).text()
    expect([same, own, foreignProc].map((text) => text.trim())).toEqual(['alive', 'unknown', 'unknown'])
    expect(child.exitCode).toBeNull()
  })
})
