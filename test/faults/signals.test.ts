import {expect} from 'bun:test'
import {waitFor} from '../support/wait-for.ts'
import {countInLedger, endConsumers, handlersAlive, startConsumer} from './support/consumers.ts'
import {allJobs, countJobs, expectAllKept, ledgerOf, showJob} from './support/evidence.ts'
import {describe, figure, under} from './support/report.ts'
import {type Running, Scene} from './support/scene.ts'
import {random} from './support/seed.ts'
import {sized, spread} from './support/size.ts'

const told = under('a consumer is told to stop at any moment')
const asked = under('an operator\'s request meets the end of a run')

/** A handler that takes no notice of TERM, and so do its children. */
const STUBBORN = "trap '' TERM; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 1; done"

/** Waits until a process has ended, and says how long that took. */
async function msToEnd(running: Running): Promise<number> {
  const begin = performance.now()
  await running.finished()
  return performance.now() - begin
}

describe('TERM', () => {
  told('at any moment: no orphan, exit 0, and what was not done goes back unspent', async () => {
    await using scene = new Scene()
    const payloads = Array.from({length: sized(60, 600)}, (_, i) => `job ${i}`)
    const ids = await scene.produce(payloads)
    const rounds = sized(20, 200)
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      const consumer = startConsumer(scene, {work: 'sleep 0.$((QCTL_JOB_ID % 4))', flags: ['-c', '4', '--grace', '50ms']})
      // Every third one while it starts, the others with handlers in hand.
      if (round % 3 > 0) await waitFor(() => handlersAlive(scene).length > 0 || consumer.stderr.includes('job done'), {what: 'it works'})
      // The moment is the fault: any.
      await Bun.sleep(random() * 150)
      consumer.kill('SIGTERM')
      times.push(await msToEnd(consumer))
      const {status, stderr} = await consumer.finished()
      // Before it has taken the signals in hand, one ends it as it ends any process.
      expect([round, stderr.includes('consumer started') ? [0] : [0, 143], status]).toEqual([round, expect.arrayContaining([status]), status])
      expect([round, scene.left(), handlersAlive(scene)]).toEqual([round, [], []])
      const {processing} = await countJobs(scene)
      expect([round, processing]).toEqual([round, 0])
    }
    const released = await allJobs(scene)
    for (const job of released) {
      if (job.state === 'pending') expect(job).toMatchObject({attempts: 0, crashes: 0})
    }
    const giveBacks = released.flatMap(({attempts_list}) => attempts_list).filter(({outcome}) => outcome === 'released').length
    const last = startConsumer(scene, {flags: ['-c', '4', '--drain']})
    expect((await last.finished()).status).toBe(0)
    const {jobs} = await expectAllKept(scene, [{outcome: 'ok', payloads, ids}])
    for (const job of jobs) expect(job).toMatchObject({state: 'done', attempts: 1, crashes: 0})
    figure(rounds, `TERM at random: ${rounds} times, ${giveBacks} runs given back unspent, orphans 0; from TERM to the end ${spread(times)}`)
  }, 600_000)

  told('lets handlers finish that do so within the grace', async () => {
    await using scene = new Scene()
    await scene.produce(['a', 'b', 'c'])
    const consumer = startConsumer(scene, {work: 'sleep 0.7', flags: ['-c', '2', '--grace', '10s']})
    await waitFor(() => countInLedger(scene, 'start') === 2)
    await endConsumers([consumer])
    expect(await countJobs(scene)).toMatchObject({done: 2, pending: 1, processing: 0})
    await expect(expectAllKept(scene, [])).rejects.toThrow()
    expect((await allJobs(scene)).map(({state, attempts}) => [state, attempts])).toEqual([['pending', 0], ['done', 1], ['done', 1]])
  }, 60_000)

  told('kills, with all it started, a handler that does not end, and gives its job back', async () => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const consumer = startConsumer(scene, {work: STUBBORN, flags: ['--grace', '200ms']})
    await waitFor(() => countInLedger(scene, 'start') === 1)
    consumer.kill('SIGTERM')
    const ms = await msToEnd(consumer)
    expect([(await consumer.finished()).status, scene.left()]).toEqual([0, []])
    expect(await showJob(scene, id)).toMatchObject({state: 'pending', attempts: 0, crashes: 0})
    figure(1, `a handler that ignores TERM, grace 200 ms: consumer ended after ${Math.round(ms)} ms, nothing left`)
  }, 60_000)

  told.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('and then %s: it ends at once, and nothing is left', async second => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const consumer = startConsumer(scene, {work: STUBBORN, flags: ['--grace', '50s']})
    await waitFor(() => countInLedger(scene, 'start') === 1)
    consumer.kill('SIGTERM')
    await waitFor(() => consumer.stderr.includes('stopping'))
    consumer.kill(second)
    const ms = await msToEnd(consumer)
    expect([0, 128 + 15, 128 + 2, 128 + 1]).toContain((await consumer.finished()).status)
    expect(scene.left()).toEqual([])
    expect(await showJob(scene, id)).toMatchObject({state: 'pending', attempts: 0, crashes: 0})
    figure(1, `a second signal (${second}): ended after ${Math.round(ms)} ms`)
  }, 60_000)

  told('to a producer that reads in batches: what was printed is stored, and it says how to go on', async () => {
    await using scene = new Scene()
    const producer = scene.startQctl(['produce', '--lines', '--batch', '2'], {endStdin: false, stdin: 'a\nb\nc\n'})
    await waitFor(() => producer.stdout === '1\n2\n')
    producer.kill('SIGTERM')
    const {status, stdout, stderr} = await producer.finished()
    expect(status).toBe(143)
    expect(stderr).toContain(`tail -n +${stdout.split('\n').length} `)
    expect((await allJobs(scene)).map(({id}) => id).toReversed()).toEqual(stdout.trim().split('\n').map(Number))
  }, 60_000)
})

describe('a job that is being worked on', () => {
  asked.each([
    ['cancel', 'cancelled', null],
    ['fail', 'failed', 'admin'],
  ])('%s from another process: its handler is killed and the command tells the end', async (verb, state, reason) => {
    await using scene = new Scene()
    const [id = 0, other = 0] = await scene.produce(['x', 'y'])
    const consumer = startConsumer(scene, {work: STUBBORN, flags: ['-c', '2', '--grace', '300ms']})
    await waitFor(() => countInLedger(scene, 'start') === 2)
    const begin = performance.now()
    const {status, stderr} = await scene.qctl(['jobs', verb, String(id)])
    const ms = performance.now() - begin
    expect([stderr, status]).toEqual([stderr, 0])
    expect(await showJob(scene, id)).toMatchObject({state, reason, requested: null})
    // Only the handler of that job: the other one goes on.
    expect(handlersAlive(scene)).toHaveLength(1)
    expect((await showJob(scene, other)).state).toBe('processing')
    consumer.kill('SIGTERM')
    await consumer.finished()
    figure(1, `${verb} of a processing job whose handler ignores TERM (grace 300 ms): settled and reported after ${Math.round(ms)} ms`)
  }, 60_000)

  asked.each([['cancel', 'cancelled'], ['fail', 'failed']])('%s when its consumer was killed: somebody else settles it', async (verb, state) => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const victim = startConsumer(scene, {work: STUBBORN})
    await waitFor(() => countInLedger(scene, 'start') === 1)
    victim.kill('SIGKILL')
    await victim.finished()
    const request = scene.startQctl(['jobs', verb, String(id)])
    const rescuer = startConsumer(scene)
    await waitFor(() => rescuer.stderr.includes('started'))
    expect((await request.finished()).status).toBe(0)
    await endConsumers([rescuer])
    expect(await showJob(scene, id)).toMatchObject({state, fence: 1})
    expect([scene.left(), countInLedger(scene, 'start')]).toEqual([[], 1])
  }, 60_000)

  asked('cancel when its consumer was killed and there is nobody else: reap settles it', async () => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const victim = startConsumer(scene, {work: STUBBORN})
    await waitFor(() => countInLedger(scene, 'start') === 1)
    victim.kill('SIGKILL')
    await victim.finished()
    expect((await scene.qctl(['jobs', 'cancel', '--no-wait', String(id)])).status).toBe(0)
    expect((await scene.qctl(['reap', '--once'])).status).toBe(0)
    expect((await showJob(scene, id)).state).toBe('cancelled')
    await scene.empties()
  }, 60_000)

  asked('cancel and then TERM to the consumer: cancelled, not given back', async () => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const consumer = startConsumer(scene, {work: STUBBORN, flags: ['--grace', '300ms']})
    await waitFor(() => countInLedger(scene, 'start') === 1)
    const request = scene.startQctl(['jobs', 'cancel', String(id)])
    await waitFor(async () => (await showJob(scene, id)).requested === 'cancel' || (await showJob(scene, id)).state === 'cancelled')
    consumer.kill('SIGTERM')
    expect((await consumer.finished()).status).toBe(0)
    expect((await request.finished()).status).toBe(0)
    expect(await showJob(scene, id)).toMatchObject({state: 'cancelled', fence: 1})
    expect(scene.left()).toEqual([])
  }, 60_000)

  asked('cancel that comes too late is told so', async () => {
    await using scene = new Scene()
    const ids = await scene.produce(['x'])
    const consumer = startConsumer(scene, {work: 'trap "" TERM; sleep 1', flags: ['--grace', '20s', '--drain']})
    await waitFor(() => countInLedger(scene, 'start') === 1)
    // The handler takes no notice and ends well, but the request was stored before its end was.
    const {status} = await scene.qctl(['jobs', 'cancel', String(ids[0])])
    expect((await consumer.finished()).status).toBe(0)
    const {state} = await showJob(scene, ids[0] ?? 0)
    expect([state, status]).toEqual(state === 'done' ? ['done', 4] : ['cancelled', 0])
    expect((await scene.qctl(['jobs', 'cancel', String(ids[0])])).status).toBe(state === 'done' ? 4 : 0)
    expect(ledgerOf(scene)).toContain('end')
  }, 60_000)
})
