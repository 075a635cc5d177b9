import {beforeAll, expect} from 'bun:test'
import {chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync} from 'node:fs'
import {basename} from 'node:path'
import {waitFor} from '../support/wait-for.ts'
import {startConsumer} from './support/consumers.ts'
import {Disk} from './support/disk.ts'
import {allJobs, countJobs} from './support/evidence.ts'
import {describe, under} from './support/report.ts'
import {requireMounts, requireRoot, requireTool} from './support/rights.ts'
import {type Finished, Scene} from './support/scene.ts'

const readOnly = under('the place is read-only')
const rights = under('who may read and write it')
const named = under('several names for one file, and odd names')

const NOBODY = 65_534

beforeAll(() => {
  requireMounts()
  requireRoot('it gives up root to see what others may do')
  requireTool('setpriv')
})

/** One line on stderr that names the place and says why. */
function expectRefused({status, stdout, stderr}: Finished, exits: readonly number[], place: string, why: RegExp): void {
  expect([stderr, exits.includes(status), stdout]).toEqual([stderr, true, ''])
  expect(stderr).toMatch(/^qctl: [^\n]+\n$/)
  expect(stderr).toContain(place)
  expect(stderr).toMatch(why)
}

describe('a read-only place', () => {
  const READ_ONLY = 'mount --bind "$DISK" "$DISK"; mount -o remount,ro,bind "$DISK"'

  readOnly('is named, whether there is a database or not', async () => {
    await using scene = new Scene()
    mkdirSync(scene.path('disk'))
    scene.database = scene.path('disk/q.db')
    await scene.produce(['x'])
    const disk = await Disk.mount(scene, READ_ONLY)
    for (const args of [['produce', 'y'], ['consume', '--drain', '--', 'true'], ['reap', '--once'], ['jobs', 'list'], ['jobs', 'cancel', '1']]) {
      expectRefused(await disk.qctl(args), [73, 77], scene.database, /read-?only|unable to open/i)
    }
    scene.database = scene.path('disk/new/q.db')
    expectRefused(await disk.qctl(['produce', 'y']), [73], scene.database, /read-only/)
  }, 60_000)

  readOnly('can be read from while somebody else has the database open for writing', async () => {
    await using scene = new Scene()
    mkdirSync(scene.path('disk'))
    scene.database = scene.path('disk/q.db')
    await scene.produce(['x'])
    const consumer = startConsumer(scene, {flags: ['-Q', 'other']})
    await waitFor(() => consumer.stderr.includes('started'))
    const disk = await Disk.mount(scene, READ_ONLY)
    expect(await disk.qctl(['jobs', 'list', '-o', 'id'])).toMatchObject({status: 0, stdout: '1\n', stderr: ''})
    expectRefused(await disk.qctl(['produce', 'y']), [73, 77], scene.database, /read-?only/i)
  }, 60_000)
})

describe('a directory of files that are done with', () => {
  readOnly('is named, with the file that cannot be deleted', async () => {
    await using scene = new Scene()
    mkdirSync(scene.path('disk'))
    writeFileSync(scene.path('disk/old'), 'x')
    utimesSync(scene.path('disk/old'), 0, 0)
    await scene.qctl(['produce', '--file', scene.path('disk/old')])
    await scene.qctl(['jobs', 'cancel', '1'])
    const disk = await Disk.mount(scene, 'mount --bind "$DISK" "$DISK"; mount -o remount,ro,bind "$DISK"')
    expectRefused(await disk.qctl(['cleanup', '--directory', scene.path('disk'), '--older-than', '1d', '--yes']), [73], scene.path('disk/old'), /read-only/)
  }, 60_000)
})

describe('what belongs to somebody else', () => {
  /** A scene that everybody may enter, with a binary that everybody may run. */
  function openScene(): Scene {
    const scene = new Scene()
    chmodSync(scene.directory, 0o755)
    copyFileSync(scene.binary, scene.path('qctl'))
    mkdirSync(scene.path('place'), {mode: 0o755})
    scene.database = scene.path('place/q.db')
    return scene
  }

  function asNobody(scene: Scene, args: readonly string[]): Promise<Finished> {
    const wrap = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
    return scene.start([scene.path('qctl'), ...args], {wrap}).finished()
  }

  rights('is refused with 77', async () => {
    await using scene = openScene()
    await scene.produce(['x'])
    for (const args of [['produce', 'y'], ['jobs', 'list']]) expectRefused(await asNobody(scene, args), [77], scene.database, /permission denied/)
    // The file alone does not help: its log has to be written beside it.
    chownSync(scene.database, NOBODY, NOBODY)
    expectRefused(await asNobody(scene, ['produce', 'y']), [77], scene.database, /permission|readonly/)
    chmodSync(scene.path('place'), 0o700)
    expectRefused(await asNobody(scene, ['produce', 'y']), [77], scene.database, /permission denied/)
    scene.database = scene.path('new.db')
    expectRefused(await asNobody(scene, ['produce', 'y']), [77], scene.database, /permission denied/)
    expect(existsSync(scene.database)).toBe(false)
  }, 60_000)

  rights('stays so when root uses it: the log is made for the owner of the file', async () => {
    await using scene = openScene()
    chownSync(scene.path('place'), NOBODY, NOBODY)
    expect((await asNobody(scene, ['produce', 'of its owner'])).status).toBe(0)
    const consumer = startConsumer(scene, {flags: ['-Q', 'other']})
    await waitFor(() => consumer.stderr.includes('started'))
    expect(['', '-wal', '-shm'].map(suffix => statSync(scene.database + suffix).uid)).toEqual([NOBODY, NOBODY, NOBODY])
    expect((await asNobody(scene, ['produce', 'beside root'])).status).toBe(0)
    consumer.kill('SIGKILL')
    await consumer.finished()
    expect((await asNobody(scene, ['produce', 'after root'])).status).toBe(0)
    expect((await countJobs(scene))['pending']).toBe(3)
  }, 60_000)
})

describe('an odd name', () => {
  named.each([
    'with blanks and \'quotes"',
    './file:x?mode=memory',
    '%00',
    'a?b#c&d',
    '-leading',
    'q.db-wal',
    'ütf-8 ☃',
    '\n',
    '$(touch evil)',
  ])('is the name of a file: %j', async name => {
    await using scene = new Scene()
    scene.database = name
    const cwd = scene.path()
    for (const [i, flags] of [[], ['--db', name]].entries()) {
      // As a value of its own a name that begins with a dash is taken for a flag.
      if (i === 1 && name.startsWith('-')) continue
      const {status, stdout} = await scene.qctl(['produce', `${i}`, ...flags], {cwd})
      expect([status, stdout]).toEqual([0, `${i + 1}\n`])
    }
    expect((await scene.qctl(['produce', 'again', `--db=${name}`], {cwd})).status).toBe(0)
    expect(readdirSync(cwd)).toEqual([basename(name)])
    expect((await allJobs(scene)).length).toBeGreaterThan(1)
    expect(readdirSync(cwd)).toEqual([basename(name)])
  })

  named.each([
    ['of no characters', '', 2],
    ['of 4096 characters', `/tmp/${'x'.repeat(4091)}`, 73],
    ['with a part of 300 characters', `/tmp/${'x'.repeat(300)}`, 73],
    ['that is a directory', '/tmp/', 73],
    ['that SQLite would take for a URI', 'file:x?mode=memory', 2],
    ['that SQLite would take for no file', ':memory:', 2],
    ['below a file', '/dev/null/q.db', 73],
  ])('%s is refused', async (_, name, exit) => {
    await using scene = new Scene()
    for (const args of [['produce', 'x', `--db=${name}`], ['consume', `--db=${name}`, '--drain', '--', 'true']]) {
      const {status, stdout, stderr} = await scene.qctl(args, {env: {QCTL_DB: undefined}})
      expect([stderr, status, stdout]).toEqual([stderr, exit, ''])
      expect(stderr).toMatch(/^qctl: [^\n]+\n$/)
    }
    expect(readdirSync(scene.directory)).toEqual([])
  })

  named('of no characters in the environment is no name', async () => {
    await using scene = new Scene()
    const {status, stderr} = await scene.qctl(['produce', 'x'], {env: {QCTL_DB: ''}})
    expect([0, 2, 78]).toContain(status)
    if (status === 0) expect(stderr).toContain('.local/state/qctl/qctl.db')
    expect(readdirSync(scene.directory).filter(name => name.endsWith('.db'))).toEqual([])
  })
})
