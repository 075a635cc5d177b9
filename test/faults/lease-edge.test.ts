import {expect} from 'bun:test'
import {join} from 'node:path'
import {waitFor} from '../support/wait-for.ts'
import {allJobs} from './support/evidence.ts'
import {figure, under} from './support/report.ts'
import {integrityOf, type Running, Scene} from './support/scene.ts'
import {SEED} from './support/seed.ts'
import {sized} from './support/size.ts'

const scenario = under('success, reaper and operator meet at the end of a lease')

const RACES = sized(400, 3000)
const JOBS = 12
const RACER = join(import.meta.dirname, 'control/racer.ts')

interface Fact {
  readonly id: number
  readonly fence: number
  readonly won?: boolean
  readonly kind?: string
  readonly acted?: string
}

function factsOf({stdout}: Running): readonly Fact[] {
  return stdout.split('\n').slice(0, -1).map(line => JSON.parse(line) as Fact)
}

const claimOf = ({id, fence}: Fact): string => `${id}.${fence}`

scenario(`ack against reap, cancel, fail and resubmit at the edge of the lease, ${RACES} times: one winner each, one final event`, async () => {
  await using scene = new Scene()
  await scene.qctl(['init'])
  await scene.qctl(['queues', 'create', 'default', '--backoff', 'fixed:1ms', '--max-attempts', '1000000'])
  await scene.produce(Array.from({length: JOBS}, (_, i) => `job ${i}`))
  const start = (role: string, n: number): Running => {
    return scene.start([process.execPath, RACER, role, scene.database], {endStdin: false, env: {FAULTS_SEED: String(SEED + n)}})
  }
  // Two, so that what is too late meets a job that another holds by now.
  const holders = [start('holder', 1), start('holder', 2)]
  const [reaper, operator] = [start('reaper', 3), start('operator', 4)]
  await waitFor(() => holders.flatMap(factsOf).length >= RACES, {deadlineMs: 300_000, what: `${RACES} races`})
  // These first: whatever is held then is the reaper's.
  for (const racer of [...holders, operator]) racer.end()
  for (const racer of [...holders, operator]) expect(await racer.finished()).toMatchObject({status: 0, stderr: ''})
  await waitFor(async () => (await allJobs(scene)).every(({state}) => state !== 'processing'), {what: 'the last leases to end'})
  reaper.end()
  expect(await reaper.finished()).toMatchObject({status: 0, stderr: ''})

  const jobs = await allJobs(scene)
  const acked = holders.flatMap(factsOf)
  const reaped = factsOf(reaper).map(claimOf)
  const won = acked.filter(fact => fact.won === true).map(claimOf)
  const lost = acked.filter(fact => fact.won === false).map(claimOf)
  // Each run ended once, and whoever was told to have ended it is who did.
  expect([...won, ...reaped].length).toBe(new Set([...won, ...reaped]).size)
  expect(lost.filter(claim => !reaped.includes(claim))).toEqual([])
  const runs = jobs.flatMap(({id, attempts_list}) => attempts_list.map(run => ({claim: `${id}.${run.run}`, ...run})))
  expect(runs.map(({claim}) => claim).toSorted()).toEqual([...won, ...reaped].toSorted())
  const doneBy = (outcome: string): string[] => runs.filter(run => run.outcome === outcome).map(({claim}) => claim).toSorted()
  expect(doneBy('done')).toEqual(won.toSorted())
  expect([...doneBy('lost'), ...doneBy('cancelled')].toSorted()).toEqual(reaped.toSorted())
  // Every fence that was granted is accounted for, and every move from state to state follows the one before.
  for (const {fence, attempts_list} of jobs) expect(attempts_list.map(({run}) => run)).toEqual(Array.from({length: fence}, (_, i) => i + 1))
  expect(integrityOf(scene.database)).toBe('ok')
  const asked = Map.groupBy(factsOf(operator), ({kind, acted}) => `${kind} ${acted}`)
  figure(acked.length, `${acked.length} acks at the edge of leases of 30 ms: ${won.length} in time, ${lost.length} too late; ${[...asked].map(([what, all]) => `${what} ${all.length}`).join(', ')}`)
}, 600_000)
