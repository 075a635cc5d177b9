import {expect} from 'bun:test'
import {existsSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {Sandbox} from '../support/binary.ts'
import {waitFor} from '../support/wait-for.ts'
import {Disk} from './support/disk.ts'
import {describe, figure, under} from './support/report.ts'
import {Scene} from './support/scene.ts'
import {sized} from './support/size.ts'

const scenario = under('output without end')

const MIB = 1024 * 1024

interface Shown {
  readonly state: string
  readonly attempts_list: readonly {readonly run_ms: number; readonly cpu_ms: number; readonly stdout_dropped_bytes: number}[]
}

/** The highest memory a process had until now, in bytes; 0 when it is gone. */
function peakOf(pid: number): number {
  try {
    return 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

function sizesIn(directory: string): number[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory).map(name => statSync(join(directory, name), {throwIfNoEntry: false})?.size ?? 0)
}

describe('output without end', () => {
  const size = sized(1, 10)

  scenario(`${size} GB: the consumer stays small, so does what is kept, and the job ends`, async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x'])
    const script = `yes | head -c ${size}G; echo the end; echo of all >&2`
    const consumer = sandbox.start(['consume', '--drain', '--shell', script])
    let isOver = false
    const over = consumer.finished().then(finished => {
      isOver = true
      return finished
    })
    let peak = 0
    let longest = 0
    await waitFor(
      () => {
        peak = Math.max(peak, peakOf(consumer.pid))
        longest = Math.max(longest, ...sizesIn(`${sandbox.database}.run`))
        return isOver
      },
      {deadlineMs: size * 60_000},
    )
    expect((await over).status).toBe(0)
    const {state, attempts_list: runs} = (await sandbox.json(['jobs', 'show', '1'])) as Shown
    expect(state).toBe('done')
    expect(runs[0]?.stdout_dropped_bytes).toBe(size * 1024 * MIB + 8 - 64 * 1024)
    const {stdout, stderr} = await sandbox.qctl(['jobs', 'logs', '1'])
    expect(stdout.length).toBe(64 * 1024)
    expect([stdout.endsWith('y\ny\nthe end\n'), stderr.endsWith('of all\n')]).toEqual([true, true])
    expect(statSync(sandbox.database).size).toBeLessThan(MIB)
    expect(longest).toBeGreaterThan(0)
    expect(longest).toBeLessThanOrEqual(MIB / 2)
    expect(peak).toBeGreaterThan(0)
    expect(peak).toBeLessThanOrEqual(150 * MIB)
    const seconds = (runs[0]?.run_ms ?? 0) / 1000
    figure(1, `${size} GB of output: ${(size / seconds).toFixed(2)} GB/s, peak of the consumer ${Math.round(peak / MIB)} MiB, longest file ${Math.round(longest / 1024)} KiB`)
  }, 700_000)

  scenario('in one line, from many at once', async () => {
    await using sandbox = new Sandbox()
    const jobs = sized(8, 40)
    await sandbox.qctl(['produce', '--lines'], {stdin: 'x\n'.repeat(jobs)})
    const consumer = sandbox.start(['consume', '--drain', '-c', '8', '--shell', 'head -c 100M /dev/zero; head -c 20M /dev/zero >&2'])
    const over = consumer.finished()
    let peak = 0
    await waitFor(() => {
      const now = peakOf(consumer.pid)
      peak = Math.max(peak, now)
      return now === 0
    }, {deadlineMs: 300_000})
    expect((await over).status).toBe(0)
    const {items} = (await sandbox.json(['jobs', 'list', '-s', 'done', '-l', '100'])) as {items: unknown[]}
    expect(items).toHaveLength(jobs)
    figure(jobs, `${jobs} runs of 120 MB, 8 at once: peak of the consumer ${Math.round(peak / MIB)} MiB`)
    // Eight floods at once leave more behind between two collections than one: some MiB each, however long they last.
    expect(peak).toBeLessThanOrEqual(256 * MIB)
  }, 400_000)
})

scenario('a place beside the database that nobody can write to stops nothing', async () => {
  await using sandbox = new Sandbox()
  await sandbox.qctl(['produce', 'a', 'b'])
  writeFileSync(`${sandbox.database}.run`, '')
  const {status, stderr} = await sandbox.qctl(['consume', '--drain', '--shell', 'echo kept; sleep 0.2'])
  expect(status).toBe(0)
  expect(stderr.match(/showing the output of jobs while they run/g)).toHaveLength(1)
  expect((await sandbox.qctl(['jobs', 'logs', '2'])).stdout).toBe('kept\n')
})

scenario('a full disk beside the database stops nothing', async () => {
  await using scene = new Scene()
  const mount = 'mkdir -m 700 "$DISK/q.db.run"; mount -t tmpfs -o size=16k,mode=700 none "$DISK/q.db.run"'
  const disk = await Disk.mount(scene, mount)
  const qctl = (...args: string[]) => disk.qctl([...args, '--db', `${disk.path}/q.db`])
  await qctl('produce', 'a')
  const {status, stderr} = await qctl('consume', '--drain', '--shell', 'echo begin; sleep 0.2; yes | head -c 100000; sleep 0.2; echo end; sleep 0.2')
  expect(status).toBe(0)
  expect(stderr.match(/showing the output of jobs while they run.*ENOSPC/g)).toHaveLength(1)
  expect((await qctl('jobs', 'logs', '1')).stdout).toEndWith('y\nend\n')
  expect(readdirSync(disk.seen('q.db.run'))).toEqual([])
})
