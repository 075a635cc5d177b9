import {expect} from 'bun:test'
import {waitFor} from '../support/wait-for.ts'
import {endConsumers, startConsumer} from './support/consumers.ts'
import {ledgerOf, showJob} from './support/evidence.ts'
import {isAlive} from './support/processes.ts'
import {describe, figure, under} from './support/report.ts'
import {type Running, Scene} from './support/scene.ts'
import {handlersOf, TREE, TREE_SIZE, treesStand} from './support/tree.ts'

const scenario = under('a handler that ignores TERM, forks and leaves its session')

const GRACE_MS = 500
/** What is promised beyond the grace, and what a busy machine is given before a test fails. */
const PROMISE_MS = 1000
const LIMIT_MS = 5000

/** A consumer that works on one job with a tree of processes, and all of those. */
async function standing(scene: Scene, ...flags: readonly string[]): Promise<{readonly id: number; readonly consumer: Running; readonly pids: readonly number[]}> {
  const [id = 0] = await scene.produce(['x'], '--max-attempts', '1')
  const consumer = startConsumer(scene, {work: TREE, flags: ['--grace', `${GRACE_MS}ms`, ...flags]})
  const bare = await treesStand(scene)
  return {id, consumer, pids: [...bare, ...handlersOf(scene).map(({pid}) => pid)]}
}

/** How long after `begin` all of them are gone, in ms. */
async function msUntilGone(pids: readonly number[], begin: number): Promise<number> {
  await waitFor(() => !pids.some(isAlive), {deadlineMs: GRACE_MS + LIMIT_MS, what: 'the tree is gone'})
  return Math.round(performance.now() - begin)
}

describe(`a handler of ${TREE_SIZE} processes that ignore TERM, keep the output open and have left its session`, () => {
  scenario('is gone within grace and a second after its time is over, and its job is settled', async () => {
    await using scene = new Scene()
    const begin = performance.now()
    const {id, consumer, pids} = await standing(scene, '--timeout', '1s')
    await waitFor(() => performance.now() - begin > 1000)
    const ms = await msUntilGone(pids, begin + 1000)
    expect(ms).toBeLessThan(GRACE_MS + LIMIT_MS)
    await waitFor(async () => (await showJob(scene, id)).state === 'failed')
    expect(await showJob(scene, id)).toMatchObject({reason: 'timeout', attempts_list: [{outcome: 'timed_out'}]})
    await endConsumers([consumer])
    figure(1, `timeout: the tree was gone ${ms} ms after the start of its run + 1 s (promise: grace ${GRACE_MS} + ${PROMISE_MS} ms)`)
  }, 60_000)

  scenario.each(['cancel', 'fail'])('is gone within grace and a second after %s', async verb => {
    await using scene = new Scene()
    const {id, consumer, pids} = await standing(scene)
    const begin = performance.now()
    const request = scene.startQctl(['jobs', verb, String(id)])
    const ms = await msUntilGone(pids, begin)
    expect((await request.finished()).status).toBe(0)
    await endConsumers([consumer])
    figure(1, `${verb}: the tree was gone after ${ms} ms (promise: grace ${GRACE_MS} + ${PROMISE_MS} ms)`)
  }, 60_000)

  scenario('does not keep its job from ending: what it leaves behind is gone when the job is done', async () => {
    await using scene = new Scene()
    const [id = 0] = await scene.produce(['x'])
    const work = TREE.replace('sleep 64; true', 'until [ -e go ]; do sleep 0.02; done')
    const consumer = startConsumer(scene, {work})
    const pids = [...(await treesStand(scene)), ...handlersOf(scene).map(({pid}) => pid)]
    const begin = performance.now()
    await Bun.write(scene.path('go'), '')
    await waitFor(async () => (await showJob(scene, id)).state === 'done')
    const ms = performance.now() - begin
    expect(pids.filter(isAlive)).toEqual([])
    expect(ledgerOf(scene)).toContain(`end ${id} 1 1 `)
    await endConsumers([consumer])
    figure(1, `a handler that ends while ${TREE_SIZE - 1} of its processes hold its output: job done after ${Math.round(ms)} ms`)
  }, 60_000)
})
