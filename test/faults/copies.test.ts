import {beforeAll, expect} from 'bun:test'
import {cpSync, existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {waitFor} from '../support/wait-for.ts'
import {describe, figure, under} from './support/report.ts'
import {requirePtrace} from './support/rights.ts'
import {BINARY, type Finished, integrityOf, type Running, Scene} from './support/scene.ts'
import {sized} from './support/size.ts'

const copying = under('backups while others write')
const killed = under('a backup or a restore is killed')
const named = under('several names for one file, and odd names')
const replaced = under('the database is deleted, moved or replaced under a process')

beforeAll(requirePtrace)

const KILLED = 137
/** What decides what is there afterwards; first those that give names. */
const CALLS = ['link', 'rename', 'unlink', 'fsync', 'ftruncate', 'pwrite64'].slice(0, sized(3, 6))

interface Listing {
  readonly items: readonly {readonly key: string | null}[]
}

/** The keys of the jobs in a database. */
async function keysIn(scene: Scene, path: string): Promise<readonly (string | null)[]> {
  const {items} = await scene.json<Listing>(['jobs', 'list'], {env: {QCTL_DB: path}})
  return items.map(({key}) => key).toReversed()
}

/** As vfat, exFAT and some network file systems do: a file has one name. */
const NO_LINKS = ['-e', 'inject=link,linkat:error=EPERM']

/** Runs a command whose system calls fail or kill it as strace is told. */
function injected(calls: string, injections: readonly string[]): readonly string[] {
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls},link,linkat`, ...injections]
}

/** Kills a command before each of these calls in turn, until it ends by itself. Returns how often that was. */
async function killAtEach(
  scene: Scene,
  args: readonly string[],
  afterwards: (place: string, finished: Finished) => Promise<void>,
  conditions: readonly string[] = [],
): Promise<number> {
  let kills = 0
  for (const call of CALLS) {
    for (let nth = 1; ; nth++) {
      cpSync(scene.path('template'), scene.path('place'), {recursive: true})
      const wrap = injected(call, [...conditions, '-e', `inject=${call}:signal=SIGKILL:when=${nth}`])
      const finished = await scene.start([BINARY, ...args], {wrap}).finished()
      await afterwards(`${call} ${nth}`, finished)
      await scene.sh('rm -rf place')
      if (finished.status !== KILLED) break
      kills += 1
    }
  }
  return kills
}

function leftIn(scene: Scene): string[] {
  return readdirSync(scene.path('place')).filter(name => name.endsWith('.tmp'))
}

/** A scene with a directory to be copied: a database, with a log that its killed writer left, and a copy of an earlier day. */
async function sceneWithTemplate(): Promise<Scene> {
  const scene = new Scene()
  scene.database = scene.path('template', 'q.db')
  await scene.qctl(['produce', 'x', '--key', 'early'])
  await scene.qctl(['backup', scene.path('template', 'copy.db')])
  const writer = scene.startQctl(['produce', '--ndjson', '--batch', '1'], {endStdin: false, stdin: '{"payload":"x","key":"late"}\n'})
  await waitFor(() => writer.stdout === '2\n')
  writer.kill('SIGKILL')
  await writer.finished()
  scene.database = scene.path('place', 'q.db')
  return scene
}

describe('a backup', () => {
  const COPIES = sized(5, 100)
  const PRODUCERS = 4

  copying(`made ${COPIES} times while ${PRODUCERS} producers write is whole each time, with every id that was printed before`, async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const lines = `${Array.from({length: 20_000}, (_, i) => `line ${i}`).join('\n')}\n`
    const producers: Running[] = Array.from({length: PRODUCERS}, () => scene.startQctl(['produce', '--lines', '--batch', '1'], {stdin: lines}))
    const printed = (): number[] => producers.flatMap(({stdout}) => stdout.split('\n').slice(0, -1).map(Number))
    await waitFor(() => producers.every(({stdout}) => stdout !== ''))
    let least = 0
    for (let round = 0; round < COPIES; round++) {
      const before = printed()
      const file = scene.path('copy.db')
      expect((await scene.qctl(['backup', file, '--force'])).status).toBe(0)
      expect([round, integrityOf(file)]).toEqual([round, 'ok'])
      const there = new Set((await idsIn(scene, file)))
      expect([round, before.filter(id => !there.has(id))]).toEqual([round, []])
      least = round === 0 ? before.length : least
    }
    figure(COPIES, `from ${least} to ${printed().length} jobs printed meanwhile: missing in a copy 0, damaged copies 0`)
    expect(readdirSync(scene.directory).filter(name => name.endsWith('.tmp'))).toEqual([])
  }, 600_000)

  killed.each([
    ['1', '', []],
    ['2', '', []],
    ['2', ' where a file has one name', NO_LINKS],
  ])('with --keep %s%s that is killed at any call leaves a whole copy under its name, and what else it leaves is removed by the next', async (keep, _, conditions) => {
    await using scene = await sceneWithTemplate()
    const copy = scene.path('place', 'copy.db')
    let left = 0
    const look = async (place: string): Promise<void> => {
      const copies = readdirSync(scene.path('place')).filter(name => /^copy\.db(\.\d+)?$/.test(name))
      expect([place, copies]).toEqual([place, expect.arrayContaining(['copy.db'])])
      for (const name of copies) expect([place, (await scene.qctl(['restore', '--dry-run', scene.path('place', name)])).status]).toEqual([place, 0])
      left += leftIn(scene).length
      expect([place, (await scene.qctl(['backup', '--keep', keep, copy])).status, leftIn(scene)]).toEqual([place, 0, []])
      expect([place, await keysIn(scene, copy)]).toEqual([place, ['early', 'late']])
      expect([place, integrityOf(copy)]).toEqual([place, 'ok'])
      expect([place, readdirSync(scene.path('place')).filter(name => name.startsWith('copy.db')).length]).toEqual([place, Number(keep)])
    }
    const kills = await killAtEach(scene, ['backup', '--keep', keep, copy], look, conditions)
    expect(left).toBeGreaterThan(0)
    figure(kills, `without a whole copy under the name 0; ${left} unfinished copies left, all removed by the next backup`)
  }, 900_000)

  named('where a file has one name takes a new one, rotates, and never takes that of another file', async () => {
    await using scene = new Scene()
    const backup = (flags: readonly string[]): Promise<Finished> => scene.start([BINARY, 'backup', scene.path('copy.db'), ...flags], {wrap: injected('rename', NO_LINKS)}).finished()
    const counts = (): Promise<readonly number[]> => Promise.all(copiesIn(scene).map(async name => (await idsIn(scene, scene.path(name))).length))
    await scene.produce(['a'])
    expect(await backup([])).toMatchObject({status: 0, stderr: ''})
    expect((await backup([])).status).toBe(4)
    for (const payload of ['b', 'c', 'd']) {
      await scene.produce([payload])
      expect(await backup(['--keep', '3'])).toMatchObject({status: 0, stderr: ''})
    }
    expect(await counts()).toEqual([4, 3, 2])
    expect((await backup(['--keep', '1'])).status).toBe(0)
    expect(await counts()).toEqual([4])
  }, 60_000)

  named('that cannot be given its name leaves the one before where it is, and says why', async () => {
    await using scene = new Scene()
    await scene.produce(['a'])
    const copy = scene.path('copy.db')
    await scene.qctl(['backup', copy])
    await scene.produce(['b'])
    for (const [error, status] of [['EPERM', 77], ['ENOSPC', 74], ['EBUSY', 73]] as const) {
      const wrap = injected('rename,renameat,renameat2', ['-e', `inject=rename,renameat,renameat2:error=${error}`])
      const finished = await scene.start([BINARY, 'backup', copy, '--keep', '1'], {wrap}).finished()
      expect(finished).toMatchObject({status, stderr: expect.stringMatching(/^qctl: cannot make the copy \S+copy\.db: .+\n$/)})
      expect(await idsIn(scene, copy)).toEqual([1])
    }
    expect(copiesIn(scene)).toEqual(['copy.db'])
  }, 60_000)
})

/** The newest first. */
function copiesIn(scene: Scene): readonly string[] {
  return readdirSync(scene.directory).filter(name => /^\.?copy\.db/.test(name)).toSorted()
}

describe('a restore', () => {
  killed('that is killed at any call leaves the old database, the new one, or one that is refused; repeated, it ends well', async () => {
    await using scene = await sceneWithTemplate()
    const restore = ['restore', scene.path('place', 'copy.db')]
    const found = {old: 0, new: 0, refused: 0}
    const kills = await killAtEach(scene, restore, async place => {
      const {status, stderr} = await scene.qctl(['produce', 'meanwhile'])
      // Never a new and empty one: its jobs would be all there is.
      expect([place, stderr.includes('made the database'), [0, 73].includes(status)]).toEqual([place, false, true])
      if (status === 73) expect([place, stderr]).toEqual([place, expect.stringContaining('a backup or a restore was killed here: repeat it')])
      const now = status === 73 ? [] : await keysIn(scene, scene.database)
      found[status === 73 ? 'refused' : now.includes('late') ? 'old' : 'new'] += 1
      const again = await scene.qctl(restore)
      expect([place, again.stderr, again.status]).toEqual([place, again.stderr, 0])
      expect([place, await keysIn(scene, scene.database), leftIn(scene)]).toEqual([place, ['early'], []])
      // What was there is kept, log and all.
      const kept = readdirSync(scene.path('place')).filter(name => name.includes('before-restore') && !/-(wal|shm)$/.test(name))
      const keys = await Promise.all(kept.map(name => keysIn(scene, scene.path('place', name))))
      expect([place, keys.some(all => all.includes('late'))]).toEqual([place, true])
    })
    figure(kills, `then the old database ${found.old} times, the new one ${found.new}, refused with a word what to do ${found.refused}; empty 0; repeated: restored and the old one kept each time`)
  }, 900_000)

  /** Longer than what is done in the meantime takes. */
  const DELAY_US = 3_000_000

  /** Starts a restore that is held up in one system call; `log` is what strace has seen of it. */
  function startHeldUp(scene: Scene, call: string, {at, when}: {readonly at: string; readonly when: number}): {readonly restoring: Running; readonly log: () => string} {
    const log = scene.path(`calls-${when}`)
    const wrap = ['strace', '-f', '-qq', '-o', log, '-P', scene.database, '-e', `trace=${call}`, '-e', `inject=${call}:${at}=${DELAY_US}:when=${when}`]
    const restoring = scene.start([BINARY, 'restore', scene.path('copy.db')], {wrap})
    return {restoring, log: () => (existsSync(log) ? readFileSync(log, 'utf8') : '')}
  }

  /** A database with one job more than its copy. */
  async function sceneWithCopy(): Promise<Scene> {
    const scene = new Scene()
    await scene.produce(['a'])
    await scene.qctl(['backup', scene.path('copy.db')])
    await scene.produce(['b'])
    return scene
  }

  named('leaves alone what got the name first under which it was to keep the old database', async () => {
    await using scene = await sceneWithCopy()
    const {restoring, log} = startHeldUp(scene, 'link', {at: 'delay_enter', when: 1})
    const [, theirs = ''] = await waitFor(() => /"([^"]+before-restore[^"]+)"/.exec(log()))
    writeFileSync(theirs, 'theirs')
    writeFileSync(`${theirs}-wal`, 'theirs, too')
    const {status, stderr} = await restoring.finished()
    expect([status, stderr]).toEqual([0, `what was there is now ${theirs}.2\n`])
    expect([readFileSync(theirs, 'utf8'), readFileSync(`${theirs}-wal`, 'utf8')]).toEqual(['theirs', 'theirs, too'])
    expect([await idsIn(scene, scene.database), await idsIn(scene, `${theirs}.2`)]).toEqual([[1], [2, 1]])
  }, 60_000)

  replaced('does not replace what another restore has put there meanwhile, nor give its ids again', async () => {
    await using scene = await sceneWithCopy()
    const opened = (text: string): number => text.split('\n').filter(line => line.includes('openat(')).length
    const probe = startHeldUp(scene, 'openat', {at: 'delay_exit', when: 1000})
    await probe.restoring.finished()
    // It is opened last for the lock.
    const last = opened(probe.log())
    const {restoring, log} = startHeldUp(scene, 'openat', {at: 'delay_exit', when: last})
    await waitFor(() => opened(log()) === last)
    const other = await scene.json<{readonly ids_above: number}>(['restore', scene.path('copy.db')])
    const [id] = await scene.produce(['c'])
    const {status, stderr} = await restoring.finished()
    expect([status, stderr]).toEqual([4, expect.stringMatching(/^qctl: .+ has just been replaced by somebody else .+\n$/)])
    expect(await idsIn(scene, scene.database)).toEqual([other.ids_above + 1, 1])
    expect(id).toBe(other.ids_above + 1)
  }, 60_000)

  named('that cannot give a name leaves the old database with its log, and says why', async () => {
    await using scene = await sceneWithTemplate()
    let failures = 0
    for (const call of ['link', 'rename']) {
      for (let nth = 1; ; nth++) {
        cpSync(scene.path('template'), scene.path('place'), {recursive: true})
        const wrap = injected('rename', ['-e', `inject=${call}:error=EBUSY:when=${nth}`])
        const {status, stderr} = await scene.start([BINARY, 'restore', scene.path('place', 'copy.db')], {wrap}).finished()
        if (status !== 0) {
          failures += 1
          expect([call, nth, status, stderr]).toEqual([call, nth, 73, expect.stringMatching(/^qctl: cannot .+: resource busy or locked.*\n$/)])
          expect(await keysIn(scene, scene.database)).toEqual(['early', 'late'])
          expect(readdirSync(scene.path('place')).filter(name => name.includes('before-restore') || name.endsWith('.tmp'))).toEqual([])
        }
        await scene.sh('rm -rf place')
        if (status === 0) break
      }
    }
    figure(failures, 'the old database whole each time')
    expect(failures).toBe(4)
  }, 60_000)
})

/** The ids in a database, by pages. */
async function idsIn(scene: Scene, path: string): Promise<number[]> {
  const {status, stdout} = await scene.qctl(['jobs', 'list', '-l', '1000000', '-o', 'id'], {env: {QCTL_DB: path}})
  expect(status).toBe(0)
  return stdout.trim().split('\n').map(Number)
}
