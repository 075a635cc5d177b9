import {describe, expect, test} from 'bun:test'
import {createHash} from 'node:crypto'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {isFinished, readStat} from '../../src/lib/process.ts'
import {type Finished, type Running, Sandbox} from '../support/binary.ts'
import {waitFor} from '../support/wait-for.ts'

const WORKERS = join(import.meta.dirname, '../../docs/workers')
const SCRIPTED = join(import.meta.dirname, '../handlers/workers/scripted.ts')

interface Shown {
  readonly id: number
  readonly state: string
  readonly run_at: string
  readonly reason: string | null
  readonly error: string | null
  readonly attempts: number
  readonly crashes: number
  readonly fence: number
  readonly progress: number | null
  readonly result: string | null
  readonly attempts_list: readonly {readonly outcome: string; readonly signal: string | null; readonly cause: string | null; readonly error: string | null}[]
}

/** A sandbox whose jobs tell a scripted worker what to do. */
class Scene extends Sandbox {
  readonly ledgerFile = join(this.home, 'ledger')

  /** What the workers noted, without their pids. */
  get ledger(): readonly string[] {
    return this.#lines.map(line => line.replace(/ \d+$/, ''))
  }

  /** The pids of all workers that ever were. */
  get pids(): readonly number[] {
    return [...new Set(this.#lines.map(line => Number(line.split(' ').at(-1))))]
  }

  get #lines(): readonly string[] {
    return existsSync(this.ledgerFile) ? readFileSync(this.ledgerFile, 'utf8').trim().split('\n') : []
  }

  async produce(...args: readonly string[]): Promise<void> {
    expect((await this.qctl(['produce', ...args])).status).toBe(0)
  }

  script(atStart = ''): string {
    return `exec ${process.execPath} ${SCRIPTED} ${this.ledgerFile} ${atStart}`
  }

  consume(...flags: readonly string[]): Promise<Finished> {
    return this.qctl(['consume', '--workers', '1', ...flags, '--stream', this.script()])
  }

  /** Retries soon. */
  async impatient(): Promise<void> {
    expect((await this.qctl(['init'])).status).toBe(0)
    expect((await this.qctl(['queues', 'create', 'default', '--backoff', 'fixed:10ms'])).status).toBe(0)
  }

  /** Consumes until nothing is pending or processing any more. */
  async consumeAll(...flags: readonly string[]): Promise<Finished> {
    const running = this.startConsuming(...flags)
    await this.qctl(['jobs', 'wait', '--for', '15s', ...(await this.ids())])
    running.kill('SIGTERM')
    return running.finished()
  }

  async ids(): Promise<readonly string[]> {
    return (await this.qctl(['jobs', 'list', '-o', 'id'])).stdout.trim().split('\n')
  }

  startConsuming(...flags: readonly string[]): Running {
    return this.start(['consume', '--workers', '1', ...flags, '--stream', this.script()])
  }

  async show(...ids: readonly number[]): Promise<readonly Shown[]> {
    const shown = (await this.json(['jobs', 'show', ...ids.map(String)])) as Shown | {readonly items: readonly Shown[]}
    return 'items' in shown ? shown.items : [shown]
  }

  async job(id: number): Promise<Shown> {
    const [job] = await this.show(id)
    if (job === undefined) throw new Error(`no job ${id}`)
    return job
  }

  async isBegun(id: number): Promise<void> {
    await waitFor(() => this.ledger.some(line => line.startsWith(`begin ${id}:`)), {what: `job ${id} to begin`})
  }

  expectNobodyLeft(): void {
    expect(this.pids.filter(isAlive)).toEqual([])
  }
}

function isAlive(pid: number): boolean {
  const stat = readStat(pid)
  return stat !== null && !isFinished(stat)
}

describe('workers in other languages', () => {
  const payloads = ['hello', 'two\nlines\t"quoted" \\ back', 'grüße 🚀', '']
  for (const name of ['worker.py', 'worker.sh']) {
    test(name, async () => {
      const text = readFileSync(join(WORKERS, name), 'utf8')
      expect(text.trim().split('\n').length).toBeLessThanOrEqual(15)
      const sandbox = new Sandbox()
      await sandbox.qctl(['produce', ...payloads])
      expect((await sandbox.qctl(['consume', '--drain', '-c', '10', '--stream', join(WORKERS, name)])).status).toBe(0)
      const shown = (await sandbox.json(['jobs', 'show', '1-4'])) as {readonly items: readonly Shown[]}
      expect(shown.items.map(({state, result}) => [state, result])).toEqual(
        payloads.map(payload => ['done', createHash('sha256').update(payload).digest('hex')]),
      )
    })
  }
})

describe('a stream worker', () => {
  test('is started once and given job after job, in order', async () => {
    const scene = new Scene()
    await scene.produce('ok a', 'ok b', 'ok c')
    expect((await scene.consume('--drain', '-c', '2')).status).toBe(0)
    expect(scene.ledger).toEqual(['worker', 'begin 1:1', 'end 1:1', 'begin 2:1', 'end 2:1', 'begin 3:1', 'end 3:1', 'bye'])
    expect((await scene.show(1, 2, 3)).map(({state, result}) => [state, result])).toEqual([['done', 'ok a'], ['done', 'ok b'], ['done', 'ok c']])
    scene.expectNobodyLeft()
  })

  test('is told all about the job, and finds the rest in its environment', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', '-Q', 'mail', '--key', 'k1', '--type', 'text/plain', '--timeout', '1m', '--max-attempts', '3', 'hi'])
    await sandbox.qctl(['produce', '-Q', 'mail', '-'], {stdin: new Uint8Array([0xff, 0xfe])})
    const script = 'while read -r l; do echo "$l" >> lines; echo "$QCTL_QUEUE $QCTL_CONSUMER $QCTL_DB ${QCTL_JOB_ID-none}" >> env; ' +
      'echo "{\\"id\\":$(wc -l < lines),\\"fence\\":1,\\"ok\\":true}"; done'
    await sandbox.qctl(['consume', '-Q', 'mail', '--drain', '--name', 'me', '--stream', script])
    const [text, bytes] = readFileSync(join(sandbox.home, 'lines'), 'utf8').trim().split('\n').map(line => JSON.parse(line) as unknown)
    const common = {queue: 'mail', attempt: 1, fence: 1, file: false}
    expect(text).toEqual({...common, id: 1, max_attempts: 3, key: 'k1', content_type: 'text/plain', timeout_ms: 60_000, payload: 'hi'})
    expect(bytes).toEqual({...common, id: 2, max_attempts: 8, key: null, content_type: null, timeout_ms: null, payload_base64: '//4='})
    expect(readFileSync(join(sandbox.home, 'env'), 'utf8').split('\n')[0]).toBe(`mail me ${sandbox.database} none`)
  })

  test('answers with a result, an error, a retry or for good, and tells how far it is', async () => {
    const scene = new Scene()
    await scene.produce(
      'say {"ok":true,"result":{"a":[1,"x"]}}',
      'say {"ok":true,"result_base64":"//4="}',
      'say {"error":"no luck","retry":"1h"}',
      'say {"error":"bad data","retry":false}',
      'say {"error":"no luck"}',
      'say {"progress":0.4}',
      'say {"progress":40}',
    )
    const running = scene.startConsuming('-c', '10', '--grace', '100ms')
    await waitFor(async () => (await scene.job(6)).progress === 0.4, {what: 'progress'})
    expect(await scene.job(6)).toMatchObject({state: 'processing'})
    running.kill('SIGTERM')
    expect((await running.finished()).stderr).toContain('"why":"progress is a number from 0 to 1, not 40"')
    const [done, later, never, failed] = await scene.show(1, 3, 4, 5)
    expect(done).toMatchObject({state: 'done', result: '{"a":[1,"x"]}'})
    expect(later).toMatchObject({state: 'pending', attempts: 1, attempts_list: [{outcome: 'failed', error: 'no luck'}]})
    expect(Date.parse(later?.run_at ?? '')).toBeGreaterThan(Date.now() + 3_000_000)
    expect(never).toMatchObject({state: 'failed', reason: 'permanent', error: 'bad data'})
    expect(failed?.attempts_list[0]).toMatchObject({outcome: 'failed', error: 'no luck'})
    expect(await scene.job(2)).toMatchObject({result_base64: '//4='})
    scene.expectNobodyLeft()
  })

  test('may not answer with more than a result may have', async () => {
    const scene = new Scene()
    await scene.qctl(['init'])
    await scene.qctl(['queues', 'create', 'default', '--max-payload', '16M'])
    await scene.qctl(['produce', '-'], {stdin: `say {"ok":true,"result":"${'x'.repeat(1024 * 1024)}"}`})
    await scene.qctl(['produce', '-'], {stdin: `say {"ok":true,"result":"${'x'.repeat(1024 * 1024 + 1)}"}`})
    await scene.qctl(['produce', '-'], {stdin: `print ${'x'.repeat(9 * 1024 * 1024)}`})
    await scene.consume('--max-jobs', '3')
    expect(await scene.show(1, 2, 3)).toMatchObject([
      {state: 'done'},
      {state: 'failed', reason: 'permanent', error: 'the result has 1048577 bytes; a result may have 1 MiB'},
      {state: 'pending', crashes: 1, error: expect.stringContaining('a line of more than')},
    ])
  })

  test('that does not read leaves qctl alone, however much there is to write', async () => {
    const scene = new Scene()
    const long = Array.from({length: 60}, (_, n) => `ok ${n}${'x'.repeat(50_000)}\n`)
    await scene.qctl(['produce', '--lines'], {stdin: `sleep 300\n${long.join('')}`})
    expect((await scene.consume('--drain', '-c', '100')).status).toBe(0)
    expect(await scene.json(['queues', 'show', 'default'])).toMatchObject({counts: {done: 61}})
  })

  test('what it prints on stderr belongs to the job it has had longest', async () => {
    const scene = new Scene()
    await scene.produce('ok', 'whisper here I am')
    await scene.consume('--drain', '-c', '5')
    expect((await scene.qctl(['jobs', 'show', '2'])).stdout).toContain('here I am')
    expect((await scene.qctl(['jobs', 'show', '1'])).stdout).not.toContain('here I am')
  })
})

describe('a stream worker that', () => {
  const suspects: readonly (readonly [what: string, payload: string, cause: string, error: string])[] = [
    ['exits', 'once exit 3', 'worker_died', 'the worker ended with exit status 3: last words'],
    ['exits well before it answers', 'once exit 0', 'worker_died', 'the worker ended with exit status 0'],
    ['is killed', 'once die', 'signal', 'the worker was killed by SIGKILL'],
    ['writes no JSON', 'once print hello', 'bad_answer', 'the worker wrote what is no answer: not JSON: "hello"'],
    ['writes no answer', 'once say {"x":1}', 'bad_answer', 'the worker wrote what is no answer: neither'],
  ]
  for (const [what, payload, cause, error] of suspects) {
    test(`${what} is replaced: the job it had is a crash, the others go back unharmed`, async () => {
      const scene = new Scene()
      await scene.impatient()
      await scene.produce('ok', payload, 'ok 3', 'ok 4')
      const {status} = await scene.consumeAll('-c', '4')
      expect(status).toBe(0)
      const [first, suspect, ...others] = await scene.show(1, 2, 3, 4)
      expect(first).toMatchObject({state: 'done', attempts_list: [{outcome: 'done'}]})
      expect(suspect).toMatchObject({state: 'done', crashes: 1, attempts: 2, attempts_list: [{outcome: 'crashed'}, {outcome: 'done'}]})
      // A KILL of qctl's own is no fact about the run.
      expect(suspect?.attempts_list[0]).toMatchObject({cause, signal: cause === 'signal' ? 'SIGKILL' : null})
      expect(suspect?.attempts_list[0]?.error).toStartWith(error)
      for (const other of others) {
        expect(other).toMatchObject({state: 'done', crashes: 0, attempts: 1, attempts_list: [{outcome: 'released'}, {outcome: 'done'}]})
      }
      expect(scene.ledger.filter(line => line === 'worker').length).toBe(2)
      scene.expectNobodyLeft()
    })
  }

  test('answers for a job it does not have, with an old fence, or twice, is refused, and goes on: no job is charged', async () => {
    const scene = new Scene()
    await scene.produce('other', 'old', 'twice', 'ok', 'sleep 100')
    const {status, stderr} = await scene.consume('--drain', '-c', '5')
    expect(status).toBe(0)
    for (const job of await scene.show(1, 2, 3, 4, 5)) {
      expect(job).toMatchObject({state: 'done', attempts: 1, crashes: 0, fence: 1, attempts_list: [{outcome: 'done'}]})
    }
    const refused = stderr.split('\n').filter(line => line.includes('answer refused')).map(line => JSON.parse(line) as Readonly<Record<string, unknown>>)
    expect(refused.map(({job, fence}) => [job, fence])).toEqual([[1001, 1], [2, 0], [3, 1]])
    expect(scene.ledger.filter(line => line === 'worker').length).toBe(1)
    scene.expectNobodyLeft()
  })

  test('does not answer its oldest job in that job\'s time is replaced; what waits behind it has time of its own', async () => {
    const scene = new Scene()
    await scene.impatient()
    // The worker's start is the first one's time.
    await scene.produce('ok')
    await scene.produce('--timeout', '1500ms', 'sleep 900', 'sleep 900', 'once hang', 'ok')
    expect((await scene.consumeAll('-c', '5', '--grace', '200ms')).status).toBe(0)
    expect(await scene.show(2, 3, 4, 5)).toMatchObject([
      {attempts_list: [{outcome: 'done'}]},
      {attempts_list: [{outcome: 'done'}]},
      {attempts_list: [{outcome: 'timed_out'}, {outcome: 'done'}], crashes: 0, attempts: 2},
      {attempts_list: [{outcome: 'released'}, {outcome: 'done'}], attempts: 1},
    ])
    expect(scene.ledger).toContain('TERM')
    scene.expectNobodyLeft()
  })

  test('dies with each job pauses nothing, and the job ends as poison', async () => {
    const scene = new Scene()
    await scene.impatient()
    await scene.produce('die', 'ok')
    expect((await scene.consumeAll('-c', '2')).status).toBe(0)
    expect(await scene.show(1, 2)).toMatchObject([{state: 'failed', reason: 'poison', crashes: 3}, {state: 'done', crashes: 0}])
  })

  for (const [what, script] of [
    ['is not there', './nowhere'],
    ['dies before it reads', 'echo broken >&2; exit 1'],
    ['prints a banner', 'echo Starting; cat > /dev/null'],
  ] as const) {
    test(`${what} pauses the queue; no job is to blame, and it is not tried without end`, async () => {
      const scene = new Scene()
      await scene.impatient()
      await scene.produce('a', 'b', 'c')
      const running = scene.start(['consume', '--workers', '1', '-c', '2', '--stream', `echo x >> starts; ${script}`])
      await waitFor(async () => ((await scene.json(['queues', 'show', 'default'])) as {readonly paused: boolean}).paused, {what: 'the queue to be paused'})
      running.kill('SIGTERM')
      const {stderr} = await running.finished()
      expect(await scene.json(['queues', 'show', 'default'])).toMatchObject({counts: {pending: 3}})
      for (const job of await scene.show(1, 2, 3)) expect(job).toMatchObject({state: 'pending', crashes: 0, attempts: 0})
      expect(readFileSync(join(scene.home, 'starts'), 'utf8').length / 2).toBeLessThanOrEqual(5)
      expect(stderr.split('queue paused').length).toBe(2)
    })
  }

  test('has a job that is cancelled is ended with it; the others go back unharmed', async () => {
    await using scene = new Scene()
    await scene.produce('hang', 'ok 2', 'ok 3')
    scene.startConsuming('-c', '3', '--grace', '300ms')
    await scene.isBegun(1)
    expect((await scene.qctl(['jobs', 'cancel', '1'])).status).toBe(0)
    expect(await scene.job(1)).toMatchObject({state: 'cancelled', attempts_list: [{outcome: 'cancelled'}]})
    await waitFor(async () => (await scene.job(3)).state === 'done')
    expect(await scene.show(2, 3)).toMatchObject([{attempts_list: [{outcome: 'released'}, {outcome: 'done'}]}, {state: 'done'}])
    expect(scene.ledger).toContain('TERM')
  })

  test('gives jobs back because of another one does not use up --max-jobs with them', async () => {
    await using scene = new Scene()
    await scene.produce('hang', 'ok 2', 'ok 3', 'ok 4')
    const running = scene.startConsuming('-c', '3', '--grace', '300ms', '--max-jobs', '3')
    await scene.isBegun(1)
    expect((await scene.qctl(['jobs', 'cancel', '1'])).status).toBe(0)
    expect((await running.finished()).status).toBe(0)
    expect((await scene.show(1, 2, 3, 4)).map(({state}) => state).toSorted()).toEqual(['cancelled', 'done', 'done', 'pending'])
    expect((await scene.job(2)).attempts_list[0]).toMatchObject({outcome: 'released'})
  })

  test('was given more than it finishes in the grace of a stop gives back the rest', async () => {
    await using scene = new Scene()
    await scene.produce('sleep 300', 'hang', 'ok', 'ok')
    const running = scene.startConsuming('-c', '3', '--grace', '700ms')
    await scene.isBegun(1)
    running.kill('SIGTERM')
    expect((await running.finished()).status).toBe(0)
    expect(await scene.show(1, 2, 3, 4)).toMatchObject([
      {state: 'done', attempts: 1},
      {state: 'pending', attempts: 0, attempts_list: [{outcome: 'released'}]},
      {state: 'pending', attempts: 0},
      {state: 'pending', attempts: 0, fence: 0},
    ])
    scene.expectNobodyLeft()
  })

  test('belongs to a consumer that is killed is killed before its jobs are given to another one', async () => {
    await using scene = new Scene()
    await scene.produce('once hang', 'ok', 'ok')
    const victim = scene.startConsuming('-c', '3', '--name', 'victim')
    await scene.isBegun(1)
    victim.kill('SIGKILL')
    await victim.finished()
    const pids = [...scene.pids]
    expect((await scene.consume('--drain', '-c', '3', '--name', 'rescuer')).status).toBe(0)
    expect(pids.filter(isAlive)).toEqual([])
    for (const job of await scene.show(1, 2, 3)) expect(job).toMatchObject({state: 'done', fence: 2})
    scene.expectNobodyLeft()
  })

  test('belongs to a consumer that is frozen is killed before its lease ends; late answers count for nothing, and the consumer carries on', async () => {
    await using scene = new Scene()
    await scene.produce('once sleep 2500', 'ok 2', 'ok 3')
    const victim = scene.startConsuming('-c', '3', '--name', 'victim', '--lease', '1s')
    await scene.isBegun(1)
    const [pid = 0] = scene.pids
    victim.kill('SIGSTOP')
    const rescuer = scene.startConsuming('-c', '3', '--name', 'rescuer', '--lease', '1s')
    await waitFor(() => scene.ledger.some(line => line === 'begin 1:2'), {what: 'the job to be given to somebody else'})
    expect(isAlive(pid)).toBe(false)
    victim.kill('SIGCONT')
    await scene.qctl(['jobs', 'wait', '1-3', '--for', '10s'])
    rescuer.kill('SIGTERM')
    expect((await rescuer.finished()).status).toBe(0)
    for (const job of await scene.show(1, 2, 3)) expect(job).toMatchObject({state: 'done', fence: 2, crashes: 0})
    await scene.produce('ok 4')
    await waitFor(async () => (await scene.job(4)).state === 'done', {what: 'the frozen consumer to carry on'})
    victim.kill('SIGTERM')
    expect((await victim.finished()).status).toBe(0)
    scene.expectNobodyLeft()
  })

  test('takes too much memory is replaced once it has finished what it has', async () => {
    const scene = new Scene()
    await scene.produce('grow 600', 'sleep 1500', 'ok')
    const {status, stderr} = await scene.consume('--drain', '-c', '2', '--max-rss', '500M')
    expect(status).toBe(0)
    expect(stderr).toContain('worker replaced: too much memory')
    expect((await scene.show(1, 2, 3)).map(({state, attempts_list}) => [state, attempts_list.length])).toEqual([['done', 1], ['done', 1], ['done', 1]])
  })
})

describe('a consumer that is told to retire', () => {
  for (const [flag, value, why] of [['--max-age', '500ms', 'max_age'], ['--max-rss', '1M', 'max_rss']] as const) {
    test(`by ${flag} claims no more, finishes what it has, and exits with 0`, async () => {
      await using scene = new Scene()
      await scene.produce('1', '2', '3', '4')
      const running = scene.start(['consume', flag, value, '--grace', '100ms', '--shell', 'sleep 1.2'])
      const {status, stderr} = await running.finished()
      expect(status).toBe(0)
      const log = stderr.trim().split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line) as Readonly<Record<string, unknown>>)
      const size = {rss_bytes: expect.any(Number), limit_bytes: 1024 * 1024}
      expect(log.find(({msg}) => msg === 'retiring')).toMatchObject({why, ...(why === 'max_rss' ? size : {age_ms: expect.any(Number), limit_ms: 500})})
      const warnings = log.filter(({msg}) => msg === 'more memory than --max-rss before the first job: may end after every job')
      expect(warnings).toMatchObject(why === 'max_rss' ? [{level: 'warn', ...size}] : [])
      const jobs = (await scene.show(1, 2, 3, 4)).map(({state, attempts}) => `${state} ${attempts}`)
      expect(jobs.filter(job => job !== 'done 1' && job !== 'pending 0')).toEqual([])
      expect([jobs[0], jobs[3]]).toEqual(['done 1', 'pending 0'])
    })
  }
})
