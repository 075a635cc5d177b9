import {describe, expect, test} from 'bun:test'
import {type Family, parsePrometheus, type Series} from '../support/prometheus.ts'
import {Sandbox} from '../support/binary.ts'
import {waitFor} from '../support/wait-for.ts'

interface Figures {
  readonly name: string
  readonly added: number
  readonly retried: number
  readonly failed: number
  readonly runs: Readonly<Record<string, number>>
  readonly run: {readonly count: number; readonly average_ms: number; readonly p50_ms: number; readonly max_ms: number}
  readonly wait: {readonly count: number; readonly max_ms: number}
  readonly failure_rate: number
  readonly counts: Readonly<Record<string, number>>
  readonly total: unknown
}

interface Run {
  readonly outcome: string
  readonly run_ms: number
}

async function figures(sandbox: Sandbox, queue: string): Promise<Figures> {
  const {items} = (await sandbox.json(['stats', '-Q', queue])) as {items: readonly Figures[]}
  const [only] = items
  if (only === undefined || items.length > 1) throw new Error('expected one queue')
  return only
}

async function scrape(sandbox: Sandbox): Promise<ReadonlyMap<string, Family>> {
  const {status, stdout, stderr} = await sandbox.qctl(['stats', '--prometheus'])
  if (status !== 0) throw new Error(stderr)
  return parsePrometheus(stdout)
}

function valueOf(families: ReadonlyMap<string, Family>, name: string, labels: Readonly<Record<string, string>>): number | undefined {
  const wanted = JSON.stringify(labels)
  return families.get(name)?.series.find(series => JSON.stringify(series.labels) === wanted)?.value
}

describe('stats', () => {
  test('equal what the history of the jobs says', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['init'])
    await sandbox.qctl(['queues', 'create', 'mail', '--max-attempts', '3', '--backoff', 'exp:1ms..2ms*2'])
    await sandbox.qctl(['produce', '-Q', 'mail', ...Array.from({length: 12}, (_, i) => String(i))])
    const script = 'n=$(cat); case $n in 3) exit 65;; 4|5) exit 1;; 6) [ "$QCTL_ATTEMPT" = 2 ];; 7) sleep 0.2;; esac'
    await waitFor(async () => {
      await sandbox.qctl(['consume', '-Q', 'mail', '--drain', '-c', '3', '--shell', script])
      return (await figures(sandbox, 'mail')).counts['pending'] === 0
    })

    const ids = Array.from({length: 12}, (_, i) => String(i + 1))
    const {items} = (await sandbox.json(['jobs', 'show', ...ids])) as {items: readonly {readonly state: string; readonly attempts_list: readonly Run[]}[]}
    const runs = items.flatMap(({attempts_list: list}) => list)
    const times = runs.map(({run_ms: ms}) => ms).sort((a, b) => a - b)
    const counted = await figures(sandbox, 'mail')
    const outcomes = Object.fromEntries([...Map.groupBy(runs, ({outcome}) => outcome)].map(([outcome, some]) => [outcome, some.length]))
    expect(counted).toMatchObject({
      added: 12,
      runs: outcomes,
      failed: items.filter(({state}) => state === 'failed').length,
      retried: runs.length - 12,
      run: {count: runs.length, max_ms: times.at(-1)},
      wait: {count: runs.length},
      failure_rate: (runs.length - (outcomes['done'] ?? 0)) / runs.length,
      counts: {pending: 0, processing: 0, done: 9, failed: 3},
    })
    expect(counted.run.average_ms).toBeCloseTo(times.reduce((sum, ms) => sum + ms, 0) / times.length, 6)
    const median = times[Math.ceil(times.length / 2) - 1] ?? Number.NaN
    expect(Math.abs(counted.run.p50_ms / median - 1)).toBeLessThan(0.032)
    const {added, resubmitted, retried, failed, cancelled, runs: ended} = counted as unknown as Record<string, unknown>
    expect(counted.total).toEqual({added, resubmitted, retried, failed, cancelled, runs: ended})
  })

  test('for Prometheus: the format, and counters that outlive the jobs', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', '-Q', 'mail', 'a', 'b', 'c'])
    await sandbox.qctl(['produce', '-Q', 'bulk', 'd'])
    await sandbox.qctl(['consume', '-Q', 'mail', '--drain', '--', 'true'])
    const before = await scrape(sandbox)
    expect(valueOf(before, 'qctl_jobs', {queue: 'mail', state: 'done'})).toBe(3)
    expect(valueOf(before, 'qctl_jobs', {queue: 'bulk', state: 'pending'})).toBe(1)
    expect(valueOf(before, 'qctl_jobs_total', {queue: 'mail', outcome: 'done'})).toBe(3)
    expect(find(before, {name: 'qctl_job_run_seconds_count', labels: {queue: 'mail'}, value: 0})?.value).toBe(3)

    await sandbox.qctl(['jobs', 'delete', '--where', 'queue=mail', '--yes'])
    await sandbox.qctl(['produce', '-Q', 'mail', 'e'])
    await sandbox.qctl(['jobs', 'cancel', '@last'])
    const after = await scrape(sandbox)
    expect(valueOf(after, 'qctl_jobs', {queue: 'mail', state: 'done'})).toBe(0)
    expect(valueOf(after, 'qctl_jobs_added_total', {queue: 'mail'})).toBe(4)
    expect(valueOf(after, 'qctl_jobs_total', {queue: 'mail', outcome: 'cancelled'})).toBe(1)
    const counters = [...before].flatMap(([, {type, series}]) => (type === 'gauge' ? [] : series))
    const fell = counters.filter(series => (find(after, series)?.value ?? -1) < series.value)
    expect(fell).toEqual([])
  })

  test('a burst drains while somebody works on it, and says in what time', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', '-Q', 'burst', '--lines'], {stdin: '1\n'.repeat(200)})
    expect(await figures(sandbox, 'burst')).toMatchObject({trend: 'unserved', drained_in_ms: null})
    sandbox.start(['consume', '-Q', 'burst', '-c', '2', '--grace', '1s', '--', 'sleep', '0.3'])
    await waitFor(async () => ((await figures(sandbox, 'burst')).runs['done'] ?? 0) > 2)
    const {trend, drained_in_ms: ms} = (await figures(sandbox, 'burst')) as unknown as {readonly trend: string; readonly drained_in_ms: number}
    expect({trend, isNumber: ms > 0}).toEqual({trend: 'drains', isNumber: true})
    expect((await sandbox.qctl(['stats'])).stdout).toMatch(/ DRAINED IN .*\nburst .*\d+m?s/)
    expect((await sandbox.qctl(['stats', '-o', 'csv', '--columns', 'trend'])).stdout).toBe('trend\r\ndrains\r\n')
  })

  test('as a table, with all queues together; again and again; not of a queue that does not exist', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', '-Q', 'mail', 'a'])
    await sandbox.qctl(['produce', '-Q', 'bulk', 'b'])
    const {stdout} = await sandbox.qctl(['stats'])
    expect(stdout.split('\n').map(line => line.split(/\s+/).slice(0, 2).join(' '))).toEqual(['QUEUE PENDING', 'bulk 1', 'mail 1', '(all) 2', ''])
    expect((await sandbox.qctl(['stats', '-o', 'csv', '--columns', 'name,pending'])).stdout).toBe('name,pending\r\nbulk,1\r\nmail,1\r\n')
    expect(await sandbox.qctl(['stats', '-Q', 'mial'])).toMatchObject({status: 66, stderr: expect.stringContaining('did you mean mail?')})
    expect((await sandbox.qctl(['stats', '--since', '25h'])).status).toBe(2)
    expect((await sandbox.qctl(['stats', '--since', '10s'])).status).toBe(2)
    const watching = sandbox.start(['stats', '--watch', '-o', 'ndjson'])
    await waitFor(() => watching.stdout.includes('"bulk"'))
    await sandbox.qctl(['produce', '-Q', 'more', 'c'])
    await waitFor(() => watching.stdout.includes('"more"'))
    watching.kill('SIGINT')
    expect((await watching.finished()).status).toBe(130)
  })
})

function find(families: ReadonlyMap<string, Family>, {name, labels}: Series): Series | undefined {
  const wanted = JSON.stringify(labels)
  return [...families.values()].flatMap(({series}) => series).find(series => series.name === name && JSON.stringify(series.labels) === wanted)
}

test('consumers list says that there are none, and jobs show how to see what a running job prints', async () => {
  await using sandbox = new Sandbox()
  await sandbox.qctl(['produce', 'x'])
  expect((await sandbox.qctl(['consumers', 'list'])).stderr).toBe('there are no consumers\n')
  expect((await sandbox.qctl(['jobs', 'show', '1'])).stderr).toBe('')
  sandbox.start(['consume', '--', 'sleep', '60'])
  await waitFor(async () => (await sandbox.qctl(['jobs', 'show', '1'])).stderr === 'what it prints meanwhile: qctl jobs logs 1 -f\n')
  expect((await sandbox.qctl(['consumers', 'list'])).stderr).toBe('')
})

test('consumers list says what they do now', async () => {
  await using sandbox = new Sandbox()
  await sandbox.qctl(['produce', '-Q', 'mail', 'a', 'b', 'c'])
  const consumer = sandbox.start(['consume', '-Q', 'mail', '--name', 'ann', '-c', '2', '--', 'sleep', '60'])
  const list = async () => ((await sandbox.json(['consumers', 'list'])) as {items: readonly {readonly current: readonly unknown[]}[]}).items[0]
  await waitFor(async () => (await list())?.current.length === 2)
  expect(await list()).toMatchObject({name: 'ann', jobs: 2, current: [{id: 1, queue: 'mail', attempt: 1, requested: null}, {id: 2}]})
  expect((await sandbox.qctl(['consumers', 'list'])).stdout).toMatch(/1 mail \S+ \+1/)
  consumer.kill('SIGTERM')
  consumer.kill('SIGTERM')
  await consumer.finished()
})
