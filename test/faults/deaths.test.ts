/** What dies alone: a handler, a consumer between a success and its acknowledgement, reapers. */
import {expect} from 'bun:test'
import {waitFor} from '../support/wait-for.ts'
import {visitsOf} from './auditor.ts'
import {bootClock, endConsumers, startConsumer} from './support/consumers.ts'
import {allJobs, countJobs, expectAllKept, HANDLER, ledgerEnvironment, ledgerOf, showJob} from './support/evidence.ts'
import {describe, figure, under} from './support/report.ts'
import {Scene} from './support/scene.ts'
import {pick} from './support/seed.ts'
import {sized, spread} from './support/size.ts'

const handler = under('only the handler is killed, or it dies by itself')
const between = under('a crash between the success of a handler and its acknowledgement')
const reapers = under('many reapers at once, some killed')

/** Short, so that what is measured is not the backoff. */
const BACKOFF = ['--backoff', 'fixed:10ms']

describe('a handler', () => {
  const KILLS = sized(10, 200)

  handler(`killed with -9, ${KILLS} times: counted as a crash of its job, which runs again`, async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    await scene.qctl(['queues', 'create', 'default', ...BACKOFF])
    const consumer = startConsumer(scene, {work: '[ "$QCTL_FENCE" = 2 ] || exec sleep 60', flags: ['-c', '2']})
    const payloads = Array.from({length: KILLS}, (_, i) => `job ${i}`)
    const ids: number[] = []
    const times: number[] = []
    for (const payload of payloads) {
      const [id = 0] = await scene.produce([payload])
      ids.push(id)
      const {pid} = await waitFor(() => visitsOf(ledgerOf(scene)).find(visit => visit.id === id))
      process.kill(pid, 'SIGKILL')
      const at = bootClock()
      const again = await waitFor(() => visitsOf(ledgerOf(scene)).find(visit => visit.id === id && visit.fence === 2), {what: `job ${id} runs again`})
      times.push((again.startedAt - at) * 1000)
    }
    await waitFor(async () => (await countJobs(scene))['done'] === KILLS)
    await endConsumers([consumer])
    const {jobs} = await expectAllKept(scene, [{outcome: 'ok', payloads, ids}])
    for (const job of jobs) expect(job).toMatchObject({attempts: 2, crashes: 1, attempts_list: [{outcome: 'crashed', cause: 'signal'}, {outcome: 'done'}]})
    figure(KILLS, `each counted as one crash; run again after ${spread(times)} with a backoff of 10 ms; the consumer worked on`)
  }, 600_000)

  handler.each([
    ['kill -SEGV $$', {outcome: 'crashed', signal: 'SIGSEGV', exit_code: null}, 1],
    ['kill -ABRT $$', {outcome: 'crashed', signal: 'SIGABRT', exit_code: null}, 1],
    ['exit 137', {outcome: 'failed', signal: null, exit_code: 137}, 0],
  ] as const)('that ends by "%s": a signal is told from a status', async (script, run, crashes) => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'], '--max-attempts', '1')
    expect((await scene.qctl(['consume', '--drain', '--', 'sh', '-c', script])).status).toBe(0)
    const {state, attempts_list, ...job} = await showJob(scene, id)
    expect([state, job.crashes]).toEqual(['failed', crashes])
    expect(attempts_list).toMatchObject([run])
  }, 60_000)
})

describe('a consumer', () => {
  const KILLS = sized(3, 50)

  between(`killed in between, ${KILLS} times: the job runs once more, and only once, and is told so`, async () => {
    await using scene = new Scene()
    const payloads = Array.from({length: KILLS}, (_, i) => `job ${i}`)
    const ids = await scene.produce(payloads)
    // The handler has ended its work with success, and the consumer never hears of it.
    const script = `"${HANDLER}"; [ "$QCTL_ATTEMPT" != 1 ] || kill -9 "$PPID"`
    const consume = ['consume', '--drain', '--', 'sh', '-c', script]
    let deaths = 0
    for (let status = 137; status === 137; deaths += status === 137 ? 1 : 0) {
      status = (await scene.qctl(consume, {env: ledgerEnvironment(scene)})).status
      expect([0, 137]).toContain(status)
    }
    const {findings, jobs} = await expectAllKept(scene, [{outcome: 'ok', payloads, ids}])
    expect([deaths, findings.extra]).toEqual([KILLS, KILLS])
    for (const {attempts, state} of jobs) expect([attempts, state]).toEqual([2, 'done'])
    figure(KILLS, `${KILLS} successes whose acknowledgement never came: each job run once more, as attempt 2; more than once more 0`)
  }, 300_000)
})

describe('ten reapers', () => {
  const ROUNDS = sized(2, 50)
  const HELD = 5

  reapers(`at work while consumers die and one of them is killed, ${ROUNDS} times: each job is given back once`, async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const start = () => scene.startQctl(['reap', '--every', '50ms'])
    let living = Array.from({length: 10}, start)
    for (let round = 0; round < ROUNDS; round++) {
      const queue = `q${round}`
      const ids = await scene.produce(Array.from({length: HELD}, (_, i) => `${round}.${i}`), '-Q', queue)
      const victim = startConsumer(scene, {work: 'sleep 60', flags: ['-c', String(HELD), '-Q', queue]})
      await waitFor(() => ids.every(id => ledgerOf(scene).includes(`start ${id} 1 `)))
      victim.kill('SIGKILL')
      // In the middle of the pass in which it finds them.
      const reaper = pick(living)
      reaper.kill('SIGKILL')
      living = [...living.filter(one => one !== reaper), start()]
      await waitFor(async () => (await countJobs(scene, queue))['pending'] === HELD, {what: 'all are given back'})
    }
    const jobs = await allJobs(scene)
    for (const {id, attempts_list, events, fence} of jobs) {
      expect([id, fence, attempts_list.map(({run, outcome}) => [run, outcome])]).toEqual([id, 1, [[1, 'lost']]])
      expect([id, events.filter(({from}) => from === 'processing').length]).toEqual([id, 1])
    }
    await endConsumers(living)
    figure(ROUNDS * HELD, `${jobs.length} jobs of ${ROUNDS} dead consumers, ${ROUNDS} reapers killed: given back once each, twice 0, left behind 0`)
  }, 600_000)
})
