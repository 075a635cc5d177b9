import {describe, expect, test} from 'bun:test'
import {spawnSync} from 'node:child_process'
import {BINARY, Sandbox} from '../support/binary.ts'
import {waitFor} from '../support/wait-for.ts'

interface List {
  readonly items: readonly {readonly id: number; readonly state: string; readonly queue: string}[]
  readonly next: string | null
  readonly searched: {readonly rows: number; readonly complete: boolean} | null
}

async function list(sandbox: Sandbox, ...args: readonly string[]): Promise<List> {
  return (await sandbox.json(['jobs', 'list', ...args])) as List
}

async function ids(sandbox: Sandbox, ...args: readonly string[]): Promise<number[]> {
  return (await list(sandbox, ...args)).items.map(({id}) => id)
}

/** A database with ten pending jobs. */
async function withJobs(): Promise<Sandbox> {
  const sandbox = new Sandbox()
  await sandbox.qctl(['produce', '--lines', '-Q', 'mail', '--tag', 't'], {stdin: 'a\nb\nc\nd\ne\n'})
  await sandbox.qctl(['produce', '--lines', '--priority', '5'], {stdin: 'f\ng\nh\ni\nj\n'})
  return sandbox
}

describe('jobs list', () => {
  test('newest first, page by page', async () => {
    const sandbox = await withJobs()
    expect(await ids(sandbox)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
    const first = await list(sandbox, '-l', '4')
    const second = await list(sandbox, '-l', '4', '--cursor', String(first.next))
    const third = await list(sandbox, '-l', '4', '--cursor', String(second.next))
    expect([first, second, third].map(({items}) => items.map(({id}) => id))).toEqual([[10, 9, 8, 7], [6, 5, 4, 3], [2, 1]])
    expect(third.next).toBeNull()
  })

  test.each(['table', 'csv', 'id', 'ndjson'])('says of a page that it is not all, and how to get the rest: %s', async output => {
    const sandbox = await withJobs()
    const {stderr} = await sandbox.qctl(['jobs', 'list', '-l', '4', '-o', output])
    expect(stderr).toBe('only 4 jobs shown, there are more: --limit N, or --cursor 7.7 for the next\n')
    expect((await sandbox.qctl(['jobs', 'list', '-o', output])).stderr).toBe('')
  })

  test('filters by flags and by --where', async () => {
    const sandbox = await withJobs()
    await sandbox.qctl(['jobs', 'cancel', '2', '7'])
    expect(await ids(sandbox, '-Q', 'mail', '-s', 'cancelled')).toEqual([2])
    expect(await ids(sandbox, '-s', 'cancelled,failed')).toEqual([7, 2])
    expect(await ids(sandbox, '--tag', 't', '--where', 'id>3')).toEqual([5, 4])
    expect(await ids(sandbox, '--where', 'queue=mail state=pending not (id in(1,3))')).toEqual([5, 4])
    expect(await ids(sandbox, '--since', '-1h')).toHaveLength(10)
    expect(await ids(sandbox, '--until', '-1h')).toEqual([])
    expect(await ids(sandbox, '--sort', 'priority:asc', '-l', '2')).toEqual([1, 2])
    expect(await ids(sandbox, '--sort', 'id:asc', '-l', '2')).toEqual([1, 2])
  })

  test('prints tables, CSV, NDJSON, ids and chosen columns', async () => {
    const sandbox = await withJobs()
    const lines = async (...args: string[]): Promise<string[]> => (await sandbox.qctl(['jobs', 'list', '-l', '2', ...args])).stdout.split(/\r?\n/)
    expect((await lines())[0]).toMatch(/^ID +QUEUE +STATE/)
    expect(await lines('-o', 'id')).toEqual(['10', '9', ''])
    expect(await lines('-o', 'csv', '--columns', 'id,state,tags')).toEqual(['id,state,tags', '10,pending,', '9,pending,', ''])
    expect((await lines('-o', 'ndjson')).slice(0, 2).map((line) => (JSON.parse(line) as {id: number}).id)).toEqual([10, 9])
    expect((await lines('-o', 'wide'))[0]).toContain('RUN AT')
    expect((await sandbox.qctl(['jobs', 'list', '--columns', 'nope'])).status).toBe(2)
  })

  test('what finished since a time, and no other job that changed then', async () => {
    const sandbox = await withJobs()
    await sandbox.qctl(['jobs', 'cancel', '3'])
    await sandbox.qctl(['jobs', 'fail', '4'])
    expect(await ids(sandbox, '--where', 'finished>=yesterday')).toEqual([4, 3])
    expect(await ids(sandbox, '--where', 'state=failed finished>-1d')).toEqual([4])
    expect(await ids(sandbox, '--where', 'finished<yesterday')).toEqual([])
    expect((await sandbox.qctl(['jobs', 'list', '--where', 'finished_at>-1d'])).stderr).toContain('did you mean finished?')
  })

  test('all times of a table are written alike, those of CSV as in JSON', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x'])
    await sandbox.qctl(['consume', '--drain', '--', 'true'])
    const times = 'run_at,created_at,started_at,updated_at,finished_at'
    const row = async (output: string): Promise<string> => (await sandbox.qctl(['jobs', 'list', '-o', output, '--columns', times])).stdout.split(/\r?\n/)[1] ?? ''
    for (const output of ['table', 'wide']) expect((await row(output)).trim().split(/ {2,}/)).toEqual(Array<string>(5).fill(expect.stringMatching(/^[\d-]{10} [\d:]{8}[+-]\d\d:\d\d$/)))
    expect((await row('csv')).split(',')).toEqual(Array<string>(5).fill(expect.stringMatching(/^[\d-]{10}T[\d:.]+Z$/)))
  })

  test('--watch prints again when something changes, until interrupted', async () => {
    await using sandbox = await withJobs()
    const running = sandbox.start(['jobs', 'list', '-w', '-l', '1', '-o', 'id'])
    await waitFor(() => running.stdout === '10\n', {what: 'the first page'})
    await sandbox.qctl(['produce', 'new'])
    await waitFor(() => running.stdout.includes('11\n'), {what: 'the new job'})
    running.kill('SIGINT')
    expect((await running.finished()).status).toBe(130)
  })

  test('--watch ends when its reader has gone, although nothing changes', () => {
    const sandbox = new Sandbox()
    const script = 'set -o pipefail; "$Q" produce x -q >/dev/null; timeout 30 "$Q" jobs list --watch -o id | head -1'
    const {status, stdout} = spawnSync('bash', ['-c', script], {encoding: 'utf8', env: {Q: BINARY, HOME: sandbox.home, PATH: process.env['PATH']}})
    expect({status, stdout}).toEqual({status: 0, stdout: '1\n'})
  })

  test('| head -1 ends well', () => {
    const sandbox = new Sandbox()
    const script = 'set -o pipefail; seq 5000 | "$Q" produce --lines -q >/dev/null; "$Q" jobs list -l 5000 -o ndjson | head -1 | wc -l'
    const {status, stdout, stderr} = spawnSync('bash', ['-c', script], {encoding: 'utf8', env: {Q: BINARY, HOME: sandbox.home, PATH: process.env['PATH']}})
    expect({status, stdout: stdout.trim(), stderr}).toEqual({status: 0, stdout: '1', stderr: ''})
  })

  test('foreign text cannot reach the terminal', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', '--key', 'a\u001b[31mb\u202e', 'p\u001b]0;x\u0007'])
    const shown = `${(await sandbox.qctl(['jobs', 'list', '-o', 'wide'])).stdout}${(await sandbox.qctl(['jobs', 'show', '1'])).stdout}${(await sandbox.qctl(['jobs', 'show', '1', '--json'])).stdout}`
    expect(shown).not.toMatch(/[\u001b\u0007\u202e]/)
    expect(shown).toContain('\\x1b[31m')
  })
})

describe('jobs show', () => {
  test('one job is a document, several are items, ndjson is one per line', async () => {
    const sandbox = await withJobs()
    expect(await sandbox.json(['jobs', 'show', '1'])).toMatchObject({id: 1, payload: 'a', attempts_list: [], events: []})
    expect(await sandbox.json(['jobs', 'show', '1', '2'])).toMatchObject({items: [{id: 1}, {id: 2}]})
    expect(await sandbox.json(['jobs', 'show', '3-3'])).toMatchObject({items: [{id: 3}]})
    expect((await sandbox.qctl(['jobs', 'show', '1', '2', '-o', 'ndjson'])).stdout.trim().split('\n')).toHaveLength(2)
    expect(await sandbox.json(['jobs', 'show', '@last'])).toMatchObject({id: 10})
  })

  test('a missing one: 66, the others are shown', async () => {
    const sandbox = await withJobs()
    const {status, stdout, stderr} = await sandbox.qctl(['jobs', 'show', '1', '99', '--json'])
    expect(status).toBe(66)
    expect(JSON.parse(stdout)).toMatchObject({items: [{id: 1}]})
    expect(stderr).toMatch(/^qctl: no job 99 in \S+ \(the newest is 10\)\n$/)
    expect((await sandbox.qctl(['jobs', 'show', '99'])).status).toBe(66)
    expect((await sandbox.qctl(['jobs', 'show', '@last-failed'])).status).toBe(66)
  })

  test('the end of what the handler printed last is shown to people', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x'])
    await sandbox.qctl(['consume', '--drain', '--shell', "seq 1 30; printf 'bad \\033[31m' >&2"])
    const {stdout} = await sandbox.qctl(['jobs', 'show', '1'])
    expect(stdout).toContain(`stdout of run 1\n  … 21 bytes before\n  11\n  12\n`)
    expect(stdout).toContain('  30\nstderr of run 1\n  bad \\x1b[31m\n')
    expect(stdout).toContain('payload (1 byte)')
  })

  test('as ids and as CSV', async () => {
    const sandbox = await withJobs()
    expect((await sandbox.qctl(['jobs', 'show', '2', '1', '-o', 'id'])).stdout).toBe('2\n1\n')
    const [head, first] = (await sandbox.qctl(['jobs', 'show', '1', '-o', 'csv'])).stdout.split('\r\n')
    expect(head).toBe('id,queue,state,reason,error,priority,run_at,key,attempts,created_at,finished_at,wait_ms,run_ms')
    expect(first).toMatch(/^1,mail,pending,,,0,\d{4}-\d\d-\d\dT[\d:.]+Z,,0,\d{4}-\d\d-\d\dT[\d:.]+Z,,,$/)
  })

  test('every column of CSV is a name of the JSON document', async () => {
    const sandbox = await withJobs()
    const [item = {}] = ((await sandbox.json(['jobs', 'list', '-l', '1'])) as {items: object[]}).items
    const {stdout} = await sandbox.qctl(['jobs', 'list', '-l', '1', '-o', 'csv', '--columns', Object.keys(item).join(',')])
    expect(stdout.split('\r\n')[1]).toStartWith('10,default,pending,false,,,5,')
    expect((await sandbox.qctl(['jobs', 'list', '-o', 'csv', '--columns', 'remark'])).status).toBe(2)
  })

  test('--raw is the payload and nothing else', async () => {
    const sandbox = await withJobs()
    expect((await sandbox.qctl(['jobs', 'show', '1', '--raw'])).stdout).toBe('a')
    expect((await sandbox.qctl(['jobs', 'show', '1', '2', '--raw'])).status).toBe(2)
  })
})

describe('verbs by id', () => {
  test('0 all, also when it is so already; 1 some; 4 none; 66 any missing, the others done', async () => {
    const sandbox = await withJobs()
    const status = async (...args: string[]): Promise<number> => (await sandbox.qctl(['jobs', ...args])).status
    expect(await status('cancel', '1', '2')).toBe(0)
    expect(await status('cancel', '1', '2')).toBe(0)
    expect(await status('resubmit', '1', '3')).toBe(1)
    expect(await status('resubmit', '1', '3')).toBe(4)
    expect(await status('fail', '3', '99')).toBe(66)
    expect(await ids(sandbox, '-s', 'failed')).toEqual([3])
    expect(await status('fail', '3')).toBe(0)
    expect(await status('cancel', '3')).toBe(4)
    expect(await status('assign', '3', '--consumer', 'x')).toBe(4)
    expect(await status('assign', '4', '--consumer', 'x')).toBe(0)
    expect(await status('delete', '3', '4-6')).toBe(0)
    expect(await ids(sandbox)).toEqual([10, 9, 8, 7, 2, 1])
    expect(await status('delete', '3')).toBe(66)
    expect(await status('delete', '3-6')).toBe(66)
    expect(await status('delete')).toBe(2)
    expect(await status('delete', '1', '-Q', 'mail')).toBe(2)
    expect(await status('assign', '1')).toBe(2)
  })

  test('the document', async () => {
    const sandbox = await withJobs()
    await sandbox.qctl(['jobs', 'cancel', '1'])
    const {stdout, stderr} = await sandbox.qctl(['jobs', 'fail', '1', '2', '99', '--json'])
    expect(JSON.parse(stdout)).toEqual({
      action: 'fail', matched: 3, changed: 1, requested: 0, skipped: [{id: 1, why: 'finished'}, {id: 99, why: 'no such job'}], dry_run: false, sample: [2],
    })
    expect(stderr).toBe('qctl: job 1 is finished; job 99 does not exist\n')
  })

  test('who did it and why is in the history', async () => {
    const sandbox = await withJobs()
    await sandbox.qctl(['jobs', 'cancel', '1', '--reason', 'no longer\nwanted'])
    expect(await sandbox.json(['jobs', 'show', '1'])).toMatchObject({events: [{from: 'pending', to: 'cancelled', actor: expect.stringMatching(/^cli:./), reason: 'no longer\nwanted'}]})
  })

  test('an assigned job is for that consumer alone', async () => {
    const sandbox = await withJobs()
    await sandbox.qctl(['jobs', 'assign', '1', '--consumer', 'bob', '--for', 'never'])
    expect(await sandbox.json(['jobs', 'show', '1'])).toMatchObject({assigned_to: 'bob', assigned_until: null})
    expect((await sandbox.qctl(['jobs', 'list', '--where', 'id=1'])).stdout).toMatch(/REMARK\n.*  for bob only\n$/)
    expect((await sandbox.qctl(['jobs', 'show', '1'])).stdout).toContain('to bob, for ever\n')
    await sandbox.qctl(['consume', '-Q', 'mail', '--drain', '--name', 'ann', '--', 'true'])
    expect(await ids(sandbox, '-Q', 'mail', '-s', 'pending')).toEqual([1])
    await sandbox.qctl(['consume', '-Q', 'mail', '--drain', '--name', 'bob', '--', 'true'])
    expect(await ids(sandbox, '-Q', 'mail', '-s', 'pending')).toEqual([])
  })
})

describe('verbs by filter', () => {
  test('need a yes, or the number', async () => {
    const sandbox = await withJobs()
    const asked = await sandbox.qctl(['jobs', 'delete', '-Q', 'mail'])
    expect(asked).toEqual({status: 2, stdout: '', stderr: 'qctl: this would delete 5 jobs (say --yes, or --confirm 5)\n'})
    expect((await sandbox.qctl(['jobs', 'delete', '-Q', 'mail', '--confirm', '4', '--yes'])).status).toBe(4)
    expect(await ids(sandbox)).toHaveLength(10)
    expect(await sandbox.qctl(['jobs', 'delete', '-Q', 'mail', '--confirm', '5'])).toEqual({status: 0, stdout: '5 deleted\n', stderr: ''})
    expect(await sandbox.qctl(['jobs', 'cancel', '--where', 'queue=default', '-y'])).toEqual({status: 0, stdout: '5 cancelled\n', stderr: ''})
    expect(await sandbox.qctl(['jobs', 'cancel', '--where', 'queue=nothing'])).toEqual({status: 0, stdout: '0 cancelled\n', stderr: 'there is no queue nothing\n'})
  })

  test('--confirm asserts the count of a dry run as well', async () => {
    const sandbox = await withJobs()
    for (const args of [['jobs', 'cancel', '--where', 'id>=1'], ['jobs', 'delete', '1', '2'], ['queues', 'purge', 'default'], ['queues', 'delete', 'default', '--force']]) {
      expect(await sandbox.qctl([...args, '-n', '--confirm', '77'])).toEqual({status: 4, stdout: '', stderr: expect.stringMatching(/^qctl: --confirm 77 was given, but this would /)})
    }
    expect((await sandbox.qctl(['jobs', 'delete', '1', '2', '-n', '--confirm', '2'])).status).toBe(0)
  })

  test('--dry-run counts and changes nothing', async () => {
    const sandbox = await withJobs()
    expect(await sandbox.json(['jobs', 'delete', '-s', 'pending', '-n'])).toEqual({
      action: 'delete', matched: 10, changed: 0, requested: 0, skipped: [], dry_run: true, sample: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    })
    expect((await sandbox.qctl(['jobs', 'delete', '-s', 'pending', '-n'])).stdout).toBe('would delete 10 jobs (1 2 3 4 5 6 7 8 9 10); nothing was changed\n')
    expect(await ids(sandbox)).toHaveLength(10)
  })

  test('what the state does not allow is told and left', async () => {
    const sandbox = await withJobs()
    await sandbox.qctl(['jobs', 'cancel', '1', '2'])
    const {status, stdout} = await sandbox.qctl(['jobs', 'fail', '-Q', 'mail', '--yes'])
    expect({status, stdout}).toEqual({status: 0, stdout: '3 marked as failed, 2 skipped (finished)\n'})
    expect(await sandbox.qctl(['jobs', 'fail', '-Q', 'mail', '--yes'])).toMatchObject({status: 0, stderr: ''})
  })

  test('what is asked about, asserted and named is what would change', async () => {
    const sandbox = await withJobs()
    await sandbox.qctl(['jobs', 'cancel', '1', '2'])
    expect((await sandbox.qctl(['jobs', 'fail', '-Q', 'mail'])).stderr).toBe('qctl: this would fail 3 jobs (say --yes, or --confirm 3)\n')
    expect((await sandbox.qctl(['jobs', 'fail', '-Q', 'mail', '-n'])).stdout).toBe('would fail 3 jobs, 2 skipped (finished) (3 4 5); nothing was changed\n')
    expect((await sandbox.qctl(['jobs', 'fail', '-Q', 'mail', '--confirm', '5'])).status).toBe(4)
    expect(await sandbox.json(['jobs', 'fail', '-Q', 'mail', '--confirm', '3'])).toMatchObject({matched: 5, changed: 3, sample: [3, 4, 5]})
  })

  test('a queue that does not exist is told, with the one that was meant', async () => {
    const sandbox = await withJobs()
    const note = 'there is no queue mial (did you mean mail?)\n'
    const error = `qctl: no queue mial in ${sandbox.database} (did you mean mail?)\n`
    for (const args of [['list', '-Q', 'mial'], ['list', '-Q', 'mail,mial'], ['list', '--watch', '-Q', 'mial'], ['cancel', '-Q', 'mial', '-y'], ['delete', '-Q', 'mial', '-n']]) {
      expect(await sandbox.qctl(['jobs', ...args])).toEqual({status: 66, stdout: '', stderr: error})
    }
    expect(await sandbox.qctl(['jobs', 'list', '--where', 'queue=mial', '-o', 'id'])).toEqual({status: 0, stdout: '', stderr: note})
    expect(await sandbox.qctl(['jobs', 'delete', '--where', 'not (queue!=mial)', '-y'])).toEqual({status: 0, stdout: '0 deleted\n', stderr: note})
    expect((await sandbox.qctl(['jobs', 'list', '--where', 'queue=mial', '-q'])).stderr).toBe('')
  })

  test('Ctrl-C at the question is an interruption', () => {
    const sandbox = new Sandbox()
    const program = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
text = b''
while b'[y/N]' not in text: text += os.read(terminal, 1000)
os.write(terminal, b'\\x03')
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`
    const env = {HOME: sandbox.home, PATH: process.env['PATH']}
    spawnSync(BINARY, ['produce', 'x'], {env})
    expect(spawnSync('python3', ['-c', program, BINARY, 'jobs', 'delete', '-Q', 'default'], {encoding: 'utf8', env, timeout: 20_000}).stdout).toBe('130\n')
    expect(spawnSync(BINARY, ['jobs', 'list', '-o', 'id'], {encoding: 'utf8', env}).stdout).toBe('1\n')
  })

  test('a filter that is none', async () => {
    const sandbox = await withJobs()
    for (const where of ['bogus=1', 'queue', 'state=dead', 'id=1;DROP TABLE job', "queue='", 'age>5', '(', 'payload.=1']) {
      const {status, stdout, stderr} = await sandbox.qctl(['jobs', 'delete', '--yes', '--where', where])
      expect({where, status, stdout}).toEqual({where, status: 2, stdout: ''})
      expect(stderr).toMatch(/^qctl: [^\n]+\n$/)
    }
    expect(await ids(sandbox)).toHaveLength(10)
  })

  test.each(['cancel', 'fail', 'delete', 'resubmit', 'assign', 'list'])('%s: the variable that should say which jobs is not set', async verb => {
    const sandbox = await withJobs()
    const own = verb === 'list' ? [] : verb === 'assign' ? ['--yes', '--consumer', 'c'] : ['--yes']
    for (const [which, hint] of [[['--key', ''], 'key=""'], [['--where', ''], "--where 'id>=1'"], [['--where', ' \n'], "--where 'id>=1'"]] as const) {
      const {status, stdout, stderr} = await sandbox.qctl(['jobs', verb, ...own, ...which])
      expect({which, status, stdout}).toEqual({which, status: 2, stdout: ''})
      expect(stderr).toContain(hint)
    }
    expect(await ids(sandbox, '-s', 'pending')).toHaveLength(10)
  })

  test('every job, and those without a key, can be asked for in so many words', async () => {
    const sandbox = await withJobs()
    await sandbox.qctl(['produce', '--key', 'k', 'x'])
    expect((await sandbox.qctl(['jobs', 'cancel', '-n', '--where', 'key=""'])).stdout).toStartWith('would cancel 10 jobs')
    expect((await sandbox.qctl(['jobs', 'cancel', '-n', '--where', 'id>=1'])).stdout).toStartWith('would cancel 11 jobs')
  })
})

describe('a job that is being processed', () => {
  /** A consumer with one job that sleeps. */
  async function processing(script = 'sleep 60'): Promise<{sandbox: Sandbox; consumer: ReturnType<Sandbox['start']>}> {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x'])
    const consumer = sandbox.start(['consume', '--grace', '200ms', '--name', 'c', '--shell', script])
    await waitFor(async () => (await ids(sandbox, '-s', 'processing')).length === 1, {what: 'the job to be taken'})
    return {sandbox, consumer}
  }

  test.each([['cancel', 'cancelled', null], ['fail', 'failed', 'admin']])('%s waits for the handler to be gone', async (verb, state, reason) => {
    const {sandbox} = await processing()
    await using _ = sandbox
    expect((await sandbox.qctl(['jobs', 'delete', '1'])).status).toBe(4)
    expect(await sandbox.json(['jobs', verb, '1'])).toMatchObject({changed: 1, skipped: []})
    expect(await sandbox.json(['jobs', 'show', '1'])).toMatchObject({state, reason})
    expect((await sandbox.qctl(['jobs', verb, '1'])).status).toBe(0)
  })

  test('--no-wait only asks', async () => {
    const {sandbox} = await processing()
    await using _ = sandbox
    expect(await sandbox.qctl(['jobs', 'cancel', '1', '--no-wait', '--reason', 'why'])).toEqual({status: 0, stdout: '1 requested\n', stderr: ''})
    expect((await sandbox.qctl(['jobs', 'show', '1'])).stdout).toMatch(/  cancel requested  \S+  why\n/)
    expect((await sandbox.qctl(['jobs', 'wait', '1', '--for', '10s'])).stdout).toBe('1 cancelled\n')
  })

  test.each(['cancel', 'fail'])('a program sees what was asked of the holder and what was not: %s', async verb => {
    const {sandbox} = await processing()
    await using _ = sandbox
    await sandbox.qctl(['produce', '-Q', 'other', 'x'])
    expect(await sandbox.json(['jobs', verb, '1', '2', '--no-wait', '--reason', 'why'])).toMatchObject({matched: 2, changed: 2, requested: 1})
    const {events} = (await sandbox.json(['jobs', 'show', '1'])) as {events: readonly object[]}
    expect(events[0]).toMatchObject({from: 'processing', to: 'processing', reason: `${verb} requested: why`})
  })

  test('whose consumer was killed is settled by the command itself', async () => {
    const {sandbox, consumer} = await processing()
    await using _ = sandbox
    consumer.kill('SIGKILL')
    await consumer.finished()
    expect(await sandbox.json(['jobs', 'cancel', '1'])).toMatchObject({changed: 1})
    expect(await sandbox.json(['jobs', 'show', '1'])).toMatchObject({state: 'cancelled'})
  })

  test('whose holder does not answer: 124, and it stays asked', async () => {
    const {sandbox, consumer} = await processing()
    await using _ = sandbox
    consumer.kill('SIGSTOP')
    const cancelled = await sandbox.qctl(['jobs', 'cancel', '1'], {env: {QCTL_GRACE: '0s'}})
    expect(cancelled.status).toBe(124)
    expect(cancelled.stderr).toContain('still being processed')
    expect(await sandbox.json(['jobs', 'show', '1'])).toMatchObject({state: 'processing', requested: 'cancel'})
  }, 20_000)
})

describe('jobs wait', () => {
  test('0 all done, 1 any failed or cancelled, 66 missing, 124 when the time is up', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'a', 'b', 'c'])
    expect(await sandbox.qctl(['jobs', 'wait', '1', '--for', '50ms'])).toMatchObject({status: 124, stdout: '1 pending\n'})
    const waiting = sandbox.start(['jobs', 'wait', '1-2', '--json'])
    await sandbox.qctl(['consume', '--max-jobs', '2', '--', 'true'])
    const {status, stdout} = await waiting.finished()
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toEqual({jobs: [{id: 1, state: 'done', reason: null}, {id: 2, state: 'done', reason: null}], timed_out: false})
    await sandbox.qctl(['jobs', 'fail', '3'])
    expect(await sandbox.qctl(['jobs', 'wait', '1', '3'])).toEqual({status: 1, stdout: '1 done\n3 failed (admin)\n', stderr: ''})
    expect((await sandbox.qctl(['jobs', 'wait', '1', '3', '-o', 'id'])).stdout).toBe('1\n3\n')
    expect((await sandbox.qctl(['jobs', 'wait', '1', '3', '-o', 'csv'])).stdout).toBe('id,state,reason\r\n1,done,\r\n3,failed,admin\r\n')
    expect((await sandbox.qctl(['jobs', 'wait', '1', '99'])).status).toBe(66)
    expect((await sandbox.qctl(['jobs', 'wait', '90-99'])).status).toBe(66)
    expect((await sandbox.qctl(['jobs', 'wait'])).status).toBe(2)
  })

  test('ends with 143 when it is told to', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'a'])
    const waiting = sandbox.start(['jobs', 'wait', '1', '-v'])
    await waitFor(() => waiting.stderr.includes('database:'), {what: 'the start'})
    waiting.kill('SIGTERM')
    expect((await waiting.finished()).status).toBe(143)
  })
})

describe('hostile ids', () => {
  test.each(['-1', '0', '00', '9007199254740993', '99999999999999999999', '0x10', '1e3', ' 1', '1 ', '1;DROP TABLE job', '', '1.0', '+1', '١', '5-3', '1-', '-', '@first', '1,2', 'NaN', 'Infinity', "1' OR '1'='1"])(
    '%j',
    async (id) => {
      const sandbox = new Sandbox()
      await sandbox.qctl(['produce', 'a', 'b'])
      for (const verb of ['show', 'delete']) {
        const {status, stdout, stderr} = await sandbox.qctl(['jobs', verb, '--', id])
        expect({verb, status, stdout}).toEqual({verb, status: 2, stdout: ''})
        expect(stderr).toMatch(/^qctl: [^\n]+\n$/)
      }
      expect(await ids(sandbox, '-s', 'pending')).toHaveLength(2)
    },
  )

  test('every verb refuses them before it opens anything', async () => {
    const sandbox = new Sandbox()
    for (const verb of ['show', 'wait', 'cancel', 'fail', 'resubmit', 'delete']) expect((await sandbox.qctl(['jobs', verb, '--', '1e3'])).status).toBe(2)
  })
})

test('a database that is not there is not made', async () => {
  const sandbox = new Sandbox()
  for (const args of [['jobs', 'list'], ['jobs', 'show', '1'], ['jobs', 'cancel', '1'], ['queues', 'list'], ['queues', 'create', 'q'], ['consumers', 'list'], ['jobs', 'wait', '1']]) {
    const {status, stderr} = await sandbox.qctl(args)
    expect({args, status}).toEqual({args, status: 66})
    expect(stderr).toContain(sandbox.database)
  }
})
