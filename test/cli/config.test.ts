import {describe, expect, test} from 'bun:test'
import {mkdirSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {databaseOf, resolveSettings, SETTINGS, type Setting, type Sources} from '../../src/lib/config.ts'
import {shownDatabase} from '../../src/lib/location.ts'
import {QctlError} from '../../src/lib/errors.ts'
import {scratchDirectory} from '../support/scratch.ts'

function write(path: string, text: string): string {
  mkdirSync(dirname(path), {recursive: true})
  writeFileSync(path, text)
  return path
}

/** A home directory with files in it. */
function home(files: {readonly user?: string; readonly system?: string} = {}): Sources & {readonly cwd: string} {
  const directory = scratchDirectory()
  if (files.user !== undefined) write(join(directory, '.config/qctl/config.toml'), files.user)
  const systemFile = join(directory, 'etc/config.toml')
  if (files.system !== undefined) write(systemFile, files.system)
  return {env: {HOME: directory}, cwd: directory, systemFile}
}

async function failure(sources: Sources): Promise<QctlError> {
  const error: unknown = await resolveSettings(sources).then(() => null, (reason: unknown) => reason)
  if (!(error instanceof QctlError)) throw new Error(`expected a QctlError, got ${String(error)}`)
  return error
}

describe('where a setting comes from', () => {
  test('defaults', async () => {
    const {settings, origins} = await resolveSettings(home())
    expect(settings).toMatchObject({output: 'table', color: 'auto', lockTimeout: 30_000, lease: 30_000, grace: 10_000, concurrency: 1, logFormat: 'auto'})
    expect(settings.db).toEndWith('/.local/state/qctl/qctl.db')
    expect(origins.db).toEqual({kind: 'default', where: null})
  })

  test('the user beats the system', async () => {
    const sources = home({user: 'lease = "1m"', system: 'lease = "2m"\ngrace = "3s"'})
    const {settings, origins} = await resolveSettings(sources)
    expect(settings).toMatchObject({lease: 60_000, grace: 3000})
    expect(origins.lease.where).toEndWith('/.config/qctl/config.toml')
    expect(origins.grace.where).toEndWith('/etc/config.toml')
  })

  test('the environment beats the files, flags beat the environment', async () => {
    const sources = home({user: 'lock_timeout = "1s"\noutput = "csv"\ncolor = "never"'})
    const env = {...sources.env, QCTL_LOCK_TIMEOUT: '2s', QCTL_OUTPUT: 'id'}
    const {settings, origins} = await resolveSettings({...sources, env, flags: {'lock-timeout': 3000}})
    expect(settings).toMatchObject({lockTimeout: 3000, output: 'id', color: 'never'})
    expect(origins.lockTimeout).toEqual({kind: 'flag', where: '--lock-timeout'})
    expect(origins.output).toEqual({kind: 'environment', where: 'QCTL_OUTPUT'})
  })

  test('an empty variable is none', async () => {
    const sources = home()
    const {origins} = await resolveSettings({...sources, env: {...sources.env, QCTL_DB: '', QCTL_OUTPUT: ''}})
    expect([origins.db.kind, origins.output.kind]).toEqual(['default', 'default'])
  })

  test('a file that is named replaces the usual two', async () => {
    const sources = home({user: 'lease = "1m"'})
    const path = write(join(sources.cwd, 'other.toml'), 'grace = "1s"')
    for (const given of [{...sources, flags: {config: 'other.toml'}}, {...sources, env: {...sources.env, QCTL_CONFIG: path}}]) {
      expect((await resolveSettings(given)).settings).toMatchObject({lease: 30_000, grace: 1000})
    }
  })

  test('nothing in the current directory is read', async () => {
    const sources = home()
    for (const name of ['qctl.toml', 'config.toml', '.qctl.toml', '.env']) write(join(sources.cwd, name), 'output = "csv"\nQCTL_OUTPUT=csv\n')
    expect((await resolveSettings(sources)).settings.output).toBe('table')
  })

  test('no variable that a handler gets is read as a setting, but QCTL_DB', () => {
    const given = 'JOB_ID QUEUE ATTEMPT MAX_ATTEMPTS FENCE KEY CONTENT_TYPE CONSUMER DEADLINE SOCKET FILE RESULT_FILE'.split(' ')
    const read = Object.values<Setting<unknown>>(SETTINGS).map(({env}) => env)
    expect(read.filter((name) => given.includes(name.replace('QCTL_', '')))).toEqual([])
  })
})

describe('the database', () => {
  test('a flag counts from the current directory, a file from its own', async () => {
    const sources = home({user: 'db = "jobs.db"'})
    expect((await resolveSettings(sources)).settings.db).toBe(join(sources.cwd, '.config/qctl/jobs.db'))
    expect((await resolveSettings({...sources, flags: {db: 'jobs.db'}})).settings.db).toBe(join(sources.cwd, 'jobs.db'))
  })

  test('a URL stays a URL, and its password is not shown', async () => {
    const db = 'postgres://ada:pass:word@host/jobs'
    const {settings} = await resolveSettings({...home(), flags: {db}})
    expect(settings.db).toBe(db)
    expect(shownDatabase(db)).toBe('postgres://ada:***@host/jobs')
    expect(shownDatabase('postgres://ada@host:5432/jobs')).toBe('postgres://ada@host:5432/jobs')
    expect(shownDatabase('Postgres:/ada:pass@host/jobs')).toBe('Postgres:/ada:***@host/jobs')
  })

  test('XDG directories count when they are absolute', async () => {
    const sources = home()
    const at = async (value: string): Promise<string> =>
      (await resolveSettings({...sources, env: {...sources.env, XDG_STATE_HOME: value}})).settings.db
    expect(await at('/var/state')).toBe('/var/state/qctl/qctl.db')
    expect(await at('state')).toEndWith('/.local/state/qctl/qctl.db')
  })

  test('without a home only opening it fails, in a sentence', async () => {
    const {settings} = await resolveSettings({env: {}, cwd: '/', systemFile: '/nonexistent/config.toml'})
    expect(() => databaseOf(settings)).toThrow('HOME and XDG_STATE_HOME are not set')
  })
})

describe('a bad configuration', () => {
  test('an unknown key names file, key and what was meant', async () => {
    const error = await failure(home({user: 'lock_timout = "1s"'}))
    expect([error.code, error.exit]).toEqual(['bad_config', 78])
    expect(error.message).toEndWith('/.config/qctl/config.toml: unknown setting "lock_timout"')
    expect(error.hint).toBe('did you mean "lock_timeout"?')
  })

  test('a table is an unknown key, too', async () => {
    expect((await failure(home({user: '[profiles.x]\ndb = "a"'}))).message).toContain('unknown setting "profiles"')
  })

  test('a bad value names file and key', async () => {
    expect((await failure(home({user: 'lease = 5'}))).message).toContain('config.toml: lease: 5 what?')
    expect((await failure(home({user: 'output = "tabel"'}))).message).toContain('output: "tabel" is not one of table')
    expect((await failure(home({user: 'lease = true'}))).message).toContain('lease must be a text or a number')
    expect((await failure(home({user: 'concurrency = 0'}))).message).toContain('concurrency: 0 is not between 1 and 1000')
  })

  test('a bad variable names the variable', async () => {
    const sources = home()
    const error = await failure({...sources, env: {...sources.env, QCTL_LOCK_TIMEOUT: '5'}})
    expect([error.code, error.message]).toEqual(['bad_config', 'QCTL_LOCK_TIMEOUT: 5 what? write 5s, 5m or 5h'])
  })

  test('what is no TOML names the file', async () => {
    const error = await failure(home({user: 'lease = '}))
    expect(error.code).toBe('bad_config')
    expect(error.message).toContain('config.toml: Invalid TOML')
  })

  test('a named file that is missing is not found', async () => {
    const error = await failure({...home(), flags: {config: 'missing.toml'}})
    expect([error.code, error.exit]).toEqual(['not_found', 66])
  })

  test('a directory is no file', async () => {
    expect((await failure({...home(), flags: {config: '.'}})).code).toBe('bad_config')
  })
})
