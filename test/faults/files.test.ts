import {expect} from 'bun:test'
import {createHash} from 'node:crypto'
import {chmodSync, copyFileSync, existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:net'
import {SCHEMA_VERSION} from '../../src/lib/storage/sqlite/migrate.ts'
import {waitFor} from '../support/wait-for.ts'
import {BUSY, startConsumer} from './support/consumers.ts'
import {countJobs} from './support/evidence.ts'
import {describe, figure, under} from './support/report.ts'
import {integrityOf, Scene} from './support/scene.ts'
import {sized, spread} from './support/size.ts'
import {holdOpen, runSql} from './support/sqlite.ts'

const named = under('several names for one file, and odd names')
const modes = under('who may read and write it')
const starting = under('twenty processes start at once where nothing is')
const refused = under('a file that is no database of this version')

const PAGE = 4096

/** A hash of a file and its log; `null` for what is no file. */
function hashOf(path: string): readonly (string | null)[] {
  return [path, `${path}-wal`].map(name => (existsSync(name) && lstatSync(name).isFile() ? createHash('sha256').update(readFileSync(name)).digest('hex') : null))
}

/** Turns every bit of some bytes of a file. */
function flip(path: string, from: number, to: number): void {
  const bytes = readFileSync(path)
  for (let i = from; i < to; i++) bytes[i] = (bytes[i] ?? 0) ^ 0xff
  writeFileSync(path, bytes)
}

/** A sound database with one job, closed. */
async function soundDatabase(scene: Scene): Promise<string> {
  await scene.produce(['sound'])
  return scene.database
}

async function copyOf(scene: Scene, name: string): Promise<string> {
  const path = scene.path(name)
  copyFileSync(await soundDatabase(scene), path)
  return path
}

interface Case {
  /** Makes the thing and says where it is. */
  readonly make: (scene: Scene) => string | Promise<string>
  /** The exit status of whoever would create a missing database, and of whoever would not. */
  readonly exits: readonly [number, number]
  /** What the line on stderr must name beside the path. */
  readonly cause: RegExp
}

const CASES: Readonly<Record<string, Case>> = {
  'a database of another program': {
    make: scene => {
      runSql(scene.path('foreign.db'), 'CREATE TABLE t (x); INSERT INTO t VALUES (1)')
      return scene.path('foreign.db')
    },
    exits: [65, 65],
    cause: /another program/,
  },
  'a database of another program that marks its files': {
    make: scene => {
      runSql(scene.path('foreign.db'), 'PRAGMA application_id = 12345; CREATE TABLE t (x)')
      return scene.path('foreign.db')
    },
    exits: [65, 65],
    cause: /another program/,
  },
  'a database of another program that has it open, with a log': {
    make: async scene => {
      const holder = holdOpen(scene, scene.path('foreign.db'), 'PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1)')
      await waitFor(() => holder.stdout.includes('ready'))
      return scene.path('foreign.db')
    },
    exits: [65, 65],
    cause: /another program/,
  },
  'a database that another program left in the middle, with a log': {
    make: async scene => {
      const holder = holdOpen(scene, scene.path('foreign.db'), 'PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1)')
      await waitFor(() => holder.stdout.includes('ready'))
      holder.kill('SIGKILL')
      await holder.finished()
      return scene.path('foreign.db')
    },
    exits: [65, 65],
    cause: /another program/,
  },
  'a text': {
    make: scene => {
      writeFileSync(scene.path('text.db'), 'Dear diary,\n'.repeat(1000))
      return scene.path('text.db')
    },
    exits: [65, 65],
    cause: /not a database/,
  },
  'a short text': {
    make: scene => {
      writeFileSync(scene.path('short.db'), 'x')
      return scene.path('short.db')
    },
    exits: [65, 65],
    cause: /not a database/,
  },
  'a qctl database whose header is damaged': {
    make: async scene => {
      const path = await copyOf(scene, 'header.db')
      flip(path, 0, 16)
      return path
    },
    exits: [65, 65],
    cause: /not a database/,
  },
  'a qctl database whose first page is damaged': {
    make: async scene => {
      const path = await copyOf(scene, 'page1.db')
      flip(path, 100, PAGE)
      return path
    },
    exits: [65, 65],
    cause: /malformed/,
  },
  'a qctl database of which a page is damaged': {
    make: async scene => {
      const path = await copyOf(scene, 'page3.db')
      flip(path, 2 * PAGE, 3 * PAGE)
      return path
    },
    exits: [65, 65],
    cause: /malformed/,
  },
  'a qctl database that was cut off': {
    make: async scene => {
      const path = await copyOf(scene, 'short.db')
      truncateSync(path, PAGE + 1000)
      return path
    },
    exits: [65, 65],
    cause: /malformed/,
  },
  'a database of a later qctl': {
    make: async scene => {
      const path = await copyOf(scene, 'newer.db')
      runSql(path, 'PRAGMA user_version = 99')
      return path
    },
    exits: [78, 78],
    cause: new RegExp(`schema 99; this qctl knows up to ${SCHEMA_VERSION}\\b`),
  },
  'a directory': {
    make: scene => {
      mkdirSync(scene.path('directory.db'))
      return scene.path('directory.db')
    },
    exits: [73, 73],
    cause: /not a file/,
  },
  'a named pipe': {
    make: async scene => {
      await scene.sh('mkfifo pipe.db')
      return scene.path('pipe.db')
    },
    exits: [73, 73],
    cause: /not a file/,
  },
  'a socket': {
    make: async scene => {
      const server = createServer().listen(scene.path('socket.db'))
      server.unref()
      await waitFor(() => existsSync(scene.path('socket.db')))
      return scene.path('socket.db')
    },
    exits: [73, 73],
    cause: /not a file/,
  },
  'a device': {make: () => '/dev/null', exits: [73, 73], cause: /not a file/},
  'a link to nowhere': {
    make: scene => {
      symlinkSync('nowhere', scene.path('link.db'))
      return scene.path('link.db')
    },
    exits: [73, 66],
    cause: /link to nowhere|no database/,
  },
  'a file with two names': {
    make: async scene => {
      const path = await copyOf(scene, 'one.db')
      linkSync(path, scene.path('two.db'))
      return scene.path('two.db')
    },
    exits: [73, 73],
    cause: /hard links/,
  },
  'a file in a directory that is none': {
    make: scene => {
      writeFileSync(scene.path('file'), '')
      return scene.path('file/q.db')
    },
    exits: [73, 73],
    cause: /ENOTDIR|not a directory/,
  },
}

const CREATORS: readonly (readonly string[])[] = [['produce', 'x'], ['consume', '--drain', '--', 'true'], ['reap', '--once'], ['init']]
const READERS: readonly (readonly string[])[] = [['jobs', 'list'], ['queues', 'list'], ['jobs', 'cancel', '1']]

describe('what is no database of this qctl is refused in one line, and left as it is:', () => {
  refused.each(Object.keys(CASES))('%s', async name => {
    await using scene = new Scene()
    const {make, exits, cause} = CASES[name] ?? {make: () => '', exits: [0, 0], cause: /./}
    const path = await make(scene)
    const before = hashOf(path)
    scene.database = path
    for (const [i, commands] of [CREATORS, READERS].entries()) {
      for (const args of commands) {
        const begin = performance.now()
        const {status, stdout, stderr} = await scene.qctl(args)
        // A second is the aim; a machine under load may take longer, but nobody waits for a lock or a pipe here.
        expect([args, performance.now() - begin < 5000]).toEqual([args, true])
        expect([args, status, stdout]).toEqual([args, exits[i] ?? -1, ''])
        expect(stderr).toMatch(/^qctl: [^\n]+\n$/)
        expect(stderr).toContain(path)
        expect(stderr).toMatch(cause)
      }
    }
    const json = await scene.qctl(['jobs', 'list', '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({error: {exit: exits[1], retryable: false}})
    expect(hashOf(path)).toEqual(before)
  })

  refused('an empty file is a database for whoever may create one, and no database for the others', async () => {
    await using scene = new Scene()
    writeFileSync(scene.database, '')
    expect(await scene.qctl(['jobs', 'list'])).toMatchObject({status: 65, stderr: `qctl: ${scene.database} is empty, not a qctl database\n`})
    expect(statSync(scene.database).size).toBe(0)
    expect(await scene.qctl(['produce', 'x'])).toMatchObject({status: 0, stdout: '1\n'})
  })

  named('a link to a database is that database, with one log', async () => {
    await using scene = new Scene()
    const path = await soundDatabase(scene)
    symlinkSync(path, scene.path('link.db'))
    const consumer = startConsumer(scene, {work: 'sleep 0.2'})
    await waitFor(() => consumer.stderr.includes('started'))
    expect((await scene.qctl(['produce', 'by the link', '--db', scene.path('link.db')])).status).toBe(0)
    await waitFor(async () => (await countJobs(scene))['done'] === 2)
    expect(readdirSync(scene.directory).filter(name => name.startsWith('link'))).toEqual(['link.db'])
  })
})

describe('what is made is for its owner only', () => {
  modes.each(['000', '022', '077'])('with umask %s', async umask => {
    await using scene = new Scene()
    const database = scene.path('new/deep/q.db')
    const env = {QCTL_DB: undefined, XDG_STATE_HOME: scene.path('state'), DB: database}
    // A consumer keeps the log in place while it is looked at.
    const running = ['--db "$DB"', ''].map(flag => scene.start(['sh', '-c', `umask ${umask}; "$Q" produce x ${flag}; exec "$Q" consume ${flag} -- sleep 20`], {env: {...env, Q: scene.binary}}))
    for (const path of [database, scene.path('state/qctl/qctl.db')]) {
      await waitFor(() => ['', '-wal', '-shm'].every(suffix => existsSync(path + suffix)))
      const modes = ['', '-wal', '-shm'].map(suffix => statSync(path + suffix).mode & 0o777)
      expect(modes).toEqual([0o600, 0o600, 0o600])
    }
    const directories = ['new', 'new/deep', 'state', 'state/qctl'].map(name => [name, statSync(scene.path(name)).mode & 0o777])
    expect(directories).toEqual(['new', 'new/deep', 'state', 'state/qctl'].map(name => [name, 0o700]))
    expect(running.map(({stderr}) => stderr).join()).not.toContain('qctl:')
  })

  modes('a mode that was given to it stays, also on its log', async () => {
    await using scene = new Scene()
    const path = await soundDatabase(scene)
    chmodSync(path, 0o640)
    const consumer = startConsumer(scene)
    await waitFor(() => consumer.stderr.includes('started'))
    expect(['', '-wal', '-shm'].map(suffix => statSync(path + suffix).mode & 0o777)).toEqual([0o640, 0o640, 0o640])
  })
})

describe('twenty processes that start on no database at once', () => {
  starting('make one of it, and all succeed', async () => {
    await using scene = new Scene()
    const roles: readonly (readonly string[])[] = [
      ...Array.from({length: 14}, (_, i) => ['produce', `job ${i}`]),
      ...Array.from({length: 3}, () => ['consume', '--drain', '--', 'true']),
      ['reap', '--once'],
      ['reap', '--once'],
      ['init'],
    ]
    const rounds = sized(4, 50)
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      scene.database = scene.path(`new${round}/q.db`)
      // Each waits for a line before it becomes qctl, so that they start together.
      const all = roles.map(args => scene.start(['sh', '-c', 'read line; exec "$@"', 'sh', scene.binary, ...args], {endStdin: false}))
      await waitFor(() => scene.left().length >= roles.length)
      const begin = performance.now()
      for (const one of all) one.write('\n')
      const ends = await Promise.all(all.map(one => one.finished()))
      times.push(performance.now() - begin)
      expect(ends.map(({status}) => status)).toEqual(roles.map(() => 0))
      const texts = ends.map(({stderr}) => stderr.split('\n').filter(line => line !== '' && !line.startsWith('{')))
      expect(texts.flat()).toEqual([`made the database ${scene.database}`])
      expect(ends.map(({stderr}) => stderr).join()).not.toMatch(BUSY)
      expect(ends.map(({stderr}) => stderr.replaceAll(/.*(?:waiting for it|nothing to drain there).*/g, '')).join()).not.toMatch(/"level":"(warn|error)"/)
      expect(Object.values(await countJobs(scene)).reduce((sum, count) => sum + count, 0)).toBe(14)
      expect(integrityOf(scene.database)).toBe('ok')
    }
    figure(rounds, `20 processes on no database: ${rounds} rounds, ${rounds * 20} successes, one schema each; a round takes ${spread(times)}`)
  }, 600_000)
})
