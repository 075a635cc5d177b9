import {expect} from 'bun:test'
import {waitFor} from '../support/wait-for.ts'
import {countInLedger, endConsumers, startConsumer} from './support/consumers.ts'
import {showJob} from './support/evidence.ts'
import {under} from './support/report.ts'
import {requireMounts} from './support/rights.ts'
import {Scene} from './support/scene.ts'

const scenario = under('another machine, or another boot of this one, opens the file')

/** Another boot of a machine, or another machine, as its processes see it. */
function pretending(scene: Scene, identity: {readonly machine?: string; readonly boot: string}): string[] {
  const files = [['/proc/sys/kernel/random/boot_id', identity.boot], ...(identity.machine === undefined ? [] : [['/etc/machine-id', identity.machine]])]
  const mounts = files.map(([path = '', text = ''], i) => `printf '%s\\n' ${text} >${scene.path(`id${i}`)} && mount --bind ${scene.path(`id${i}`)} ${path}`)
  return ['unshare', '-m', 'sh', '-c', `${mounts.join(' && ')} && exec "$@"`, 'sh']
}

const OTHER_BOOT = '11111111-2222-3333-4444-555555555555'
const OTHER_MACHINE = 'f'.repeat(32)

scenario('a reaper on another machine refuses, and takes nothing; so does a consumer', async () => {
  requireMounts()
  await using scene = new Scene()
  const [id = 0] = await scene.produce(['x'])
  const holder = startConsumer(scene, {work: 'sleep 60', flags: ['--grace', '0s']})
  await waitFor(() => countInLedger(scene, 'start') === 1)
  const wrap = pretending(scene, {machine: OTHER_MACHINE, boot: OTHER_BOOT})
  for (const args of [['reap', '--once'], ['reap', '--every', '1s'], ['consume', '--drain', '--', 'true']]) {
    const {status, stderr} = await scene.qctl(args, {wrap})
    expect([args, status, stderr]).toEqual([args, 78, expect.stringContaining('is in use by consumer')])
  }
  expect(await showJob(scene, id)).toMatchObject({state: 'processing', fence: 1, attempts_list: []})
  await endConsumers([holder])
}, 60_000)

scenario('after the same machine has started again all leases are over at once, and nobody is charged', async () => {
  requireMounts()
  await using scene = new Scene()
  const [id = 0] = await scene.produce(['x'])
  const holder = startConsumer(scene, {work: 'sleep 60', flags: ['--lease', '1h']})
  await waitFor(() => countInLedger(scene, 'start') === 1)
  holder.kill('SIGKILL')
  await holder.finished()
  const {status} = await scene.qctl(['reap', '--once'], {wrap: pretending(scene, {boot: OTHER_BOOT})})
  expect(status).toBe(0)
  expect(await showJob(scene, id)).toMatchObject({state: 'pending', crashes: 0, attempts_list: [{outcome: 'lost', cause: 'host_rebooted'}]})
}, 60_000)

scenario('in a pid namespace without a /proc of its own a consumer says that it can find nothing there, and works', async () => {
  requireMounts()
  await using scene = new Scene()
  const warning = '/proc is not of this pid namespace'
  for (const [wrap, isBlind] of [[['unshare', '--pid', '--fork'], true], [['unshare', '--pid', '--fork', '--mount-proc'], false]] as const) {
    const [id = 0] = await scene.produce(['x'])
    const {status, stderr} = await scene.qctl(['consume', '--drain', '--', 'true'], {wrap})
    expect([status, (await showJob(scene, id)).state, stderr.includes(warning)]).toEqual([0, 'done', isBlind])
  }
  expect((await scene.qctl(['consume', '--drain', '--handler', 'timestamp'], {wrap: ['unshare', '--pid', '--fork']})).stderr).not.toContain(warning)
}, 60_000)
