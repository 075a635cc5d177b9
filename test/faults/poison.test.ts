import {expect} from 'bun:test'
import {waitFor} from '../support/wait-for.ts'
import {endConsumers, startConsumer} from './support/consumers.ts'
import {countJobs, expectAllKept} from './support/evidence.ts'
import {describe, figure, under} from './support/report.ts'
import {type Running, Scene} from './support/scene.ts'
import {sized} from './support/size.ts'

const scenario = under('a job that kills its consumers')

/** Kills the consumer that runs it, if that is one of ours. */
const KILL_CONSUMER = 'grep -qzx "FAULT_RUN=$FAULT_RUN" /proc/$PPID/environ && kill -9 $PPID; sleep 5; false'
const WORK = `if [ "$(cat)" = poison ]; then ${KILL_CONSUMER}; else sleep 0.05; fi`

/** Consumers that are started again when they die, as a supervisor does it. */
class Supervised {
  deaths = 0
  readonly #scene: Scene
  readonly #living = new Set<Running>()
  #isOver = false

  constructor(scene: Scene, count: number, flags: readonly string[]) {
    this.#scene = scene
    for (let i = 0; i < count; i++) this.#start(flags)
  }

  async end(): Promise<void> {
    this.#isOver = true
    // One that was started just now would be ended by TERM as any program is.
    await waitFor(() => [...this.#living].every(({stderr}) => stderr.includes('started')), {what: 'all have started'})
    await endConsumers([...this.#living])
  }

  #start(flags: readonly string[]): void {
    const consumer = startConsumer(this.#scene, {work: WORK, flags})
    this.#living.add(consumer)
    void consumer.finished().then(({status}) => {
      this.#living.delete(consumer)
      if (status === 137) this.deaths += 1
      // A loop that never ends would be a worse fault than the one that is looked for.
      if (!this.#isOver && this.deaths < 30) this.#start(flags)
    })
  }
}

/** Lets consumers meet one such job among twenty others; returns how many of them it killed. */
async function poisonAmongInnocents(): Promise<number> {
  await using scene = new Scene()
  const innocents = Array.from({length: 20}, (_, i) => `innocent ${i}`)
  const payloads = [...innocents.slice(0, 7), 'poison', ...innocents.slice(7)]
  const ids = await scene.produce(payloads)
  const supervised = new Supervised(scene, 3, ['-c', '4'])
  await waitFor(async () => (await countJobs(scene))['done'] === 20 && (await countJobs(scene))['failed'] === 1, {deadlineMs: 60_000, what: 'one failed, all others done'})
  await supervised.end()
  const {jobs} = await expectAllKept(scene, [{outcome: 'ok', payloads, ids}])
  expect(jobs.find(({payload}) => payload === 'poison')).toMatchObject({state: 'failed', reason: 'poison', crashes: 3})
  for (const job of jobs.filter(({payload}) => payload !== 'poison')) expect(job).toMatchObject({state: 'done', crashes: 0})
  expect(supervised.deaths).toBeGreaterThanOrEqual(3)
  return supervised.deaths
}

describe('a job that kills its consumer', () => {
  const ROUNDS = sized(2, 20)

  scenario(`fails as poison after three crashes, and its neighbours do not, ${ROUNDS} times`, async () => {
    const deaths: number[] = []
    for (let round = 0; round < ROUNDS; round++) deaths.push(await poisonAmongInnocents())
    figure(ROUNDS, `1 poison job among 20: ${Math.min(...deaths)} to ${Math.max(...deaths)} consumers killed by it, 3 counted as its crashes, innocent ones failed 0`)
  }, 600_000)

  scenario('alone with one consumer, too', async () => {
    await using scene = new Scene()
    await scene.produce(['poison'])
    const supervised = new Supervised(scene, 1, [])
    await waitFor(async () => (await countJobs(scene))['failed'] === 1, {deadlineMs: 60_000})
    await supervised.end()
    expect(supervised.deaths).toBe(3)
  }, 90_000)
})
