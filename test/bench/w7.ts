/** W7: the command line, as whole processes. */
import {binary, environment} from './binary.ts'
import {openStore} from './engine-bench.ts'
import {compileHello, compileReplay} from './programs.ts'
import {Recorder, type Recording} from './recording.ts'
import {copyOf, newPath, removeDatabase} from './scratch.ts'
import {roundsOr} from './size.ts'
import {ndjsonWorkloads} from './w7-ndjson.ts'
import {type Figure, type Figures, type Workload, Wrong} from './workload.ts'

/** One ended process: how long it took, and how much CPU. */
export interface Spent {
  readonly wallMs: number
  readonly cpuMs: number
}

/**
 * Runs a program to its end, its output to /dev/null.
 * @param stdin a file; none = nothing
 * @throws Wrong when it fails
 */
export function spend(command: readonly string[], database: string, stdin?: string): Spent {
  const from = performance.now()
  const {exitCode, resourceUsage} = Bun.spawnSync([...command], {
    env: environment(database),
    stdin: stdin === undefined ? 'ignore' : Bun.file(stdin),
    stdout: 'ignore',
    stderr: 'ignore',
  })
  const wallMs = performance.now() - from
  if (exitCode !== 0) throw new Wrong(`${command.slice(1).join(' ')} exited ${exitCode}`)
  return {wallMs, cpuMs: Number(resourceUsage?.cpuTime.total ?? 0n) / 1000}
}

/** Starting up, and many lines at once. */
export function commandWorkloads(): readonly Workload[] {
  return [startWorkload(), ...ndjsonWorkloads()]
}

const COMMANDS = {
  produce: {args: ['produce', 'hello'], atMost: 2},
  help: {args: ['--help'], atMost: 4.5},
  list: {args: ['queues', 'list'], atMost: 4.5},
} as const

function startWorkload(): Workload {
  const files = {start: newPath(), database: '', hello: '', same: ''}
  return {
    name: 'W7a',
    figures: Object.entries(COMMANDS).flatMap(([name, {args, atMost}]): Figure[] => [
      {name, title: `qctl ${args.join(' ')}`, unit: 'ms', goals: [{to: 'beside', atMost}]},
      {name: `${name}Cpu`, title: `qctl ${args.join(' ')}, CPU`, unit: 'CPU ms', goals: []},
    ]),
    rounds: roundsOr(60),
    warmUp: true,
    beside: 'Bun hello',
    prepare: async () => {
      const recording = await recordProduce(files.start)
      Object.assign(files, {database: copyOf(files.start), hello: await compileHello(), same: await compileReplay(recording)})
    },
    ways: {
      qctl: () => figuresOf(Object.entries(COMMANDS).map(([name, {args}]) => [name, spend([binary(), ...args], files.database)])),
      same: () => replayed(files.same, files.start),
      beside: () => {
        const spent = spend([files.hello], files.database)
        return figuresOf(Object.keys(COMMANDS).map(name => [name, spent]))
      },
    },
  }
}

function figuresOf(spent: readonly (readonly [string, Spent])[]): Figures {
  return Object.fromEntries(spent.flatMap(([name, {wallMs, cpuMs}]) => [[name, wallMs], [`${name}Cpu`, cpuMs]]))
}

/** The statements of one submission into a queue that exists. */
async function recordProduce(start: string): Promise<Recording> {
  const first = await openStore(start)
  await first.queue.enqueue([{payload: 'first'}])
  await first.storage.close()
  const recorder = new Recorder()
  recorder.start()
  try {
    const store = await openStore(copyOf(start))
    const opening = recorder.take()
    await store.queue.enqueue([{payload: 'hello'}])
    await store.storage.close()
    return {opening, work: recorder.take()}
  } finally {
    recorder.stop()
  }
}

function replayed(program: string, start: string): Figures {
  const database = copyOf(start)
  const spent = spend([program, database], database)
  removeDatabase(database)
  return figuresOf([['produce', spent]])
}
