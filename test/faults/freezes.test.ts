import {expect} from 'bun:test'
import {waitFor} from '../support/wait-for.ts'
import {bootClock, countInLedger, endConsumers, startConsumer} from './support/consumers.ts'
import {countJobs, expectAllKept, ledgerOf, showJob} from './support/evidence.ts'
import {isAlive} from './support/processes.ts'
import {describe, figure, under} from './support/report.ts'
import {Scene} from './support/scene.ts'
import {sized, spread} from './support/size.ts'

const whole = under('a consumer is stopped with its guard and its handlers')
const asleep = under('the host sleeps')

/** How long everything stands still: that is the fault. */
const FREEZE_MS = 3000

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {
      // Gone meanwhile.
    }
  }
}

describe('a consumer with all its processes', () => {
  const ROUNDS = sized(1, 50)

  whole(`stopped past its lease, ${ROUNDS} times: what it runs is killed before another runs it, and its late end is refused`, async () => {
    await using scene = new Scene()
    const payloads: string[] = []
    const ids: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const [id = 0] = await scene.produce([`round ${round}`])
      ids.push(id)
      payloads.push(`round ${round}`)
      const work = '[ "$QCTL_FENCE" != 1 ] || { setsid sleep 61 & sleep 60; }'
      const sleeper = startConsumer(scene, {work, flags: ['--name', `sleeper${round}`, '--lease', '1s']})
      await waitFor(() => ledgerOf(scene).includes(`start ${id} 1 `) && scene.left().some(({command}) => command === 'sleep 61'))
      const all = scene.left()
      const handlers = all.filter(({command}) => !command.startsWith(scene.binary)).map(({pid}) => pid)
      signalAll(all.map(({pid}) => pid), 'SIGSTOP')
      const rescuer = startConsumer(scene, {work, flags: ['--name', `rescuer${round}`, '--lease', '1s']})
      await waitFor(() => ledgerOf(scene).includes(`end ${id} 2 2 `), {deadlineMs: 20_000, what: 'the job ran again'})
      expect([round, handlers.filter(isAlive)]).toEqual([round, []])
      await waitFor(async () => (await showJob(scene, id)).state === 'done')
      signalAll(all.map(({pid}) => pid), 'SIGCONT')
      await waitFor(() => sleeper.stderr.includes('lease lost'), {what: 'the sleeper says that it lost its lease'})
      await endConsumers([sleeper, rescuer])
      expect((await showJob(scene, id)).attempts_list.map(({run, outcome}) => [run, outcome])).toEqual([[1, 'lost'], [2, 'done']])
    }
    await expectAllKept(scene, [{outcome: 'ok', payloads, ids}])
    figure(ROUNDS, `consumer, guard and handlers stopped: handlers alive when the job ran again 0, late ends accepted 0, all went on`)
  }, 900_000)
})

describe('everything at once', () => {
  const ROUNDS = sized(1, 20)

  asleep(`stopped for three leases, ${ROUNDS} times, as when the host sleeps: nothing is lost or run by two`, async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const times: number[] = []
    const flags = (name: string): string[] => ['--name', name, '--lease', '1s', '-c', '3']
    const consumers = ['a', 'b'].map(name => startConsumer(scene, {work: 'sleep 0.$((QCTL_JOB_ID % 10))', flags: flags(name)}))
    const payloads: string[] = []
    const ids: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const texts = Array.from({length: 12}, (_, i) => `job ${round}.${i}`)
      payloads.push(...texts)
      ids.push(...(await scene.produce(texts)))
      const begun = countInLedger(scene, 'start')
      await waitFor(() => countInLedger(scene, 'start') > begun, {what: 'some are being worked on'})
      const all = scene.left().map(({pid}) => pid)
      signalAll(all, 'SIGSTOP')
      await Bun.sleep(FREEZE_MS)
      const before = countInLedger(scene, 'start')
      const woken = bootClock()
      signalAll(all.toReversed(), 'SIGCONT')
      await waitFor(() => countInLedger(scene, 'start') > before, {what: 'a handler has started again'})
      times.push((bootClock() - woken) * 1000)
    }
    await waitFor(async () => (await countJobs(scene))['done'] === ids.length, {deadlineMs: 60_000, what: 'all are done'})
    await endConsumers(consumers)
    const {findings, jobs} = await expectAllKept(scene, [{outcome: 'ok', payloads, ids}])
    const lost = jobs.flatMap(({attempts_list}) => attempts_list).filter(({outcome}) => outcome === 'lost').length
    expect(findings.extra).toBeLessThanOrEqual(lost)
    figure(ROUNDS, `${ids.length} jobs done: lost 0, overlaps 0, ${lost} runs lost their lease and were repeated; the next start after the end of the sleep: ${spread(times)}`)
  }, 600_000)
})
