import {expect} from 'bun:test'
import {readFileSync, writeFileSync} from 'node:fs'
import {waitFor} from '../support/wait-for.ts'
import {countInLedger, endConsumers, startConsumer} from './support/consumers.ts'
import {countJobs, expectAllKept, ledgerOf, showJob} from './support/evidence.ts'
import {isAlive, type Marked} from './support/processes.ts'
import {describe, figure, under} from './support/report.ts'
import {Scene} from './support/scene.ts'
import {sized, spread} from './support/size.ts'
import {handlersOf, TREE, TREE_SIZE, treesStand} from './support/tree.ts'

const killed = under('a consumer is killed with -9, again and again')
const stopped = under('a consumer is stopped for longer than its lease')
const guarded = under('what a handler leaves behind')

/** What a guard has to end, and what a busy machine is given before a test fails. */
const PROMISE_MS = 2000
const LIMIT_MS = 6000

function guardsOf(scene: Scene): Marked[] {
  return scene.left().filter(({command}) => command.includes(' __guard '))
}

/** How long until all these are gone, in ms. */
async function msUntilGone(pids: readonly number[]): Promise<number> {
  const begin = performance.now()
  await waitFor(() => !pids.some(isAlive), {deadlineMs: LIMIT_MS, what: 'they are gone'})
  return performance.now() - begin
}

describe('the guard', () => {
  const KILLS = sized(4, 50)

  killed(`ends the handlers of a consumer that is killed with -9, ${KILLS} times, and then itself`, async () => {
    await using scene = new Scene()
    const times: number[] = []
    for (let round = 0; round < KILLS; round++) {
      await scene.produce(['x', 'y', 'z'], '-Q', `q${round}`)
      const consumer = startConsumer(scene, {work: TREE, flags: ['-c', '3', '-Q', `q${round}`]})
      // Every other one in the moment in which its handlers are started.
      const bare = round % 2 === 0 ? await treesStand(scene, 3) : []
      await waitFor(() => handlersOf(scene).length > 0)
      const begin = performance.now()
      consumer.kill('SIGKILL')
      await scene.empties(LIMIT_MS)
      await msUntilGone(bare)
      times.push(performance.now() - begin)
    }
    figure(KILLS, `${KILLS} consumers killed with -9, nobody else there: handler trees (${TREE_SIZE} processes each, TERM ignored, own sessions) and guard gone after (promise ${PROMISE_MS} ms) ${spread(times)}`)
    expect(ledgerOf(scene)).not.toContain(' held')
  }, 600_000)

  const FREEZES = sized(2, 20)

  stopped(`ends the handler of a consumer that is stopped for three leases, ${FREEZES} times, before its job is granted again; the consumer goes on`, async () => {
    await using scene = new Scene()
    for (let round = 0; round < FREEZES; round++) {
      const [id = 0] = await scene.produce([`round ${round}`])
      const work = `[ "$QCTL_FENCE" != 1 ] || [ "$(cat)" = more ] || { ${TREE}; }`
      const sleeper = startConsumer(scene, {work, flags: ['--name', `sleeper${round}`, '--lease', '1s']})
      const bare = await treesStand(scene)
      const handlers = [...bare, ...handlersOf(scene).map(({pid}) => pid)]
      sleeper.kill('SIGSTOP')
      const stopped = performance.now()
      // Nobody else is there, so this is the guard's work; and it is done while the lease lasts.
      await waitFor(() => !handlers.some(isAlive), {deadlineMs: 10_000, what: 'the guard has ended the handlers'})
      expect(await showJob(scene, id)).toMatchObject({state: 'processing', fence: 1})
      const rescuer = startConsumer(scene, {work, flags: ['--name', `rescuer${round}`, '--lease', '1s']})
      await waitFor(() => ledgerOf(scene).includes(`end ${id} 2 2 `), {deadlineMs: 20_000, what: 'the job ran again'})
      await waitFor(() => performance.now() - stopped > 3000, {what: 'three leases are over'})
      await endConsumers([rescuer])
      sleeper.kill('SIGCONT')
      await waitFor(() => sleeper.stderr.includes('lease lost'), {what: 'the sleeper says that it lost its lease'})
      const [more = 0] = await scene.produce(['more'])
      await waitFor(async () => (await showJob(scene, more)).state === 'done', {what: 'the sleeper works on'})
      await endConsumers([sleeper])
      const {attempts_list, fence, crashes} = await showJob(scene, id)
      expect([fence, crashes, attempts_list.map(({run, outcome, cause}) => [run, outcome, cause])]).toEqual([2, 0, [[1, 'lost', 'lease_expired'], [2, 'done', null]]])
      expect(scene.left()).toEqual([])
    }
    await expectAllKept(scene, [])
    figure(FREEZES, `${FREEZES} consumers stopped for three leases of 1 s: handlers gone before the job was granted again, late ends refused, all worked on`)
  }, 600_000)

  stopped('ends the handler of a stopped consumer: that is no crash of the job, also when nobody took it meanwhile', async () => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const sleeper = startConsumer(scene, {work: '[ "$QCTL_FENCE" != 1 ] || sleep 60', flags: ['--lease', '1s']})
    await waitFor(() => countInLedger(scene, 'start') === 1)
    sleeper.kill('SIGSTOP')
    await waitFor(() => handlersOf(scene).length === 0, {what: 'the guard has ended the handler'})
    sleeper.kill('SIGCONT')
    await waitFor(async () => (await showJob(scene, id)).state === 'done')
    await endConsumers([sleeper])
    const {crashes, attempts_list} = await showJob(scene, id)
    expect([crashes, attempts_list.map(({outcome, cause}) => [outcome, cause])]).toEqual([0, [['lost', 'lease_expired'], ['done', null]]])
  }, 60_000)

  killed.each(['SIGKILL', 'SIGSTOP'] as const)('ends the workers of a consumer that got %s, with all they started', async signal => {
    await using scene = new Scene()
    // The second time it answers at once.
    const answer = `echo "$job" | sed 's/.*"id":\\([0-9]*\\).*"fence":\\([0-9]*\\).*/{"id":\\1,"fence":\\2,"ok":true}/'`
    const worker = `while read -r job; do case $job in *'"fence":1,'*) ${TREE};; *) ${answer};; esac; done`
    const consume = ['consume', '--lease', '1s', '-c', '4', '--stream', worker]
    const [id = 0] = await scene.produce(['x'])
    const consumer = scene.startQctl(consume)
    const bare = await treesStand(scene)
    const pids = [...bare, ...handlersOf(scene).map(({pid}) => pid)]
    consumer.kill(signal)
    await msUntilGone(pids)
    expect(await showJob(scene, id)).toMatchObject({state: 'processing', fence: 1})
    if (signal === 'SIGSTOP') consumer.kill('SIGCONT')
    const other = signal === 'SIGKILL' ? scene.startQctl(consume) : consumer
    await waitFor(async () => (await showJob(scene, id)).state === 'done', {what: 'another worker has done it'})
    const cause = signal === 'SIGKILL' ? 'consumer_died' : 'lease_expired'
    const {crashes, attempts_list: runs} = await showJob(scene, id)
    // On a busy host the guard may come upon the run that follows: that is charged as this one is, and no crash either.
    expect([crashes, runs.at(-1)?.outcome]).toEqual([signal === 'SIGKILL' ? 1 : 0, 'done'])
    expect(new Set(runs.slice(0, -1).map(run => `${run.outcome} ${run.cause}`))).toEqual(new Set([`lost ${cause}`]))
    await endConsumers([other])
    expect(scene.left()).toEqual([])
  }, 60_000)

  guarded('leaves alone the workers and handlers of other consumers', async () => {
    await using scene = new Scene()
    await scene.produce(['x'], '-Q', 'a')
    await scene.produce(['x'], '-Q', 'b')
    await scene.produce(['x'], '-Q', 'c')
    const workers = ['--stream', 'while read -r job; do sleep 60; done']
    const victim = scene.startQctl(['consume', '-Q', 'a', ...workers])
    await waitFor(() => handlersOf(scene).length === 2)
    const mine = handlersOf(scene).map(({pid}) => pid)
    const others = [scene.startQctl(['consume', '-Q', 'b', '--grace', '0s', ...workers]), startConsumer(scene, {work: 'sleep 60', flags: ['-Q', 'c', '--grace', '0s']})]
    await waitFor(() => handlersOf(scene).length === 6)
    victim.kill('SIGKILL')
    await msUntilGone(mine)
    await waitFor(() => guardsOf(scene).length === 2, {what: 'its guard has gone'})
    expect(handlersOf(scene)).toHaveLength(4)
    await endConsumers(others)
  }, 60_000)

  stopped('does nothing to a handler whose lease is kept, however long it runs', async () => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const consumer = startConsumer(scene, {work: 'sleep 3', flags: ['--lease', '1s', '--drain']})
    expect((await consumer.finished()).status).toBe(0)
    expect(await showJob(scene, id)).toMatchObject({state: 'done', fence: 1})
  }, 60_000)

  killed('that is killed is replaced, and the new one knows what runs', async () => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const consumer = startConsumer(scene, {work: TREE, flags: ['--lease', '3s']})
    const bare = await treesStand(scene)
    const [first] = guardsOf(scene)
    process.kill(first?.pid ?? 0, 'SIGKILL')
    await waitFor(() => guardsOf(scene).some(({pid}) => pid !== first?.pid), {deadlineMs: 20_000, what: 'there is another guard'})
    let last = Number.POSITIVE_INFINITY
    const isProlonged = async (): Promise<boolean> => {
      const {lease_remaining_ms: left} = await showJob(scene, id)
      const before = last
      last = left ?? before
      return last > before
    }
    // It is told of what runs when it starts, some milliseconds after it can be seen.
    await waitFor(isProlonged, {what: 'the lease was prolonged meanwhile'})
    expect(consumer.stderr).toContain('trouble with guarding the handlers')
    consumer.kill('SIGKILL')
    await scene.empties(LIMIT_MS)
    await msUntilGone(bare)
  }, 60_000)

  stopped('that was stopped itself reads what it was told meanwhile before it acts', async () => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const consumer = startConsumer(scene, {work: 'until [ -e go ]; do sleep 0.02; done', flags: ['--lease', '1s', '--drain']})
    await waitFor(() => countInLedger(scene, 'start') === 1)
    const [guard] = guardsOf(scene)
    process.kill(guard?.pid ?? 0, 'SIGSTOP')
    const stopped = performance.now()
    await waitFor(() => performance.now() - stopped > 2000, {what: 'two leases are over'})
    process.kill(guard?.pid ?? 0, 'SIGCONT')
    const continued = performance.now()
    await waitFor(() => performance.now() - continued > 500, {what: 'it has had time to act'})
    writeFileSync(scene.path('go'), '')
    expect((await consumer.finished()).status).toBe(0)
    expect(await showJob(scene, id)).toMatchObject({state: 'done', fence: 1})
  }, 60_000)

  stopped('goes with its consumer also when it was stopped', async () => {
    await using scene = new Scene()
    const consumer = startConsumer(scene)
    const [guard] = await waitFor(() => (guardsOf(scene).length > 0 ? guardsOf(scene) : null))
    process.kill(guard?.pid ?? 0, 'SIGSTOP')
    await endConsumers([consumer])
    await scene.empties(LIMIT_MS)
  }, 60_000)

  guarded('is not ended by what a terminal or a supervisor sends', async () => {
    await using scene = new Scene()
    await scene.produce(['x'])
    const consumer = startConsumer(scene, {work: TREE, flags: ['--grace', '50s']})
    await treesStand(scene)
    const [guard] = guardsOf(scene)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(guard?.pid ?? 0, signal)
    // All of the group of the consumer, as Ctrl-C and killasgroup reach it.
    process.kill(-consumer.pid, 'SIGTERM')
    await waitFor(() => consumer.stderr.includes('stopping'))
    expect(guardsOf(scene)).toEqual(guard === undefined ? [] : [guard])
    process.kill(-consumer.pid, 'SIGKILL')
    await scene.empties(LIMIT_MS)
  }, 60_000)

  guarded('is small: at most 10 MB of its own memory, idle, busy and after its work', async () => {
    await using scene = new Scene()
    const jobs = sized(500, 5000)
    await scene.produce(Array.from({length: jobs}, () => 'x'))
    const consumer = scene.startQctl(['consume', '-c', '4', '--', 'true'])
    const [guard] = await waitFor(() => (guardsOf(scene).length > 0 ? guardsOf(scene) : null))
    const anonymousKb = (): number => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${guard?.pid}/status`, 'latin1'))?.[1])
    const seen: number[] = []
    await waitFor(async () => {
      seen.push(anonymousKb())
      return (await countJobs(scene))['done'] === jobs
    }, {deadlineMs: 120_000, what: 'all jobs are done'})
    await endConsumers([consumer])
    const most = Math.max(...seen)
    figure(1, `a guard while ${jobs} jobs ran: at most ${(most / 1024).toFixed(1)} MB of anonymous memory`)
    expect(most).toBeLessThanOrEqual(10 * 1024)
  }, 180_000)

  guarded('there is none with --no-guard, and none for what runs in the consumer itself', async () => {
    await using scene = new Scene()
    await scene.produce(['x'])
    const unguarded = startConsumer(scene, {work: 'sleep 60', flags: ['--no-guard']})
    await waitFor(() => countInLedger(scene, 'start') === 1)
    const stamper = scene.startQctl(['consume', '-Q', 'stamp', '--handler', 'timestamp'])
    await waitFor(() => stamper.stderr.includes('started'))
    expect(guardsOf(scene)).toEqual([])
    unguarded.kill('SIGKILL')
    await unguarded.finished()
    expect(handlersOf(scene)).not.toEqual([])
    // The reaper does not ask whether there was a guard.
    await waitFor(() => handlersOf(scene).length === 0, {deadlineMs: LIMIT_MS, what: 'another consumer has taken the job and ended its handler'})
    await endConsumers([stamper])
  }, 60_000)
})
