import {beforeAll, expect} from 'bun:test'
import {dirname} from 'node:path'
import {allJobs} from './support/evidence.ts'
import {failAt, freshDatabase} from './support/injection.ts'
import {describe, figure, under} from './support/report.ts'
import {requirePtrace} from './support/rights.ts'
import {type Finished, integrityOf, Scene} from './support/scene.ts'
import {sized} from './support/size.ts'

const reading = under('reading fails (EIO)')
const writing = under('writing or syncing fails (EIO, ENOSPC), once or for good')

beforeAll(requirePtrace)

const LINES = Array.from({length: 8}, (_, i) => `line ${i}`)
const STDIN = `${LINES.join('\n')}\n`
const BATCHES = ['produce', '--lines', '--batch', '2']

/** What a command may say when the disk fails: one line, about this file, and no stack. */
function expectOneLine({status, stderr}: Finished, scene: Scene, allowed: readonly number[], name: string): void {
  expect([name, allowed.includes(status), stderr]).toEqual([name, true, stderr])
  const lines = stderr.split('\n').filter(line => line !== '' && !line.startsWith('made the database'))
  expect([name, lines.length <= 2, lines.filter(line => /^\s+at |bug in qctl/.test(line))]).toEqual([name, true, []])
  if (status !== 0) expect(lines.join()).toContain(dirname(scene.database))
}

/** Every id that was printed is there, with the payload of its line. */
async function expectPrintedKept(scene: Scene, {stdout}: Finished, name: string): Promise<void> {
  const printed = stdout.split('\n').filter(line => line !== '').map(Number)
  const jobs = new Map((await allJobs(scene)).map(({id, payload}) => [id, payload]))
  expect([name, printed.map(id => jobs.get(id))]).toEqual([name, LINES.slice(0, printed.length)])
  expect([name, integrityOf(scene.database)]).toEqual([name, 'ok'])
}

describe('a disk that fails', () => {
  writing.each([
    ['fsync', 'EIO', ''],
    ['fsync', 'EIO', '+'],
    ['pwrite64', 'EIO', ''],
    ['pwrite64', 'EIO', '+'],
    ['pwrite64', 'ENOSPC', '+'],
  ])('at %s with %s%s: exit 74, and every id that was printed is there', async (syscall, error, persistent) => {
    await using scene = new Scene()
    // All of the few syncs; of the many writes so many as fit, over the whole run.
    const step = syscall === 'fsync' ? 1 : sized(3, 1)
    let failures = 0
    let printed = 0
    for (let nth = 1; nth <= 120; nth += step) {
      const name = `${syscall}-${error}-${nth}${persistent}`
      freshDatabase(scene, name)
      await scene.qctl(['init'])
      const finished = await failAt(scene, syscall, error, `${nth}${persistent}`, BATCHES, {stdin: STDIN})
      expectOneLine(finished, scene, [0, 74], name)
      await expectPrintedKept(scene, finished, name)
      if (finished.status === 74) failures += 1
      printed += finished.stdout.split('\n').length - 1
      if (finished.status === 0 && nth > 12) break
    }
    expect(failures).toBeGreaterThan(0)
    figure(failures, `${syscall} fails with ${error}${persistent === '' ? ' once' : ' from then on'}: exit 74 in ${failures} runs, ${printed} ids printed, of them lost 0`)
  }, 900_000)

  writing('leaves open whether a job is stored: it is said what to do', async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const produce = (...args: readonly string[]) => failAt(scene, 'fsync', 'EIO', '1+', ['produce', ...args])
    expect(await produce('x')).toMatchObject({status: 74, stdout: '', stderr: expect.stringContaining('look before repeating')})
    expect(await produce('x', '--key', 'k')).toMatchObject({status: 74, stdout: '', stderr: expect.stringContaining('repeat this command')})
    expect(JSON.parse((await produce('x', '--json')).stdout)).toMatchObject({error: {code: 'outcome_unknown', exit: 74, retryable: false}})
    // With the key it really is harmless.
    const ids = [await scene.qctl(['produce', 'x', '--key', 'k']), await scene.qctl(['produce', 'x', '--key', 'k'])].map(({stdout}) => stdout)
    expect(ids[0]).toBe(ids[1] ?? '')
    expect((await allJobs(scene)).filter(({id}) => `${id}\n` === ids[0])).toHaveLength(1)
  })

  writing.each(['fsync', 'pwrite64', 'openat', 'ftruncate'])('at %s while the database is made: one line, and the next command makes it whole', async syscall => {
    await using scene = new Scene()
    for (let nth = 1; nth <= sized(8, 100); nth++) {
      const name = `${syscall}-${nth}`
      freshDatabase(scene, name)
      const finished = await failAt(scene, syscall, 'EIO', String(nth), ['produce', 'x'])
      // SQLite itself falls back to reading when it cannot open for writing.
      expectOneLine(finished, scene, [0, 73, 74, 77], name)
      expect([name, (await scene.qctl(['produce', 'y'])).status]).toEqual([name, 0])
      expect([name, (await allJobs(scene)).filter(({payload}) => payload === 'y').length]).toEqual([name, 1])
    }
    figure(sized(8, 100), `${syscall} fails while the database is made: next command refused 0`)
  }, 900_000)

  reading('when it is read: one line, and nothing is harmed', async () => {
    await using scene = new Scene()
    await scene.produce(LINES)
    for (let nth = 1; nth <= sized(6, 40); nth++) {
      for (const args of [['produce', 'x'], ['jobs', 'list']]) {
        const finished = await failAt(scene, 'pread64', 'EIO', String(nth), args)
        expectOneLine(finished, scene, [0, 65, 74], `pread64 ${nth} ${args.join(' ')}`)
      }
    }
    expect(integrityOf(scene.database)).toBe('ok')
    figure(2 * sized(6, 40), 'crashes 0, stacks shown 0, damaged 0')
  }, 300_000)

  writing('leaves open whether something is done: it is said what to do', async () => {
    await using scene = new Scene()
    await scene.qctl(['produce', 'x', 'y'])
    const act = (...args: readonly string[]) => failAt(scene, 'fsync', 'EIO', '1+', args)
    expect(await act('jobs', 'cancel', '1')).toMatchObject({status: 74, stderr: expect.stringContaining('repeat this command, what is cancelled stays so')})
    expect(await act('jobs', 'delete', '1')).toMatchObject({status: 74, stderr: expect.stringContaining('repeat this command')})
    await scene.qctl(['jobs', 'cancel', '2'])
    expect(await act('jobs', 'resubmit', '2')).toMatchObject({status: 74, stderr: expect.stringContaining('look before repeating')})
    expect(await act('queues', 'pause', 'default')).toMatchObject({status: 74, stderr: expect.stringContaining('look with qctl queues show default')})
  })

  writing('leaves open whether a batch is stored: nobody is told to store it twice', async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const unknown = await failAt(scene, 'fsync', 'EIO', '4+', BATCHES, {stdin: STDIN})
    expect(unknown.status).toBe(74)
    expect(unknown.stderr).toMatch(/^2 jobs are stored, up to line 2; the batch from line 3 on may be stored, too/)
    expect(unknown.stderr).not.toContain('tail -n')
    const keyed = await failAt(scene, 'fsync', 'EIO', '3+', ['produce', '--ndjson', '--batch', '2'], {
      stdin: LINES.map((line, n) => `${JSON.stringify({payload: line, key: `k${n}`})}\n`).join(''),
    })
    expect(keyed).toMatchObject({status: 74, stderr: expect.stringContaining('go on with: tail -n +')})
  })

  writing('below a file system without shared memory: 73 and a plain sentence', async () => {
    await using scene = new Scene()
    const finished = await failAt(scene, 'mmap', 'ENODEV', '1+', ['init'])
    expect(finished).toMatchObject({status: 73, stderr: expect.stringContaining('cannot carry the write-ahead log')})
  })
})
