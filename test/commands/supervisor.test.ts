import {describe, expect, test} from 'bun:test'
import {spawnSync} from 'node:child_process'
import {createServer} from 'node:http'
import {existsSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {BINARY, Sandbox} from '../support/binary.ts'
import {scratchDirectory} from '../support/scratch.ts'

const repository = join(import.meta.dirname, '../..')

/** Every file below a directory, by its path from there. */
function filesOf(directory: string): Record<string, string> {
  const paths = readdirSync(directory, {recursive: true, encoding: 'utf8'}).filter(path => /\.(conf|service|target)$|Procfile$/.test(path))
  return Object.fromEntries(paths.toSorted().map(path => [path, readFileSync(join(directory, path), 'utf8')]))
}

/** What a crontab needs, as PATHs without a blank or a sign are written. */
function bootLine(directory: string): string {
  return `at boot, by a line of a crontab: @reboot PATH=${process.env['PATH']} ${BINARY} supervisor start --supervisor-dir ${directory}`
}

describe('supervisor init', () => {
  test('writes for the default what lies ready in supervisor/', async () => {
    await using sandbox = new Sandbox()
    const directory = join(sandbox.home, 'supervisor')
    expect((await sandbox.qctl(['supervisor', 'init', '--supervisor-dir', directory, '--db', join(directory, 'qctl.db'), '--binary', 'qctl'])).status).toBe(0)
    expect(filesOf(directory)).toEqual(filesOf(join(repository, 'supervisor')))
    for (const name of ['logs', 'run']) expect(existsSync(join(repository, 'supervisor', name))).toBe(true)
  })

  test('says where everything is, makes the database, and lets nobody else into logs and socket', async () => {
    await using sandbox = new Sandbox()
    const {status, stdout, stderr} = await sandbox.qctl(['supervisor', 'init', '--consumers', '2', '-Q', 'mail,news', '--timeout', '5m', '--', './send.sh', 'a b'])
    const directory = join(sandbox.home, '.local/state/qctl/supervisor')
    expect([status, stderr]).toEqual([0, `made the database ${sandbox.database}\nstart it with "qctl supervisor start"\n${bootLine(directory)}\n`])
    expect(stdout.split('\n').filter(line => line !== '').map(line => line.replace(`wrote ${directory}/`, ''))).toEqual([
      'supervisord.conf', 'conf.d/consumer.conf', 'conf.d/reaper.conf', 'conf.d/scale.conf',
    ])
    const consumer = filesOf(directory)['conf.d/consumer.conf'] ?? ''
    const command = `${BINARY} consume --db ${sandbox.database} --no-create --name consumer_%(process_num)02d --queue=mail,news --timeout=5m -- ./send.sh 'a b'`
    expect(consumer.split(`command=${command}\n`)).toHaveLength(3)
    // A relative command counts from where init was called.
    expect(consumer).toContain(`directory=${sandbox.home}\n`)
    expect(consumer).toContain('stopwaitsecs=25\n')
    expect(['logs', 'run'].map(name => statSync(join(directory, name)).mode & 0o777)).toEqual([0o700, 0o700])
  })

  test('keeps what exists, unless it is told not to', async () => {
    await using sandbox = new Sandbox()
    const directory = join(sandbox.home, 'sup')
    const init = (...flags: string[]): Promise<unknown> => sandbox.json(['supervisor', 'init', '--supervisor-dir', directory, ...flags])
    const actions = (document: unknown): readonly string[] => (document as {files: {action: string}[]}).files.map(({action}) => action)
    expect(actions(await init('--dry-run'))).toEqual(Array<string>(5).fill('written'))
    expect([existsSync(directory), existsSync(sandbox.database)]).toEqual([false, false])
    await init()
    const path = join(directory, 'conf.d/reaper.conf')
    writeFileSync(path, '; mine\n')
    expect(actions(await init('--consumers', '7'))).toEqual(Array<string>(5).fill('kept'))
    expect([readFileSync(path, 'utf8'), filesOf(directory)['conf.d/scale.conf']]).toEqual(['; mine\n', expect.stringContaining('numprocs=3\n')])
    expect(actions(await init('--consumers', '7', '--force'))).toEqual(Array<string>(5).fill('written'))
    expect(filesOf(directory)['conf.d/scale.conf']).toContain('numprocs=7\n')
  })

  test.each(['supervisord', 'systemd'])('adds no producer of a demonstration to what exists: %s', async format => {
    await using sandbox = new Sandbox()
    const init = (...flags: string[]) => sandbox.qctl(['supervisor', 'init', '--supervisor-dir', 'sup', '--format', format, ...flags])
    const written = (): Record<string, string> => filesOf(join(sandbox.home, 'sup'))
    const producers = (): readonly string[] => Object.keys(written()).filter(path => path.includes('producer'))
    expect((await init('-Q', 'mail', '--', './send.sh')).status).toBe(0)
    const before = written()
    const again = await init()
    expect([again.status, again.stdout]).toEqual([0, expect.not.stringMatching(/wrote|producer/)])
    expect((await init('-Q', 'mail')).status).toBe(0)
    expect(written()).toEqual(before)
    // Who asks for a producer gets one.
    expect((await init('--generate', 'in')).status).toBe(0)
    expect(producers()).toHaveLength(1)
    // What was added is not taken away, but told.
    expect((await init('--force', '-Q', 'mail', '--', './send.sh')).stderr).toMatch(/producer\S* is there from before and submits random files: delete it/)
  })

  test('gives consumers the grace that it waits for', async () => {
    await using sandbox = new Sandbox()
    const env = {QCTL_GRACE: '1m'}
    const words = ['supervisor', 'init', '--force', '--supervisor-dir', join(sandbox.home, 'sup')]
    await sandbox.qctl([...words, '--', 'true'], {env})
    expect(filesOf(join(sandbox.home, 'sup'))['conf.d/consumer.conf']).toMatch(/ --grace=1m -- true\n[\s\S]*stopwaitsecs=75\n/)
    await sandbox.qctl([...words, '--grace', '3s', '--', 'true'], {env})
    expect(filesOf(join(sandbox.home, 'sup'))['conf.d/consumer.conf']).toMatch(/ --grace=3s -- true\n[\s\S]*stopwaitsecs=18\n/)
  })

  test.each([
    [['--supervisor-dir', "it's"], "supervisord's configuration cannot hold such a path"],
    [['--supervisor-dir', 'x'.repeat(100)], 'too long for the name of a unix socket'],
    [['--shell', 'true', '--', 'true'], 'more than one handler'],
    [['true'], 'unexpected "true" (the command goes after --'],
    [['--every', '5s'], '--every needs --generate'],
    [['--name', 'x', '--', 'true'], 'unknown flag --name'],
    [['--', 'a\nb'], 'cannot hold line feeds'],
    [['--user', 'a\nb'], 'not the name of a user'],
  ])('refuses %j', async (args, sentence) => {
    await using sandbox = new Sandbox()
    const {status, stderr} = await sandbox.qctl(['supervisor', 'init', ...args])
    expect([status, stderr]).toEqual([2, expect.stringContaining(sentence)])
    expect(existsSync(join(sandbox.home, '.local'))).toBe(false)
  })

  test('for systemd: units that it takes', async () => {
    await using sandbox = new Sandbox()
    const directory = join(sandbox.home, 'units')
    const words = ['a b', '"', "'", '%i', '$HOME', '\\', ';', 'line\nfeed']
    const {status, stderr} = await sandbox.qctl(['supervisor', 'init', '--format', 'systemd', '--supervisor-dir', directory, '--user', 'daemon', '--generate', 'made', '--', '/bin/echo', ...words])
    expect([status, stderr]).toEqual([0, expect.stringContaining('systemctl link')])
    const units = Object.keys(filesOf(directory)).toSorted()
    expect(units).toEqual(['qctl-consumer@.service', 'qctl-producer.service', 'qctl-reaper.service', 'qctl.target'])
    const paths = units.map(unit => join(directory, unit))
    const verified = spawnSync('systemd-analyze', ['verify', ...paths], {encoding: 'utf8', env: {...process.env, SYSTEMD_UNIT_PATH: `${directory}:`}})
    expect(verified.stderr.split('\n').filter(line => line.includes('qctl'))).toEqual([])
    expect(verified.status).toBe(0)
    const unit = filesOf(directory)['qctl-consumer@.service'] ?? ''
    // Runs have control groups of their own with --limit-mem.
    expect([unit.includes('\nDelegate=yes\n'), unit.includes('ProtectControlGroups')]).toEqual([true, false])
    const producer = filesOf(directory)['qctl-producer.service'] ?? ''
    expect([producer.includes('Delegate'), producer.includes('\nProtectControlGroups=yes\n')]).toEqual([false, true])
    expect(unit).toContain(' -- /bin/echo "a b" "\\"" "\'" "%%i" "$$HOME" "\\\\" ";" "line\\x0afeed"\n')
    for (const line of ['Type=exec', 'User=daemon', 'KillMode=mixed', 'TimeoutStopSec=25', 'NoNewPrivileges=yes', 'ProtectSystem=full']) expect(unit).toContain(`\n${line}\n`)
  })

  test('for Honcho and Foreman: lines that a shell understands', async () => {
    await using sandbox = new Sandbox()
    const directory = join(sandbox.home, 'proc')
    const words = ['a b', "it's", '"$HOME"', '%', ';', '']
    await sandbox.qctl(['supervisor', 'init', '--format', 'procfile', '--supervisor-dir', directory, '--consumers', '2', '--', 'sh', '-c', 'for w; do printf "<%s>" "$w"; done > out', 'sh', ...words])
    const lines = (filesOf(directory)['Procfile'] ?? '').trimEnd().split('\n')
    expect(lines.map(line => line.split(': ')[0])).toEqual(['consumer_00', 'consumer_01', 'reaper'])
    await sandbox.qctl(['produce', 'x'])
    const command = lines[0]?.slice('consumer_00: '.length).replace(' --name ', ' --drain --name ') ?? ''
    expect(spawnSync('sh', ['-c', command], {cwd: sandbox.home, env: {PATH: process.env['PATH'], HOME: sandbox.home}}).status).toBe(0)
    expect(readFileSync(join(sandbox.home, 'out'), 'utf8')).toBe(words.map(word => `<${word}>`).join(''))
  })
})

describe('without a supervisord', () => {
  const verbs = [['status'], ['scale', '2'], ['stop'], ['restart'], ['logs'], ['tail'], ['start']]

  test.each(verbs)('supervisor %s says that none is set up', async (...args) => {
    await using sandbox = new Sandbox()
    const {status, stderr} = await sandbox.qctl(['supervisor', ...args])
    expect([status, stderr]).toEqual([66, expect.stringMatching(/^qctl: there is no \S+supervisord\.conf \(make one with "qctl supervisor init"[^\n]*\n$/)])
  })

  test('a rehearsed start of one that does not run is a document', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['supervisor', 'init'])
    expect(await sandbox.json(['supervisor', 'start', '-n'])).toEqual({dry_run: true, changes: [{name: 'supervisord', would: 'start'}]})
  })

  test('one that does not run is told in a line, and its logs are there', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['supervisor', 'init'])
    for (const args of [['status'], ['scale', '2'], ['stop'], ['restart']]) {
      const {status, stderr} = await sandbox.qctl(['supervisor', ...args])
      expect([status, stderr]).toEqual([69, expect.stringMatching(/^qctl: supervisord is not running: nobody answers at \S+ \(start it with "qctl supervisor start"\)\n$/)])
    }
    expect(await sandbox.qctl(['supervisor', 'logs'])).toEqual({status: 0, stdout: '', stderr: ''})
    expect((await sandbox.qctl(['supervisor', 'logs', 'consumer_00'])).status).toBe(66)
  })

  test('one that is not installed is told in a line', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['supervisor', 'init'])
    const {status, stderr} = await sandbox.qctl(['supervisor', 'start'], {env: {PATH: scratchDirectory()}})
    expect([status, stderr]).toEqual([69, expect.stringMatching(/^qctl: supervisord is not installed \(on Debian: apt-get install supervisor;[^\n]*\n$/)])
  })

  test('who answers and is none, is not believed', async () => {
    await using sandbox = new Sandbox()
    const directory = join(sandbox.home, 'sup')
    await sandbox.qctl(['supervisor', 'init', '--supervisor-dir', directory])
    for (const [status, text] of [[500, 'oops'], [200, '<html></html>'], [200, '<methodResponse><params><param><value>x'], [200, '']] as const) {
      const server = createServer((_, response) => response.writeHead(status).end(text))
      await new Promise<void>(resolve => server.listen(join(directory, 'run/supervisor.sock'), resolve))
      const {status: exit, stderr} = await sandbox.qctl(['supervisor', 'status', '--supervisor-dir', directory])
      await new Promise(resolve => server.close(resolve))
      expect([text, exit, stderr]).toEqual([text, 69, expect.stringContaining('is no supervisord')])
    }
  })
})
