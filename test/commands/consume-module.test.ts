import {describe, expect, test} from 'bun:test'
import {chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {isFinished, readStat} from '../../src/lib/process.ts'
import {Sandbox} from '../support/binary.ts'
import {waitFor} from '../support/wait-for.ts'

interface Shown {
  readonly id: number
  readonly state: string
  readonly progress: number | null
  readonly attempts_list: readonly {readonly outcome: string; readonly error: string | null}[]
}

/** What a job has to do is what its payload says. */
const HANDLER = `
import {Permanent, Snooze, type Handler} from 'qctl'
import {appendFileSync} from 'node:fs'

enum Verb { ok = 'ok' }
const note = (text: string) => appendFileSync('ledger', text + ' ' + process.pid + '\\n')
note('worker')

const handler: Handler = async (job, {signal, log, progress}) => {
  const [verb, rest = ''] = job.text().split(/ (.*)/s)
  note('begin ' + job.id)
  switch (verb) {
    case Verb.ok: return
    case 'facts': { const {id, queue, attempt, fence, key, contentType, file} = job; return {id, queue, attempt, fence, key, contentType, file, payload: job.payload.length, json: job.json instanceof Function} }
    case 'text': return 'grüße'
    case 'bytes': return new Uint8Array([255, 254])
    case 'json': return job.json === undefined ? null : JSON.parse(rest)
    case 'printLong': console.log('x'.repeat(Number(rest)) + '🙂'); return
    case 'throwLong': throw new Permanent('x'.repeat(Number(rest)))
    case 'long': return 'x'.repeat(Number(rest))
    case 'function': return () => {}
    case 'circle': { const circle: {self?: unknown} = {}; circle.self = circle; return circle }
    case 'permanent': throw new Permanent('bad data')
    case 'snooze': throw new Snooze('1h')
    case 'foreign': { const error = new Error('bad data'); error.name = 'Permanent'; throw error }
    case 'throw': throw new TypeError('no luck')
    case 'late': await null; throw new TypeError('no luck')
    case 'much': progress(40)
    case 'print': await null; log('log of', job.id); console.log('console of', job.id); console.error('error of', job.id); return
    case 'exit': return process.exit(Number(rest))
    case 'progress': progress(0.25); await new Promise(() => {}); return
    case 'patient': await new Promise(resolve => signal.addEventListener('abort', resolve)); note('aborted ' + job.id); throw signal.reason
    case 'tidy': await new Promise(resolve => signal.addEventListener('abort', resolve)); return 'done before the end'
    case 'deaf': signal.addEventListener('abort', () => note('aborted ' + job.id)); return new Promise(() => {})
    case 'busy': { const end = Date.now() + Number(rest); while (Date.now() < end); return }
    case 'together': {
      running += 1
      if (running === 3) together.resolve()
      return together.promise
    }
  }
}
let running = 0
const together = Promise.withResolvers()
export default handler
`

class Scene extends Sandbox {
  constructor(module = HANDLER) {
    super()
    writeFileSync(join(this.home, 'handler.ts'), module)
  }

  get ledger(): readonly string[] {
    return this.#lines.map(line => line.replace(/ \d+$/, ''))
  }

  get pids(): readonly number[] {
    return [...new Set(this.#lines.map(line => Number(line.split(' ').at(-1))))]
  }

  get #lines(): readonly string[] {
    const file = join(this.home, 'ledger')
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
  }

  async produce(...args: readonly string[]): Promise<void> {
    expect((await this.qctl(['produce', ...args])).status).toBe(0)
  }

  args(...flags: readonly string[]): readonly string[] {
    return ['consume', '--workers', '1', ...flags, '--module', 'handler.ts']
  }

  async job(id: number): Promise<Shown> {
    return (await this.json(['jobs', 'show', String(id)])) as Shown
  }

  async isBegun(id: number): Promise<void> {
    await waitFor(() => this.ledger.includes(`begin ${id}`), {what: `job ${id} to begin`})
  }

  expectNobodyLeft(): void {
    expect(this.pids.length).toBeGreaterThan(0)
    expect(this.pids.filter(isAlive)).toEqual([])
  }
}

function isAlive(pid: number): boolean {
  const stat = readStat(pid)
  return stat !== null && !isFinished(stat)
}

describe('a module', () => {
  test('is given the job; what it returns is the result', async () => {
    const scene = new Scene()
    await scene.produce('--key', 'k', '--type', 'text/plain', 'facts')
    await scene.produce('ok', 'text', 'bytes', 'json {"b":1,"2":[null]}', 'circle')
    const {status} = await scene.qctl(scene.args('--drain', '-c', '10'))
    expect(status).toBe(0)
    const facts = {id: 1, queue: 'default', attempt: 1, fence: 1, key: 'k', contentType: 'text/plain', file: false, payload: 5, json: true}
    expect(JSON.parse(((await scene.job(1)) as Shown & {readonly result: string}).result)).toEqual(facts)
    expect(await scene.job(2)).toMatchObject({state: 'done', result: null})
    expect(await scene.job(3)).toMatchObject({result: 'grüße'})
    expect(await scene.job(4)).toMatchObject({result_base64: '//4='})
    expect(await scene.job(5)).toMatchObject({result: '{"2":[null],"b":1}'})
    expect(await scene.job(6)).toMatchObject({state: 'pending', attempts_list: [{outcome: 'failed'}]})
    scene.expectNobodyLeft()
  })

  test('may not return more than a result may have; other jobs of its worker are not harmed', async () => {
    const scene = new Scene()
    await scene.produce('together', 'together', `long ${9 * 1024 * 1024}`, 'long 1048577', 'long 1048576', 'function', 'together')
    await scene.qctl(scene.args('--drain', '-c', '10'))
    const jobs = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(id => scene.job(id)))
    const done = {state: 'done', attempts_list: [{outcome: 'done'}]}
    const refused = (bytes: number): object => ({state: 'failed', reason: 'permanent', error: `the result has ${bytes} bytes; a result may have 1 MiB`})
    expect(jobs).toMatchObject([done, done, refused(9 * 1024 * 1024), refused(1_048_577), done, {...done, result: null}, done])
    expect(jobs[4]).toMatchObject({result: 'x'.repeat(1_048_576)})
  })

  test('may print and throw as much at once as it likes; of an error the beginning is kept', async () => {
    const scene = new Scene()
    await scene.produce('together', 'together', 'printLong 8388607', `throwLong ${9 * 1024 * 1024}`, 'together')
    await scene.qctl(scene.args('--drain', '-c', '10'))
    const done = {state: 'done', attempts_list: [{outcome: 'done'}]}
    const refused = {state: 'failed', error: `${'x'.repeat(4096)}…`, attempts_list: [{error: `${'x'.repeat(4096)}…`}]}
    expect(await Promise.all([1, 2, 3, 4, 5].map(id => scene.job(id)))).toMatchObject([done, done, done, refused, done])
    expect(await scene.job(3)).toMatchObject({attempts_list: [{stdout_dropped_bytes: 8_388_612 - 64 * 1024}]})
    expect((await scene.qctl(['jobs', 'logs', '3'])).stdout.slice(-5)).toBe('xx🙂\n')
  })

  test('that throws fails the attempt; Permanent and Snooze say more, also those of another copy of the package', async () => {
    const scene = new Scene()
    await scene.produce('throw', 'permanent', 'snooze', 'foreign')
    await scene.qctl(scene.args('--drain', '-c', '10'))
    expect(await scene.job(1)).toMatchObject({state: 'pending', attempts: 1, error: 'no luck'})
    expect((await scene.qctl(['jobs', 'show', '1'])).stdout).toMatch(/stderr of run 1\n.*TypeError: no luck\n.*handler\.ts:\d+/)
    expect(await scene.job(2)).toMatchObject({state: 'failed', reason: 'permanent', error: 'bad data'})
    expect(await scene.job(3)).toMatchObject({state: 'pending', attempts: 0, snoozes: 1})
    expect(await scene.job(4)).toMatchObject({state: 'failed', reason: 'permanent'})
  })

  test('that throws leaves the frames of its own in the log, and none of what called it', async () => {
    const scene = new Scene()
    await scene.produce('throw', 'late', 'much')
    await scene.qctl(scene.args('--drain', '-c', '10'))
    for (const id of [1, 2, 3]) {
      const {stderr} = await scene.qctl(['jobs', 'logs', String(id)])
      const [what, ...frames] = stderr.trim().split('\n')
      expect(what).toMatch(/^(TypeError: no luck|RangeError: progress is a number from 0 to 1, not 40)$/)
      expect(frames).not.toEqual([])
      for (const frame of frames) expect(frame).toContain(`${scene.home}/handler.ts:`)
    }
  })

  test('prints for its own job, however many run at once', async () => {
    const scene = new Scene()
    await scene.produce('print', 'print')
    await scene.qctl(scene.args('--drain', '-c', '2'))
    for (const id of [1, 2]) {
      const {stdout} = await scene.qctl(['jobs', 'show', String(id)])
      expect(stdout).toContain(`log of ${id}\n  console of ${id}`)
      expect(stdout).toContain(`error of ${id}`)
      expect(stdout).not.toContain(`of ${3 - id}`)
    }
  })

  test('runs several jobs at once in one process, and tells how far they are', async () => {
    await using scene = new Scene()
    await scene.produce('together', 'together', 'together', 'progress')
    scene.start(scene.args('-c', '4'))
    for (const id of [1, 2, 3]) await waitFor(async () => (await scene.job(id)).state === 'done')
    await waitFor(async () => (await scene.job(4)).progress === 0.25)
    expect(scene.pids.length).toBe(1)
  })

  test('that ends its process crashes, whatever the exit status', async () => {
    const scene = new Scene()
    await scene.produce('ok', 'exit 0')
    await scene.qctl(scene.args('--drain'))
    expect(await scene.job(2)).toMatchObject({state: 'pending', crashes: 1, attempts_list: [{outcome: 'crashed', exit_code: 0, signal: null, cause: 'worker_died'}]})
  })

  test('that ends its process has crashed also when it takes longer than the time limit to know', async () => {
    const scene = new Scene()
    await scene.produce('--max-attempts', '1', '--timeout', '900ms', 'exit 0')
    await scene.qctl(scene.args('--drain'))
    expect(await scene.job(1)).toMatchObject({state: 'failed', crashes: 1, attempts_list: [{outcome: 'crashed', error: 'the worker ended with exit status 0'}]})
  })

  test('sees its signal when the job has to end; only if it stays, the worker is ended and the others go back unharmed', async () => {
    await using scene = new Scene()
    await scene.produce('patient', 'deaf')
    const running = scene.start(scene.args('-c', '2', '--grace', '300ms'))
    await scene.isBegun(2)
    expect((await scene.qctl(['jobs', 'cancel', '1'])).status).toBe(0)
    expect(await scene.job(1)).toMatchObject({state: 'cancelled'})
    expect(await scene.job(2)).toMatchObject({state: 'processing', fence: 1})
    await scene.produce('patient')
    await scene.isBegun(3)
    expect((await scene.qctl(['jobs', 'cancel', '2'])).status).toBe(0)
    expect(await scene.job(2)).toMatchObject({state: 'cancelled'})
    expect(scene.ledger.filter(line => line.startsWith('aborted'))).toEqual(['aborted 1', 'aborted 2'])
    await waitFor(async () => (await scene.job(3)).attempts_list[0]?.outcome === 'released')
    running.kill('SIGTERM')
    expect((await running.finished()).status).toBe(0)
    scene.expectNobodyLeft()
  })

  test('that returns when its consumer stops has done its work; one that throws then has not', async () => {
    await using scene = new Scene()
    await scene.produce('tidy', 'patient')
    const running = scene.start(scene.args('-c', '2', '--grace', '1ms'))
    await scene.isBegun(2)
    running.kill('SIGTERM')
    expect((await running.finished()).status).toBe(0)
    expect(await scene.job(1)).toMatchObject({state: 'done', result: 'done before the end'})
    expect(await scene.job(2)).toMatchObject({state: 'pending', attempts: 0, attempts_list: [{outcome: 'released'}]})
  })

  test('has the time limit of a job from when its function is called, also behind one that keeps the process busy', async () => {
    const scene = new Scene()
    await scene.produce('--timeout', '900ms', 'busy 500', 'busy 500', 'busy 500')
    await scene.produce('--timeout', '300ms', '--max-attempts', '1', 'patient')
    await scene.produce('--timeout', '300ms', '--max-attempts', '1', 'deaf')
    await scene.qctl(scene.args('--drain', '-c', '5', '--grace', '200ms'))
    for (const id of [1, 2, 3]) expect(await scene.job(id)).toMatchObject({state: 'done', attempts_list: [{outcome: 'done'}]})
    for (const id of [4, 5]) expect(await scene.job(id)).toMatchObject({state: 'failed', reason: 'timeout'})
    scene.expectNobodyLeft()
  })

  test('may be CommonJS, and import packages beside it', async () => {
    const scene = new Scene()
    mkdirSync(join(scene.home, 'node_modules/left'), {recursive: true})
    writeFileSync(join(scene.home, 'node_modules/left/package.json'), '{"name":"left","main":"lib.js"}')
    writeFileSync(join(scene.home, 'node_modules/left/lib.js'), 'exports.answer = 42')
    writeFileSync(join(scene.home, 'handler.ts'), 'const {answer} = require("left"); module.exports = {default: async () => answer}')
    await scene.produce('x')
    await scene.qctl(scene.args('--drain'))
    expect(await scene.job(1)).toMatchObject({state: 'done', result: '42'})
  })

  for (const [what, module, reason, printed] of [
    ['cannot be read', 'export default (\nconst x = 1', 'handler.ts: handler.ts:2:1: Unexpected const', 'const x = 1\n  ^'],
    ['has several faults', 'const a = 1\nconst a = 2\nconst a = 3', '2:7: "a" has already been declared (and 1 more)', 'handler.ts:3:7: "a" has'],
    ['imports what is not there', 'import {x} from "./nope"\nexport default () => x', "Cannot find module './nope'", "Cannot find module './nope' imported from"],
    ['has no function to offer', 'export const handler = 1', 'has no default export that is a function', 'TypeError: it has no default export'],
    ['fails as it is loaded', 'throw new Error("no database")', 'no database', 'handler.ts:1:'],
  ] as const) {
    test(`that ${what} pauses the queue, and no job is to blame`, async () => {
      await using scene = new Scene(module)
      await scene.qctl(['init'])
      await scene.qctl(['queues', 'create', 'default', '--backoff', 'fixed:10ms'])
      await scene.produce('a', 'b')
      scene.start(scene.args('-c', '2'))
      const queue = async () => (await scene.json(['queues', 'show', 'default'])) as {readonly paused: boolean; readonly paused_reason: string}
      await waitFor(async () => (await queue()).paused, {what: 'the queue to be paused'})
      expect((await queue()).paused_reason).toContain(reason)
      for (const id of [1, 2]) expect(await scene.job(id)).toMatchObject({state: 'pending', attempts: 0, crashes: 0})
      const {stderr} = await scene.qctl(['jobs', 'logs', '1'])
      expect(stderr).toContain(printed)
      expect(stderr).not.toContain('module-worker')
    })
  }

  test('that is not there, or that everybody may write to, is refused at once', async () => {
    expect(await new Sandbox().qctl(['consume', '--module', 'nowhere.ts'])).toMatchObject({status: 66})
    const scene = new Scene()
    chmodSync(join(scene.home, 'handler.ts'), 0o666)
    expect(await scene.qctl(scene.args('--drain'))).toMatchObject({status: 77})
  })

  test('dies with its consumer before its jobs are given to another one', async () => {
    await using scene = new Scene()
    await scene.produce('deaf')
    const victim = scene.start(scene.args('--name', 'victim'))
    await scene.isBegun(1)
    victim.kill('SIGKILL')
    await victim.finished()
    const [pid = 0] = scene.pids
    const rescuer = scene.start(scene.args('--name', 'rescuer'))
    await waitFor(() => scene.ledger.filter(line => line === 'begin 1').length === 2)
    expect(isAlive(pid)).toBe(false)
    rescuer.kill('SIGKILL')
  })
})
