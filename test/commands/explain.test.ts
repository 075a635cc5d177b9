import {describe, expect, test} from 'bun:test'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {readStat} from '../../src/lib/process.ts'
import {Sandbox} from '../support/binary.ts'
import {waitFor} from '../support/wait-for.ts'

interface Reason {
  readonly code: string
  readonly text: string
  readonly fix: string | null
}

interface Explanation {
  readonly id: number
  readonly state: string
  readonly claimable: boolean
  readonly reasons: readonly Reason[]
}

async function explain(sandbox: Sandbox, id: number): Promise<Explanation> {
  return (await sandbox.json(['jobs', 'explain', String(id)])) as Explanation
}

async function codes(sandbox: Sandbox, id: number): Promise<readonly string[]> {
  return (await explain(sandbox, id)).reasons.map(({code}) => code)
}

describe('jobs explain', () => {
  test('names every reason, the decisive first, each with the command that helps', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', '-Q', 'mail', '--delay', '1h', 'x'])
    await sandbox.qctl(['queues', 'pause', 'mail', '--reason', 'disk full'])
    const {status, stdout} = await sandbox.qctl(['jobs', 'explain', '1'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^job 1 {2}pending {2}in queue mail\n {2}queue mail was paused \d+m?s ago: disk full\n {4}→ qctl queues resume mail\n/)
    expect(stdout).toMatch(/\n {2}it is not to run before .*\n {4}→ to run it now: qctl jobs cancel 1 && qctl jobs resubmit 1\n/)
    expect(await codes(sandbox, 1)).toEqual(['queue_paused', 'delayed', 'no_consumer'])
    const first = (await explain(sandbox, 1)).reasons[0]
    expect(first).toMatchObject({queue: 'mail', reason: 'disk full', paused_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)})
  })

  test('its commands do what they say', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', '-Q', 'mail', '--delay', '1h', 'x'])
    await sandbox.qctl(['queues', 'pause', 'mail'])
    for (let n = 0; n < 2; n += 1) {
      const {reasons} = await explain(sandbox, 1)
      for (const command of reasons[0]?.fix?.split(' && ') ?? []) expect((await sandbox.qctl(command.split(' ').slice(1))).status).toBe(0)
    }
    const {reasons} = await explain(sandbox, 1)
    expect(reasons).toMatchObject([{code: 'no_consumer', fix: 'qctl consume -Q mail -- COMMAND'}])
    sandbox.start(['consume', '-Q', 'mail', '--', 'true'])
    expect((await sandbox.qctl(['jobs', 'wait', '1', '--for', '20s'])).status).toBe(0)
    expect(await explain(sandbox, 1)).toMatchObject({state: 'done', claimable: false, reasons: [{code: 'done', fix: 'qctl jobs resubmit 1'}]})
  })

  test('says who has it, who is busy with what, and what goes first', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'a', 'b', 'c'])
    sandbox.start(['consume', '--name', 'ann', '--', 'sleep', '60'])
    await waitFor(async () => (await explain(sandbox, 1)).state === 'processing')
    expect(await explain(sandbox, 1)).toMatchObject({claimable: false, reasons: [{code: 'processing', consumer: 'ann', lease_remaining_ms: expect.any(Number)}]})
    expect((await explain(sandbox, 3)).reasons).toMatchObject([
      {code: 'consumers_busy', consumers: [{consumer: 'ann', jobs: 1, concurrency: 1, holding: [1]}]},
      {code: 'behind', ahead: {count: 1, is_more: false}},
    ])
    await sandbox.qctl(['queues', 'set', 'default', '--concurrency', '1'])
    expect((await explain(sandbox, 2)).reasons).toMatchObject([
      {code: 'limit_reached', concurrency: 1, holders: [{consumer: 'ann', jobs: 1}], fix: 'qctl queues set default --concurrency 2'},
    ])
    await sandbox.qctl(['jobs', 'assign', '2', '--consumer', 'bob', '--for', 'never'])
    expect(await codes(sandbox, 2)).toEqual(['limit_reached', 'assigned_to_nobody'])
  })

  test('tells a dead consumer from one that is missing, and a job that backs off from one that failed', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['init'])
    await sandbox.qctl(['queues', 'create', 'default', '--backoff', 'fixed:1h'])
    await sandbox.qctl(['produce', '--max-attempts', '2', 'x'])
    await sandbox.qctl(['consume', '--max-jobs', '1', '--shell', 'exit 3'])
    expect((await explain(sandbox, 1)).reasons).toMatchObject([
      {code: 'backing_off', attempts: 1, max_attempts: 2, error: 'exit status 3'},
      {code: 'no_consumer'},
    ])
    await sandbox.qctl(['jobs', 'fail', '1', '--reason', 'bad data'])
    const [failed] = (await explain(sandbox, 1)).reasons
    expect(failed).toMatchObject({code: 'failed', reason: 'admin', by: {actor: expect.stringMatching(/^cli:/), reason: 'bad data'}})
    expect(failed?.text).toMatch(/because cli:\S+ failed it: bad data/)
    await sandbox.qctl(['produce', 'y', 'z'])
    const consumer = sandbox.start(['consume', '--name', 'ann', '--', 'sleep', '60'])
    await waitFor(async () => (await explain(sandbox, 2)).state === 'processing')
    consumer.kill('SIGKILL')
    await consumer.finished()
    expect(await codes(sandbox, 3)).toEqual(['consumers_dead'])
    expect((await explain(sandbox, 2)).reasons.at(-1)).toMatchObject({code: 'holder_dead', consumer: 'ann', fix: 'qctl reap --once'})
  })

  test('counts on no consumer that takes no more: told to stop, too old, or at its last job', async () => {
    await using sandbox = new Sandbox()
    const work = ['-c', '4', '--grace', '1m', '--', 'sleep', '60']
    for (const [i, flags] of [['--name', 'ann'], ['--max-jobs', '1'], ['--max-age', '1s']].entries()) {
      const queue = `q${i}`
      const held = Number((await sandbox.qctl(['produce', '-Q', queue, 'x'])).stdout)
      const consumer = sandbox.start(['consume', '-Q', queue, ...flags, ...work])
      await waitFor(async () => (await explain(sandbox, held)).state === 'processing')
      if (i === 0) consumer.kill('SIGTERM')
      await waitFor(async () => ((await sandbox.json(['consumers', 'list'])) as {items: {leaving: boolean}[]}).items.every(({leaving}) => leaving))
      const waiting = Number((await sandbox.qctl(['produce', '-Q', queue, 'z'])).stdout)
      expect(await explain(sandbox, waiting)).toMatchObject({
        claimable: false,
        reasons: [{code: 'consumer_stopping', jobs: 1, fix: `qctl consume -Q ${queue} -- COMMAND`}],
      })
      expect((await sandbox.qctl(['consumers', 'list'])).stdout).toContain('takes no more')
      await sandbox.qctl(['jobs', 'cancel', String(held)])
      expect((await consumer.finished()).status).toBe(0)
    }
  })

  test('counts on no consumer that a signal stopped', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['init'])
    const consumer = sandbox.start(['consume', '--name', 'ann', '--', 'true'])
    await waitFor(async () => (await sandbox.qctl(['consumers', 'list'])).stdout.includes('ann'))
    consumer.kill('SIGSTOP')
    await waitFor(() => readStat(consumer.pid)?.state === 'T')
    await sandbox.qctl(['produce', 'x'])
    expect(await explain(sandbox, 1)).toMatchObject({
      claimable: false,
      reasons: [{code: 'consumer_stopped', consumer: 'ann', pid: consumer.pid, fix: `kill -CONT ${consumer.pid}`}],
    })
    expect((await sandbox.qctl(['consumers', 'list'])).stdout).toContain('stopped by a signal')
    consumer.kill('SIGCONT')
    expect((await sandbox.qctl(['jobs', 'wait', '1', '--for', '20s'])).status).toBe(0)
  })

  test('names what still runs of a job whose consumer is dead', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x'])
    const pidFile = join(sandbox.home, 'pid')
    const consumer = sandbox.start(['consume', '--name', 'ann', '--no-guard', '--shell', `echo $$ > ${pidFile}; exec sleep 60`])
    await waitFor(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'))
    consumer.kill('SIGKILL')
    await waitFor(async () => (await codes(sandbox, 1)).includes('holder_dead'))
    const pid = Number(readFileSync(pidFile, 'utf8'))
    expect((await explain(sandbox, 1)).reasons).toMatchObject([{code: 'survivors', pids: [pid], fix: 'qctl reap --once'}, {code: 'holder_dead'}])
    await sandbox.qctl(['reap', '--once'])
    expect(await codes(sandbox, 1)).toEqual(['no_consumer', 'suspect'])
    expect(readStat(pid)?.state ?? 'gone').toMatch(/^(gone|Z)$/)
  })

  test('several ids are a list, one is an object; a missing one is 66 and the others are told', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'a', 'b'])
    expect(await sandbox.json(['jobs', 'explain', '1', '2'])).toMatchObject({items: [{id: 1}, {id: 2}]})
    const some = await sandbox.qctl(['jobs', 'explain', '2', '77', '--json'])
    expect([some.status, JSON.parse(some.stdout)]).toMatchObject([66, {items: [{id: 2}]}])
    expect((await sandbox.qctl(['jobs', 'explain', '77'])).status).toBe(66)
    const ndjson = await sandbox.qctl(['jobs', 'explain', '1-2', '-o', 'ndjson'])
    expect(ndjson.stdout.trim().split('\n').map(line => (JSON.parse(line) as Explanation).id)).toEqual([1, 2])
    const names = Object.keys(await explain(sandbox, 1))
    expect(names).toEqual(['id', 'queue', 'state', 'claimable', 'reasons'])
  })

  test('advises commands for the database that was named', async () => {
    const sandbox = new Sandbox()
    const path = `${sandbox.home}/it's.db`
    await sandbox.qctl(['produce', 'x', '--db', path])
    await sandbox.qctl(['queues', 'pause', 'default', '--db', path])
    const {stdout} = await sandbox.qctl(['jobs', 'explain', '1', '--db', path])
    expect(stdout).toContain(String.raw`qctl --db '${sandbox.home}/it'\''s.db' queues resume default`)
  })
})
