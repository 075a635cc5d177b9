import {describe, expect, test} from 'bun:test'
import {spawnSync} from 'node:child_process'
import {existsSync, readdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {manifestJson} from '../../bin/manifest.ts'
import pjson from '../../package.json' with {type: 'json'}
import {commands} from '../../src/commands/index.ts'
import {BINARY, qctl, Sandbox, type Finished} from '../support/binary.ts'
import {scratchDirectory} from '../support/scratch.ts'

const ids = Object.keys(commands)

/** Runs a line of shell with the binary as `$Q`. */
function shell(line: string): Finished {
  const {status, stdout, stderr} = spawnSync('bash', ['-c', line], {
    encoding: 'utf8',
    env: {PATH: process.env['PATH'], HOME: scratchDirectory(), Q: BINARY},
  })
  return {status: status ?? -1, stdout, stderr}
}

describe('help', () => {
  test.each([['--help'], ['-h'], ['help'], []])('%s in an empty directory', async (...args) => {
    const {status, stdout, stderr} = await qctl(args)
    expect({status, stderr}).toEqual({status: 0, stderr: ''})
    for (const id of ids.filter((name) => !name.includes(':'))) expect(stdout).toContain(`  ${id} `)
  })

  test('of every command is the same however it is asked for, and is what the source says', async () => {
    const script = join(import.meta.dirname, '../support/render-help.ts')
    const source: unknown = JSON.parse(spawnSync(process.execPath, [script], {encoding: 'utf8'}).stdout)
    const sandbox = new Sandbox()
    const texts = await Promise.all(ids.map(async (id) => [id, (await sandbox.qctl(['help', ...id.split(':')])).stdout] as const))
    expect(Object.fromEntries(texts)).toEqual(source as Record<string, string>)
    for (const [id, text] of texts.slice(0, 5)) expect((await sandbox.qctl([...id.split(':'), '-h'])).stdout).toBe(text)
  })

  test.each(['exit-codes', 'environment', 'filters', 'handlers'])('%s is wrapped', async (page) => {
    const {stdout} = await qctl(['help', page])
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  test('every command has a summary and two examples, and every flag of it a summary', async () => {
    const manifest = JSON.parse(await manifestJson()) as {commands: Record<string, {summary?: string; examples?: unknown[]; flags: Record<string, {summary?: string}>}>}
    const lacking = Object.entries(manifest.commands).filter(
      ([, {summary, examples, flags}]) => !summary || (examples?.length ?? 0) < 2 || Object.values(flags).some((flag) => !flag.summary),
    )
    expect(lacking.map(([id]) => id)).toEqual([])
  })

  test.each(['version', 'backup', 'doctor', 'cleanup', 'jobs:logs', 'jobs:resubmit', 'jobs:list', 'top', 'help'])('of %s lists the formats that it takes', async id => {
    const words = id.split(':')
    const needed: Readonly<Record<string, readonly string[]>> = {backup: ['1'], cleanup: ['--directory', '/', '--older-than', '9999d', '-n'], 'jobs:logs': ['1'], 'jobs:resubmit': ['1']}
    const args = needed[id] ?? []
    const {stdout} = await qctl(['help', ...words])
    const listed = /--output=(\S+)/.exec(stdout)?.[1]?.split('|') ?? []
    for (const format of ['table', 'wide', 'json', 'ndjson', 'csv', 'id']) {
      const {stderr} = await qctl([...words, ...args, '-o', format])
      expect({format, isTaken: !stderr.startsWith('qctl: this command has no --output')}).toEqual({format, isTaken: listed.includes(format) || format === 'table'})
    }
    expect(stdout.includes('--json')).toBe(listed.includes('json'))
  })

  test('of consume names what is so where nothing is said, that of produce how cron does it', async () => {
    expect((await qctl(['help', 'consume'])).stdout.replaceAll(/\s+/g, ' ')).toContain('jobs in flight per consumer [default: 1]')
    expect((await qctl(['help', 'produce'])).stdout).toMatch(/^ {2}0 9 \* \* \* {2}\S+ produce -Q report --key "\$\(date \+\\%F\)" daily$/m)
  })

  // oclif takes a switch that was not given for one that was, and then misses what it depends on.
  test('no switch depends on another flag', async () => {
    const manifest = JSON.parse(await manifestJson()) as {commands: Record<string, {flags: Record<string, {type: string; dependsOn?: string[]}>}>}
    const wrong = Object.entries(manifest.commands).flatMap(([id, {flags}]) =>
      Object.entries(flags).filter(([, {type, dependsOn}]) => type === 'boolean' && dependsOn !== undefined).map(([name]) => `${id} --${name}`),
    )
    expect(wrong).toEqual([])
  })

  test.each(['exit-codes', 'environment', 'filters', 'handlers'])('on %s', async (page) => {
    const {status, stdout} = await qctl(['help', page])
    expect(status).toBe(0)
    expect(stdout.split('\n')[0]).toMatch(/^[A-Z ]+$/)
    expect((await qctl(['help'])).stdout).not.toContain('undefined')
  })

  test('names its pages, and the one that was meant', async () => {
    expect((await qctl([])).stdout).toContain('  help filters ')
    const hint = async (...words: string[]): Promise<string> => (await qctl(['help', ...words])).stderr
    for (const word of ['filtrs', 'filter']) expect(await hint(word)).toBe(`qctl: no help on "${word}" (did you mean "qctl help filters"?)\n`)
    expect(await hint('exit-code')).toContain('did you mean "qctl help exit-codes"?')
    expect(await hint('jobs', 'lst')).toContain('did you mean "qctl help jobs list"?')
  })

  test('is laid out in columns', async () => {
    const list = (await qctl(['jobs', 'list', '-h'])).stdout
    expect(list).toContain('\n      --where=FILTER  such')
    const consume = (await qctl(['help', 'consume'])).stdout
    expect(consume).toContain('  $ qctl consume [FLAGS] -- CMD [ARG...]\n')
    expect(consume.split('Run a command for each job, until stopped')).toHaveLength(2)
  })

  test('every example begins with a dollar', async () => {
    for (const id of ids) {
      const [, examples = ''] = (await qctl(['help', ...id.split(':')])).stdout.split('EXAMPLES\n')
      expect(examples.split('\n').filter((line) => line !== '' && !line.startsWith('  $ '))).toEqual([])
    }
  })

  test('works with a broken configuration', async () => {
    expect((await qctl(['help'], {env: {QCTL_CONFIG: '/nonexistent', QCTL_OUTPUT: 'x'}})).status).toBe(0)
  })
})

test('config says who decides on a lease that nobody set', async () => {
  const lease = async (env: Readonly<Record<string, string>>): Promise<string> => (await qctl(['config', '-o', 'csv', '--columns', 'name,value,origin'], {env})).stdout
  expect(await lease({})).toContain("\r\nlease,the queue's (30s unless set),default\r\n")
  expect(await lease({QCTL_LEASE: '30s'})).toContain('\r\nlease,30s,environment\r\n')
})

describe('version', () => {
  test.each(['--version', '-V'])('%s', async (word) => {
    expect(await qctl([word])).toEqual({status: 0, stdout: `qctl ${pjson.version}\n`, stderr: ''})
  })

  test('one fact per line', async () => {
    const {stdout} = await qctl(['version'])
    expect(stdout).toMatch(/^qctl \S+\nbun \S+\nSQLite 3\S+\n\w+-\w+\n$/)
    expect(stdout).toStartWith(`qctl ${pjson.version}\n`)
  })

  test('says what it is made of', async () => {
    expect(await new Sandbox().json(['version'])).toEqual({
      version: pjson.version,
      runtime: 'bun',
      runtime_version: pjson.devDependencies.bun,
      sqlite: expect.stringMatching(/^3\.\d+\.\d+$/),
      platform: `${process.platform}-${process.arch}`,
      compiled: true,
    })
  })
})

describe('a mistake', () => {
  test.each([
    [['reap', '--every', '10s', '--once'], '--once and --every do not go together'],
    [['jobs', 'list', '-o', 'xml'], '--output: "xml" is not one of table, wide, json, ndjson, csv, id'],
    [['jobs', 'assign', '1'], '--consumer is missing'],
    [['jobs', 'wait', '1', '--timeout', '5s'], 'unknown flag --timeout (did you mean "--for"?)'],
    ...[['--cron', '* * * * *'], ['--schedule', 'daily'], ['--repeat', '5s']].map((flag): [string[], string] =>
      [['produce', ...flag, 'x'], `unknown flag ${flag[0]} (qctl has no schedules: let cron run "qctl produce --key …", as qctl help produce shows)`]),
    [['produce', '--every', '5s', 'x'], '--every needs --generate (qctl has no schedules: let cron run "qctl produce --key …", as qctl help produce shows)'],
    [['produce', '--for', '1m', 'x'], '--for needs --assign'],
    [['produce', '--lines', '--ndjson'], '--lines and --ndjson do not go together'],
    [['version', '-o', 'csv'], 'this command has no --output csv: it takes table, wide, json, ndjson'],
    [['jobs', 'delete', '1', '-o', 'id'], 'this command has no --output id: it takes table, wide, json, ndjson'],
    [['help', '-o', 'id'], 'this command has no --output id: it takes table, wide, json, ndjson'],
    [['jobs', 'list', '--where', 'key="a'], 'filter, character 5: quotes that are not closed (inside "…" write \\" and \\\\)'],
  ])('%j', async (args, sentence) => {
    expect(await qctl(args)).toEqual({status: 2, stdout: '', stderr: `qctl: ${sentence}\n`})
  })

  test.each([
    [['--db', '', 'jobs', 'list'], '--db: the path is empty'],
    [['--config', '', 'version'], '--config: the path is empty'],
    [['cleanup', '--directory', '', '--older-than', '7d', '--yes'], '--directory: the path is empty'],
    [['produce', '--generate', '', '--count', '1'], '--generate: the path is empty'],
    [['produce', '--file', ''], 'the path is empty'],
    [['backup', ''], 'the path is empty'],
    [['restore', ''], 'the path is empty'],
    [['consume', '--module', ''], '--module: the path is empty'],
    [['consume', '--http', 'https://example.com', '--http-header-file='], '--http-header-file: the path is empty'],
    [['supervisor', 'init', '--supervisor-dir', ''], '--supervisor-dir: the path is empty'],
    [['supervisor', 'init', '--generate', ''], '--generate: the path is empty'],
    [['supervisor', 'init', '--binary', ''], '--binary: the path is empty'],
  ])('an empty path is not the current directory: %j', async (args, sentence) => {
    await using sandbox = new Sandbox()
    expect(await sandbox.qctl(args)).toEqual({status: 2, stdout: '', stderr: `qctl: ${sentence}\n`})
    expect(readdirSync(sandbox.home)).toEqual([])
  })

  test.each([
    [['--shell', ''], '--shell: nothing to run: the script is empty'],
    [['--shell', ' \n'], '--shell: nothing to run: the script is empty'],
    [['--stream', ''], '--stream: nothing to run: the script is empty'],
    [['--', ''], 'the name of the program after -- is empty'],
  ])('an empty handler takes no job for done: %j', async (args, sentence) => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'a'])
    expect(await sandbox.qctl(['consume', '--drain', ...args])).toEqual({status: 2, stdout: '', stderr: `qctl: ${sentence}\n`})
    expect(await sandbox.json(['jobs', 'show', '1'])).toMatchObject({state: 'pending', attempts: 0})
  })

  const foreign = "is no kind of database that qctl knows (give the path of an SQLite file; if its name has a colon, as ./a:b)"
  const postgres = 'this build of qctl knows SQLite files only, not PostgreSQL URLs'
  test.each([
    ['mysql://ada:secret@h/x', `--db: mysql: ${foreign}`],
    ['pg://h/x', `--db: pg: ${foreign}`],
    ['redis://h', `--db: redis: ${foreign}`],
    ['http://h/x', `--db: http: ${foreign}`],
    ['file:/tmp/x.db', `--db: file: ${foreign}`],
    ['sqlite:x.db', `--db: sqlite: ${foreign}`],
    [':memory:', '--db: a database in memory would be gone with this command: give the path of a file'],
    ['postgres://ada:secret@h/x', postgres],
    ['POSTGRES://ada:secret@h/x', postgres],
    ['PostgreSQL:/x', postgres],
  ])('a database that is none does not become a file: %s', async (db, sentence) => {
    await using sandbox = new Sandbox()
    expect(await sandbox.qctl(['produce', '--db', db, 'a'])).toEqual({status: 2, stdout: '', stderr: `qctl: ${sentence}\n`})
    expect(await sandbox.qctl(['backup', '--db', db, 'copy'])).toMatchObject({status: 2, stdout: ''})
    expect((await sandbox.qctl(['produce', 'a'], {env: {QCTL_DB: db}})).status).not.toBe(0)
    expect(readdirSync(sandbox.home)).toEqual([])
  })

  test('a file with a colon in its name is meant when it is written as a path', async () => {
    await using sandbox = new Sandbox()
    expect(await sandbox.qctl(['produce', '--db', './a:b', 'x'])).toMatchObject({status: 0, stdout: '1\n'})
    expect(existsSync(join(sandbox.home, 'a:b'))).toBe(true)
  })

  test('in the environment is not made of a format that a command does not have', async () => {
    expect((await qctl(['version'], {env: {QCTL_OUTPUT: 'csv'}})).status).toBe(0)
  })

  test('in the command', async () => {
    const {status, stdout, stderr} = await qctl(['versoin'])
    expect([status, stdout, stderr]).toEqual([2, '', 'qctl: unknown command "versoin" (did you mean "qctl version"?)\n'])
  })

  test('in a flag', async () => {
    const {status, stdout, stderr} = await qctl(['config', '--outptu', 'json'])
    expect([status, stdout, stderr]).toEqual([2, '', 'qctl: unknown flag --outptu (did you mean "--output"?)\n'])
  })

  test.each([
    'versoin --json',
    'config --nope --json',
    'config extra --json',
    'config --lock-timeout 5 --json',
    'help nope -o json',
  ])('%s is JSON when asked for', async (line) => {
    const {status, stdout, stderr} = await qctl(line.split(' '))
    const {error} = JSON.parse(stdout) as {error: Record<string, unknown>}
    expect(Object.keys(error)).toEqual(['code', 'exit', 'message', 'hint', 'retryable'])
    expect(error).toMatchObject({code: 'usage', exit: 2, retryable: false})
    expect(status).toBe(2)
    expect(stderr).toMatch(/^qctl: [^\n]+\n$/)
  })

  test('shows a stack only with -v', async () => {
    expect((await qctl(['config', 'extra'])).stderr).not.toContain('    at ')
    expect((await qctl(['config', 'extra', '-v'])).stderr).toContain('    at ')
  })

  test('cannot smuggle control characters to the terminal', async () => {
    for (const args of [['\u001b[2Jx'], ['config', '--\u001b[2J'], ['config', '--db', 'x', '\u001b[2J'], ['config', '--columns', '\u009b2J']]) {
      expect((await qctl(args)).stderr).not.toMatch(/[\u001b\u009b]/)
    }
  })
})

describe('the surroundings', () => {
  test('a .env, a bunfig.toml and a tsconfig.json of the directory are not obeyed', async () => {
    const cwd = scratchDirectory()
    writeFileSync(join(cwd, '.env'), 'QCTL_OUTPUT=json\nQCTL_DB=/tmp/evil.db\n')
    writeFileSync(join(cwd, 'bunfig.toml'), 'preload = ["./evil.ts"]\n')
    writeFileSync(join(cwd, 'evil.ts'), 'require("fs").writeFileSync("evil", ""); process.exit(99)\n')
    writeFileSync(join(cwd, 'tsconfig.json'), '{ not json')
    const {status, stdout} = await qctl(['config'], {cwd})
    expect(status).toBe(0)
    expect(stdout).toStartWith('SETTING')
    expect(stdout).not.toContain('evil')
    expect(existsSync(join(cwd, 'evil'))).toBe(false)
  })

  test('what a handler finds in its environment is no setting, and oclif has no switch of its own', async () => {
    const HOME = scratchDirectory()
    const env = {HOME, QCTL_CONTENT_TYPE: 'json', QCTL_QUEUE: 'x', QCTL_KEY: 'x', QCTL_CONSUMER: 'x', QCTL_FILE: 'x', QCTL_CONFIG_DIR: '/x'}
    expect((await qctl(['config'], {env})).stdout).toBe((await qctl(['config'], {env: {HOME}})).stdout)
  })

  test('nothing is written to the home directory', async () => {
    const sandbox = new Sandbox()
    for (const args of [['config'], ['help'], ['version', '-v'], ['nope']]) await sandbox.qctl(args)
    expect(readdirSync(sandbox.home)).toEqual([])
  })

  test('HOME unset is told in a sentence, and only where it matters', async () => {
    expect((await qctl(['version', '--json'], {env: {HOME: undefined}})).status).toBe(0)
    expect((await qctl(['config'], {env: {HOME: undefined}})).status).toBe(0)
    const {status, stderr} = await qctl(['produce', 'x'], {env: {HOME: undefined}})
    const sentence = 'cannot tell where the database is: HOME and XDG_STATE_HOME are not set (name it with --db FILE or QCTL_DB)'
    expect([status, stderr]).toEqual([78, `qctl: ${sentence}\n`])
  })

  test('a missing database is made by who may, once, and says so', async () => {
    const sandbox = new Sandbox()
    expect(await sandbox.qctl(['produce', 'x', '--no-create'])).toMatchObject({status: 66, stderr: expect.stringContaining(sandbox.database)})
    expect(existsSync(sandbox.database)).toBe(false)
    expect((await sandbox.qctl(['produce', 'x'])).stderr).toBe(`made the database ${sandbox.database}\n`)
    expect((await sandbox.qctl(['produce', 'x'])).stderr).toBe('')
  })

  test('a missing database is JSON when asked for', async () => {
    const {status, stdout} = await qctl(['produce', 'x', '--no-create', '--json'])
    expect(status).toBe(66)
    expect(JSON.parse(stdout)).toMatchObject({error: {code: 'not_found', exit: 66, retryable: false}})
  })

  test('the flags may stand before the command', async () => {
    expect((await qctl(['--columns', 'name', '-o', 'csv', 'config'])).stdout.split('\r\n').slice(0, 2)).toEqual(['name', 'db'])
  })
})

describe('the streams', () => {
  test('a reader that went away is no error', () => {
    const {stderr} = shell('{ sleep 0.2; "$Q" help environment; echo "rc $?" >&2; } | true')
    expect(stderr).toBe('rc 0\n')
  })

  test('everything reaches a slow reader', () => {
    const columns = Array<string>(3000).fill('help').join(',')
    const {stdout} = shell(`"$Q" config -o csv --columns ${columns} | { sleep 0.3; wc -c; }; "$Q" config -o csv --columns ${columns} | wc -c`)
    const [slow, fast] = stdout.trim().split('\n').map(Number)
    expect(slow).toBeGreaterThan(500_000)
    expect(slow).toBe(fast ?? 0)
  })

  test('a reader that leaves in the middle is no error', () => {
    const columns = Array<string>(3000).fill('help').join(',')
    const {stdout, stderr} = shell(`{ "$Q" config -o csv --columns ${columns}; echo "rc $?" >&2; } | head -c 10`)
    expect([stdout, stderr]).toEqual(['help,help,', 'rc 0\n'])
  })

  test('a stdout that cannot be written is one', () => {
    const {status, stderr} = shell('"$Q" config > /dev/full')
    expect([status, stderr]).toEqual([74, 'qctl: cannot write to stdout: ENOSPC\n'])
  })

  test('closed streams do not hang or crash it', () => {
    expect(shell('"$Q" config <&-').status).toBe(0)
    expect(shell('"$Q" config 2>&-').status).toBe(0)
    expect(shell('"$Q" nope 2>&-').status).toBe(2)
  })

  test.each(['-', '--lines', '--ndjson', '--lines --batch 2', '- -n'])('a stdin that cannot be read is told, and nothing is made: produce %s', how => {
    expect(shell(`"$Q" produce ${how} </tmp`)).toEqual({status: 66, stdout: '', stderr: 'qctl: stdin is a directory: give a file or a pipe\n'})
    expect(shell(`"$Q" produce ${how} <&-`)).toEqual({status: 66, stdout: '', stderr: 'qctl: stdin is closed: there is nothing to read\n'})
    expect(shell(`"$Q" produce ${how} 0>"$HOME/file"`)).toMatchObject({status: 66, stdout: '', stderr: expect.stringContaining('qctl: stdin cannot be read: ')})
  })

  test('nothing on stdin is a payload of no bytes', () => {
    expect(shell('"$Q" produce - </dev/null').stdout).toBe('1\n')
    expect(shell(': | "$Q" produce -').stdout).toBe('1\n')
  })

  test('there is no escape sequence in a pipe', async () => {
    for (const args of [['config'], ['help'], ['help', 'config'], ['version'], ['nope']]) {
      const {stdout, stderr} = await qctl(args, {env: {TERM: 'xterm-256color', COLORTERM: 'truecolor'}})
      expect(stdout + stderr).not.toContain('\u001b')
    }
  })
})

describe('the binary', () => {
  test('does not know where it was built', () => {
    expect(shell(`grep -c -a -F '${join(import.meta.dirname, '../..')}/' "$Q"`).stdout).toBe('0\n')
  })
})
