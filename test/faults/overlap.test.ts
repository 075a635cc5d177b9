import {expect} from 'bun:test'
import {existsSync, readFileSync} from 'node:fs'
import {waitFor} from '../support/wait-for.ts'
import {endConsumers} from './support/consumers.ts'
import {showJob} from './support/evidence.ts'
import {isAlive} from './support/processes.ts'
import {describe, under} from './support/report.ts'
import {Scene} from './support/scene.ts'

const scenario = under('what a handler leaves behind')

/** Starts a process that leaves the group of the run and holds nothing of it open; the run goes on when that lives. */
const LEAVE_ONE = `setsid -f sh -c 'echo $$ >left.new; mv left.new left; exec sleep 61' </dev/null >/dev/null 2>&1; until [ -e left ]; do sleep 0.01; done`
/** What a later run sees of it: a zombie is nobody's. */
const LOOK = `grep -qs '^State:.[^ZX]' /proc/$(cat left)/status && echo lives >seen || echo gone >seen`
const FIRST_LEAVES_ONE = (end: string): string => `if [ "$QCTL_FENCE" = 1 ]; then ${LEAVE_ONE}; ${end}; else ${LOOK}; fi`

function leftBy(scene: Scene): number {
  return Number(readFileSync(scene.path('left'), 'utf8'))
}

/** What the second run of a job saw of what the first one left. */
async function seenBySecond(scene: Scene, id: number): Promise<string> {
  await waitFor(() => existsSync(scene.path('seen')), {deadlineMs: 20_000, what: 'the second run has looked'})
  await waitFor(async () => (await showJob(scene, id)).state === 'done', {what: 'the job is done'})
  expect((await showJob(scene, id)).fence).toBeGreaterThan(1)
  return readFileSync(scene.path('seen'), 'utf8').trim()
}

describe('what left the group of a run that ended with status 0', () => {
  scenario.each([
    ['is snoozed', '"$Q" job snooze 1h', []],
    ['is to be repeated', 'exit 0', ['--on-exit', '0=retry:1h']],
  ])('is gone when its job, which %s, can be granted again', async (_, end, flags) => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const {status} = await scene.qctl(['consume', '--drain', ...flags, '--shell', `${LEAVE_ONE}; ${end}`], {env: {Q: scene.binary}})
    expect([status, (await showJob(scene, id)).state, isAlive(leftBy(scene))]).toEqual([0, 'pending', false])
  }, 60_000)

  scenario('is ended before its job, done and submitted again, runs at another consumer; until then it lives', async () => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const consume = ['consume', '--drain', '--shell', FIRST_LEAVES_ONE('exit 0')]
    expect((await scene.qctl(consume)).status).toBe(0)
    expect([(await showJob(scene, id)).state, isAlive(leftBy(scene))]).toEqual(['done', true])
    expect((await scene.qctl(['jobs', 'resubmit', String(id)])).status).toBe(0)
    expect((await scene.qctl(consume)).status).toBe(0)
    expect(await seenBySecond(scene, id)).toBe('gone')
  }, 60_000)

  scenario('lives on beside another job', async () => {
    await using scene = new Scene()
    await scene.produce(['x'])
    expect((await scene.qctl(['consume', '--drain', '--shell', LEAVE_ONE])).status).toBe(0)
    const [other = 0] = await scene.produce(['y'], '--max-attempts', '2')
    const retried = ['consume', '--drain', '--on-exit', '1=retry:0s', '--shell', '[ "$QCTL_FENCE" = 2 ]']
    expect((await scene.qctl(retried)).status).toBe(0)
    expect([await showJob(scene, other), isAlive(leftBy(scene))]).toMatchObject([{state: 'done', fence: 2}, true])
  }, 60_000)
})

scenario('what a worker has started is gone when it ends with status 0 amid a job and another one is given it', async () => {
  await using scene = new Scene()
  const [id = 0] = await scene.produce(['x'])
  const answer = `echo "$job" | sed 's/.*"id":\\([0-9]*\\).*"fence":\\([0-9]*\\).*/{"id":\\1,"fence":\\2,"ok":true}/'`
  const worker = `while read -r job; do case $job in *'"fence":1,'*) ${LEAVE_ONE}; exit 0;; *) ${LOOK}; ${answer};; esac; done`
  const consumer = scene.startQctl(['consume', '--stream', worker])
  expect(await seenBySecond(scene, id)).toBe('gone')
  await endConsumers([consumer])
}, 60_000)
