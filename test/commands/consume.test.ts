import {describe, expect, test} from 'bun:test'
import {existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {Sandbox} from '../support/binary.ts'
import {waitFor} from '../support/wait-for.ts'

interface Shown {
  readonly state: string
  readonly attempts_list: readonly {readonly outcome: string; readonly exit_code: number | null}[]
}

async function show(sandbox: Sandbox, id: number): Promise<Shown> {
  return (await sandbox.json(['jobs', 'show', String(id)])) as Shown
}

describe('consume', () => {
  test('runs a command per job: payload on stdin, facts in the environment', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', '-Q', 'q', 'one', 'two'])
    const script = 'printf "%s %s %s %s" "$(cat)" "$QCTL_JOB_ID" "$QCTL_QUEUE" "$QCTL_ATTEMPT" > "$QCTL_RESULT_FILE"'
    expect((await sandbox.qctl(['consume', '-Q', 'q', '--drain', '--', 'sh', '-c', script])).status).toBe(0)
    expect(await show(sandbox, 1)).toMatchObject({state: 'done', result: 'one 1 q 1', attempts: 1})
    expect(await show(sandbox, 2)).toMatchObject({result: 'two 2 q 1'})
  })

  test('arguments reach the command untouched, also those that look like flags', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x'])
    await sandbox.qctl(['consume', '--drain', '--', 'sh', '-c', 'printf "%s|" "$@" > "$QCTL_RESULT_FILE"', 'sh', '-Q', '--', 'a b', '$HOME', ''])
    expect(await show(sandbox, 1)).toMatchObject({result: '-Q|--|a b|$HOME||'})
  })

  test('tries again and fails in the end', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['init'])
    await sandbox.qctl(['queues', 'create', 'q', '--max-attempts', '3', '--backoff', 'fixed:10ms'])
    await sandbox.qctl(['produce', '-Q', 'q', 'x'])
    await sandbox.qctl(['consume', '-Q', 'q', '--max-jobs', '3', '--shell', 'exit 3'])
    expect(await show(sandbox, 1)).toMatchObject({state: 'failed', reason: 'attempts', attempts: 3, attempts_list: [{exit_code: 3}, {exit_code: 3}, {exit_code: 3}]})
  })

  test('--on-exit changes what an exit status means', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x', 'y'])
    await sandbox.qctl(['consume', '--max-jobs', '1', '--on-exit', '3=fail', '--shell', 'exit 3'])
    expect(await show(sandbox, 1)).toMatchObject({state: 'failed', reason: 'permanent'})
  })

  test('--handler timestamp writes the time at the top of the file; --remove-file then deletes it', async () => {
    const sandbox = new Sandbox()
    const path = join(sandbox.home, 'a.txt')
    writeFileSync(path, 'hello\n')
    await sandbox.qctl(['produce', '--file', 'a.txt'])
    await sandbox.qctl(['consume', '--handler', 'timestamp', '--drain'])
    expect(readFileSync(path, 'utf8')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z\nhello\n$/)
    await sandbox.qctl(['produce', '--file', 'a.txt'])
    await sandbox.qctl(['consume', '--handler', 'timestamp', '--drain', '--remove-file'])
    expect(existsSync(path)).toBe(false)
  })

  test('--handler timestamp in two databases whose jobs have the same id: neither touches what the other writes', async () => {
    await using sandbox = new Sandbox()
    const [one, two] = ['one.db', 'two.db'].map(name => join(sandbox.home, name)) as [string, string]
    const [long, short] = ['long', 'short'].map(name => join(sandbox.home, name)) as [string, string]
    writeFileSync(long, '')
    truncateSync(long, 200_000_000)
    writeFileSync(short, 'x')
    await sandbox.qctl(['--db', one, 'produce', '--file', long])
    await sandbox.qctl(['--db', two, 'produce', '--file', short])
    // The first run of the other job fails: the second clears up after it.
    await sandbox.qctl(['--db', two, 'consume', '--max-jobs', '1', '--on-exit', '1=retry:0s', '--', 'false'])
    const first = sandbox.start(['--db', one, 'consume', '--drain', '--handler', 'timestamp'])
    await waitFor(() => readdirSync(sandbox.home).some(name => name.startsWith('.qctl-stamp-')))
    first.kill('SIGSTOP')
    expect((await sandbox.qctl(['--db', two, 'consume', '--drain', '--handler', 'timestamp'])).status).toBe(0)
    expect(readFileSync(short, 'utf8')).toMatch(/^\S+Z\nx$/)
    expect(statSync(long).size).toBe(200_000_000)
    first.kill('SIGCONT')
    await first.finished()
    const {state, attempts_list} = (await sandbox.json(['--db', one, 'jobs', 'show', '1'])) as Shown
    expect([state, attempts_list.length]).toEqual(['done', 1])
  })

  test('TERM lets the handler finish within the grace and ends with 0', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x', 'y'])
    const running = sandbox.start(['consume', '--grace', '10s', '--shell', 'sleep 0.3'])
    await waitFor(async () => (await show(sandbox, 1)).state === 'processing', {what: 'the first job to start'})
    running.kill('SIGTERM')
    expect((await running.finished()).status).toBe(0)
    expect(await show(sandbox, 1)).toMatchObject({state: 'done'})
    expect(await show(sandbox, 2)).toMatchObject({state: 'pending', attempts: 0})
  })

  test('a handler that ends with 0 on TERM has not done its work: the job goes back unharmed and runs again', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x'])
    const script = 'trap "exit 0" TERM; : > ready; while :; do sleep 0.02; done'
    const running = sandbox.start(['consume', '--grace', '1ms', '--shell', script])
    await waitFor(() => existsSync(join(sandbox.home, 'ready')))
    running.kill('SIGTERM')
    expect((await running.finished()).status).toBe(0)
    expect(await show(sandbox, 1)).toMatchObject({state: 'pending', attempts: 0, attempts_list: [{outcome: 'released', exit_code: 0}]})
    await sandbox.qctl(['consume', '--drain', '--', 'true'])
    expect(await show(sandbox, 1)).toMatchObject({state: 'done', attempts: 1})
  })

  test('a second signal ends it at once, and the job goes back unharmed', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x'])
    const running = sandbox.start(['consume', '--grace', '1h', '--shell', 'trap "" TERM; sleep 60'])
    await waitFor(async () => (await show(sandbox, 1)).state === 'processing', {what: 'the job to start'})
    running.kill('SIGINT')
    await waitFor(() => running.stderr.includes('stopping'), {what: 'the stop'})
    running.kill('SIGINT')
    expect((await running.finished()).status).toBe(130)
    expect(await show(sandbox, 1)).toMatchObject({state: 'pending', attempts: 0})
  })

  test('waits for a queue that does not exist yet, and says so', async () => {
    await using sandbox = new Sandbox()
    const running = sandbox.start(['consume', '-Q', 'later', '--', 'true'])
    await waitFor(() => running.stderr.includes('no such queue yet'), {what: 'the warning'})
    await sandbox.qctl(['produce', '-Q', 'later', 'x'])
    await sandbox.qctl(['jobs', 'wait', '1', '--for', '10s'])
    expect(await show(sandbox, 1)).toMatchObject({state: 'done'})
    running.kill('SIGTERM')
    expect((await running.finished()).status).toBe(0)
  })

  test('does not say that it waits for one that it drains', async () => {
    const {status, stderr} = await new Sandbox().qctl(['consume', '-Q', 'later', '--drain', '--', 'true'])
    expect(status).toBe(0)
    expect(stderr).toContain('no such queue: nothing to drain there')
    expect(stderr).not.toContain('waiting')
  })

  test('one that drained tells what it leaves behind, and why', async () => {
    const sandbox = new Sandbox()
    const drain = async (): Promise<string> => (await sandbox.qctl(['consume', '-Q', 'own,other', '--drain', '--name', 'ann', '--', 'true'])).stderr
    await sandbox.qctl(['produce', '-Q', 'own', 'x', 'y'])
    await sandbox.qctl(['produce', '-Q', 'other', 'z'])
    await sandbox.qctl(['queues', 'pause', 'own', '--reason', 'disk full'])
    const first = await drain()
    expect(first).toMatch(/"msg":"2 jobs stay","queue":"own","oldest":1,"why":"queue own was paused \S+ ago: disk full"/)
    expect(first.match(/stay/g)).toHaveLength(1)
    await sandbox.qctl(['queues', 'resume', 'own'])
    await sandbox.qctl(['jobs', 'assign', '2', '--consumer', 'bob'])
    expect(await drain()).toMatch(/"msg":"1 job stays","queue":"own","oldest":2,"why":"only consumer bob may take it, until .*, and there is none of that name"/)
    await sandbox.qctl(['jobs', 'delete', '2'])
    await sandbox.qctl(['produce', '-Q', 'other', '--delay', '1h', 'z'])
    expect(await drain()).toMatch(/"msg":"1 job stays","queue":"other","oldest":4,"why":"it is not to run before /)
    await sandbox.qctl(['jobs', 'delete', '4'])
    expect(await drain()).not.toContain('stay')
  })

  test('two of one name: the second exits 4', async () => {
    await using sandbox = new Sandbox()
    const first = sandbox.start(['consume', '--name', 'c', '--', 'true'])
    await waitFor(() => first.stderr.includes('consumer started'), {what: 'the first'})
    const second = await sandbox.qctl(['consume', '--name', 'c', '--', 'true'])
    expect(second.status).toBe(4)
    expect(await sandbox.json(['consumers', 'list'])).toMatchObject({items: [{name: 'c', pid: first.pid, queues: ['default'], concurrency: 1, alive: 'yes', jobs: 0}]})
  })

  test('logs JSON lines when nobody watches, text when asked', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x'])
    const {stderr, stdout} = await sandbox.qctl(['consume', '--drain', '--', 'true'])
    const lines = stderr.trim().split('\n').map((line) => JSON.parse(line) as {msg: string; job?: number})
    expect(lines.find(({msg}) => msg === 'job done')).toMatchObject({level: 'info', job: 1, outcome: 'done'})
    expect(stdout).toBe('')
    await sandbox.qctl(['produce', 'x'])
    expect((await sandbox.qctl(['consume', '--drain', '--log-format', 'text', '--', 'true'])).stderr).toMatch(/ info +job done job=2 /)
    expect((await sandbox.qctl(['consume', '--drain', '-q', '--', 'true'])).stderr).toBe('')
  })

  test.each([
    [], ['-Q', 'q'], ['cmd'], ['--shell', 'x', '--', 'y'], ['--shell', 'x', '--handler', 'timestamp'], ['--handler', 'bogus'], ['-c', '0', '--', 'x'], ['-c', 'many', '--', 'x'], ['--lease', '5', '--', 'x'], ['--lease', '1ms', '--', 'x'],
    ['--grace', '-1s', '--', 'x'], ['--timeout', '0s', '--', 'x'], ['--max-jobs', '0', '--', 'x'], ['--name', 'a b', '--', 'x'], ['-Q', 'a b', '--', 'x'], ['--on-exit', '75=later', '--', 'x'], ['--on-exit', '300=done', '--', 'x'],
    ['--log-format', 'xml', '--', 'x'], ['--max-rss', '0', '--', 'x'], ['--max-age', '5', '--', 'x'], ['--workers', '2', '--', 'x'], ['--stream', 'x', '--module', 'y'], ['--stream', 'x', '--', 'y'], ['--on-exit', '3=fail', '--stream', 'x'],
  ].map((args) => [args] as const))('%j is refused', async (args) => {
    const sandbox = new Sandbox()
    const {status, stdout, stderr} = await sandbox.qctl(['consume', '--drain', ...args])
    expect({status, stdout}).toEqual({status: 2, stdout: ''})
    expect(stderr).toMatch(/^qctl: [^\n]+\n$/)
    expect(existsSync(sandbox.database)).toBe(false)
  })
})

describe('reap', () => {
  test('--once gives back what a dead consumer held', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x'])
    const consumer = sandbox.start(['consume', '--', 'sleep', '60'])
    await waitFor(async () => (await show(sandbox, 1)).state === 'processing', {what: 'the job to start'})
    consumer.kill('SIGKILL')
    await consumer.finished()
    expect(await sandbox.json(['reap', '--once', '-n'])).toMatchObject({reaped: [{id: 1, queue: 'default', cause: 'consumer_died'}], dry_run: true})
    expect(await show(sandbox, 1)).toMatchObject({state: 'processing'})
    expect(await sandbox.json(['reap', '--once'])).toMatchObject({reaped: [{id: 1, cause: 'consumer_died', to: 'pending'}], deleted: {done: 0, failed: 0, cancelled: 0}})
    expect(await show(sandbox, 1)).toMatchObject({state: 'pending', crashes: 1})
  })

  test('-n counts what is past its retention', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['init'])
    await sandbox.qctl(['queues', 'create', 'q', '--retention', 'done=1ms,cancelled=never'])
    await sandbox.qctl(['produce', '-Q', 'q', 'x', 'y', 'z'])
    await sandbox.qctl(['jobs', 'cancel', '3'])
    await sandbox.qctl(['consume', '-Q', 'q', '--max-jobs', '2', '--', 'true'])
    const kept = async (): Promise<number> => (await sandbox.qctl(['jobs', 'list', '-o', 'id'])).stdout.split('\n').length - 1
    const before = await kept()
    const {stdout, stderr} = await sandbox.qctl(['reap', '-n', '--json'])
    const {deleted} = JSON.parse(stdout) as {deleted: object}
    // The consumer may have deleted some itself.
    expect([deleted, await kept()]).toEqual([{done: before - 1, failed: 0, cancelled: 0}, before])
    expect(stderr).toContain(`and delete ${before - 1} old job`)
    expect(await sandbox.json(['reap', '--once'])).toMatchObject({deleted, dry_run: false})
  })

  test('goes on until told to stop', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['init'])
    await sandbox.qctl(['queues', 'create', 'q', '--retention', 'done=0s'])
    await sandbox.qctl(['produce', '-Q', 'q', 'x'])
    const reaper = sandbox.start(['reap', '--every', '50ms'])
    await sandbox.qctl(['consume', '-Q', 'q', '--drain', '--', 'true'])
    await waitFor(async () => (await sandbox.qctl(['jobs', 'show', '1'])).status === 66, {what: 'the job to be deleted'})
    reaper.kill('SIGTERM')
    expect((await reaper.finished()).status).toBe(0)
    expect((await sandbox.qctl(['reap', '--once', '--every', '5s'])).status).toBe(2)
  })
})

describe('init', () => {
  test('makes a database and leaves one as it is', async () => {
    const sandbox = new Sandbox()
    const made = (await sandbox.json(['init', '--durability', 'normal'])) as object
    expect(made).toEqual({location: sandbox.database, created: true, engine: 'sqlite', schema_version: 2, durability: 'normal', dry_run: false})
    expect(await sandbox.json(['init'])).toEqual({...made, created: false})
    expect((await sandbox.qctl(['init', '--durability', 'full'])).status).toBe(4)
    expect((await sandbox.qctl(['init', '--durability', 'half'])).status).toBe(2)
  })

  test('--dry-run says how the database stands, with the names of the real document', async () => {
    const sandbox = new Sandbox()
    const missing = (await sandbox.json(['init', '-n', '--durability', 'normal'])) as object
    expect(missing).toEqual({location: sandbox.database, created: true, engine: null, schema_version: null, durability: 'normal', dry_run: true})
    expect(existsSync(sandbox.database)).toBe(false)
    const made = (await sandbox.json(['init'])) as object
    expect(await sandbox.json(['init', '-n'])).toEqual({...made, created: false, dry_run: true})
    expect((await sandbox.qctl(['init', '-n'])).stderr).toBe(`the database ${sandbox.database} is up to date; nothing was changed\n`)
    expect((await sandbox.qctl(['init', '-n', '--durability', 'normal'])).status).toBe(4)
    const db = new DatabaseSync(sandbox.database)
    db.exec('PRAGMA user_version = 1')
    db.close()
    expect(await sandbox.qctl(['init', '-n'])).toMatchObject({status: 0, stderr: expect.stringMatching(/^would bring the database \S+ up to date; nothing/)})
  })

  test('a foreign file is refused and untouched', async () => {
    const sandbox = new Sandbox()
    const path = join(sandbox.home, 'notes.txt')
    writeFileSync(path, 'not a database, just my notes\n'.repeat(50))
    const before = readFileSync(path)
    for (const args of [['init'], ['produce', 'x'], ['jobs', 'list'], ['reap', '--once']]) {
      expect({args, status: (await sandbox.qctl([...args, '--db', path])).status}).toEqual({args, status: 65})
    }
    expect(readFileSync(path)).toEqual(before)
    expect((await sandbox.qctl(['init', '-n', '--db', join(sandbox.home, 'new.db')])).status).toBe(0)
    expect(existsSync(join(sandbox.home, 'new.db'))).toBe(false)
  })
})
