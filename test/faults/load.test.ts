import {expect} from 'bun:test'
import {waitFor} from '../support/wait-for.ts'
import type {Submission} from './auditor.ts'
import {BUSY, countInLedger, endConsumers, startConsumer} from './support/consumers.ts'
import {countJobs, expectAllKept} from './support/evidence.ts'
import {describe, figure, under} from './support/report.ts'
import {type Finished, Scene} from './support/scene.ts'
import {sized} from './support/size.ts'

const scenario = under('many consumers on one file')

const JOBS = sized(3000, 20_000)
const PRODUCERS = 4
const CONSUMERS = 8
/** So many of each producer's jobs come from a process of their own. */
const SINGLE = sized(10, 50)

/** One producer: some calls for single jobs, then one process that commits as it reads. */
async function produceAll(scene: Scene, name: string, count: number, prints: Finished[]): Promise<Submission[]> {
  const calls = [...Array.from({length: SINGLE}, (_, i) => [`${name} single ${i}`]), Array.from({length: count - SINGLE}, (_, i) => `${name} ${i}`)]
  const submissions: Submission[] = []
  for (const payloads of calls) {
    const args = payloads.length === 1 ? payloads : ['--lines', '--batch', '50']
    const finished = await scene.qctl(['produce', ...args], {stdin: payloads.length === 1 ? '' : `${payloads.join('\n')}\n`})
    prints.push(finished)
    expect([finished.status, finished.stderr]).toEqual([0, ''])
    submissions.push({outcome: 'ok', payloads, ids: finished.stdout.trim().split('\n').map(Number)})
  }
  return submissions
}

describe('under load', () => {
  scenario(`${PRODUCERS} producers and ${CONSUMERS} consumers on one file lose nothing and never wait in public`, async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const begin = performance.now()
    const consumers = Array.from({length: CONSUMERS}, (_, i) => startConsumer(scene, {flags: ['-c', '2', '--name', `c${i}`]}))
    const prints: Finished[] = []
    const names = Array.from({length: PRODUCERS}, (_, i) => `p${i}`)
    const submissions = (await Promise.all(names.map(name => produceAll(scene, name, JOBS / PRODUCERS, prints)))).flat()
    const produced = performance.now()
    await waitFor(() => countInLedger(scene, 'end') >= JOBS, {deadlineMs: JOBS * 50, what: `${JOBS} handlers have ended`})
    await waitFor(async () => (await countJobs(scene))['done'] === JOBS)
    const seconds = (performance.now() - begin) / 1000
    await endConsumers(consumers)
    for (const one of consumers) prints.push(await one.finished())
    expect(prints.map(({stdout, stderr}) => stdout + stderr).filter(text => BUSY.test(text))).toEqual([])
    const {findings, jobs} = await expectAllKept(scene, submissions)
    expect([findings.extra, jobs.length]).toEqual([0, JOBS])
    figure(JOBS, `${JOBS} jobs, ${PRODUCERS} producers, ${CONSUMERS} consumers: ${seconds.toFixed(1)} s (${((produced - begin) / 1000).toFixed(1)} s to produce), lost 0, overlaps 0, late acks accepted 0, "busy" shown 0`)
  }, 1_200_000)
})
