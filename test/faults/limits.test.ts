import {expect} from 'bun:test'
import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {hierarchiesFor, readCgroupFacts} from '../../src/lib/handlers/limits/cgroups.ts'
import {countJobs, type ShownJob} from './support/evidence.ts'
import {describe, under} from './support/report.ts'
import {requireMounts, requireRoot} from './support/rights.ts'
import {Scene} from './support/scene.ts'

const scenario = under('a handler that takes all memory or starts ever more processes')

/** What each run says of its memory or processes in `jobs show`. */
interface Run {
  readonly outcome: string
  readonly signal: string | null
  readonly exit_code: number | null
  readonly cause: string | null
  readonly error: string | null
}

async function only(scene: Scene): Promise<ShownJob & {readonly error: string; readonly attempts_list: readonly Run[]}> {
  return scene.json(['jobs', 'show', '1'])
}

/** Runs a command once under these flags. */
async function runOnce(scene: Scene, flags: readonly string[], script: string, wrap: readonly string[] = []) {
  await scene.produce(['x'], '--max-attempts', '1')
  return scene.startQctl(['consume', '--drain', ...flags, '--', 'sh', '-c', script], {wrap}).finished()
}

/** The places where this process could make a group for memory. @throws {Error} when there is none */
function memoryGroups(): string {
  const facts = readCgroupFacts()
  const base = facts === null ? undefined : hierarchiesFor('memory', facts).find(({base}) => existsSync(join(base, 'memory.limit_in_bytes')) || existsSync(join(base, 'memory.max')))?.base
  if (base === undefined) throw new Error('this test needs a memory control group to write to (root, or a delegated one)')
  return base
}

/** Nothing of control groups can be seen there. */
const WITHOUT_GROUPS = ['unshare', '-m', 'sh', '-c', 'umount -l /sys/fs/cgroup 2>/dev/null; mount -t tmpfs none /sys/fs/cgroup && mount -o remount,ro /sys/fs/cgroup && exec "$@"', 'sh']

describe('--limit-mem', () => {
  scenario('ends a run that uses more, and says that it was out of memory', async () => {
    await using scene = new Scene()
    const {status, stderr} = await runOnce(scene, ['--limit-mem', '64M'], 'exec tail /dev/zero')
    expect([status, stderr]).toEqual([0, expect.stringMatching(/each run is limited.*"64M by cgroup v[12]/)])
    const {state, crashes, error, attempts_list} = await only(scene)
    expect([state, crashes, error]).toEqual(['failed', 1, 'out of memory: killed by SIGKILL'])
    expect(attempts_list).toMatchObject([{outcome: 'crashed', signal: 'SIGKILL', cause: 'oom'}])
  }, 60_000)

  scenario('says it also of something that the handler had started', async () => {
    await using scene = new Scene()
    await runOnce(scene, ['--limit-mem', '64M'], 'tail /dev/zero; exit 3')
    const {crashes, error, attempts_list} = await only(scene)
    expect([crashes, error.split(':')[0]]).toEqual([0, 'out of memory'])
    expect(attempts_list).toMatchObject([{outcome: 'failed', exit_code: 3, cause: 'oom'}])
  }, 60_000)

  scenario('leaves in peace what uses less, and no group behind', async () => {
    await using scene = new Scene()
    const before = readdirSync(memoryGroups()).filter(name => name.startsWith('qctl.'))
    await scene.produce(Array.from({length: 20}, () => 'x'))
    const {status} = await scene.startQctl(['consume', '--drain', '-c', '4', '--limit-mem', '64M', '--', 'sh', '-c', 'sleep 0.05; cat']).finished()
    expect([status, (await countJobs(scene))['done']]).toEqual([0, 20])
    expect(readdirSync(memoryGroups()).filter(name => name.startsWith('qctl.') && !before.includes(name))).toEqual([])
  }, 60_000)

  scenario('without control groups limits the addresses of each process, and says so', async () => {
    requireMounts()
    await using scene = new Scene()
    const {stderr} = await runOnce(scene, ['--limit-mem', '64M'], 'ulimit -v; exec tail /dev/zero', WITHOUT_GROUPS)
    expect(stderr).toContain('"64M by address space of each process (ulimit)')
    expect(await only(scene)).toMatchObject({state: 'failed', error: expect.stringContaining('memory exhausted')})
    const {stdout} = await scene.qctl(['jobs', 'logs', '1'])
    expect(stdout).toContain('65536\n')
  }, 60_000)
})

describe('--limit-procs', () => {
  scenario('stops a run that starts more and more, and nothing else', async () => {
    await using scene = new Scene()
    const {status} = await runOnce(scene, ['--limit-procs', '20'], 'i=0; while [ $i -lt 100 ]; do sleep 30 & i=$((i+1)); done; wait')
    expect(status).toBe(0)
    expect(await only(scene)).toMatchObject({state: 'failed', crashes: 0, error: expect.stringMatching(/fork|Resource temporarily/)})
    expect(scene.left()).toEqual([])
  }, 60_000)

  scenario('that cannot be kept is refused before anything is claimed', async () => {
    requireMounts()
    requireRoot('to be above the limit of processes')
    await using scene = new Scene()
    const {status, stderr} = await runOnce(scene, ['--limit-procs', '20'], 'true', WITHOUT_GROUPS)
    expect([status, stderr.trim().split('\n')[0]]).toEqual([78, expect.stringContaining('--limit-procs cannot be kept on this host')])
    expect(await countJobs(scene)).toMatchObject({pending: 1, processing: 0})
  }, 60_000)

  scenario('without control groups limits the processes of the user, if that is not root', async () => {
    requireMounts()
    requireRoot('to become somebody else')
    await using scene = new Scene()
    chmodSync(scene.directory, 0o777)
    const nobody = ['setpriv', '--reuid', '64321', '--regid', '64321', '--clear-groups']
    const {status, stderr} = await scene.sh('"$Q" init && "$Q" produce --max-attempts 1 x && "$Q" consume --drain --limit-procs 40 -- sh -c "i=0; while [ \\$i -lt 100 ]; do sleep 5 & i=\\$((i+1)); done; wait"', {
      wrap: [...WITHOUT_GROUPS, ...nobody],
    })
    expect([status, stderr]).toEqual([0, expect.stringContaining('40 by processes of the user (ulimit)')])
    expect(await only(scene)).toMatchObject({state: 'failed', error: expect.stringMatching(/fork|Resource temporarily/)})
    expect(scene.left()).toEqual([])
  }, 60_000)
})

scenario('a handler that the kernel kills for want of memory is known without a limit of ours', async () => {
  await using scene = new Scene()
  const group = join(memoryGroups(), `test.${process.pid}`)
  mkdirSync(group)
  try {
    const limit = existsSync(join(group, 'memory.max')) ? 'memory.max' : 'memory.limit_in_bytes'
    writeFileSync(join(group, limit), '64M')
    await runOnce(scene, [], `echo 0 >${group}/cgroup.procs; exec tail /dev/zero`)
    expect(await only(scene)).toMatchObject({crashes: 1, attempts_list: [{outcome: 'crashed', signal: 'SIGKILL', cause: 'oom'}]})
  } finally {
    rmdirSync(group)
  }
}, 60_000)

scenario('a handler that somebody kills is not taken for one without memory', async () => {
  await using scene = new Scene()
  await runOnce(scene, [], 'kill -9 $$')
  expect(await only(scene)).toMatchObject({crashes: 1, error: 'killed by SIGKILL', attempts_list: [{outcome: 'crashed', signal: 'SIGKILL', cause: 'signal'}]})
  expect(readFileSync('/proc/vmstat', 'latin1')).toContain('oom_kill')
}, 60_000)

scenario.each([['--handler', 'timestamp'], ['--http', 'http://127.0.0.1:9/']])('%s %s has no processes to limit: refused', async (flag, value) => {
  await using scene = new Scene()
  const {status, stderr} = await scene.qctl(['consume', '--limit-mem', '64M', flag, value])
  expect([status, stderr]).toEqual([2, expect.stringContaining('-- CMD or --shell')])
})
