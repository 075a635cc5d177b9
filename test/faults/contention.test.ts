import {expect} from 'bun:test'
import {readFileSync} from 'node:fs'
import {waitFor} from '../support/wait-for.ts'
import type {Submission} from './auditor.ts'
import {BUSY, countInLedger, endConsumers, startConsumer} from './support/consumers.ts'
import {allJobs, countJobs, expectAllKept} from './support/evidence.ts'
import {describe, figure, under} from './support/report.ts'
import {type Finished, type Running, Scene} from './support/scene.ts'
import {sized, spread} from './support/size.ts'

const crowd = under('many consumers on one file')
const oneJob = under('many claimers for one job')
const producing = under('many producers at once')
const keyed = under('one key, many producers')
const herd = under('a host full of processes starts at once on a file that a crash left')

const CONSUMERS = sized(6, 50)

/** CPU seconds that some processes have used. */
function cpuSeconds(running: readonly Running[]): number {
  return running.reduce((sum, {pid}) => {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) / 100
  }, 0)
}

/** The share of one core that they use in so many ms. */
async function cpuShare(running: readonly Running[], ms: number): Promise<number> {
  const begin = {cpu: cpuSeconds(running), at: performance.now()}
  await Bun.sleep(ms)
  return (cpuSeconds(running) - begin.cpu) / ((performance.now() - begin.at) / 1000)
}

async function startCrowd(scene: Scene): Promise<Running[]> {
  const crowd = Array.from({length: CONSUMERS}, (_, i) => startConsumer(scene, {flags: ['--name', `c${i}`]}))
  await waitFor(() => crowd.every(({stderr}) => stderr.includes('started')), {deadlineMs: 60_000, what: 'all have started'})
  return crowd
}

async function expectQuiet(all: readonly Running[]): Promise<void> {
  for (const one of all) expect((await one.finished()).stderr).not.toMatch(BUSY)
}

/** Runs something so many times, fifty at once. */
async function fiftyAtOnce<T>(count: number, run: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) results.push(await run(next++))
  }
  await Promise.all(Array.from({length: 50}, lane))
  return results
}

describe(`${CONSUMERS} consumers`, () => {
  const JOBS = sized(200, 10_000)

  crowd(`that start at once on ${JOBS} jobs lose none and run none twice`, async () => {
    await using scene = new Scene()
    const payloads = Array.from({length: JOBS}, (_, i) => `job ${i}`)
    const ids = await scene.produce(payloads)
    const begin = performance.now()
    const consumers = Array.from({length: CONSUMERS}, (_, i) => startConsumer(scene, {flags: ['--name', `c${i}`]}))
    await waitFor(async () => (await countJobs(scene))['done'] === JOBS, {deadlineMs: 600_000, what: 'all jobs are done'})
    const seconds = (performance.now() - begin) / 1000
    await endConsumers(consumers)
    await expectQuiet(consumers)
    const {findings} = await expectAllKept(scene, [{outcome: 'ok', payloads, ids}])
    expect(findings.extra).toBe(0)
    figure(JOBS, `${CONSUMERS} consumers, ${JOBS} jobs in ${seconds.toFixed(1)} s: lost 0, overlaps 0, run twice 0, "busy" shown 0`)
  }, 900_000)

  const ROUNDS = sized(20, 1000)

  oneJob(`that wait for one job, ${ROUNDS} times: exactly one gets it`, async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const consumers = await startCrowd(scene)
    // How little they do while there is nothing is what is measured: at their beginning, and later.
    const shares: number[] = []
    for (let window = 0; window < sized(1, 4); window += 1) shares.push(await cpuShare(consumers, sized(500, 10_000)))
    const payloads = Array.from({length: ROUNDS}, (_, i) => `job ${i}`)
    const producer = scene.startQctl(['produce', '--lines', '--batch', '1'], {endStdin: false})
    for (const [i, payload] of payloads.entries()) {
      producer.write(`${payload}\n`)
      await waitFor(() => countInLedger(scene, 'end') > i, {what: `job ${i} is done`})
    }
    producer.end()
    const ids = (await producer.finished()).stdout.trim().split('\n').map(Number)
    await endConsumers(consumers)
    await expectQuiet(consumers)
    const {findings} = await expectAllKept(scene, [{outcome: 'ok', payloads, ids}])
    expect([findings.extra, countInLedger(scene, 'start')]).toEqual([0, ROUNDS])
    figure(ROUNDS, `${ROUNDS} jobs, one at a time, ${CONSUMERS} waiting for each: ${ROUNDS} starts; waiting they used ${shares.map(share => (share * 100).toFixed(1)).join(', ')} % of a core together, ten seconds after ten seconds (aim 10)`)
  }, 900_000)

  herd(`and reapers and producers that start at once after a crash: all work within seconds, and no error is seen`, async () => {
    await using scene = new Scene()
    const rounds = sized(1, 5)
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      scene.database = scene.path(`q${round}.db`)
      const writer = scene.startQctl(['produce', '--lines', '--batch', '1'], {endStdin: false, stdin: 'x\n'.repeat(200)})
      await waitFor(() => writer.stdout.split('\n').length > 200)
      writer.kill('SIGKILL')
      await writer.finished()
      const begin = performance.now()
      const daemons = [
        ...Array.from({length: CONSUMERS}, () => scene.startQctl(['consume', '--', 'true'])),
        ...Array.from({length: 3}, () => scene.startQctl(['reap', '--every', '1s'])),
      ]
      const produced = await Promise.all(Array.from({length: 10}, (_, i) => scene.qctl(['produce', `job ${i}`])))
      expect(produced.map(({status, stderr}) => [status, stderr])).toEqual(produced.map(() => [0, '']))
      await waitFor(() => daemons.slice(0, CONSUMERS).every(({stderr}) => stderr.includes('started')), {deadlineMs: 60_000, what: 'all have started'})
      times.push(performance.now() - begin)
      await waitFor(async () => (await countJobs(scene))['done'] === 210, {deadlineMs: 60_000})
      await endConsumers(daemons)
      for (const one of daemons) expect((await one.finished()).stderr).not.toMatch(/"level":"(warn|error)"|busy|locked/)
    }
    figure(rounds, `${CONSUMERS} consumers, 3 reapers, 10 producers on a log that a killed one left: all at work after ${spread(times)} (aim 10 s), errors shown 0`)
  }, 600_000)
})

describe('fifty producers at once', () => {
  const CALLS = sized(100, 5000)

  producing(`in ${CALLS} processes store each job once, and none fails`, async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const times: number[] = []
    const submissions = await fiftyAtOnce(CALLS, async (n): Promise<Submission> => {
      const begin = performance.now()
      const {status, stdout, stderr} = await scene.qctl(['produce', `job ${n}`])
      times.push(performance.now() - begin)
      expect([status, stderr]).toEqual([0, ''])
      return {outcome: 'ok', payloads: [`job ${n}`], ids: [Number(stdout)]}
    })
    await scene.qctl(['consume', '--drain', '-c', '4', '--', 'true'])
    expect(submissions.length).toBe(CALLS)
    const stored = new Map((await allJobs(scene)).map(({id, payload}) => [id, payload]))
    expect([stored.size, submissions.filter(({ids, payloads}) => stored.get(ids[0] ?? 0) !== payloads[0])]).toEqual([CALLS, []])
    figure(CALLS, `stored ${CALLS}, refused 0, lost 0; a call, its process and the queueing for two cores included, takes ${spread(times)}`)
  }, 900_000)

  const KEYS = sized(2, 40)

  keyed(`of one key, ${KEYS} times: one job, and all are told its id`, async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    for (let key = 0; key < KEYS; key++) {
      const calls: Finished[] = await fiftyAtOnce(50, () => scene.qctl(['produce', 'x', '--key', `key ${key}`]))
      expect([key, new Set(calls.map(({status, stdout}) => `${status} ${stdout}`)).size, calls[0]?.status]).toEqual([key, 1, 0])
    }
    expect((await countJobs(scene))['pending']).toBe(KEYS)
    figure(KEYS * 50, `${KEYS} keys, 50 producers each: ${KEYS} jobs, ids told other than theirs 0`)
  }, 600_000)
})
