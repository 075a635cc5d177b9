import {expect} from 'bun:test'
import {existsSync, readFileSync} from 'node:fs'
import {waitFor} from '../support/wait-for.ts'
import {countInLedger, endConsumers, startConsumer} from './support/consumers.ts'
import {allJobs, showJob} from './support/evidence.ts'
import {isAlive} from './support/processes.ts'
import {describe, figure, under} from './support/report.ts'
import {Scene} from './support/scene.ts'
import {sized} from './support/size.ts'

const scenario = under('an operator\'s request meets the end of a run')

const RACES = sized(100, 1000)

const VERBS = [['cancel', 'cancelled', null], ['fail', 'failed', 'admin']] as const

/** Waits for a handler to write a file, and reads it. */
async function written(scene: Scene, name: string): Promise<string> {
  return waitFor(() => {
    const text = existsSync(scene.path(name)) ? readFileSync(scene.path(name), 'utf8') : ''
    return text.endsWith('\n') ? text.trim() : null
  }, {what: name})
}

describe('a request', () => {
  scenario.each(VERBS)('%s met by a frozen holder is settled by others when the lease ends; the holder goes on', async (verb, state, reason) => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const frozen = startConsumer(scene, {work: 'if [ "$QCTL_JOB_ID" = 1 ]; then sleep 60; fi', flags: ['--lease', '1s']})
    await waitFor(() => countInLedger(scene, 'start') === 1)
    frozen.kill('SIGSTOP')
    const request = scene.startQctl(['jobs', verb, String(id)])
    const other = startConsumer(scene)
    expect((await request.finished()).status).toBe(0)
    expect(await showJob(scene, id)).toMatchObject({state, reason, fence: 1, attempts_list: [{outcome: 'cancelled', cause: verb}]})
    await endConsumers([other])
    frozen.kill('SIGCONT')
    const [next = 0] = await scene.produce(['y'])
    expect((await scene.qctl(['jobs', 'wait', String(next), '--for', '20s'])).status).toBe(0)
    await endConsumers([frozen])
    expect(await showJob(scene, id)).toMatchObject({state, reason, fence: 1})
    expect(countInLedger(scene, 'start')).toBe(2)
    expect(scene.left()).toEqual([])
  }, 60_000)

  scenario.each(VERBS)('%s is answered when everything the handler started is gone', async (verb, state, _) => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const tree = `trap '' TERM; setsid sh -c 'trap "" TERM; echo $$ > far; sleep 60' & (sleep 60; :) & echo $! > near; sleep 60; sleep 60`
    const consumer = scene.startQctl(['consume', '--grace', '200ms', '--shell', tree])
    const pids = [Number(await written(scene, 'near')), Number(await written(scene, 'far'))]
    expect(pids.map(isAlive)).toEqual([true, true])
    expect((await scene.qctl(['jobs', verb, String(id)])).status).toBe(0)
    expect(pids.map(isAlive)).toEqual([false, false])
    expect((await showJob(scene, id)).state).toBe(state)
    await endConsumers([consumer])
  }, 60_000)

  scenario('counts although the handler fails meanwhile: the job does not come back', async () => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const consumer = scene.startQctl(['consume', '--shell', `trap 'exit 1' TERM; echo > began; while :; do sleep 0.02; done`])
    await waitFor(() => existsSync(scene.path('began')))
    expect((await scene.qctl(['jobs', 'cancel', String(id)])).status).toBe(0)
    expect(await showJob(scene, id)).toMatchObject({state: 'cancelled', fence: 1})
    await endConsumers([consumer])
  }, 60_000)

  scenario('fail makes a copy for the dead-letter queue in the same step', async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    await scene.qctl(['queues', 'create', 'default', '--dead-letter', 'dead'])
    const [id = 0] = await scene.produce(['x'])
    const consumer = startConsumer(scene, {work: 'sleep 60', flags: ['--grace', '100ms']})
    await waitFor(() => countInLedger(scene, 'start') === 1)
    expect((await scene.qctl(['jobs', 'fail', String(id)])).status).toBe(0)
    const [copy, job] = await allJobs(scene)
    expect([job, copy]).toMatchObject([{id, state: 'failed', reason: 'admin', dead_letter_id: copy?.id}, {state: 'pending', queue: 'dead', origin_id: id, payload: 'x'}])
    await endConsumers([consumer])
  }, 60_000)

  scenario('for many at once is waited for as a whole', async () => {
    await using scene = new Scene()
    const ids = await scene.produce(Array.from({length: 20}, (_, i) => `job ${i}`))
    const consumer = startConsumer(scene, {work: 'sleep 60', flags: ['-c', '10', '--grace', '100ms']})
    await waitFor(() => countInLedger(scene, 'start') === 10)
    const report = await scene.json<Record<string, unknown>>(['jobs', 'cancel', '-Q', 'default', '--confirm', String(ids.length)])
    expect(report).toMatchObject({matched: 20, changed: 20, skipped: []})
    expect(new Set((await allJobs(scene)).map(({state}) => state))).toEqual(new Set(['cancelled']))
    expect(countInLedger(scene, 'start')).toBe(10)
    await endConsumers([consumer])
  }, 60_000)

  scenario('turned from cancel into fail before it was settled: the last one counts', async () => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const consumer = startConsumer(scene, {work: 'sleep 60', flags: ['--grace', '100ms']})
    await waitFor(() => countInLedger(scene, 'start') === 1)
    consumer.kill('SIGSTOP')
    expect((await scene.qctl(['jobs', 'cancel', '--no-wait', String(id)])).stdout).toBe('1 requested\n')
    expect((await scene.qctl(['jobs', 'fail', '--no-wait', String(id)])).stdout).toBe('1 requested\n')
    consumer.kill('SIGCONT')
    expect((await scene.qctl(['jobs', 'wait', String(id), '--for', '20s'])).status).toBe(1)
    expect(await showJob(scene, id)).toMatchObject({state: 'failed', reason: 'admin'})
    await endConsumers([consumer])
  }, 60_000)

  scenario(`against the handler's own end, ${RACES} times: one of them wins, and the caller is told which`, async () => {
    await using scene = new Scene()
    const ids = await scene.produce(Array.from({length: RACES}, (_, i) => `job ${i}`))
    // Each handler ends by itself at about the moment at which its job is asked for.
    const work = 'until [ -e "ask.$QCTL_JOB_ID" ]; do sleep 0.01; done; sleep 0.$(printf %02d $((QCTL_JOB_ID * 7 % 20)))'
    const consumer = startConsumer(scene, {work, flags: ['-c', '3']})
    const lane = (part: number): string => ids.filter(id => id % 2 === part).join(' ')
    const ask = (part: number, verb: string) =>
      scene.sh(`for id in ${lane(part)}; do until grep -qs "^start $id " ledger; do sleep 0.01; done; : > ask.$id; "$Q" jobs ${verb} $id >/dev/null 2>&1; echo $id $?; done`)
    const [even, odd] = await Promise.all([ask(0, 'cancel'), ask(1, 'fail')])
    await endConsumers([consumer])
    const statuses = new Map(`${even.stdout}${odd.stdout}`.trim().split('\n').map(line => line.split(' ').map(Number) as [number, number]))
    const jobs = await allJobs(scene)
    const told = jobs.map(({id, state}) => `${state} ${statuses.get(id)}`)
    const wins = Map.groupBy(told, one => one)
    expect([...wins.keys()].filter(one => !['done 4', 'cancelled 0', 'failed 0'].includes(one))).toEqual([])
    // One run, one end, whoever won.
    expect(jobs.filter(({attempts_list, fence}) => attempts_list.length !== 1 || fence !== 1)).toEqual([])
    expect(countInLedger(scene, 'start')).toBe(RACES)
    expect(jobs.filter(({state, attempts_list}) => (state === 'done') !== (attempts_list[0]?.outcome === 'done'))).toEqual([])
    figure(RACES, `${RACES} requests against ends: ${[...wins].map(([what, all]) => `${what}: ${all.length}`).join(', ')}`)
  }, 600_000)
})
