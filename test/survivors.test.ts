import {afterEach, describe, expect, test} from 'bun:test'
import {spawn} from 'node:child_process'
import type {ChildProcess} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {claimKey} from '../src/lib/claim-key.ts'
import {readStat} from '../src/lib/process.ts'
import {killSurvivors, processesOfAttempt, processName, survivors} from '../src/lib/survivors.ts'
import {scratchDirectory} from './support/scratch.ts'
import {waitFor} from './support/wait-for.ts'

const DB = join(scratchDirectory(), 'qctl.db')
const A = {id: 7, fence: 3}

const started: ChildProcess[] = []
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  await killSurvivors([A], DB, {deadlineMs: 5000})
  await killSurvivors([A], null, {deadlineMs: 5000})
})

/** Starts a handler as a consumer would, and waits for its first line. */
async function start(command: string, attempt = A, db: string | null = DB): Promise<{child: ChildProcess; line: string}> {
  const marks = {QCTL_JOB_ID: String(attempt.id), QCTL_FENCE: String(attempt.fence), ...(db === null ? {} : {QCTL_DB: db})}
  return startWith(command, marks)
}

async function startWith(command: string, marks: Readonly<Record<string, string>>): Promise<{child: ChildProcess; line: string}> {
  const child = spawn('sh', ['-c', command], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {PATH: process.env['PATH'], FILLER: 'x'.repeat(5000), ...marks},
  })
  started.push(child)
  let text = ''
  child.stdout?.on('data', (bytes: Buffer) => (text += bytes.toString()))
  await waitFor(() => text.includes('\n'))
  return {child, line: text.trim()}
}

function pidsOf(attempt = A, db: string | null = DB): number[] {
  return processesOfAttempt(attempt, db).map(({pid}) => pid)
}

describe('survivors', () => {
  test('are found also in another session and under another parent', async () => {
    const {child, line} = await start('setsid sleep 100 >/dev/null & echo $!; wait')
    expect(pidsOf().toSorted()).toEqual([child.pid ?? 0, Number(line)].toSorted())
    child.kill('SIGKILL')
    await waitFor(() => child.signalCode !== null)
    expect(pidsOf()).toEqual([Number(line)])
  })

  test('are the workers of the consumer, too: each of them has all its attempts', async () => {
    const consumer = processName({pid: 4711, startTime: '99', pidNamespace: '1'})
    const B = {id: 8, fence: 1}
    const held = [A, B].map((attempt) => ({...attempt, workersOf: consumer}))
    const one = await startWith('echo on; exec sleep 100', {QCTL_WORKER: `${consumer}/1`, QCTL_DB: DB})
    const two = await startWith('setsid sleep 100 >/dev/null & echo on; wait', {QCTL_WORKER: `${consumer}/2`, QCTL_DB: DB})
    const other = await startWith('echo on; exec sleep 100', {QCTL_WORKER: `${consumer}0/1`, QCTL_DB: DB})
    const elsewhere = await startWith('echo on; exec sleep 100', {QCTL_WORKER: `${consumer}/1`, QCTL_DB: `${DB}2`})
    const found = survivors(held, DB)
    expect(found.get(claimKey(A))?.length).toBe(3)
    expect(found.get(claimKey(B))).toEqual(found.get(claimKey(A)))
    expect(await killSurvivors([{...A, workersOf: `${consumer}/1`}], DB, {deadlineMs: 5000})).toEqual(new Set())
    await waitFor(() => one.child.signalCode !== null)
    expect(two.child.signalCode).toBeNull()
    expect(await killSurvivors(held, DB, {deadlineMs: 5000})).toEqual(new Set())
    expect(survivors(held, DB).size).toBe(0)
    expect(await killSurvivors([{id: 0, fence: 0, workersOf: 'nobody'}], DB, {deadlineMs: 5000})).toEqual(new Set())
    for (const {child} of [other, elsewhere]) expect(child.signalCode).toBeNull()
  })

  test('carry their start time', async () => {
    const {child} = await start('echo on; exec sleep 100')
    expect(processesOfAttempt(A, DB)).toMatchObject([{pid: child.pid, startTime: readStat(child.pid ?? 0)?.startTime}])
  })

  test('are those of exactly this job, fence and database', async () => {
    await start('echo on; exec sleep 100')
    for (const other of [{id: 7, fence: 4}, {id: 8, fence: 3}, {id: 73, fence: 3}, {id: 7, fence: 33}]) {
      expect(pidsOf(other)).toEqual([])
    }
    expect(pidsOf(A, `${DB}2`)).toEqual([])
    expect(pidsOf(A, null)).toEqual([])
    expect(pidsOf()).toHaveLength(1)
  })

  test('of all earlier runs of a job are found together, and nothing of this run or of another job', async () => {
    const [first, second] = [await start('echo on; exec sleep 100', {id: 7, fence: 1}), await start('echo on; exec sleep 100', {id: 7, fence: 2})]
    const others = [await start('echo on; exec sleep 100'), await start('echo on; exec sleep 100', {id: 8, fence: 1}), await start('echo on; exec sleep 100', {id: 7, fence: 0})]
    const earlier = {...A, earlierOnes: true} as const
    expect(survivors([earlier], DB).get(claimKey(A))?.map(({pid}) => pid).toSorted()).toEqual([first, second].map(({child}) => child.pid ?? 0).toSorted())
    expect(await killSurvivors([earlier], DB, {deadlineMs: 5000})).toEqual(new Set())
    await waitFor(() => first.child.signalCode !== null && second.child.signalCode !== null)
    expect(others.map(({child}) => child.signalCode)).toEqual([null, null, null])
  })

  test('of a database that is named by a URL have no QCTL_DB', async () => {
    const {child} = await start('echo on; exec sleep 100', A, null)
    expect(pidsOf(A, null)).toEqual([child.pid ?? 0])
    expect(pidsOf()).toEqual([])
  })

  test('of many attempts are found in one pass, and those without any are absent', async () => {
    const B = {id: 8, fence: 1}
    const first = await start('echo on; exec sleep 100')
    const second = await start('echo on; exec sleep 100', B)
    const found = survivors([A, B, {id: 9, fence: 1}], DB)
    expect([...found.keys()].toSorted()).toEqual([claimKey(A), claimKey(B)])
    expect(found.get(claimKey(A))?.map(({pid}) => pid)).toEqual([first.child.pid ?? 0])
    expect(found.get(claimKey(B))?.map(({pid}) => pid)).toEqual([second.child.pid ?? 0])
  })

  test('are found behind an environment of any size', async () => {
    for (const bytes of [16_000, 16_384, 70_000, 120_000]) {
      const child = spawn('sh', ['-c', 'echo on; exec sleep 100'], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: {PATH: process.env['PATH'], FILLER: 'x'.repeat(bytes), FILLER2: 'x'.repeat(bytes), QCTL_JOB_ID: '7', QCTL_FENCE: '3', QCTL_DB: DB},
      })
      started.push(child)
      await waitFor(() => pidsOf().includes(child.pid ?? 0))
    }
  })

  test('are not those who only have the marks somewhere in their environment', async () => {
    const child = spawn('sh', ['-c', 'echo on; exec sleep 100'], {
      env: {PATH: process.env['PATH'], X: `QCTL_JOB_ID=7`, XQCTL_JOB_ID: '7', QCTL_FENCE: '3', QCTL_DB: DB},
    })
    started.push(child)
    await new Promise((resolve) => child.stdout.once('data', resolve))
    expect(pidsOf()).toEqual([])
  })

  test('do not include zombies', async () => {
    const {line} = await start('sleep 0 & echo $!; exec env -u QCTL_JOB_ID sleep 100')
    await waitFor(() => readStat(Number(line))?.state === 'Z')
    expect(pidsOf()).toEqual([])
  })

  test('include one whose first thread has ended while another runs', async () => {
    const program = join(scratchDirectory(), 'headless.py')
    await Bun.write(
      program,
      `
import ctypes, platform, threading, time
threading.Thread(target=time.sleep, args=(100,)).start()
print("on", flush=True)
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[platform.machine()], 0)`,
    )
    const {child} = await start(`exec python3 ${program}`)
    await waitFor(() => readStat(child.pid ?? 0)?.state === 'Z')
    expect(pidsOf()).toEqual([child.pid ?? 0])
    expect(await killSurvivors([A], DB, {deadlineMs: 5000})).toEqual(new Set())
    await waitFor(() => child.signalCode === 'SIGKILL')
  })

  test('do not include this process', async () => {
    const program = `
      import {survivors} from ${JSON.stringify(`${import.meta.dirname}/../src/lib/survivors.ts`)}
      console.log(survivors([{id: 7, fence: 3}], '/x').size)`
    const env = {PATH: process.env['PATH'], QCTL_JOB_ID: '7', QCTL_FENCE: '3', QCTL_DB: '/x'}
    expect((await Bun.$`${process.execPath} -e ${program}`.env(env).text()).trim()).toBe('0')
  })
})

describe('killing survivors', () => {
  test('reaches stopped ones and ones that ignore TERM, and leaves others alone', async () => {
    const bystander = await start('echo on; exec sleep 100', {id: 7, fence: 4})
    const {child} = await start(`trap '' TERM; echo on; while :; do sleep 0.01; done`)
    child.kill('SIGSTOP')
    await waitFor(() => readStat(child.pid ?? 0)?.state === 'T')
    expect(await killSurvivors([A], DB, {deadlineMs: 5000})).toEqual(new Set())
    expect(pidsOf()).toEqual([])
    expect(bystander.child.signalCode).toBeNull()
    expect(pidsOf({id: 7, fence: 4})).toEqual([bystander.child.pid ?? 0])
  })

  test('reaches those that keep forking and leaving', async () => {
    // Each generation starts the next in a session of its own and ends: a chain that no process group holds.
    const directory = scratchDirectory()
    const script = `n=$1; echo $n > ${directory}/count; [ $n -lt 3000 ] && setsid sh "$0" $((n + 1)) & exit`
    await Bun.write(join(directory, 'chain.sh'), script)
    const {child} = await start(`for i in 1 2 3; do sh ${directory}/chain.sh 0 >/dev/null & done; echo on; sleep 100`)
    await waitFor(() => Number(readFileSync(join(directory, 'count'), 'utf8')) > 10)
    expect(await killSurvivors([A], DB, {deadlineMs: 20_000})).toEqual(new Set())
    await waitFor(() => child.signalCode !== null)
    expect(pidsOf()).toEqual([])
    const count = readFileSync(join(directory, 'count'), 'utf8')
    expect(pidsOf()).toEqual([])
    expect(readFileSync(join(directory, 'count'), 'utf8')).toBe(count)
  }, 30_000)

  test('reaches those that are in the middle of an exec', async () => {
    const script = join(scratchDirectory(), 'again.sh')
    await Bun.write(script, 'exec sh "$0"')
    for (let round = 0; round < 30; round++) {
      const {child} = await start(`echo on; exec sh ${script}`)
      expect(await killSurvivors([A], DB, {deadlineMs: 5000})).toEqual(new Set())
      expect(readStat(child.pid ?? 0)?.state ?? 'Z').toBe('Z')
    }
  }, 30_000)

  test('names the attempts of those that cannot be killed', async () => {
    // An unprivileged killer may see the environment of a process it may not signal only in theory, so signals are taken away.
    const {child} = await start('echo on; exec sleep 100')
    const program = `
      import {killSurvivors} from ${JSON.stringify(`${import.meta.dirname}/../src/lib/survivors.ts`)}
      process.kill = () => { throw new Error('EPERM') }
      console.log([...await killSurvivors([{id: 7, fence: 3}, {id: 9, fence: 9}], process.env.DB, {deadlineMs: 100})].join())`
    const out = await Bun.$`${process.execPath} -e ${program}`.env({...process.env, DB}).text()
    expect(out.trim()).toBe('7:3')
    expect(child.signalCode).toBeNull()
  })

  test('of nobody is done at once', async () => {
    expect(await killSurvivors([], DB, {deadlineMs: 0})).toEqual(new Set())
    expect(await killSurvivors([{id: 1, fence: 1}], DB, {deadlineMs: 0})).toEqual(new Set())
  })
})
