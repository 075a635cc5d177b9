import {beforeAll, expect} from 'bun:test'
import {readFileSync, statSync} from 'node:fs'
import {waitFor} from '../support/wait-for.ts'
import {countInLedger} from './support/consumers.ts'
import {Disk} from './support/disk.ts'
import {HANDLER, ledgerEnvironment, type ShownJob} from './support/evidence.ts'
import {describe, figure, under} from './support/report.ts'
import {requireMounts, requireTool} from './support/rights.ts'
import {type Finished, integrityOf, Scene} from './support/scene.ts'

const limited = under('files may not grow (RLIMIT_FSIZE)')
const waiting = under('the disk is full while jobs are done')
const starting = under('the disk is full at a start, a backup or a restore')
const storing = under('the disk is full while jobs are stored')

beforeAll(() => {
  requireMounts()
  requireTool('prlimit')
})

const BIG = 'x'.repeat(5000)

/** One line about this database, and no stack. */
function expectOneLine({status, stderr}: Finished, database: string, exit: number): void {
  expect([status, stderr]).toEqual([exit, expect.stringContaining(database)])
  expect(stderr.split('\n').filter(line => line.startsWith('qctl: '))).toHaveLength(1)
  expect(stderr).not.toMatch(/^\s+at |bug in qctl/m)
}

/** CPU seconds a process has used. */
function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

interface Listing {
  readonly items: readonly ShownJob[]
}

async function idsOn(disk: Disk): Promise<number[]> {
  const {status, stdout, stderr} = await disk.qctl(['jobs', 'list', '-l', '5000', '--json'])
  expect([status, stderr]).toEqual([0, ''])
  return (JSON.parse(stdout) as Listing).items.map(({id}) => id).toReversed()
}

/** A scene whose database lies on a small file system. */
async function smallDisk(scene: Scene, size: string): Promise<Disk> {
  const disk = await Disk.ofSize(scene, size)
  scene.database = `${disk.path}/q.db`
  expect((await disk.qctl(['init'])).status).toBe(0)
  return disk
}

describe('a full disk', () => {
  storing('ends produce with 74, and all ids that were printed are there', async () => {
    await using scene = new Scene()
    const disk = await smallDisk(scene, '2m')
    const printed: number[] = []
    let last: Finished = {status: 0, stdout: '', stderr: ''}
    for (let calls = 0; last.status === 0 && calls < 100; calls++) {
      last = await disk.qctl(['produce', BIG, BIG, BIG, BIG, BIG, BIG, BIG, BIG])
      printed.push(...last.stdout.split('\n').slice(0, -1).map(Number))
    }
    expectOneLine(last, scene.database, 74)
    expect(last.stderr).toContain('look before repeating')
    expect((await disk.qctl(['produce', 'with a key', '--key', 'k', BIG])).status).not.toBe(0)
    const before = await idsOn(disk)
    expect(before).toEqual(expect.arrayContaining(printed))
    await disk.sh('mount -o remount,size=8m "$DISK"')
    expect((await disk.qctl(['produce', 'more'])).status).toBe(0)
    expect(await idsOn(disk)).toEqual(expect.arrayContaining(printed))
    expect(integrityOf(disk.seen('q.db'))).toBe('ok')
    figure(1, `disk full: ${printed.length} ids printed, then exit 74; all there, goes on when there is room`)
  }, 60_000)

  storing('in the middle of a bulk: all or none', async () => {
    await using scene = new Scene()
    const disk = await smallDisk(scene, '2m')
    const lines = Array.from({length: 600}, (_, i) => `${i} ${BIG}\n`).join('')
    const bulk = await disk.qctl(['produce', '--lines'], {stdin: lines})
    expectOneLine(bulk, scene.database, 74)
    expect([bulk.stdout, await idsOn(disk)]).toEqual(['', []])
    const batches = await disk.qctl(['produce', '--lines', '--batch', '10'], {stdin: lines})
    expectOneLine(batches, scene.database, 74)
    const printed = batches.stdout.split('\n').slice(0, -1).map(Number)
    expect(printed.length).toBeGreaterThan(0)
    const kept = await idsOn(disk)
    expect(kept).toEqual(expect.arrayContaining(printed))
    // What was in the air is a whole batch or nothing.
    expect(kept.length % 10).toBe(0)
    expect(integrityOf(disk.seen('q.db'))).toBe('ok')
  }, 60_000)

  waiting('leaves a consumer waiting: nothing is lost or run twice, and it goes on when there is room', async () => {
    await using scene = new Scene()
    const disk = await smallDisk(scene, '4m')
    const JOBS = 8
    expect((await disk.qctl(['produce', ...Array.from({length: JOBS}, (_, i) => `job ${i}`)])).status).toBe(0)
    const go = scene.path('go')
    // Their output is kept with the job, so that storing their ends needs room.
    const work = `while [ ! -e ${go} ]; do sleep 0.01; done; head -c 60000 /dev/zero | tr '\\0' y`
    const consumer = scene.startQctl(['consume', '-c', String(JOBS), '--', HANDLER], {wrap: disk.wrap, env: ledgerEnvironment(scene, work)})
    await waitFor(() => countInLedger(scene, 'start') === JOBS)
    await disk.fill()
    await Bun.write(go, '')
    await waitFor(() => countInLedger(scene, 'end') === JOBS)
    await waitFor(() => consumer.stderr.includes('storing the ends of jobs'), {what: 'the consumer says that it cannot store'})
    const [used, begin] = [cpuSeconds(consumer.pid), performance.now()]
    // Not a wait for something to happen: what is measured is how little happens meanwhile.
    await Bun.sleep(3000)
    const share = (cpuSeconds(consumer.pid) - used) / ((performance.now() - begin) / 1000)
    expect(share).toBeLessThan(0.3)
    const tries = consumer.stderr.split('storing the ends of jobs').length - 1
    await disk.free()
    const freed = performance.now()
    await waitFor(() => consumer.stderr.split('"to":"done"').length - 1 === JOBS, {deadlineMs: 20_000, what: 'all ends are stored'})
    const ms = performance.now() - freed
    consumer.kill('SIGTERM')
    expect((await consumer.finished()).status).toBe(0)
    const {stdout} = await disk.qctl(['jobs', 'show', `1-${JOBS}`, '--json'])
    const {items} = JSON.parse(stdout) as Listing
    expect(items.map(({state, fence}) => [state, fence])).toEqual(items.map(() => ['done', 1]))
    expect([items.length, countInLedger(scene, 'start')]).toEqual([JOBS, JOBS])
    expect(integrityOf(disk.seen('q.db'))).toBe('ok')
    figure(1, `disk full while ${JOBS} ends wait: ${tries} tries and ${(share * 100).toFixed(1)} % CPU meanwhile; all stored ${Math.round(ms)} ms after room was made, none run twice`)
  }, 60_000)

  starting('lets nobody make a database, and leaves nothing that is taken for one', async () => {
    await using scene = new Scene()
    const disk = await Disk.ofSize(scene, '64k')
    scene.database = `${disk.path}/new/q.db`
    await disk.fill()
    expectOneLine(await disk.qctl(['produce', 'x']), scene.database, 74)
    await disk.sh('mount -o remount,size=4m "$DISK"')
    expect(await disk.qctl(['produce', 'x'])).toMatchObject({status: 0, stdout: '1\n'})
  }, 60_000)
})

describe('a disk that is full at the start', () => {
  starting.each(['consume', 'reap'])('is waited for by %s, which works as soon as there is room', async role => {
    await using scene = new Scene()
    const disk = await smallDisk(scene, '4m')
    expect((await disk.qctl(['produce', 'x'])).status).toBe(0)
    await disk.fill()
    const consume = ['consume', '--name', 'ann', '--', 'true']
    const daemon = scene.startQctl(role === 'consume' ? consume : ['reap', '--every', '100ms'], {wrap: disk.wrap})
    await waitFor(() => daemon.stderr.split('trouble with').length > 3, {what: 'it says that it cannot start, and tries again'})
    // Whoever starts it again has nothing to do.
    expect(await disk.qctl(role === 'consume' ? ['consume', '--drain', '--', 'true'] : ['reap', '--once'])).toMatchObject({status: 74})
    await disk.free()
    const freed = performance.now()
    const works = role === 'consume' ? () => daemon.stderr.includes('"to":"done"') : () => statSync(disk.seen('q.db-wal'), {throwIfNoEntry: false}) !== undefined
    await waitFor(works, {deadlineMs: 20_000, what: 'it works'})
    if (role === 'consume') figure(1, `its first job is done ${Math.round(performance.now() - freed)} ms after room was made`)
    daemon.kill('SIGTERM')
    expect((await daemon.finished()).status).toBe(0)
  }, 60_000)

  starting('leaves nothing of a backup, and everything of what a restore was to replace', async () => {
    await using scene = new Scene()
    const disk = await smallDisk(scene, '4m')
    expect((await disk.qctl(['produce', '--lines'], {stdin: Array.from({length: 200}, (_, i) => `${i} ${BIG}\n`).join('')})).status).toBe(0)
    const copy = scene.path('copy.db')
    expect((await disk.qctl(['backup', copy])).status).toBe(0)
    expect((await disk.qctl(['produce', 'later'])).status).toBe(0)
    await disk.sh('dd if=/dev/zero of="$DISK/filler" bs=4k count=600 2>/dev/null; true')
    // Named is what could not be written, not what was only read.
    for (const [args, made] of [[['backup', `${disk.path}/copy.db`], `${disk.path}/copy.db`], [['restore', copy], scene.database]] as const) {
      const {status, stderr} = await disk.qctl(args)
      expect([args[0], status, stderr]).toEqual([args[0], 74, expect.stringMatching(/^qctl: .*(full|space)[^\n]*\n$/)])
      expect(stderr).toStartWith(`qctl: cannot make the copy ${made}: `)
      expect([args[0], (await disk.sh('ls -A "$DISK"')).stdout]).toEqual([args[0], 'filler\nq.db\n'])
      expect([args[0], (await idsOn(disk)).length]).toEqual([args[0], 201])
    }
    await disk.free()
    await disk.sh('mount -o remount,size=16m "$DISK"')
    expect((await disk.qctl(['backup', `${disk.path}/copy.db`])).status).toBe(0)
    expect((await disk.qctl(['restore', copy])).status).toBe(0)
    expect((await idsOn(disk)).length).toBe(200)
  }, 60_000)
})

describe('a limit on the size of files (RLIMIT_FSIZE)', () => {
  limited('is an error and no death by a signal', async () => {
    await using scene = new Scene()
    await scene.produce(['before'])
    const lines = Array.from({length: 600}, (_, i) => `${i} ${BIG}\n`).join('')
    const finished = await scene.qctl(['produce', '--lines', '--batch', '10'], {stdin: lines, wrap: ['prlimit', '--fsize=400000']})
    expectOneLine(finished, scene.database, 74)
    const printed = finished.stdout.split('\n').slice(0, -1).map(Number)
    const {items} = await scene.json<Listing>(['jobs', 'list', '-l', '5000'])
    expect(items.map(({id}) => id)).toEqual(expect.arrayContaining(printed))
    expect(integrityOf(scene.database)).toBe('ok')
  }, 60_000)
})
