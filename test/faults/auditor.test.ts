import {afterEach, expect, test} from 'bun:test'
import {join} from 'node:path'
import {waitFor} from '../support/wait-for.ts'
import {audit, type FinalJob, type Findings, visitsOf} from './auditor.ts'
import {HANDLER, ledgerEnvironment, ledgerOf} from './support/evidence.ts'
import {describe, figure, under} from './support/report.ts'
import {Scene} from './support/scene.ts'

const control = under('broken queues, which the auditor has to find')

const CONTROL = join(import.meta.dirname, 'control/broken-queue.ts')
const JOBS = 12

const scenes: Scene[] = []
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene[Symbol.asyncDispose]()
})

/** A queue with one flaw, worked off by processes of its own and then judged. */
class Control {
  readonly scene = new Scene()
  readonly #flaw: string
  readonly #work: string

  constructor(flaw: string, work: string) {
    scenes.push(this.scene)
    this.#flaw = flaw
    this.#work = work
  }

  start(...words: readonly string[]) {
    const env = ledgerEnvironment(this.scene, this.#work)
    return this.scene.start([process.execPath, CONTROL, this.scene.path('broken.db'), this.#flaw, ...words], {env})
  }

  async fill(): Promise<void> {
    await this.start('fill', String(JOBS)).finished()
  }

  async work(consumers: number): Promise<void> {
    const running = Array.from({length: consumers}, () => this.start('work', HANDLER))
    for (const {status, stderr} of await Promise.all(running.map(one => one.finished()))) expect([status, stderr]).toEqual([0, ''])
  }

  /** A consumer that is killed while it holds a job. */
  async workAndDie(): Promise<void> {
    const victim = this.start('work', HANDLER)
    await waitFor(() => ledgerOf(this.scene).includes('start'))
    victim.kill('SIGKILL')
    await victim.finished()
  }

  async judge(): Promise<Findings> {
    const jobs = JSON.parse((await this.start('show').finished()).stdout) as FinalJob[]
    const ids = Array.from({length: JOBS}, (_, i) => i + 1)
    const submission = {outcome: 'ok', ids, payloads: ids.map(id => `payload ${id - 1}`)} as const
    return audit({submissions: [submission], ledger: ledgerOf(this.scene), jobs})
  }
}

describe('the auditor', () => {
  control('lets a sound queue pass', async () => {
    const queue = new Control('none', 'sleep 0.01')
    await queue.fill()
    await queue.work(4)
    expect(await queue.judge()).toEqual({lost: [], concurrent: [], fence: [], stuck: [], extra: 0})
    figure(JOBS, 'no fault found, and there is none')
  })

  control.each([
    ['without a transaction', 'racy_claim'],
    ['in a deferred transaction', 'deferred_claim'],
  ])('finds a claim that reads before it writes, %s', async (_, flaw) => {
    const queue = new Control(flaw, 'sleep 0.05')
    await queue.fill()
    await queue.work(4)
    const {concurrent} = await queue.judge()
    expect(concurrent).not.toEqual([])
    figure(JOBS, `${flaw}: ${concurrent.length} overlaps found in ${JOBS} jobs`)
  })

  control('finds an ack without a fence', async () => {
    const queue = new Control('unfenced_ack', 'sleep 0.5')
    await queue.fill()
    await queue.work(4)
    const {fence} = await queue.judge()
    expect(fence.join()).toContain('was accepted after')
    figure(JOBS, `${fence.length} late acks found in ${JOBS} jobs`)
  })

  control('finds jobs that died with their consumer', async () => {
    const queue = new Control('delete_on_claim', 'sleep 0.05')
    await queue.fill()
    await queue.workAndDie()
    const {lost} = await queue.judge()
    expect(lost.join()).toContain('is gone')
    figure(1, `found: ${lost.join('; ')}`)
  })

  control('finds jobs that nobody takes from a dead consumer', async () => {
    const queue = new Control('no_rescue', 'sleep 0.05')
    await queue.fill()
    await queue.workAndDie()
    await queue.work(1)
    const {stuck} = await queue.judge()
    expect(stuck).toEqual([expect.stringContaining('is processing')])
    figure(1, `found: ${stuck.join('; ')}`)
  })
})

describe('the evidence', () => {
  const job: FinalJob = {id: 1, state: 'done', payload: 'x', fence: 2, acked: [2]}
  const stored = {outcome: 'ok', payloads: ['x'], ids: [1]} as const
  const CRASH = 'start 1 1 1 100 5.00 free\n'
  const SUCCESS = 'start 1 2 2 101 5.10 free\nend 1 2 2 101 5.20 free\n'

  test('of a run that was killed and one that followed is clean', () => {
    expect(audit({submissions: [stored], ledger: CRASH + SUCCESS, jobs: [job]})).toEqual({lost: [], concurrent: [], fence: [], stuck: [], extra: 1})
  })

  test('of a run that began while another process of the job was alive is not', () => {
    const ledger = CRASH + SUCCESS.replaceAll('free', 'held')
    expect(audit({submissions: [stored], ledger, jobs: [job]}).concurrent).toHaveLength(1)
  })

  test('of a run that began before another ended is not', () => {
    const ledger = `${CRASH}${SUCCESS.split('\n')[0]}\nend 1 1 1 100 5.15 free\nend 1 2 2 101 5.20 free\n`
    expect(audit({submissions: [stored], ledger, jobs: [job]}).concurrent).toHaveLength(1)
  })

  test.each([
    ['a job that is gone', [], [stored]],
    ['a changed payload', [{...job, payload: 'y'}], [stored]],
    ['fewer ids than jobs', [job], [{...stored, payloads: ['x', 'y']}]],
    ['an id given out twice', [job], [stored, stored]],
    ['a job said not to be stored', [job], [{outcome: 'fail', payloads: ['x'], ids: []}]],
  ] as const)('shows %s', (_, jobs, submissions) => {
    expect(audit({submissions, ledger: jobs.length > 0 ? CRASH + SUCCESS : '', jobs}).lost).not.toEqual([])
  })

  test('says nothing against a job that may or may not be stored', () => {
    const submissions = [{outcome: 'info', payloads: ['x'], ids: []}] as const
    for (const jobs of [[], [job]]) expect(audit({submissions, ledger: jobs.length > 0 ? CRASH + SUCCESS : '', jobs}).lost).toEqual([])
  })

  test.each([
    ['a handler that ran with a later fence than the job has', {...job, fence: 1, acked: [1]}, CRASH + SUCCESS],
    ['a success nobody ran', job, CRASH],
    ['a fence given out twice', job, CRASH + SUCCESS + SUCCESS.replaceAll(' 101 ', ' 102 ')],
  ])('shows %s', (_, changed, ledger) => {
    expect(audit({submissions: [stored], ledger, jobs: [changed]}).fence).not.toEqual([])
  })

  test('must be readable', () => {
    expect(() => visitsOf('start 1 1 1 100\n')).toThrow('not a line of a ledger')
  })
})
