import {describe, expect, test} from 'bun:test'
import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {BINARY, type Finished, type RunOptions, Sandbox} from '../support/binary.ts'
import {waitFor} from '../support/wait-for.ts'

const MIB = 1024 * 1024

/** A queue whose handlers find the binary as `"$QCTL_BIN"`. */
class Workplace extends Sandbox {
  readonly #env = {QCTL_BIN: BINARY, XDG_RUNTIME_DIR: this.home}

  /** Produces one job and consumes with a script until nothing is left. */
  async work(script: string, {flags = [], ...options}: RunOptions & {readonly flags?: readonly string[]} = {}): Promise<Finished> {
    await this.qctl(['produce', 'payload'])
    return this.qctl(['consume', '--drain', ...flags, '--shell', script], {...options, env: {...this.#env, ...options.env}})
  }

  consume(script: string, ...flags: readonly string[]) {
    return this.start(['consume', ...flags, '--shell', script], {env: this.#env})
  }

  async job(id = 1): Promise<Readonly<Record<string, unknown>>> {
    return (await this.json(['jobs', 'show', String(id)])) as Readonly<Record<string, unknown>>
  }

  path(name: string): string {
    return join(this.home, name)
  }

  /** What a handler wrote there, once it is a whole line. */
  async line(name: string): Promise<string> {
    return waitFor(() => {
      const text = existsSync(this.path(name)) ? readFileSync(this.path(name), 'utf8') : ''
      return text.endsWith('\n') ? text.trim() : null
    }, {what: name})
  }
}

describe('qctl job progress', () => {
  test('is seen while the handler runs, and afterwards', async () => {
    await using work = new Workplace()
    await work.qctl(['produce', 'x'])
    const consumer = work.consume('"$QCTL_BIN" job progress 40 && until [ -e go ]; do sleep 0.02; done; "$QCTL_BIN" job progress 99.5%', '--max-jobs', '1')
    await waitFor(async () => (await work.job())['progress'] === 0.4, {what: 'the progress'})
    expect((await work.qctl(['jobs', 'show', '1'])).stdout).toContain('progress   40 %')
    expect((await work.qctl(['jobs', 'list'])).stdout).toContain(', 40 %')
    expect((await work.qctl(['jobs', 'list', '--columns', 'id,progress'])).stdout).toMatch(/^ID +PROGRESS\n *1 +40 %\n$/)
    writeFileSync(work.path('go'), '')
    expect((await consumer.finished()).status).toBe(0)
    expect(await work.job()).toMatchObject({state: 'done', progress: 0.995})
  })

  test('prints nothing, and with --json what was taken', async () => {
    const work = new Workplace()
    await work.work('"$QCTL_BIN" job progress 12; "$QCTL_BIN" job progress 12 --json; "$QCTL_BIN" job progress 12 -o ndjson')
    const shown = {id: 1, fence: 1, progress: 0.12}
    expect((await work.qctl(['jobs', 'show', '1'])).stdout).toContain('stdout of run 1')
    expect(await stdoutOf(work)).toEqual([JSON.stringify(shown, null, 2), JSON.stringify(shown), ''].join('\n'))
  })

  test.each(['101', '100.1', '-1', '0.4', '1e1', 'x', '', '40%%', '1000'])('%j is refused: 2', async text => {
    const work = new Workplace()
    expect((await work.qctl(['job', 'progress', '--', text])).status).toBe(2)
  })

  test('the last of thousands counts, and the database is not written for each', async () => {
    const work = new Workplace()
    // A python that speaks to the socket itself: a message takes a tenth of a millisecond.
    writeFileSync(work.path('talk.py'), `
import os, socket, json
s = socket.socket(socket.AF_UNIX); s.connect(os.environ['QCTL_SOCKET']); f = s.makefile('rw')
for i in range(3001):
    f.write(json.dumps({'id': int(os.environ['QCTL_JOB_ID']), 'fence': int(os.environ['QCTL_FENCE']), 'progress': i / 4000}) + '\\n'); f.flush()
    assert json.loads(f.readline()) == {'ok': True}
`)
    await work.qctl(['produce', 'x'])
    const env = {XDG_RUNTIME_DIR: work.home}
    expect((await work.qctl(['consume', '--drain', '--', 'python3', work.path('talk.py')], {env})).status).toBe(0)
    expect(await work.job()).toMatchObject({state: 'done', progress: 0.75})
  })
})

describe('qctl job result', () => {
  test('from an argument, from stdin, byte for byte; the last one counts', async () => {
    const work = new Workplace()
    await work.work('"$QCTL_BIN" job result first; "$QCTL_BIN" job result "two words"')
    await work.work('printf "a\\nb" | "$QCTL_BIN" job result')
    await work.work('"$QCTL_BIN" job result - < /dev/null')
    await work.work('printf "\\377\\0" | "$QCTL_BIN" job result -')
    await work.work('"$QCTL_BIN" job result "$(printf "\\377")"')
    await work.work('"$QCTL_BIN" job result')
    const results = await Promise.all([1, 2, 3, 4, 5, 6].map(id => work.job(id)))
    expect(results.map(job => job['result'] ?? job['result_base64'])).toEqual(['two words', 'a\nb', '', '/wA=', '/w==', 'payload'])
  })

  test('a MiB at most', async () => {
    const work = new Workplace()
    await work.work(`head -c ${MIB} /dev/zero | "$QCTL_BIN" job result && ! head -c ${MIB + 1} /dev/zero | "$QCTL_BIN" job result; echo $? >&2; yes | "$QCTL_BIN" job result`)
    const job = await work.job()
    expect(job).toMatchObject({state: 'failed', error: 'exit status 65: qctl: a result may have 1 MiB (what is larger belongs into a file, whose path can be the result)', result: null})
    await work.work(`head -c ${MIB} /dev/zero | "$QCTL_BIN" job result`)
    expect(String((await work.job(2))['result']).length).toBe(MIB)
  })

  test('the result file beats it, a failure drops it', async () => {
    const work = new Workplace()
    await work.work('"$QCTL_BIN" job result said; printf file > "$QCTL_RESULT_FILE"')
    await work.work('"$QCTL_BIN" job result said; exit 65')
    expect(await work.job(1)).toMatchObject({result: 'file'})
    expect(await work.job(2)).toMatchObject({state: 'failed', result: null})
  })
})

describe('qctl job snooze', () => {
  test.each(['exit 0', 'exit 75'])('%s: the job waits as long as asked, and no attempt is spent', async end => {
    const work = new Workplace()
    const before = Date.now()
    await work.work(`"$QCTL_BIN" job snooze 10m --json; ${end}`)
    const job = await work.job()
    expect(job).toMatchObject({state: 'pending', scheduled: true, attempts: 0, snoozes: 1})
    expect(Date.parse(String(job['run_at'])) - before).toBeGreaterThan(599_000)
    expect(await stdoutOf(work)).toContain('"snooze_ms": 600000')
  })

  test('a failure stays one', async () => {
    const work = new Workplace()
    await work.work('"$QCTL_BIN" job snooze 10m; exit 65')
    expect(await work.job()).toMatchObject({state: 'failed', reason: 'permanent', snoozes: 0})
  })

  test('without a time it is by the backoff of the queue', async () => {
    const work = new Workplace()
    await work.qctl(['init'])
    await work.qctl(['queues', 'create', 'default', '--backoff', 'fixed:1h'])
    await work.work('"$QCTL_BIN" job snooze')
    expect(await work.job()).toMatchObject({state: 'pending', attempts: 0, snoozes: 1})
  })

  test.each([['10'], ['x'], ['-1m'], ['1m', '2m']].map(args => [args] as const))('%j is refused: 2', async args => {
    expect((await new Workplace().qctl(['job', 'snooze', ...args])).status).toBe(2)
  })
})

describe('what is said in the wrong place', () => {
  const verbs = [['progress', '4'], ['result', 'x'], ['snooze', '1m']].map(args => [args] as const)

  test.each(verbs)('%j outside of a handler: 2', async args => {
    const {status, stdout, stderr} = await new Workplace().qctl(['job', ...args])
    expect({status, stdout, stderr}).toEqual({
      status: 2,
      stdout: '',
      stderr: 'qctl: this works only inside a handler that qctl consume runs: there is no QCTL_SOCKET (qctl help handlers)\n',
    })
  })

  test.each(verbs)('%j when the consumer is gone: 69', async args => {
    const work = new Workplace()
    const env = {QCTL_SOCKET: work.path('gone'), QCTL_JOB_ID: '1', QCTL_FENCE: '1'}
    const {status, stdout} = await work.qctl(['job', ...args, '--json'], {env})
    expect(status).toBe(69)
    expect(JSON.parse(stdout)).toMatchObject({error: {code: 'unavailable', exit: 69, retryable: true}})
  })

  test('with a fence that is not that of the run: 4, and nothing comes of it', async () => {
    const work = new Workplace()
    await work.work('for args in "progress 4" "result x" "snooze 1m"; do QCTL_FENCE=2 "$QCTL_BIN" job $args; echo $?; done')
    expect(await stdoutOf(work)).toBe('4\n4\n4\n')
    expect(await work.job()).toMatchObject({state: 'done', progress: null, result: null})
  })

  test('after another consumer took the job over: 4, and nothing is stored', async () => {
    await using work = new Workplace()
    await work.qctl(['produce', 'x'])
    const frozen = work.consume('echo "$QCTL_SOCKET" > socket; exec sleep 60', '--lease', '1s', '--name', 'frozen')
    const env = {QCTL_SOCKET: await work.line('socket'), QCTL_JOB_ID: '1', QCTL_FENCE: '1'}
    frozen.kill('SIGSTOP')
    work.consume('exec sleep 60', '--name', 'other')
    await waitFor(async () => (await work.job())['fence'] === 2, {what: 'the takeover'})
    const late = work.start(['job', 'progress', '50'], {env})
    frozen.kill('SIGCONT')
    const {status, stderr} = await late.finished()
    expect(status).toBe(4)
    expect(stderr).toMatch(/^qctl: (run 1 of job 1 is over|the job is not run here any more)/)
    expect(await work.job()).toMatchObject({state: 'processing', fence: 2, consumer: 'other', progress: null})
    await work.qctl(['jobs', 'cancel', '1'])
  })

  test('while the run is being ended only progress is taken', async () => {
    await using work = new Workplace()
    await work.qctl(['produce', 'x'])
    const script = `trap 'for args in "progress 4" "result x" "snooze 1m"; do "$QCTL_BIN" job $args; echo $?; done; exit 0' TERM; echo > began; while :; do sleep 0.02; done`
    work.consume(script)
    await waitFor(() => existsSync(work.path('began')), {what: 'the handler'})
    expect((await work.qctl(['jobs', 'cancel', '1'])).status).toBe(0)
    expect(await stdoutOf(work)).toBe('0\n4\n4\n')
    expect(await work.job()).toMatchObject({state: 'cancelled', result: null, snoozes: 0})
  })
})

/** What the last run printed. */
async function stdoutOf(work: Workplace): Promise<string> {
  const {stdout} = await work.qctl(['jobs', 'show', '1'])
  const [, printed = ''] = stdout.split(/stdout of run \d+\n/)
  return printed.split('\nstderr of run')[0]?.replaceAll(/^ {2}/gm, '').trimEnd().concat('\n') ?? ''
}
