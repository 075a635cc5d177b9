import {beforeAll, expect} from 'bun:test'
import {globSync, renameSync, writeFileSync} from 'node:fs'
import {waitFor} from '../support/wait-for.ts'
import {BUSY, countInLedger, endConsumers} from './support/consumers.ts'
import {countJobs, expectAllKept, HANDLER, ledgerEnvironment} from './support/evidence.ts'
import {describe, figure, under} from './support/report.ts'
import {requireTool} from './support/rights.ts'
import {Scene} from './support/scene.ts'
import {pick} from './support/seed.ts'
import {sized} from './support/size.ts'

const jumping = under('the wall clock jumps under load')

beforeAll(() => requireTool('faketime', 'faketime'))

/** Where the clock of a scene may jump to, from the true time. */
const OFFSETS = ['-1d', '-1h', '-7s', '+0s', '+7s', '+1h', '+400d'] as const

/** The wall clock of the processes that are given its environment; their other clocks run on. */
class WallClock {
  readonly env: Readonly<Record<string, string>>
  readonly #path: string

  constructor(scene: Scene) {
    const [library] = globSync('/usr/lib/{*/faketime,faketime}/libfaketimeMT.so.1')
    if (library === undefined) throw new Error('this test needs libfaketimeMT.so.1 (Debian: apt-get install faketime)')
    this.#path = scene.path('wall-clock')
    this.jump('+0s')
    this.env = {LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: this.#path, FAKETIME_NO_CACHE: '1', DONT_FAKE_MONOTONIC: '1'}
  }

  /** In one step, because it is read at every look at the clock. */
  jump(offset: string): void {
    writeFileSync(`${this.#path}.new`, `${offset}\n`)
    renameSync(`${this.#path}.new`, this.#path)
  }
}

describe('jumps of the wall clock', () => {
  const JUMPS = sized(10, 150)
  const PER_JUMP = 10

  jumping(`by seconds, hours and days, ${JUMPS} times under load, end no lease and extend none; what is scheduled runs once`, async () => {
    await using scene = new Scene()
    const clock = new WallClock(scene)
    await scene.qctl(['init'])
    // Finished jobs are kept by the wall clock, and are to be counted in the end.
    await scene.qctl(['queues', 'create', 'default', '--retention', 'done=3000d'])
    // That the clock is another one for them is what all this rests on.
    clock.jump('+1h')
    expect((await scene.sh('date +%s', {env: clock.env})).stdout.trim()).not.toBe((await scene.sh('date +%s')).stdout.trim())
    const payloads = Array.from({length: JUMPS * PER_JUMP}, (_, i) => `job ${i}`)
    const scheduled = Array.from({length: 20}, (_, i) => `later ${i}`)
    const ids = await scene.produce(payloads)
    const laterIds = await scene.produce(scheduled, '--delay', '500d')
    // Some runs are longer than their lease, which therefore has to be extended on time.
    const env = {...ledgerEnvironment(scene, 'if [ $((QCTL_JOB_ID % 50)) = 0 ]; then sleep 2.5; else sleep 0.0$((QCTL_JOB_ID % 10)); fi'), ...clock.env}
    const consumers = ['a', 'b', 'c'].map(name => scene.startQctl(['consume', '-c', '3', '--name', name, '--lease', '1s', '--', HANDLER], {env}))
    for (let jump = 1; jump <= JUMPS; jump++) {
      await waitFor(() => countInLedger(scene, 'start') >= (jump - 1) * PER_JUMP, {deadlineMs: 60_000, what: `${jump - 1} shares have begun`})
      clock.jump(pick(OFFSETS))
    }
    clock.jump('-1d')
    await waitFor(async () => (await countJobs(scene))['done'] === ids.length, {deadlineMs: 120_000, what: 'all that is due is done'})
    expect(await countJobs(scene)).toMatchObject({pending: scheduled.length, processing: 0})
    clock.jump('+501d')
    await waitFor(async () => (await countJobs(scene))['done'] === ids.length + scheduled.length, {deadlineMs: 60_000, what: 'what was scheduled is done'})
    await endConsumers(consumers)
    for (const consumer of consumers) expect((await consumer.finished()).stderr).not.toMatch(BUSY)
    const {findings, jobs} = await expectAllKept(scene, [
      {outcome: 'ok', payloads, ids},
      {outcome: 'ok', payloads: scheduled, ids: laterIds},
    ])
    expect([findings.extra, jobs.filter(({attempts}) => attempts !== 1)]).toEqual([0, []])
    figure(JUMPS, `${jobs.length} jobs with leases of 1 s, ${jobs.filter(({id}) => id % 50 === 0).length} of them longer: leases ended or lost 0, run twice 0, scheduled ones early 0 or twice 0`)
  }, 600_000)
})
