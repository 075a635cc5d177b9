import {describe, expect, test} from 'bun:test'
import {spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {BINARY, Sandbox} from '../support/binary.ts'
import {waitFor} from '../support/wait-for.ts'

interface Produced {
  readonly jobs: readonly {readonly id: number; readonly queue: string; readonly existing: boolean}[]
  readonly stored: number
  readonly existing: number
}
interface Shown {
  readonly payload: string | null
  readonly payload_base64?: string
  readonly [name: string]: unknown
}

async function show(sandbox: Sandbox, id: number | string): Promise<Shown> {
  return (await sandbox.json(['jobs', 'show', String(id)])) as Shown
}

async function count(sandbox: Sandbox): Promise<number> {
  if (!existsSync(sandbox.database)) return 0
  return ((await sandbox.json(['jobs', 'list', '-l', '1000'])) as {items: unknown[]}).items.length
}

describe('produce', () => {
  test('prints the ids in the order of the arguments', async () => {
    const sandbox = new Sandbox()
    expect(await sandbox.qctl(['produce', 'a', 'b', 'c'])).toEqual({status: 0, stdout: '1\n2\n3\n', stderr: `made the database ${sandbox.database}\n`})
    expect((await show(sandbox, 2)).payload).toBe('b')
  })

  test('makes a database that only its owner may read, and not with --no-create', async () => {
    const sandbox = new Sandbox()
    expect((await sandbox.qctl(['produce', 'a', '--no-create'])).status).toBe(66)
    expect(existsSync(sandbox.database)).toBe(false)
    await sandbox.qctl(['produce', 'a'])
    const modes = spawnSync('stat', ['-c', '%a', sandbox.database, join(sandbox.database, '..')], {encoding: 'utf8'}).stdout
    expect(modes).toBe('600\n700\n')
  })

  test('every flag reaches the job', async () => {
    const sandbox = new Sandbox()
    const flags = ['-Q', 'mail', '--priority', '7', '--delay', '1h', '--key', 'k', '--max-attempts', '3', '--timeout', '90s', '--tag', 'a,b', '--type', 'text/plain', '--assign', 'bob', '--for', 'never']
    await sandbox.qctl(['produce', ...flags, 'x'])
    expect(await show(sandbox, 1)).toMatchObject({
      queue: 'mail', priority: 7, scheduled: true, key: 'k', max_attempts: 3, timeout_ms: 90_000, tags: ['a', 'b'], content_type: 'text/plain',
      assigned_to: 'bob', assigned_until: null, state: 'pending', payload_bytes: 1,
    })
  })

  test('--at is printed back with its zone', async () => {
    const sandbox = new Sandbox()
    const {status, stderr} = await sandbox.qctl(['produce', '--at', '2090-01-02 03:04', 'x'], {env: {TZ: 'Europe/Berlin'}})
    expect(status).toBe(0)
    expect(stderr).toContain('2090-01-02 03:04:00+01:00')
    expect(await show(sandbox, 1)).toMatchObject({run_at: '2090-01-02T02:04:00.000Z', scheduled: true})
  })

  test("an empty payload is one, none at all is not, and '-' is all of stdin", async () => {
    const sandbox = new Sandbox()
    expect((await sandbox.qctl(['produce', ''])).stdout).toBe('1\n')
    expect(await show(sandbox, 1)).toMatchObject({payload: '', payload_bytes: 0})
    expect(await sandbox.qctl(['produce'])).toMatchObject({status: 2, stdout: ''})
    expect((await sandbox.qctl(['produce', '-'], {stdin: ''})).stdout).toBe('2\n')
    expect((await sandbox.qctl(['produce', '-', 'x'], {stdin: 'a\nb\n'})).stdout).toBe('3\n4\n')
    expect((await show(sandbox, 3)).payload).toBe('a\nb\n')
    expect((await sandbox.qctl(['produce', '-', '-'], {stdin: ''})).status).toBe(2)
  })

  test('a held key gives the id of its holder', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', '--key', 'k', 'x'])
    const again = await sandbox.qctl(['produce', '--key', 'k', 'y'])
    expect(again).toMatchObject({status: 0, stdout: '1\n', stderr: expect.stringContaining('held by job 1')})
    expect(await sandbox.json(['produce', '--key', 'k', 'y'])).toEqual({jobs: [{id: 1, queue: 'default', existing: true}], stored: 0, existing: 1})
    expect((await sandbox.qctl(['produce', '--key', 'k', 'a', 'b'])).status).toBe(2)
  })

  test('a held key tells the state of its holder, and until when a finished one keeps it', async () => {
    const sandbox = new Sandbox()
    const note = async (...flags: string[]): Promise<string> => (await sandbox.qctl(['produce', '-Q', 'kk', '--key', 'k', ...flags, 'x'])).stderr
    await sandbox.qctl(['produce', '-Q', 'kk', '--key', 'k', 'x'])
    expect(await note()).toBe('the key is held by job 1 of queue kk (pending); nothing new was stored for it\n')
    await sandbox.qctl(['jobs', 'cancel', '1'])
    const kept = /^the key is held by job 1 of queue kk \(cancelled\), kept until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00; nothing new was stored for it\n$/
    for (const flags of [[], ['--at', 'now', '-o', 'csv']]) expect((await note(...flags)).replace(/^runs at .*\n/, '')).toMatch(kept)
    await sandbox.qctl(['jobs', 'delete', '1'])
    expect(await note()).toBe('the key is held by job 1 of queue kk (deleted), kept until 1d after it finished; nothing new was stored for it\n')
  })

  test('--file takes files by their absolute path, or nothing', async () => {
    const sandbox = new Sandbox()
    writeFileSync(join(sandbox.home, 'a'), '')
    expect(await sandbox.qctl(['produce', '--file', 'a', 'b'])).toMatchObject({status: 66, stdout: '', stderr: expect.stringContaining(join(sandbox.home, 'b'))})
    expect(await count(sandbox)).toBe(0)
    await sandbox.qctl(['produce', '--file', 'a'])
    expect(await show(sandbox, 1)).toMatchObject({file: true, payload: join(sandbox.home, 'a')})
    expect((await sandbox.qctl(['produce', '--file', '.'])).status).toBe(65)
    expect((await sandbox.qctl(['produce', '--file'])).status).toBe(2)
  })

  test('--dry-run stores nothing and makes no database', async () => {
    const sandbox = new Sandbox()
    const dry = await sandbox.qctl(['produce', '-n', '--lines'], {stdin: 'a\nb\n'})
    expect(dry).toEqual({status: 0, stdout: '', stderr: 'would store 2 jobs; nothing was written\n'})
    expect(await sandbox.json(['produce', '-n', 'a'])).toEqual({jobs: [], stored: 0, existing: 0, dry_run: true, would_store: 1})
    expect(existsSync(sandbox.database)).toBe(false)
  })
})

describe('produce --lines', () => {
  test('one job per line, empty ones skipped, carriage returns kept', async () => {
    const sandbox = new Sandbox()
    expect((await sandbox.qctl(['produce', '--lines'], {stdin: 'a\n\nb\r\nc'})).stdout).toBe('1\n2\n3\n')
    expect((await show(sandbox, 2)).payload).toBe('b\r')
  })

  test('--batch commits while it reads; an interruption keeps what was read and says where to go on', async () => {
    const sandbox = new Sandbox()
    const running = sandbox.start(['produce', '--lines', '--batch', '2'])
    running.write('a\nb\nc\npart')
    await waitFor(() => running.stdout.includes('2\n'), {what: 'the first batch'})
    running.kill('SIGTERM')
    const {status, stdout, stderr} = await running.finished()
    expect({status, stdout}).toEqual({status: 143, stdout: '1\n2\n3\n'})
    expect(stderr).toContain('3 jobs are stored, up to line 3; go on with: tail -n +4 ')
    expect(await count(sandbox)).toBe(3)
  })

  test('all or none is not interrupted half-way', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['init'])
    const running = sandbox.start(['produce', '--lines', '-v'])
    running.write('a\nb\n')
    await waitFor(() => running.stderr.includes('database:'), {what: 'the start'})
    running.kill('SIGTERM')
    expect(await running.finished()).toMatchObject({status: 143, stdout: ''})
    expect(await count(sandbox)).toBe(0)
  })

  test('a line above the limit: 65, its number, nothing stored, and no waiting for the rest', async () => {
    const sandbox = new Sandbox()
    const running = sandbox.start(['produce', '--lines'])
    running.write('ok\n')
    running.write(new Uint8Array(1024 * 1024 + 1).fill(65))
    // stdin stays open: whoever reads on would wait for ever.
    expect(await running.finished()).toMatchObject({status: 65, stdout: '', stderr: expect.stringContaining('line 2')})
    expect(await count(sandbox)).toBe(0)
  })

  test('stops reading stdin at the limit', async () => {
    const sandbox = new Sandbox()
    const running = sandbox.start(['produce', '-'])
    running.write(new Uint8Array(1024 * 1024 + 1))
    expect(await running.finished()).toMatchObject({status: 65, stdout: ''})
    const {status} = spawnSync('bash', ['-c', 'yes | "$Q" produce - ; exit $?'], {env: {Q: BINARY, HOME: sandbox.home, PATH: process.env['PATH']}})
    expect(status).toBe(65)
  })
})

describe('produce --ndjson', () => {
  test('prints where each job ended up', async () => {
    const sandbox = new Sandbox()
    const stdin = '{"payload":{"n":1},"queue":"a","key":"k"}\n{"payload":"x"}\n{"payload":"y","queue":"a","key":"k"}\n'
    const {stdout} = await sandbox.qctl(['produce', '--ndjson', '-Q', 'b', '--json'], {stdin})
    expect(JSON.parse(stdout)).toEqual({
      jobs: [{id: 1, queue: 'a', existing: false}, {id: 2, queue: 'b', existing: false}, {id: 1, queue: 'a', existing: true}],
      stored: 2,
      existing: 1,
    } satisfies Produced)
    expect((await sandbox.qctl(['produce', '--ndjson', '-o', 'ndjson'], {stdin: '{"payload":"x"}'})).stdout).toBe('{"id":3,"queue":"default","existing":false}\n')
    expect((await sandbox.qctl(['produce', '--ndjson', '-o', 'csv'], {stdin: '{"payload":"x"}'})).stdout).toBe('id,queue,existing\r\n4,default,false\r\n')
  })

  test('a bad line among many: 65, its number, nothing stored', async () => {
    const sandbox = new Sandbox()
    const lines = Array.from({length: 5000}, (_, i) => (i === 4321 ? '{"payload":' : `{"payload":${i}}`))
    const failed = await sandbox.qctl(['produce', '--ndjson'], {stdin: lines.join('\n')})
    expect({status: failed.status, stdout: failed.stdout}).toEqual({status: 65, stdout: ''})
    expect(failed.stderr).toMatch(/^made the database [^\n]+\nqctl: line 4322: not JSON: [^\n]+\n$/)
    expect(await count(sandbox)).toBe(0)
  })

  test('with --batch the whole batches before a bad line stay, and it says where to go on', async () => {
    const sandbox = new Sandbox()
    const lines = Array.from({length: 25}, (_, i) => (i === 24 ? '{"payload":' : `{"payload":${i}}`))
    const failed = await sandbox.qctl(['produce', '--ndjson', '--batch', '10'], {stdin: lines.join('\n')})
    expect(failed.status).toBe(65)
    expect(failed.stderr).toContain('tail -n +21 ')
    expect(failed.stdout.split('\n')).toHaveLength(21)
    expect(await count(sandbox)).toBe(20)
  })

  test('with --batch and --json the ids of what was committed are in the document of the error', async () => {
    const sandbox = new Sandbox()
    const {status, stdout} = await sandbox.qctl(['produce', '--ndjson', '--batch', '2', '--json'], {stdin: '{"payload":1}\n{"payload":2}\n{"nope":1}\n'})
    expect(status).toBe(65)
    expect(JSON.parse(stdout)).toMatchObject({jobs: [{id: 1}, {id: 2}], stored: 2, existing: 0, error: {code: 'bad_input', exit: 65}})
    const csv = await sandbox.qctl(['produce', '--ndjson', '--batch', '1', '-o', 'csv'], {stdin: '{"payload":1}\n{"nope":1}\n'})
    expect(csv).toMatchObject({status: 65, stdout: 'id,queue,existing\r\n3,default,false\r\n'})
  })

  test('under ndjson an error is one line', async () => {
    const {stdout} = await new Sandbox().qctl(['produce', '--ndjson', '-o', 'ndjson'], {stdin: '{"nope":1}'})
    expect(stdout.trim().split('\n')).toHaveLength(1)
    expect(JSON.parse(stdout)).toMatchObject({error: {exit: 65}})
  })

  test('a bad line as JSON', async () => {
    const sandbox = new Sandbox()
    const {stdout} = await sandbox.qctl(['produce', '--ndjson', '--json'], {stdin: '{"payload":1,"nope":1}'})
    expect(JSON.parse(stdout)).toMatchObject({error: {code: 'bad_input', exit: 65, retryable: false, message: 'line 1: unknown field "nope"'}})
  })
})

describe('produce --generate', () => {
  test('submits a file now and then until it is told to stop', async () => {
    await using sandbox = new Sandbox()
    const directory = join(sandbox.home, 'made', 'here')
    const running = sandbox.start(['produce', '--generate', directory, '--every', '20ms', '-Q', 'gen'])
    await waitFor(() => running.stdout.split('\n').length > 3, {what: 'three ids'})
    running.kill('SIGTERM')
    const {status, stdout} = await running.finished()
    expect(status).toBe(0)
    const ids = stdout.trim().split('\n')
    expect(readdirSync(directory)).toHaveLength(ids.length)
    const job = await show(sandbox, ids[0] ?? '')
    expect(job).toMatchObject({file: true, queue: 'gen'})
    expect(readFileSync(job.payload ?? '', 'utf8').length).toBeGreaterThan(10)
  })

  test('--count ends it', async () => {
    const sandbox = new Sandbox()
    expect((await sandbox.qctl(['produce', '--generate', 'd', '--every', '1ms', '--count', '3'])).stdout).toBe('1\n2\n3\n')
  })
})

describe('bytes', () => {
  test('of a payload reach the handler as they were, NULs and all', async () => {
    const sandbox = new Sandbox()
    const bytes = Buffer.concat([Buffer.from([0, 255, 254, 10, 13, 0]), Buffer.from('ä'), crypto.getRandomValues(new Uint8Array(5000))])
    const sum = createHash('sha256').update(bytes).digest('hex')
    await sandbox.qctl(['produce', '-', '-Q', 'sum'], {stdin: bytes})
    const script = 'sha256sum | cut -d" " -f1 | tr -d "\\n" > "$QCTL_RESULT_FILE"'
    expect((await sandbox.qctl(['consume', '-Q', 'sum', '--drain', '--shell', script])).status).toBe(0)
    const job = await show(sandbox, 1)
    expect(job).toMatchObject({state: 'done', result: sum, payload: null})
    expect(Buffer.from(job.payload_base64 ?? '', 'base64')).toEqual(bytes)
  })

  test('of an argument that is no UTF-8 are kept', () => {
    const sandbox = new Sandbox()
    const {stdout} = spawnSync('bash', ['-c', `"$Q" produce -q $'a\\xffb' >/dev/null && "$Q" jobs show 1 --raw`], {
      env: {Q: BINARY, HOME: sandbox.home, PATH: process.env['PATH']},
    })
    expect([...stdout]).toEqual([0x61, 0xff, 0x62])
  })
})

describe('the short way around oclif', () => {
  /** Runs it the short way and, with `--columns`, which only oclif's way takes. */
  async function bothWays(args: readonly string[], before: readonly string[] = []): Promise<void> {
    const [short, long] = [new Sandbox(), new Sandbox()]
    for (const sandbox of [short, long]) if (before.length > 0) await sandbox.qctl(before)
    const one = await short.qctl(['produce', ...args])
    const other = await long.qctl(['produce', '--columns=id', ...args])
    expect({...one, stderr: one.stderr.replaceAll(short.home, '~')}).toEqual({...other, stderr: other.stderr.replaceAll(long.home, '~')})
    if (one.status !== 0) return
    const [first, second] = await Promise.all([show(short, '@last'), show(long, '@last')])
    const times = {created_at: null, updated_at: null, run_at: null, assigned_until: null}
    expect({...first, ...times}).toEqual({...second, ...times})
  }

  test.each([
    [['a']], [['a', 'b', '-Q', 'mail']], [['--json', 'a', 'b']], [['-o', 'ndjson', 'a']], [['-o', 'id', 'a']], [['-o', 'wide', 'a']], [['-q', 'a']],
    [['--priority=5', '--tag', 'a,b', '--tag=c', '--key=k', '--type', 'x/y', '--max-attempts', '2', '--timeout', '3s', '--assign', 'z', 'p']], [['--no-create', 'a']],
    [['--delay', '1h', 'x']], [['--', '-x', '--y']], [['--db', '/dev/null/x', 'a', '--json']], [['--db', '/', 'a']], [['--db', '/dev/null', 'a']],
    [['--config', '/nonexistent', 'a']], [['']], [['ä\u{1f600}\n']], [['--lock-timeout', '1s', 'a']], [['--key', '', 'a']], [['-Q', 'a b', 'x']], [['--priority', '1001', 'x']],
  ])('%j', (args) => bothWays(args))

  test.each(['/dev/full', '&-'])('stdout that cannot be written: %s', (target) => {
    const [short, long] = ['', '--columns=id'].map((flag) => {
      const {status, stderr} = spawnSync('bash', ['-c', `"$Q" produce -q x ${flag} >${target}`], {
        encoding: 'utf8',
        env: {Q: BINARY, HOME: new Sandbox().home, PATH: process.env['PATH']},
      })
      return {status, stderr}
    })
    expect(short).toEqual(long ?? {status: null, stderr: ''})
  })
  test('a held key', () => bothWays(['--key', 'k', 'x'], ['produce', '--key', 'k', 'x']))
  test('a payload that is too large', () => bothWays(['-Q', 't', 'four'], ['queues', 'create', 't', '--max-payload', '3']))
})

describe('wrong use', () => {
  test.each([
    ['--lines', 'x'], ['--ndjson', 'x'], ['--generate', 'd', 'x'], ['--lines', '--ndjson'], ['--lines', '--file'], ['--batch', '5', 'x'], ['--batch', '0', '--lines'], ['--every', '5s', 'x'], ['--every', '0s', '--generate', 'd'],
    ['--count', '1', 'x'], ['--delay', '5', 'x'], ['--delay', '1s', '--at', 'now', 'x'], ['--at', 'noonish', 'x'], ['--priority', '1.5', 'x'], ['--priority', '1001', 'x'], ['--priority', 'high', 'x'], ['-Q', '', 'x'], ['-Q', 'a b', 'x'],
    ['-Q', 'ü', 'x'], ['-Q', 'x'.repeat(129), 'x'], ['--key', '', 'x'], ['--key', 'x'.repeat(513), 'x'], ['--tag', 'a b', 'x'], ['--type', 'a\nb', 'x'], ['--max-attempts', '0', 'x'], ['--timeout', '0s', 'x'], ['--for', '1m', 'x'],
    ['--bogus', 'x'], ['--output', 'tabel', 'x'], ['--columns'],
  ].map((args) => [args] as const))('%j', async (args) => {
    const sandbox = new Sandbox()
    const {status, stdout, stderr} = await sandbox.qctl(['produce', ...args])
    expect({status, stdout}).toEqual({status: 2, stdout: ''})
    expect(stderr).toMatch(/^qctl: [^\n]+\n$/)
    expect(existsSync(sandbox.database)).toBe(false)
  })
})

test('| head -1 ends well', () => {
  const sandbox = new Sandbox()
  const {status, stdout, stderr} = spawnSync('bash', ['-c', 'set -o pipefail; seq 20000 | "$Q" produce --lines -q | head -1'], {
    encoding: 'utf8',
    env: {Q: BINARY, HOME: sandbox.home, PATH: process.env['PATH']},
  })
  expect({status, stdout, stderr}).toEqual({status: 0, stdout: '1\n', stderr: ''})
})
