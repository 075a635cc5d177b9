import {describe, expect, test} from 'bun:test'
import {Sandbox} from '../support/binary.ts'

async function sandboxWith(...queues: readonly string[]): Promise<Sandbox> {
  const sandbox = new Sandbox()
  await sandbox.qctl(['init'])
  for (const queue of queues) await sandbox.qctl(['queues', 'create', queue])
  return sandbox
}

describe('queues create and set', () => {
  test('--dry-run says what would change in the words of the flags, and programs get the queue', async () => {
    const sandbox = await sandboxWith()
    const flags = ['--lease', '1m', '--retention', 'done=1d', '--timeout', 'none']
    const foreseen = await sandbox.json(['queues', 'create', 'mail', ...flags, '-n'])
    expect((await sandbox.qctl(['queues', 'create', 'mail', ...flags, '-n'])).stderr).toBe('would create queue mail and set lease, timeout, retention; nothing was changed\n')
    expect((await sandbox.qctl(['queues', 'list', '-o', 'id'])).stdout).toBe('')
    expect(foreseen).toEqual(await sandbox.json(['queues', 'create', 'mail', ...flags]))
    expect((await sandbox.qctl(['queues', 'create', 'mail', '-n'])).status).toBe(4)
    expect((await sandbox.qctl(['queues', 'set', 'mail', '--lease', 'default', '-n'])).stderr).toBe('would change lease of queue mail; nothing was changed\n')
  })

  test('every setting', async () => {
    const sandbox = await sandboxWith()
    const flags = [
      '--max-attempts', '5', '--backoff', 'exp:2s..10m*3', '--crash-limit', '2', '--lease', '1m', '--timeout', '90s', '--concurrency', '4', '--retention', 'done=1d,failed=never',
      '--key-window', '1h', '--max-payload', '64k', '--dead-letter', 'lost',
    ]
    expect(await sandbox.json(['queues', 'create', 'mail', ...flags])).toEqual({
      name: 'mail', paused: false, paused_reason: null, counts: {pending: 0, scheduled: 0, processing: 0, done: 0, failed: 0, cancelled: 0}, scheduled_is_more: false, oldest_pending_ms: null,
      settings: {
        max_attempts: 5, backoff: {base_ms: 2000, cap_ms: 600_000, factor: 3}, crash_limit: 2, lease_ms: 60_000, timeout_ms: 90_000, concurrency: 4,
        retention: {done_ms: 86_400_000, failed_ms: null, cancelled_ms: 604_800_000}, key_window_ms: 3_600_000, max_payload_bytes: 65_536, dead_letter: 'lost',
      },
      retry_window_ms: 2000 + 6000 + 18_000 + 54_000,
    })
    expect((await sandbox.qctl(['queues', 'list', '-o', 'id'])).stdout).toBe('lost\nmail\n')
    expect((await sandbox.qctl(['queues', 'show', 'mail', '-o', 'id'])).stdout).toBe('mail\n')
    expect((await sandbox.qctl(['queues', 'list', '-o', 'csv', '--columns', 'name,pending,oldest_pending_ms,timeout_ms,backoff'])).stdout.split('\r\n')).toEqual([
      'name,pending,oldest_pending_ms,timeout_ms,backoff', 'lost,0,,,"{""base_ms"":1000,""cap_ms"":3600000,""factor"":4}"', 'mail,0,,90000,"{""base_ms"":2000,""cap_ms"":600000,""factor"":3}"', '',
    ])
    const back = ['--timeout', 'none', '--concurrency', 'none', '--dead-letter', 'none', '--lease', 'default', '--retention', 'failed=1h', '--max-attempts', 'default']
    expect(await sandbox.json(['queues', 'set', 'mail', ...back])).toMatchObject({
      settings: {
        max_attempts: 8, lease_ms: 30_000, timeout_ms: null, concurrency: null, dead_letter: null, crash_limit: 2,
        retention: {done_ms: 86_400_000, failed_ms: 3_600_000, cancelled_ms: 604_800_000},
      },
    })
  })

  test('0, 2, 4, 66', async () => {
    const sandbox = await sandboxWith('a', 'b')
    const status = async (...args: string[]): Promise<number> => (await sandbox.qctl(['queues', ...args])).status
    expect(await status('create', 'a')).toBe(4)
    expect(await status('set', 'nope', '--lease', '5s')).toBe(66)
    expect(await status('show', 'nope')).toBe(66)
    expect(await status('set', 'a')).toBe(2)
    expect(await status('set', 'a', '--dead-letter', 'a')).toBe(4)
    expect(await status('set', 'a', '--dead-letter', 'b')).toBe(0)
    expect(await status('set', 'b', '--dead-letter', 'a')).toBe(4)
    expect(await status('show')).toBe(2)
    expect(await status('show', 'a', 'b')).toBe(2)
    expect((await sandbox.qctl(['queues', 'show', 'c'])).stderr).toMatch(/no queue c in /)
  })

  test('--dry-run changes nothing', async () => {
    const sandbox = await sandboxWith('a')
    await sandbox.qctl(['queues', 'set', 'a', '--lease', '5s', '-n'])
    await sandbox.qctl(['queues', 'create', 'b', '-n'])
    await sandbox.qctl(['queues', 'pause', 'a', '-n'])
    await sandbox.qctl(['queues', 'delete', 'a', '-n'])
    expect(await sandbox.json(['queues', 'list'])).toMatchObject({items: [{name: 'a', paused: false, settings: {lease_ms: 30_000}}], next: null})
  })

  test.each([
    ['--max-attempts', '0'], ['--max-attempts', '1.5'], ['--backoff', 'exp:1s'], ['--backoff', '5'], ['--backoff', 'exp:1h..1s'], ['--crash-limit', '0'], ['--lease', '5'], ['--lease', '10ms'], ['--lease', '-5s'],
    ['--timeout', '0s'], ['--concurrency', '0'], ['--retention', 'done'], ['--retention', 'pending=1d'], ['--retention', 'done=1d,done=2d'], ['--retention', 'done=5'], ['--key-window', 'x'], ['--max-payload', '0'],
    ['--max-payload', '257M'], ['--max-payload', '1e3'], ['--dead-letter', 'a b'], ['--bogus'],
  ].map((flags) => [flags] as const))('%j is refused', async (flags) => {
    const sandbox = await sandboxWith('a')
    const {status, stdout, stderr} = await sandbox.qctl(['queues', 'set', 'a', ...flags])
    expect({status, stdout}).toEqual({status: 2, stdout: ''})
    expect(stderr).toMatch(/^qctl: [^\n]+\n$/)
  })
})

describe('queues pause and resume', () => {
  test('a paused queue hands out nothing', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x', '-Q', 'a'])
    expect((await sandbox.qctl(['queues', 'pause', 'a', '--reason', 'lunch'])).stdout).toBe('a is paused\n')
    expect(await sandbox.json(['queues', 'show', 'a'])).toMatchObject({paused: true, paused_reason: 'lunch'})
    await sandbox.qctl(['consume', '-Q', 'a', '--drain', '--', 'true'])
    expect(await sandbox.json(['queues', 'show', 'a'])).toMatchObject({counts: {pending: 1}})
    expect((await sandbox.qctl(['queues', 'resume', 'a'])).stdout).toBe('a is active\n')
    expect((await sandbox.qctl(['queues', 'resume', 'a'])).status).toBe(0)
    await sandbox.qctl(['consume', '-Q', 'a', '--drain', '--', 'true'])
    expect(await sandbox.json(['queues', 'show', 'a'])).toMatchObject({paused: false, paused_reason: null, counts: {pending: 0, done: 1}})
  })
})

describe('queues purge and delete', () => {
  test('purge deletes what is pending, or what --state says', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', '-Q', 'a', '1', '2', '3', '4'])
    await sandbox.qctl(['produce', '-Q', 'b', '5'])
    await sandbox.qctl(['jobs', 'cancel', '1'])
    expect((await sandbox.qctl(['queues', 'purge', 'a'])).status).toBe(2)
    expect((await sandbox.qctl(['queues', 'purge', 'a', '-n'])).stdout).toContain('would delete 3 jobs')
    expect(await sandbox.json(['queues', 'purge', 'a', '--confirm', '3'])).toMatchObject({action: 'delete', matched: 3, changed: 3})
    expect(await sandbox.json(['queues', 'purge', 'a', '--state', 'cancelled,failed', '-y'])).toMatchObject({changed: 1})
    expect(await sandbox.json(['queues', 'list'])).toMatchObject({items: [{name: 'a', counts: {pending: 0, cancelled: 0}}, {name: 'b', counts: {pending: 1}}]})
    expect((await sandbox.qctl(['queues', 'purge', 'nope', '-y'])).status).toBe(66)
    expect((await sandbox.qctl(['queues', 'purge', 'a', '--state', 'dead'])).status).toBe(2)
  })

  test('delete refuses while there are jobs, and while it is a dead-letter queue', async () => {
    const sandbox = await sandboxWith('dead')
    await sandbox.qctl(['produce', '-Q', 'a', 'x'])
    const status = async (...args: string[]): Promise<number> => (await sandbox.qctl(['queues', 'delete', ...args])).status
    expect(await status('a')).toBe(4)
    expect(await status('a', '--force')).toBe(2)
    await sandbox.qctl(['queues', 'set', 'a', '--dead-letter', 'dead'])
    expect(await status('dead')).toBe(4)
    expect(await status('a', '--force', '--yes')).toBe(0)
    expect(await status('a')).toBe(66)
    expect(await status('dead')).toBe(0)
    expect(await sandbox.json(['jobs', 'list'])).toMatchObject({items: []})
  })
})
