import {expect} from 'bun:test'
import {waitFor} from '../support/wait-for.ts'
import {countInLedger, endConsumers, startConsumer} from './support/consumers.ts'
import {allJobs, ledgerOf, type ShownJob} from './support/evidence.ts'
import {describe, figure, under} from './support/report.ts'
import {integrityOf, Scene} from './support/scene.ts'
import {random} from './support/seed.ts'
import {sized} from './support/size.ts'

const scenario = under('success, reaper and operator meet at the end of a lease')

const JOBS = 20
const ROUNDS = sized(3, 50)
const LEASE_MS = 1000
const FINAL = ['done', 'failed', 'cancelled']

/** How often the job came into a final state: by the end of a run, or by an operator while it was pending. */
function finals({attempts_list, events}: ShownJob): number {
  const ended = attempts_list.filter(({outcome}) => outcome === 'done' || outcome === 'cancelled').length
  return ended + events.filter(({from, to}) => from === 'pending' && FINAL.includes(to)).length
}

/** How often it was taken out of one again. */
function resubmits({events}: ShownJob): number {
  return events.filter(({from, to}) => from !== null && FINAL.includes(from) && to === 'pending').length
}

/** What the first run ended as, and where the job is: who has won. */
function winner({attempts_list, state}: ShownJob): string {
  return `${attempts_list[0]?.outcome}, ${state}`
}

describe('at the edge of the lease', () => {
  scenario(`${ROUNDS * JOBS} successes race with reap, cancel, fail and resubmit: one winner each`, async () => {
    await using scene = new Scene()
    const wins = new Map<string, number>()
    for (let round = 0; round < ROUNDS; round++) {
      scene.database = scene.path(`q${round}.db`)
      const ledger = scene.path('ledger')
      await Bun.write(ledger, '')
      const ids = await scene.produce(Array.from({length: JOBS}, (_, i) => `job ${i}`))
      const go = scene.path(`go${round}`)
      const work = `[ "$QCTL_FENCE" != 1 ] || until [ -e ${go} ]; do sleep 0.02; done`
      const holder = startConsumer(scene, {work, flags: ['-c', String(JOBS), '--lease', `${LEASE_MS}ms`]})
      await waitFor(() => countInLedger(scene, 'start') === JOBS, {deadlineMs: 30_000})
      // Its handlers end while it is stopped, so all their successes are stored when it goes on: at about the end of the leases.
      holder.kill('SIGSTOP')
      const stopped = performance.now()
      await Bun.write(go, '')
      await waitFor(() => countInLedger(scene, 'end') === JOBS, {deadlineMs: 30_000})
      const part = (n: number): string => ids.filter(id => id % 4 === n).join(' ')
      const untilEdge = LEASE_MS - 400 - (performance.now() - stopped)
      // How long it is stopped is the fault: until shortly before its leases end.
      await Bun.sleep(Math.max(0, untilEdge))
      const soon = (): string => `sleep 0.${Math.floor(random() * 500).toString().padStart(3, '0')};`
      const rivals = [
        scene.sh(`${soon()} for i in 1 2 3 4 5 6; do "$Q" reap --once; done`),
        scene.sh(`${soon()} "$Q" jobs cancel --no-wait ${part(0)}`),
        scene.sh(`${soon()} "$Q" jobs fail --no-wait ${part(1)}`),
        scene.sh(`${soon()} "$Q" jobs resubmit ${part(2)}`),
      ]
      // And then any moment before or after that.
      await Bun.sleep(random() * 500)
      holder.kill('SIGCONT')
      for (const {status} of await Promise.all(rivals)) expect([0, 1, 4]).toContain(status)
      await endConsumers([holder])
      const last = startConsumer(scene, {work, flags: ['-c', '4', '--drain']})
      expect((await last.finished()).status).toBe(0)
      const jobs = await allJobs(scene)
      for (const job of jobs) {
        expect([job.id, job.attempts_list.map(({run}) => run)]).toEqual([job.id, Array.from({length: job.fence}, (_, i) => i + 1)])
        expect([job.id, job.events, job.attempts_list, finals(job)]).toEqual([job.id, job.events, job.attempts_list, 1 + resubmits(job)])
        wins.set(winner(job), (wins.get(winner(job)) ?? 0) + 1)
      }
      // A run that was ended before it began left no line; none was made without a claim, and no two of a job overlapped.
      expect(countInLedger(scene, 'start')).toBeLessThanOrEqual(jobs.reduce((sum, {fence}) => sum + fence, 0))
      expect(ledgerOf(scene)).not.toContain(' held')
      expect(integrityOf(scene.database)).toBe('ok')
    }
    figure(ROUNDS * JOBS, `${ROUNDS * JOBS} races at the edge of the lease (first run, final state): ${[...wins].map(([what, count]) => `${what}: ${count}`).join('; ')}`)
  }, 1_200_000)
})
