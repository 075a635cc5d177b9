import {beforeAll, expect} from 'bun:test'
import {waitFor} from '../support/wait-for.ts'
import {startConsumer} from './support/consumers.ts'
import {allJobs, countJobs, expectAllKept, HANDLER, ledgerEnvironment, ledgerOf} from './support/evidence.ts'
import {freshDatabase, killAt, type Point, pointsOf, sample} from './support/injection.ts'
import {describe, figure, under} from './support/report.ts'
import {requirePtrace} from './support/rights.ts'
import {integrityOf, Scene} from './support/scene.ts'
import {IS_FULL, sized} from './support/size.ts'

const making = under('a crash while the schema is made')
const killed = under('a process is killed at any of its system calls')

beforeAll(requirePtrace)

const KILLED = 137

/** How many of the points of a scenario are tried. */
function chosen(points: readonly Point[], short: number): Point[] {
  return IS_FULL ? [...points] : sample(points, short)
}

/** Every id that was printed is there with its payload, and nothing else of that payload. */
async function expectWhole(scene: Scene, payload: string, printed: string, name: string): Promise<boolean> {
  const found = (await allJobs(scene)).filter(job => job.payload === payload).map(({id}) => id)
  expect([name, found.length]).toEqual([name, found.length > 0 ? 1 : 0])
  if (printed.trim() !== '') expect([name, found]).toEqual([name, [Number(printed)]])
  return found.length > 0
}

describe('a process that is killed at a system call', () => {
  making('while it makes the database and stores a job, leaves all or nothing', async () => {
    await using scene = new Scene()
    freshDatabase(scene, 'record')
    const points = chosen(await pointsOf(scene, ['produce', 'x']), 28)
    let kills = 0
    let stored = 0
    for (const point of points) {
      const name = `${point.syscall} ${point.nth}`
      freshDatabase(scene, name.replace(' ', '-'))
      const {status, stdout} = await killAt(scene, point, ['produce', 'killed'])
      expect([name, [0, KILLED].includes(status)]).toEqual([name, true])
      if (status === KILLED) kills += 1
      const next = await scene.qctl(['produce', 'next'])
      expect([name, next.status, next.stderr.replace(/^made the database .*\n/, '')]).toEqual([name, 0, ''])
      if (await expectWhole(scene, 'killed', stdout, name)) stored += 1
      await expectWhole(scene, 'next', next.stdout, name)
      expect([name, integrityOf(scene.database)]).toEqual([name, 'ok'])
    }
    expect(kills).toBeGreaterThan(points.length * 0.9)
    figure(kills, `killed while making the database: ${kills} points, job stored in ${stored}, half a job 0, damaged 0, next command refused 0`)
  }, 900_000)

  killed('while it stores a job, leaves all or nothing', async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const points = chosen(await pointsOf(scene, ['produce', 'x']), 28)
    let kills = 0
    let stored = 0
    for (const point of points) {
      const payload = `${point.syscall} ${point.nth}`
      const {status, stdout} = await killAt(scene, point, ['produce', payload])
      if (status === KILLED) kills += 1
      const next = await scene.qctl(['produce', `after ${payload}`])
      expect([payload, next.status, next.stderr]).toEqual([payload, 0, ''])
      if (await expectWhole(scene, payload, stdout, payload)) stored += 1
    }
    expect(integrityOf(scene.database)).toBe('ok')
    expect(kills).toBeGreaterThan(points.length * 0.9)
    figure(kills, `killed while storing a job: ${kills} points, job stored in ${stored}, half a job 0, damaged 0`)
  }, 900_000)

  killed('in the middle of a thousand lines, leaves all or none of them', async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const lines = Array.from({length: 1000}, (_, i) => `${'x'.repeat(1000)} ${i}\n`).join('')
    const bulk = ['produce', '--lines', '-Q', 'record']
    const points = sample(await pointsOf(scene, bulk, {stdin: lines}), sized(25, 250))
    const outcomes = {kills: 0, all: 0, none: 0}
    for (const [i, point] of points.entries()) {
      const queue = `q${i}`
      const {status, stdout} = await killAt(scene, point, ['produce', '--lines', '-Q', queue], {stdin: lines})
      if (status === KILLED) outcomes.kills += 1
      const queues = await scene.json<{items: {name: string; counts: {pending: number}}[]}>(['queues', 'list'])
      const count = queues.items.find(({name}) => name === queue)?.counts.pending ?? 0
      expect([point, [0, 1000].includes(count)]).toEqual([point, true])
      if (stdout !== '') expect([point, count]).toEqual([point, 1000])
      outcomes[count === 0 ? 'none' : 'all'] += 1
    }
    expect(integrityOf(scene.database)).toBe('ok')
    figure(outcomes.kills, `killed in the middle of 1000 lines: ${outcomes.kills} points, all stored in ${outcomes.all}, none in ${outcomes.none}, some 0`)
  }, 900_000)

  killed('while it claims jobs and stores their ends, loses none', async () => {
    await using scene = new Scene()
    const env = ledgerEnvironment(scene)
    await scene.produce(['x', 'y'])
    const work = ['consume', '--drain', '-c', '2', '--', HANDLER]
    const points = chosen(await pointsOf(scene, work, {env}), 30)
    let kills = 0
    const submissions = []
    for (const point of points) {
      const payloads = ['one', 'two'].map(word => `${word} ${point.syscall} ${point.nth}`)
      submissions.push({outcome: 'ok', payloads, ids: await scene.produce(payloads)} as const)
      const {status} = await killAt(scene, point, work, {env})
      if (status === KILLED) kills += 1
      const next = await scene.qctl(work, {env})
      expect([point, next.status]).toEqual([point, 0])
    }
    const {findings, jobs} = await expectAllKept(scene, submissions)
    expect(jobs.filter(({state}) => state !== 'done')).toEqual([])
    expect(findings.extra).toBeLessThanOrEqual(kills * 2)
    figure(kills, `consumers killed while claiming and settling: ${kills} points, ${jobs.length} jobs done, run again ${findings.extra}, lost 0, overlaps 0`)
  }, 1_200_000)

  killed('while it takes jobs from the dead, loses none and takes none twice', async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const leaveBehind = async (payload: string): Promise<number> => {
      const [id = 0] = await scene.produce([payload])
      const victim = startConsumer(scene, {work: '[ "$QCTL_ATTEMPT" = 2 ] || sleep 20'})
      await waitFor(() => ledgerOf(scene).includes(`start ${id} 1 `))
      victim.kill('SIGKILL')
      await victim.finished()
      return id
    }
    await leaveBehind('record')
    const points = chosen(await pointsOf(scene, ['reap', '--once']), 15)
    let kills = 0
    for (const point of points) {
      await leaveBehind(`${point.syscall} ${point.nth}`)
      const {status} = await killAt(scene, point, ['reap', '--once'])
      if (status === KILLED) kills += 1
      expect((await scene.qctl(['reap', '--once'])).status).toBe(0)
    }
    expect((await countJobs(scene))['processing']).toBe(0)
    const drained = startConsumer(scene, {work: '[ "$QCTL_ATTEMPT" = 2 ]', flags: ['--drain']})
    expect((await drained.finished()).status).toBe(0)
    const {jobs} = await expectAllKept(scene, [])
    for (const job of jobs) {
      expect(job).toMatchObject({state: 'done', attempts: 2, crashes: 1})
      expect(job.events.filter(({from}) => from === 'processing')).toHaveLength(1)
    }
    figure(kills, `reapers killed: ${kills} points, every job given back once`)
  }, 1_200_000)
})
