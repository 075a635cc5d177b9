import {beforeAll, expect} from 'bun:test'
import {readdirSync, readFileSync} from 'node:fs'
import {waitFor} from '../support/wait-for.ts'
import {visitsOf} from './auditor.ts'
import {endConsumers, startConsumer} from './support/consumers.ts'
import {countJobs, expectAllKept, ledgerOf, showJob, showJobs} from './support/evidence.ts'
import {isAlive} from './support/processes.ts'
import {describe, figure, under} from './support/report.ts'
import {requireTool} from './support/rights.ts'
import {type Running, Scene} from './support/scene.ts'
import {sized} from './support/size.ts'

const unread = under('a huge payload for a handler that does not read it')
const nested = under('a handler that produces into its own queue')
const starved = under('no more descriptors or processes')

beforeAll(() => requireTool('prlimit'))

describe('a payload of 64 MiB', () => {
  unread.each(['exec sleep 0.2', 'true', 'exec <&-; sleep 0.2', 'head -c 10 >/dev/null'].slice(0, sized(1, 4)))('is no trouble for a handler that does: %s', async script => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    await scene.qctl(['queues', 'create', 'default', '--max-payload', '64M'])
    const produce = scene.startQctl(['produce', '-'], {endStdin: false})
    for (let mib = 0; mib < 64; mib++) produce.write(Buffer.alloc(1024 * 1024, mib))
    produce.end()
    expect(await produce.finished()).toMatchObject({status: 0, stdout: '1\n'})
    const {status, stderr} = await scene.qctl(['consume', '--drain', '--shell', script])
    expect([status, stderr]).toEqual([0, expect.not.stringMatching(/EPIPE|"level":"(warn|error)"/)])
    expect((await countJobs(scene))['done']).toBe(1)
  }, 60_000)
})

describe('a handler', () => {
  const JOBS = sized(20, 300)

  nested(`that makes two more jobs in its own queue, in ${JOBS} jobs: no deadlock, none lost`, async () => {
    await using scene = new Scene()
    const payloads = Array.from({length: JOBS}, () => 'parent')
    const ids = await scene.produce(payloads)
    const work = 'if [ "$(cat)" = parent ]; then "$Q" produce -Q "$QCTL_QUEUE" child child >>made; fi'
    const consumers = ['a', 'b'].map(name => startConsumer(scene, {work: `Q='${scene.binary}'; ${work}`, flags: ['-c', '4', '--name', name]}))
    await waitFor(async () => (await countJobs(scene))['done'] === 3 * JOBS, {deadlineMs: 120_000, what: 'all children are done'})
    await endConsumers(consumers)
    const made = readFileSync(scene.path('made'), 'utf8').trim().split('\n').map(Number)
    const {findings} = await expectAllKept(scene, [{outcome: 'ok', payloads, ids}, {outcome: 'ok', payloads: made.map(() => 'child'), ids: made}])
    expect([made.length, findings.extra]).toEqual([2 * JOBS, 0])
    figure(JOBS, `${3 * JOBS} jobs done: lost 0, run twice 0`)
  }, 300_000)
})

/** Gives a process so many descriptors, or no more than it has. */
async function limitTo(scene: Scene, {pid}: Running, most: number | 'what it has'): Promise<void> {
  const files = most === 'what it has' ? Math.max(...readdirSync(`/proc/${pid}/fd`).map(Number)) + 1 : most
  expect((await scene.sh(`prlimit --pid ${pid} --nofile=${files}:`)).status).toBe(0)
}

describe('a consumer without a free descriptor', () => {
  const WAIT_MS = sized(3000, 10_000)

  starved('keeps its jobs, tries again without haste, and works on as soon as there are some', async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const consumer = scene.startQctl(['consume', '--', 'true'])
    await waitFor(() => consumer.stderr.includes('started'))
    await limitTo(scene, consumer, 'what it has')
    const ids = await scene.produce(['a', 'b', 'c'])
    await waitFor(() => consumer.stderr.includes('could not be started now'), {what: 'it cannot start one'})
    // How little it does meanwhile is what is measured.
    await Bun.sleep(WAIT_MS)
    const tries = consumer.stderr.split('could not be started now').length - 1
    await limitTo(scene, consumer, 1024)
    await waitFor(async () => (await countJobs(scene))['done'] === ids.length, {deadlineMs: 30_000, what: 'all are done'})
    await endConsumers([consumer])
    for (const job of await showJobs(scene, ids)) expect(job).toMatchObject({state: 'done', attempts: 1, crashes: 0})
    figure(tries, `${tries} tries in ${WAIT_MS / 1000} s for ${ids.length} jobs; then all done, no attempt spent`)
  }, 60_000)

  starved('takes no job of a dead consumer while it cannot see whether its handler lives', async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const rescuer = startConsumer(scene, {flags: ['--name', 'rescuer']})
    await waitFor(() => rescuer.stderr.includes('started'))
    await scene.produce(['x'])
    await waitFor(async () => (await countJobs(scene))['done'] === 1)
    // Nobody guards what the victim runs: it lives on.
    const victim = startConsumer(scene, {work: '[ "$QCTL_FENCE" = 2 ] || sleep 60', flags: ['--name', 'victim', '--no-guard', '-Q', 'other']})
    const [id = 0] = await scene.produce(['y'], '-Q', 'other')
    const {pid} = await waitFor(() => visitsOf(ledgerOf(scene)).find(visit => visit.id === id))
    await limitTo(scene, rescuer, 'what it has')
    victim.kill('SIGKILL')
    await victim.finished()
    await waitFor(() => rescuer.stderr.includes('cannot be looked at now'), {what: 'it says that it cannot see'})
    expect([isAlive(pid), (await showJob(scene, id)).state]).toEqual([true, 'processing'])
    await limitTo(scene, rescuer, 1024)
    await waitFor(async () => (await showJob(scene, id)).state === 'pending', {what: 'the job is given back'})
    expect(isAlive(pid)).toBe(false)
    await endConsumers([rescuer])
  }, 60_000)

  starved('from the start on does not take a job to be at fault', async () => {
    await using scene = new Scene()
    await scene.produce(['x'])
    for (const files of [20, 16, 12, 18, 22].slice(0, sized(1, 5))) {
      const {status, stderr} = await scene.qctl(['consume', '--max-jobs', '1', '--grace', '0s', '--', 'true'], {wrap: ['timeout', '2', 'prlimit', `--nofile=${files}`]})
      expect([files, stderr]).toEqual([files, expect.not.stringMatching(/bug in qctl/)])
      expect([files, [0, 73, 74, 124].includes(status), stderr]).toEqual([files, true, stderr])
    }
    expect((await scene.qctl(['consume', '--drain', '--', 'true'])).status).toBe(0)
  }, 60_000)
})
