import {describe, expect, test} from 'bun:test'
import {spawnSync} from 'node:child_process'
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {requireMounts} from '../faults/support/rights.ts'
import {BINARY, Sandbox} from '../support/binary.ts'
import {CERTIFICATE} from '../support/localhost-certificate.ts'
import {Receiver} from '../support/receiver.ts'
import {waitFor} from '../support/wait-for.ts'

type Shown = Readonly<Record<string, unknown>>

async function show(sandbox: Sandbox, id = 1): Promise<Shown> {
  return (await sandbox.json(['jobs', 'show', String(id)])) as Shown
}

describe('consume --http', () => {
  test('posts each job, and the status of the answer decides', async () => {
    const sandbox = new Sandbox()
    using receiver = await Receiver.open(({body}, response) => {
      response.statusCode = Number(body)
      if (response.statusCode === 503) response.setHeader('Retry-After', '3600')
      if (response.statusCode === 302) response.setHeader('Location', 'http://169.254.169.254/')
      response.end(`said ${response.statusCode}`)
    })
    await sandbox.qctl(['produce', '--type', 'text/plain', '200', '404', '503', '302', '500'])
    const {status} = await sandbox.qctl(['consume', '--drain', '-c', '2', '--http', receiver.url, '--allow-private'])
    expect(status).toBe(0)
    const jobs = await Promise.all([1, 2, 3, 4, 5].map(id => show(sandbox, id)))
    expect(jobs).toMatchObject([
      {state: 'done', result: 'said 200', attempts: 1},
      {state: 'failed', reason: 'permanent', error: 'HTTP 404 Not Found: said 404'},
      {state: 'pending', scheduled: true, error: 'HTTP 503 Service Unavailable: said 503'},
      {state: 'failed', reason: 'permanent', error: 'HTTP 302 Found: redirects are not followed (to http://169.254.169.254/)'},
      {state: 'pending', error: 'HTTP 500 Internal Server Error: said 500'},
    ])
    const wait = (job: Shown | undefined): number => Date.parse(String(job?.['run_at'])) - Date.now()
    expect(wait(jobs[2])).toBeGreaterThan(3_500_000)
    expect(wait(jobs[4])).toBeLessThan(60_000)
    expect(receiver.received.map(({headers}) => headers['content-type'])).toEqual(Array(5).fill('text/plain'))
    expect((await sandbox.qctl(['jobs', 'show', '2'])).stdout).toContain('said 404')
  })

  test('waits for the backoff when Retry-After is over already, and for whichever is longer when not', async () => {
    const sandbox = new Sandbox()
    using receiver = await Receiver.open(({body}, response) => {
      const hint = String(body)
      response.writeHead(429, {'Retry-After': hint === 'past' ? new Date(Date.now() - 2000).toUTCString() : hint}).end()
    })
    await sandbox.qctl(['init'])
    await sandbox.qctl(['queues', 'create', 'default', '--backoff', 'fixed:1h'])
    await sandbox.qctl(['produce', 'past', '0', '1', '7200'])
    await sandbox.qctl(['consume', '--drain', '--http', receiver.url, '--allow-private'])
    const jobs = await Promise.all([1, 2, 3, 4].map(id => show(sandbox, id)))
    const minutes = jobs.map(({run_at: at}) => Math.round((Date.parse(String(at)) - Date.now()) / 60_000))
    expect([receiver.received.length, ...minutes]).toEqual([4, 60, 60, 60, 120])
  })

  test('each try of a job has the same Idempotency-Key, and another fence', async () => {
    const sandbox = new Sandbox()
    using receiver = await Receiver.open((_, response) => void response.writeHead(receiver.received.length === 1 ? 500 : 200).end())
    await sandbox.qctl(['init'])
    await sandbox.qctl(['queues', 'create', 'default', '--backoff', 'fixed:10ms'])
    await sandbox.qctl(['produce', '--key', 'order 42', 'x'])
    await sandbox.qctl(['consume', '--max-jobs', '2', '--http', receiver.url, '--allow-private'])
    const told = receiver.received.map(({headers}) => ['qctl-job-id', 'qctl-queue', 'qctl-attempt', 'qctl-fence', 'qctl-key'].map(name => headers[name]).join(' '))
    expect(told).toEqual(['1 default 1 1 order%2042', '1 default 2 2 order%2042'])
    expect(new Set(receiver.received.map(({headers}) => headers['idempotency-key'])).size).toBe(1)
  })

  test('sends the headers of a file, and neither they nor a proxy of the environment get in the way', async () => {
    const sandbox = new Sandbox()
    using receiver = await Receiver.open()
    writeFileSync(join(sandbox.home, 'headers'), 'Authorization: Bearer s3cret\n')
    await sandbox.qctl(['produce', 'x'])
    const env = {HTTP_PROXY: 'http://127.0.0.1:1', http_proxy: 'http://127.0.0.1:1'}
    const {stderr} = await sandbox.qctl(['consume', '--drain', '--http', receiver.url, '--allow-private', '--http-header-file', 'headers', '-v'], {env})
    expect(receiver.received.map(({headers}) => headers.authorization)).toEqual(['Bearer s3cret'])
    expect(stderr).not.toContain('s3cret')
  })

  test('checks certificates', async () => {
    const sandbox = new Sandbox()
    using receiver = await Receiver.open(undefined, true)
    await sandbox.qctl(['produce', '--max-attempts', '1', 'x', 'y'])
    const consume = ['consume', '--max-jobs', '1', '--http', receiver.url, '--allow-private']
    await sandbox.qctl(consume)
    expect(await show(sandbox, 1)).toMatchObject({state: 'failed', error: expect.stringContaining('self signed certificate')})
    writeFileSync(join(sandbox.home, 'ca.pem'), CERTIFICATE)
    await sandbox.qctl(consume, {env: {NODE_EXTRA_CA_CERTS: join(sandbox.home, 'ca.pem')}})
    expect(await show(sandbox, 2)).toMatchObject({state: 'done'})
    expect(receiver.received.length).toBe(1)
  })

  test('is cut off by the timeout, by a cancel, and by the end of the grace', async () => {
    await using sandbox = new Sandbox()
    let closed = 0
    using receiver = await Receiver.open((_, response) => void response.on('close', () => (closed += 1)))
    await sandbox.qctl(['produce', '--max-attempts', '1', 'x'])
    await sandbox.qctl(['consume', '--max-jobs', '1', '--timeout', '300ms', '--http', receiver.url, '--allow-private'])
    expect(await show(sandbox, 1)).toMatchObject({state: 'failed', reason: 'timeout', error: 'timed out after 300ms'})
    await sandbox.qctl(['produce', 'x', 'y'])
    const running = sandbox.start(['consume', '-c', '2', '--grace', '100ms', '--http', receiver.url, '--allow-private'])
    await waitFor(() => receiver.received.length === 3, {what: 'both jobs to be posted'})
    expect(await sandbox.qctl(['jobs', 'cancel', '2'])).toMatchObject({status: 0})
    expect(await show(sandbox, 2)).toMatchObject({state: 'cancelled'})
    running.kill('SIGTERM')
    expect((await running.finished()).status).toBe(0)
    expect(await show(sandbox, 3)).toMatchObject({state: 'pending', attempts: 0})
    await waitFor(() => closed === 3, {what: 'the connections to be cut'})
  })

  test('is cut off when the lease is lost', async () => {
    await using sandbox = new Sandbox()
    let closed = 0
    using receiver = await Receiver.open((_, response) => void response.on('close', () => (closed += 1)))
    await sandbox.qctl(['produce', 'x'])
    const frozen = sandbox.start(['consume', '--lease', '1s', '--http', receiver.url, '--allow-private'])
    await waitFor(() => receiver.received.length === 1, {what: 'the job to be posted'})
    frozen.kill('SIGSTOP')
    await waitFor(async () => (await sandbox.qctl(['reap', '--once'])).status === 0 && (await show(sandbox))['state'] === 'pending', {what: 'the job to be taken'})
    frozen.kill('SIGCONT')
    await waitFor(() => closed === 1 && frozen.stderr.includes('lease lost'), {what: 'the request to be cut'})
  })

  test('refuses private places: at once where the URL says so, and what a name leads to', async () => {
    await using sandbox = new Sandbox()
    using receiver = await Receiver.open()
    const {port} = new URL(receiver.url)
    for (const host of ['localhost', '127.0.0.1', '[::1]', '2130706433', '169.254.169.254', '[::ffff:10.0.0.1]']) {
      const {status, stderr} = await sandbox.qctl(['consume', '--drain', '--http', `http://${host}:${port}/`])
      expect({host, status, stderr}).toEqual({host, status: 2, stderr: expect.stringContaining('is a private or special address (allow it with --allow-private)')})
    }
    requireMounts()
    writeFileSync(join(sandbox.home, 'hosts'), '127.0.0.1 inside.test\n::1 inside.test\n')
    await sandbox.qctl(['init'])
    await sandbox.qctl(['queues', 'create', 'default', '--backoff', 'fixed:10ms'])
    await sandbox.qctl(['produce', 'x'])
    const consume = `mount --bind hosts /etc/hosts && exec timeout 20 '${BINARY}' consume --max-jobs 3 --http http://inside.test:${port}/`
    spawnSync('unshare', ['-m', 'sh', '-c', consume], {cwd: sandbox.home, env: {PATH: process.env['PATH'], HOME: sandbox.home}})
    expect(await show(sandbox)).toMatchObject({
      state: 'pending',
      attempts: 0,
      fence: 3,
      attempts_list: Array(3).fill({outcome: 'unrunnable', error: expect.stringMatching(/^inside\.test \((127\.0\.0\.1|::1)\) is a private or special address/)}),
    })
    expect(await sandbox.json(['queues', 'show', 'default'])).toMatchObject({paused: true})
    expect(receiver.received).toEqual([])
  })

  test.each([
    ['--http', 'ftp://example.com/'], ['--http', 'example.com'], ['--http', ''], ['--http', 'http://'], ['--http', 'https://user:password@example.com/'], ['--http', 'https://example.com/', '--', 'true'], ['--http', 'https://example.com/', '--shell', 'true'],
    ['--http', 'https://example.com/', '--handler', 'timestamp'], ['--http', 'https://example.com/', '--on-exit', '3=fail'], ['--allow-private', '--', 'true'], ['--http-header-file', 'x', '--', 'true'],
  ].map(args => [args] as const))('%j is refused', async args => {
    const {status, stderr} = await new Sandbox().qctl(['consume', '--drain', ...args])
    expect(status).toBe(2)
    expect(stderr).not.toContain('password@')
  })

  test('a header file that is missing or wrong', async () => {
    const sandbox = new Sandbox()
    writeFileSync(join(sandbox.home, 'wrong'), 's3cret\n')
    const withFile = (name: string) => sandbox.qctl(['consume', '--drain', '--http', 'https://example.com/', '--http-header-file', name])
    expect((await withFile('missing')).status).toBe(66)
    const {status, stderr} = await withFile('wrong')
    expect(status).toBe(78)
    expect(stderr).not.toContain('s3cret')
  })
})
