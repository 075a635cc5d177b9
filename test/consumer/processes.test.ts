import {afterEach, describe, expect, test} from 'bun:test'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {ReaperLoop} from '../../src/lib/consumer/reaper-loop.ts'
import {isFinished, readStat} from '../../src/lib/process.ts'
import {scratchDirectory} from '../support/scratch.ts'
import {waitFor} from '../support/wait-for.ts'
import {ScriptedHandler, Workshop} from './support.ts'

const SCRIPT = join(import.meta.dirname, 'consume-process.ts')

const children: Bun.Subprocess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

interface ConsumerProcess {
  readonly child: Bun.Subprocess
  /** What it has printed. */
  readonly text: () => string
}

/** Starts a consumer process whose handler is a shell script. */
function consume(workshop: Workshop, name: string, leaseMs: number, script: string): ConsumerProcess {
  const child = Bun.spawn([process.execPath, SCRIPT, workshop.path, name, String(leaseMs), '/bin/sh', '-c', script], {
    stdout: 'pipe',
    stderr: 'inherit',
    detached: true,
  })
  children.push(child)
  let text = ''
  void (async () => {
    for await (const chunk of child.stdout) text += new TextDecoder().decode(chunk)
  })()
  return {child, text: () => text}
}

function isGone(pid: number): boolean {
  const stat = readStat(pid)
  return stat === null || isFinished(stat)
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}

describe('a consumer that dies', () => {
  test('loses its jobs to another one at once, and its handlers with them', async () => {
    await using workshop = await Workshop.open()
    const file = join(scratchDirectory(), 'pids')
    const ids = await workshop.produce('1', '2')
    const {child} = consume(workshop, 'victim', 3_600_000, `echo $$ >> ${file}; sleep 1000`)
    await waitFor(() => linesOf(file).length === 2)
    workshop.start(new ScriptedHandler(), {name: 'rescuer'})
    child.kill('SIGKILL')
    for (const id of ids) expect(await workshop.reaches(id, 'done')).toMatchObject({consumer: 'rescuer', fence: 2})
    expect(linesOf(file).map(Number).filter(pid => !isGone(pid))).toEqual([])
    expect((await workshop.runs(ids[0] ?? 0)).map(({outcome, cause}) => [outcome, cause])).toEqual([['lost', 'consumer_died'], ['done', null]])
  })

  test('is taken off the list by the reaper', async () => {
    await using workshop = await Workshop.open()
    const {child, text} = consume(workshop, 'victim', 30_000, 'true')
    await waitFor(() => text().includes('started'))
    child.kill('SIGKILL')
    await child.exited
    const reaper = new ReaperLoop({queue: workshop.queue, storage: workshop.storage, dbPath: workshop.path, log: () => undefined})
    await reaper.once()
    expect(await workshop.storage.consumers()).toEqual([])
  })

  test('that is only asleep loses its job when the lease ends, and its handler before that', async () => {
    await using workshop = await Workshop.open()
    const file = join(scratchDirectory(), 'pids')
    const [id = 0] = await workshop.produce('1')
    const {child, text} = consume(workshop, 'sleeper', 700, `echo $$ >> ${file}; sleep 1000`)
    await waitFor(() => linesOf(file).length === 1)
    child.kill('SIGSTOP')
    const gone: boolean[] = []
    const rescuer = new ScriptedHandler(() => {
      gone.push(isGone(Number(linesOf(file)[0])))
      return {kind: 'done', result: null}
    })
    workshop.start(rescuer, {name: 'rescuer'})
    expect(await workshop.reaches(id, 'done')).toMatchObject({consumer: 'rescuer', fence: 2, crashes: 0})
    expect(gone).toEqual([true])
    child.kill('SIGCONT')
    await waitFor(() => text().includes('lease_lost'))
    child.kill('SIGTERM')
    expect(await child.exited).toBe(0)
    expect(await workshop.job(id)).toMatchObject({state: 'done', fence: 2})
  })
})

describe('a consumer that gets TERM', () => {
  test('gives back what does not end, leaves nothing running and exits 0', async () => {
    await using workshop = await Workshop.open()
    const file = join(scratchDirectory(), 'pids')
    const ids = await workshop.produce('1', '2')
    const {child} = consume(workshop, 'c1', 30_000, `trap '' TERM; echo $$ >> ${file}; sleep 1000 & sleep 1000; sleep 1000`)
    await waitFor(() => linesOf(file).length === 2)
    child.kill('SIGTERM')
    expect(await child.exited).toBe(0)
    expect(linesOf(file).map(Number).filter(pid => !isGone(pid))).toEqual([])
    for (const id of ids) expect(await workshop.job(id)).toMatchObject({state: 'pending', attempts: 0, crashes: 0})
    expect(await workshop.storage.consumers()).toEqual([])
  })
})

describe('a reaper', () => {
  test('tells what it took and what it deleted', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('1')
    await workshop.drain(new ScriptedHandler())
    await workshop.storage.setQueue('default', {create: 'may', settings: {retention: {doneMs: 0, failedMs: null, cancelledMs: null}}})
    const [kept = 0] = await workshop.produce({payload: '2', maxAttempts: 9})
    const {child} = consume(workshop, 'victim', 3_600_000, 'sleep 1000')
    await workshop.reaches(kept, 'processing')
    child.kill('SIGKILL')
    await child.exited
    const reaper = new ReaperLoop({queue: workshop.queue, storage: workshop.storage, dbPath: workshop.path, log: () => undefined})
    const report = await reaper.once()
    expect(report.deleted).toEqual({done: 1, failed: 0, cancelled: 0})
    expect(report.reaped).toMatchObject([{claim: {id: kept}, cause: 'consumer_died', transition: {to: 'pending', crash: true}}])
    expect(await workshop.storage.get([id])).toEqual([])
  })

  test('works in a loop until its signal', async () => {
    await using workshop = await Workshop.open()
    const [id = 0] = await workshop.produce('1')
    const {child} = consume(workshop, 'victim', 3_600_000, 'sleep 1000')
    await workshop.reaches(id, 'processing')
    const stop = new AbortController()
    const reaper = new ReaperLoop({queue: workshop.queue, storage: workshop.storage, dbPath: workshop.path, log: () => undefined})
    const looping = reaper.every(50, stop.signal)
    child.kill('SIGKILL')
    await workshop.reaches(id, 'pending')
    stop.abort()
    await looping
  })
})
