/** An idle consumer as the binary runs it: its CPU time, and whether anything of the database changes. */
import {readFileSync, statSync} from 'node:fs'
import {sleep} from '../../src/lib/time.ts'
import {binary, environment} from './binary.ts'
import {openStore} from './engine-bench.ts'
import {newPath, removeDatabase} from './scratch.ts'
import type {Figures} from './workload.ts'

/** Of /proc/PID/stat, per second; the same on every Linux that is in use. */
const TICKS_PER_S = 100
/** Starting up is not idling. */
const SETTLE_MS = 3000

/** Watches one that has nothing to do. `writes` counts what changed of the files, and what the kernel says it wrote. */
export async function idleConsumer(ms: number): Promise<Figures> {
  const path = newPath()
  const store = await openStore(path)
  await store.queue.enqueue([{queue: 'other', payload: 'not for this consumer'}])
  const child = Bun.spawn([binary(), 'consume', '-Q', 'default', '--', 'true'], {
    env: environment(path), stdio: ['ignore', 'ignore', 'ignore'],
  })
  try {
    await registered(store)
    await store.storage.close()
    await sleep(SETTLE_MS)
    const before = look(child.pid, path)
    await sleep(ms)
    const after = look(child.pid, path)
    const seconds = (after.ticks - before.ticks) / TICKS_PER_S
    const changed = after.files.filter((file, i) => file !== before.files[i]).length
    return {cpu: seconds / (ms / 60_000), writes: changed + (after.written === before.written ? 0 : 1)}
  } finally {
    child.kill('SIGTERM')
    await child.exited
    removeDatabase(path)
  }
}

async function registered({storage}: Awaited<ReturnType<typeof openStore>>): Promise<void> {
  for (let i = 0; i < 500; i += 1) {
    if ((await storage.consumers()).length > 0) return
    await sleep(10)
  }
  throw new TypeError('the consumer did not register')
}

interface Look {
  readonly ticks: number
  readonly files: readonly string[]
  /** Bytes handed to the storage layer. */
  readonly written: string
}

function look(pid: number, path: string): Look {
  const stat = fieldsOf(pid)
  return {
    ticks: Number(stat[11]) + Number(stat[12]),
    files: [path, `${path}-wal`].map(file => {
      const {size, mtimeMs} = statSync(file)
      return `${size} ${mtimeMs}`
    }),
    written: /^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? '',
  }
}

/** The fields of /proc/PID/stat behind the name, from the state (field 3) on. */
function fieldsOf(pid: number): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}
