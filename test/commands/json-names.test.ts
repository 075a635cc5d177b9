// Programs read these names: whoever changes one breaks them.
import {expect, test} from 'bun:test'
import {Sandbox} from '../support/binary.ts'

const JOB = `id queue state scheduled reason error priority run_at key tags content_type file payload_bytes attempts max_attempts crashes
  snoozes fence timeout_ms assigned_to assigned_until requested consumer created_at updated_at started_at finished_at wait_ms run_ms
  lease_remaining_ms progress result origin_id dead_letter_id`
const RUN = `run attempt consumer started_at finished_at outcome exit_code signal cause error run_ms cpu_ms max_rss_bytes
  stdout_dropped_bytes stderr_dropped_bytes`
const QUEUE = 'name paused paused_reason counts scheduled_is_more oldest_pending_ms settings retry_window_ms'
const CONSUMER = 'name pid host queues concurrency alive leaving jobs current processed failed started_at'

function words(names: string): string[] {
  return names.split(/\s+/)
}

function names(value: unknown): string[] {
  return Object.keys(value as object)
}

interface Documents {
  readonly items: readonly unknown[]
}

test('the names in JSON documents', async () => {
  await using sandbox = new Sandbox()
  const produced = (await sandbox.json(['produce', 'x'])) as {jobs: unknown[]}
  expect(names(produced)).toEqual(['jobs', 'stored', 'existing'])
  expect(names(produced.jobs[0])).toEqual(['id', 'queue', 'existing'])
  const consumer = sandbox.start(['consume', '--', 'true'])
  await sandbox.qctl(['jobs', 'wait', '1'])
  const consumers = (await sandbox.json(['consumers', 'list'])) as Documents
  expect(names(consumers.items[0])).toEqual(words(CONSUMER))
  consumer.kill('SIGTERM')
  await consumer.finished()
  await sandbox.qctl(['jobs', 'resubmit', '1'])

  const list = (await sandbox.json(['jobs', 'list'])) as Documents & {searched: unknown}
  expect(names(list)).toEqual(['items', 'next', 'searched'])
  expect(names(list.searched)).toEqual(['rows', 'complete'])
  expect(names(list.items[0])).toEqual(words(JOB))
  const job = (await sandbox.json(['jobs', 'show', '1'])) as {attempts_list: unknown[]; events: unknown[]; started_at: string}
  expect(names(job)).toEqual([...words(JOB), 'payload', 'attempts_list', 'events'])
  expect(names(job.attempts_list[0])).toEqual(words(RUN))
  expect(names(job.events[0])).toEqual(['at', 'from', 'to', 'actor', 'reason'])
  expect(job.started_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect(names(await sandbox.json(['jobs', 'cancel', '1']))).toEqual(['action', 'matched', 'changed', 'requested', 'skipped', 'dry_run', 'sample'])
  const queue = (await sandbox.json(['queues', 'show', 'default'])) as {counts: unknown; settings: unknown}
  expect(names(queue)).toEqual(words(QUEUE))
  expect(names(queue.counts)).toEqual(['pending', 'scheduled', 'processing', 'done', 'failed', 'cancelled'])
  expect(names(queue.settings)).toEqual(
    words('max_attempts backoff crash_limit lease_ms timeout_ms concurrency retention key_window_ms max_payload_bytes dead_letter'),
  )
})

test('bytes that are no text have a name of their own', async () => {
  const sandbox = new Sandbox()
  await sandbox.qctl(['produce', '-'], {stdin: new Uint8Array([255])})
  await sandbox.qctl(['consume', '--drain', '--shell', 'cat > "$QCTL_RESULT_FILE"'])
  expect(await sandbox.json(['jobs', 'show', '1'])).toMatchObject({payload: null, payload_base64: '/w==', result: null, result_base64: '/w=='})
})

test('an error is one document on stdout and one line on stderr', async () => {
  const sandbox = new Sandbox()
  for (const args of [['jobs', 'show', '1'], ['jobs', 'list', '--bogus'], ['queues', 'show', 'a b'], ['produce'], ['consume'], ['jobs', 'nope']]) {
    const {status, stdout, stderr} = await sandbox.qctl([...args, '--json'])
    const {error} = JSON.parse(stdout) as {error: {exit: number; message: string}}
    expect(names(error)).toEqual(['code', 'exit', 'message', 'hint', 'retryable'])
    expect(error.exit).toBe(status)
    expect(stderr).toMatch(/^qctl: [^\n]+\n$/)
  }
})

test('no list has a column twice', async () => {
  await using sandbox = new Sandbox()
  await sandbox.qctl(['produce', 'x'])
  const consumer = sandbox.start(['consume', '--', 'true'])
  await sandbox.qctl(['jobs', 'wait', '1'])
  for (const list of [['jobs', 'list'], ['queues', 'list'], ['consumers', 'list'], ['stats'], ['config']]) {
    const [header = ''] = (await sandbox.qctl([...list, '-o', 'csv'])).stdout.split('\r\n')
    const columns = header.split(',')
    expect(columns.length).toBeGreaterThan(1)
    expect(columns).toEqual([...new Set(columns)])
  }
  consumer.kill('SIGTERM')
  await consumer.finished()
})

test('every name of a listed job or consumer is a column, in every format', async () => {
  await using sandbox = new Sandbox()
  await sandbox.qctl(['produce', 'x', 'y'])
  const consumer = sandbox.start(['consume', '--name', 'bob', '--', 'true'])
  await sandbox.qctl(['jobs', 'wait', '1', '2'])
  const columns = (list: string): string => words(list).join(',')
  for (const output of ['table', 'wide', 'json', 'ndjson', 'csv', 'id']) {
    expect(await sandbox.qctl(['jobs', 'list', '-o', output, '--columns', columns(JOB)])).toMatchObject({status: 0, stderr: ''})
    expect(await sandbox.qctl(['consumers', 'list', '-o', output, '--columns', columns(CONSUMER)])).toMatchObject({status: 0, stderr: ''})
  }
  const {stdout} = await sandbox.qctl(['jobs', 'list', '--columns', 'id,started_at,fence,state'])
  expect(stdout).toMatch(/^ID  STARTED AT {17}FENCE  STATE\n 2  \d{4}-\d\d-\d\d [\d:]{8}\+00:00  1      done\n/)
  expect((await sandbox.qctl(['jobs', 'list', '-o', 'csv', '--columns', 'id,queue,fence'])).stdout).toBe('id,queue,fence\r\n2,default,1\r\n1,default,1\r\n')
  consumer.kill('SIGTERM')
  await consumer.finished()
})
