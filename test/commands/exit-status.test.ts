import {describe, expect, test} from 'bun:test'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {Sandbox} from '../support/binary.ts'
import {waitFor} from '../support/wait-for.ts'

type Facts = Readonly<Record<string, unknown>>

/** A queue whose retries do not keep a test waiting. */
async function quick(...settings: readonly string[]): Promise<Sandbox> {
  const sandbox = new Sandbox()
  await sandbox.qctl(['init'])
  await sandbox.qctl(['queues', 'create', 'default', '--backoff', 'fixed:2ms', ...settings])
  return sandbox
}

async function job(sandbox: Sandbox, id = 1): Promise<Facts> {
  return (await sandbox.json(['jobs', 'show', String(id)])) as Facts
}

/** Produces that many jobs and ends after so many runs of a script. */
async function runs(sandbox: Sandbox, script: string, count: number, {jobs = 1, flags = []}: {readonly jobs?: number; readonly flags?: readonly string[]} = {}) {
  await sandbox.qctl(['produce', ...Array<string>(jobs).fill('x')])
  return sandbox.qctl(['consume', '--max-jobs', String(count), ...flags, '--shell', script])
}

async function queue(sandbox: Sandbox): Promise<Facts> {
  return (await sandbox.json(['queues', 'show', 'default'])) as Facts
}

/** When it runs next, from now. */
function waitOf(shown: Facts): number {
  return Date.parse(String(shown['run_at'])) - Date.now()
}

describe('an exit status', () => {
  test.each<[string, Facts]>([
    ['exit 0', {state: 'done', attempts: 1, crashes: 0, snoozes: 0}],
    ['exit 1', {state: 'pending', attempts: 1, crashes: 0, snoozes: 0, error: 'exit status 1'}],
    ['exit 65', {state: 'failed', reason: 'permanent', attempts: 1, error: 'exit status 65'}],
    ['exit 75', {state: 'pending', attempts: 0, snoozes: 1}],
    ['exit 78', {state: 'pending', attempts: 0, crashes: 0, snoozes: 0}],
    ['exit 126', {state: 'pending', attempts: 0, crashes: 0}],
    ['exit 127', {state: 'pending', attempts: 0, crashes: 0}],
    ['exit 139', {state: 'pending', attempts: 1, crashes: 0}],
    ['kill -SEGV $$', {state: 'pending', attempts: 1, crashes: 1, error: 'killed by SIGSEGV'}],
    ['kill -KILL $$', {state: 'pending', attempts: 1, crashes: 1, error: 'killed by SIGKILL'}],
  ])('%s', async (script, facts) => {
    const sandbox = await quick()
    await runs(sandbox, script, 1)
    expect(await job(sandbox)).toMatchObject(facts)
    expect(await queue(sandbox)).toMatchObject({paused: script === 'exit 78'})
  })

  test('a handler that does not read its stdin has not failed', async () => {
    const sandbox = await quick('--max-payload', '9M')
    await sandbox.qctl(['produce', '-'], {stdin: new Uint8Array(8 * 1024 * 1024)})
    await sandbox.qctl(['consume', '--drain', '--', 'true'])
    expect(await job(sandbox)).toMatchObject({state: 'done', attempts: 1})
  })

  test('crashes have a limit of their own, and beat the attempts', async () => {
    const sandbox = await quick('--max-attempts', '3')
    await runs(sandbox, 'kill -SEGV $$', 3)
    expect(await job(sandbox)).toMatchObject({state: 'failed', reason: 'poison', attempts: 3, crashes: 3})
  })
})

describe('75', () => {
  test('the 101st snooze counts as a failure', async () => {
    const sandbox = await quick('--max-attempts', '1')
    await runs(sandbox, 'exit 75', 100)
    expect(await job(sandbox)).toMatchObject({state: 'pending', attempts: 0, snoozes: 100})
    await sandbox.qctl(['consume', '--max-jobs', '1', '--shell', 'exit 75'])
    expect(await job(sandbox)).toMatchObject({state: 'failed', reason: 'attempts', attempts: 1, snoozes: 100})
  })
})

describe('78', () => {
  test('pauses the queue, says why, and everything goes on once it is resumed', async () => {
    const sandbox = await quick()
    const {stderr} = await runs(sandbox, 'echo no such licence >&2; exit 78', 1, {jobs: 2})
    expect(await queue(sandbox)).toMatchObject({paused: true, paused_reason: 'exit status 78: no such licence'})
    expect(stderr).toContain('no such licence')
    expect((await sandbox.qctl(['consume', '--drain', '--', 'true'])).status).toBe(0)
    expect(await queue(sandbox)).toMatchObject({counts: {pending: 2, done: 0}})
    await sandbox.qctl(['queues', 'resume', 'default'])
    await sandbox.qctl(['consume', '--drain', '--', 'true'])
    expect(await queue(sandbox)).toMatchObject({paused: false, counts: {pending: 0, done: 2}})
  })
})

describe('126 and 127', () => {
  test.each([
    [['--shell', 'exit 127'], 'exit status 127'],
    [['--shell', 'exit 126'], 'exit status 126'],
    [['--', '/nonexistent'], '/nonexistent'],
    [['--', '/etc/passwd'], '/etc/passwd'],
  ] as const)('%j three times in a row: the queue is paused, nothing is spent', async (handler, named) => {
    const sandbox = await quick()
    await sandbox.qctl(['produce', 'x'])
    await sandbox.qctl(['consume', '--max-jobs', '2', ...handler])
    expect(await queue(sandbox)).toMatchObject({paused: false})
    await sandbox.qctl(['consume', '--max-jobs', '3', ...handler])
    expect(await job(sandbox)).toMatchObject({state: 'pending', attempts: 0, crashes: 0, fence: 5})
    const {paused, paused_reason: reason} = await queue(sandbox)
    expect({paused, reason}).toEqual({paused: true, reason: expect.stringMatching(/\(3 times in a row\)$/)})
    expect(String(reason)).toContain(named)
  })

  test('the first two wait for the backoff', async () => {
    const sandbox = await quick()
    await sandbox.qctl(['queues', 'set', 'default', '--backoff', 'fixed:1h'])
    await runs(sandbox, 'exit 127', 2, {jobs: 2})
    for (const id of [1, 2]) expect(await job(sandbox, id)).toMatchObject({state: 'pending', attempts: 0})
    expect(await queue(sandbox)).toMatchObject({paused: false})
  })

  test('any other end in between begins the row anew, and so does another queue', async () => {
    const sandbox = await quick()
    await runs(sandbox, 'test -e seen && exit 127; test $QCTL_FENCE = 3 && : > seen; test $QCTL_FENCE = 3 && exit 1; exit 127', 5)
    expect(await queue(sandbox)).toMatchObject({paused: false})
    expect(await job(sandbox)).toMatchObject({state: 'pending', attempts: 1, fence: 5})
    const other = await quick()
    await other.qctl(['produce', 'a', 'b'])
    await other.qctl(['produce', '-Q', 'second', 'a', 'b'])
    await other.qctl(['queues', 'set', 'default', '--backoff', 'fixed:1h'])
    await other.qctl(['queues', 'set', 'second', '--backoff', 'fixed:1h'])
    await other.qctl(['consume', '-Q', 'default,second', '--max-jobs', '4', '--', '/nonexistent'])
    expect(await other.json(['queues', 'list'])).toMatchObject({items: [{paused: false}, {paused: false}]})
  })
})

describe('--on-exit', () => {
  test.each<[string, string, Facts]>([
    ['3=done', 'exit 3', {state: 'done'}],
    ['3=fail', 'exit 3', {state: 'failed', reason: 'permanent'}],
    ['3=snooze', 'exit 3', {state: 'pending', attempts: 0, snoozes: 1}],
    ['0=retry', 'exit 0', {state: 'pending', attempts: 1}],
    ['65=retry', 'exit 65', {state: 'pending', attempts: 1}],
    ['78=retry', 'exit 78', {state: 'pending', attempts: 1}],
    ['127=fail', 'exit 127', {state: 'failed', reason: 'permanent'}],
    ['3=done,4=fail', 'exit 4', {state: 'failed', reason: 'permanent'}],
    ['3=done', 'exit 75', {state: 'pending', attempts: 0, snoozes: 1}],
  ])('%s: %s', async (policy, script, facts) => {
    const sandbox = await quick()
    await runs(sandbox, script, 1, {flags: ['--on-exit', policy]})
    expect(await job(sandbox)).toMatchObject(facts)
    expect(await queue(sandbox)).toMatchObject({paused: false})
  })

  test('with a time that beats the backoff, and a pause for any status', async () => {
    const sandbox = await quick()
    await sandbox.qctl(['produce', '75', '3', '4'])
    await sandbox.qctl(['consume', '--max-jobs', '3', '--on-exit', '75=retry:10m,3=snooze:20m,4=pause-queue', '--shell', 'exit $(cat)'])
    const [retried, snoozed, paused] = [await job(sandbox, 1), await job(sandbox, 2), await job(sandbox, 3)]
    expect([retried, snoozed, paused]).toMatchObject([{attempts: 1, snoozes: 0}, {attempts: 0, snoozes: 1}, {attempts: 0, snoozes: 0}])
    expect(waitOf(retried)).toBeGreaterThan(590_000)
    expect(waitOf(retried)).toBeLessThan(600_001)
    expect(waitOf(snoozed)).toBeGreaterThan(1_190_000)
    expect(await queue(sandbox)).toMatchObject({paused: true, paused_reason: 'exit status 4'})
  })
})

describe('--drain', () => {
  test('is not held by what cannot be claimed now: scheduled, backing off, paused, assigned to another', async () => {
    const sandbox = await quick()
    await sandbox.qctl(['queues', 'create', 'paused'])
    await sandbox.qctl(['queues', 'pause', 'paused'])
    await sandbox.qctl(['queues', 'set', 'default', '--backoff', 'fixed:1h'])
    await sandbox.qctl(['produce', '-Q', 'paused', 'x'])
    await sandbox.qctl(['produce', '--delay', '1h', 'x'])
    await sandbox.qctl(['produce', '--assign', 'other', 'x'])
    await sandbox.qctl(['produce', 'x'])
    expect((await sandbox.qctl(['consume', '-Q', 'default,paused', '--drain', '--', 'false'])).status).toBe(0)
    expect(await sandbox.json(['jobs', 'list', '--sort', 'id:asc'])).toMatchObject({items: [{attempts: 0}, {attempts: 0}, {attempts: 0}, {attempts: 1}]})
  })

  test('waits for what another one processes in these queues, and takes it when it comes back', async () => {
    await using sandbox = await quick()
    await sandbox.qctl(['produce', 'x'])
    const first = sandbox.start(['consume', '--max-jobs', '1', '--shell', ': > began; until [ -e go ]; do sleep 0.02; done; exit 1'])
    await waitFor(() => existsSync(join(sandbox.home, 'began')), {what: 'the first handler'})
    // The queue of this one has nothing to do with it.
    expect((await sandbox.qctl(['consume', '-Q', 'elsewhere', '--drain', '--', 'true'])).status).toBe(0)
    const drain = sandbox.start(['consume', '--drain', '--shell', ':'])
    await waitFor(() => drain.stderr.includes('consumer started'), {what: 'the drain'})
    await sandbox.qctl(['produce', 'y'])
    await waitFor(async () => (await job(sandbox, 2))['state'] === 'done', {what: 'the drain to work'})
    await Bun.write(join(sandbox.home, 'go'), '')
    expect((await drain.finished()).status).toBe(0)
    expect(await job(sandbox, 1)).toMatchObject({state: 'done', attempts: 2})
    await first.finished()
  })
})
