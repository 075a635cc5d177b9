/** Long-lived workers, each with several jobs, when their consumer is killed, frozen or stopped. */
import {expect} from 'bun:test'
import {join} from 'node:path'
import {waitFor} from '../support/wait-for.ts'
import {countInLedger, endConsumers} from './support/consumers.ts'
import {countJobs, expectAllKept, ledgerEnvironment} from './support/evidence.ts'
import {describe, figure, under} from './support/report.ts'
import {type Running, Scene} from './support/scene.ts'
import {random} from './support/seed.ts'
import {sized} from './support/size.ts'

const killed = under('a consumer is killed with -9, again and again')
const stopped = under('a consumer is stopped for longer than its lease')
const told = under('a consumer is told to stop at any moment')

const WORKER = join(import.meta.dirname, 'support/worker.sh')

function startConsumer(scene: Scene, name: string, ...flags: readonly string[]): Running {
  const args = ['consume', '-c', '6', '--workers', '2', '--name', name, ...flags, '--stream', `exec ${WORKER}`]
  return scene.startQctl(args, {env: ledgerEnvironment(scene, 'sleep 0.0$((id % 10))')})
}

/** Waits until that part of the jobs has begun, and a moment that nothing is in step with. */
async function reaches(scene: Scene, share: number): Promise<void> {
  await waitFor(() => countInLedger(scene, 'start') >= share, {deadlineMs: 60_000, what: `${share} jobs have begun`})
  await Bun.sleep(random() * 50)
}

async function isWorkedOff(scene: Scene): Promise<boolean> {
  const {pending, processing} = await countJobs(scene)
  return pending === 0 && processing === 0
}

/** Disturbs one of two consumers again and again while they work, and then audits. */
async function disturb(scene: Scene, times: number, jobs: number, act: (consumer: Running, round: number) => Promise<Running>): Promise<string> {
  const payloads = Array.from({length: jobs}, (_, i) => `job ${i}`)
  const ids = await scene.produce(payloads)
  const consumers = [startConsumer(scene, 'a0', '--lease', '1s'), startConsumer(scene, 'b0', '--lease', '1s')]
  for (let round = 1; round <= times; round++) {
    await reaches(scene, Math.floor((jobs * 0.8 * round) / times))
    const one = round % 2
    const consumer = consumers[one]
    if (consumer !== undefined) consumers[one] = await act(consumer, round)
  }
  await waitFor(() => isWorkedOff(scene), {deadlineMs: 90_000, what: 'all jobs are in a final state'})
  await endConsumers(consumers)
  await scene.empties()
  const {findings, jobs: kept} = await expectAllKept(scene, [{outcome: 'ok', payloads, ids}])
  const failed = kept.filter(({state}) => state !== 'done')
  for (const job of failed) expect(job).toMatchObject({state: 'failed', reason: 'poison', crashes: 3})
  return `${jobs} jobs: lost 0, overlaps 0, late answers accepted 0, ${findings.extra} run again, ${failed.length} poison`
}

describe('consumers with workers', () => {
  killed('killed with -9 lose nothing, and no job has two holders', async () => {
    await using scene = new Scene()
    const kills = sized(6, 50)
    const result = await disturb(scene, kills, sized(150, 1000), async (consumer, round) => {
      consumer.kill('SIGKILL')
      await consumer.finished()
      return startConsumer(scene, `k${round}`, '--lease', '1s')
    })
    figure(kills, `${kills} kills, ${result}`)
  }, 600_000)

  stopped('frozen for three leases lose nothing, and no job has two holders', async () => {
    await using scene = new Scene()
    const freezes = sized(3, 20)
    const result = await disturb(scene, freezes, sized(100, 600), async consumer => {
      consumer.kill('SIGSTOP')
      // How long it is frozen is the fault: three leases.
      await Bun.sleep(3000)
      consumer.kill('SIGCONT')
      return consumer
    })
    figure(freezes, `${freezes} freezes, ${result}`)
  }, 600_000)

  told('told to stop at any moment end with 0, leave nobody behind and spend no attempt', async () => {
    await using scene = new Scene()
    const stops = sized(6, 100)
    const result = await disturb(scene, stops, sized(150, 1500), async (consumer, round) => {
      consumer.kill('SIGTERM')
      expect((await consumer.finished()).status).toBe(0)
      return startConsumer(scene, `s${round}`, '--lease', '1s', '--grace', round % 3 === 0 ? '0s' : '10s')
    })
    figure(stops, `${stops} stops, ${result}`)
    for (const {attempts} of (await scene.json<{items: {attempts: number}[]}>(['jobs', 'list', '-l', '2000'])).items) expect(attempts).toBe(1)
  }, 600_000)
})
