import {spawn, spawnSync} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {copyFileSync, existsSync} from 'node:fs'
import {join} from 'node:path'
import {BINARY, type Finished, Running} from '../../support/binary.ts'
import {scratchDirectory} from '../../support/scratch.ts'
import {waitFor} from '../../support/wait-for.ts'
import {killMarked, MARK, type Marked, markedBy} from './processes.ts'

export {BINARY, type Finished, type Running}

/** How a process is started. */
export interface StartOptions {
  /** What it reads; `'open'` leaves its stdin to the test; nothing when absent. */
  readonly stdin?: string | Uint8Array
  /** Added to what every process of the scene has; an undefined value takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Put before the command, as in `['strace', '-f']`. */
  readonly wrap?: readonly string[]
  readonly cwd?: string
  /** False hands the process a stdin that stays open until it is ended. */
  readonly endStdin?: boolean
}

/** The processes of this test run; one watchdog answers for all of them. */
const RUN = randomBytes(6).toString('hex')
const undisposed = new Set<string>()
let scenes = 0

/**
 * Whatever happens to this process, what it started is killed. The watchdog is no child of ours, because the test runner kills
 * its children when a test takes too long.
 */
function setWatchdog(): void {
  const command = `setsid sh '${join(import.meta.dirname, 'watchdog.sh')}' ${process.pid} ${RUN} >/dev/null 2>&1 </dev/null &`
  spawnSync('sh', ['-c', command], {stdio: 'ignore'})
}

/** A directory and a database of their own, and every process that works on them. */
export class Scene {
  readonly directory = scratchDirectory()
  readonly mark: string
  readonly binary = BINARY
  /** The database commands use unless they name another. */
  database = join(this.directory, 'q.db')
  readonly #running = new Set<Running>()

  constructor() {
    if (!existsSync(BINARY)) throw new Error(`${BINARY} does not exist: run npm run build`)
    if (scenes === 0) setWatchdog()
    // A test that took too long has not tidied up.
    for (const mark of undisposed) killMarked(mark)
    scenes += 1
    this.mark = `${RUN}.${scenes}`
    undisposed.add(this.mark)
  }

  /** A path inside the scene. */
  path(...names: readonly string[]): string {
    return join(this.directory, ...names)
  }

  /** The environment of every process of the scene. */
  environment(added: StartOptions['env'] = {}): Record<string, string | undefined> {
    return {PATH: process.env['PATH'], HOME: this.directory, TZ: 'UTC', QCTL_DB: this.database, [MARK]: this.mark, ...added}
  }

  /** Starts a program and leaves it running. */
  start(command: readonly string[], {stdin = '', env, wrap = [], cwd = this.directory, endStdin = true}: StartOptions = {}): Running {
    const [program = '', ...args] = [...wrap, ...command]
    const child = spawn(program, args, {cwd, env: this.environment(env), stdio: ['pipe', 'pipe', 'pipe'], detached: true})
    child.stdin.on('error', () => {})
    if (endStdin) child.stdin.end(stdin)
    else if (stdin.length > 0) child.stdin.write(stdin)
    const running = new Running(child)
    this.#running.add(running)
    void running.finished().finally(() => this.#running.delete(running)).catch(() => {})
    return running
  }

  /** Starts the binary and leaves it running. */
  startQctl(args: readonly string[], options: StartOptions = {}): Running {
    return this.start([BINARY, ...args], options)
  }

  /** Runs the binary to its end. Never throws for an exit status. */
  qctl(args: readonly string[], options: StartOptions = {}): Promise<Finished> {
    return this.startQctl(args, options).finished()
  }

  /** Runs a line of shell to its end, with the binary as `$Q`. */
  sh(line: string, options: StartOptions = {}): Promise<Finished> {
    return this.start(['bash', '-c', line], {...options, env: {Q: BINARY, ...options.env}}).finished()
  }

  /** Runs the binary with `--json` and reads what it prints. Throws when it fails. */
  async json<T>(args: readonly string[], options: StartOptions = {}): Promise<T> {
    const {status, stdout, stderr} = await this.qctl([...args, '--json'], options)
    if (status !== 0) throw new Error(`qctl ${args.join(' ')} exited ${status}: ${stderr}`)
    return JSON.parse(stdout) as T
  }

  /** Stores jobs by their payloads; returns their ids. */
  async produce(payloads: readonly string[], ...flags: readonly string[]): Promise<number[]> {
    const {status, stdout, stderr} = await this.qctl(['produce', '--lines', ...flags], {stdin: payloads.map(line => `${line}\n`).join('')})
    if (status !== 0) throw new Error(`qctl produce exited ${status}: ${stderr}`)
    return stdout.trim().split('\n').map(Number)
  }

  /** The processes of the scene that are alive, handlers included. */
  left(): Marked[] {
    return markedBy(this.mark)
  }

  /** Waits until no process of the scene is alive. */
  async empties(deadlineMs = 10_000): Promise<void> {
    await waitFor(() => this.left().length === 0, {deadlineMs, what: `all gone but ${JSON.stringify(this.left())}`})
  }

  /** Kills what is still alive. */
  async [Symbol.asyncDispose](): Promise<void> {
    killMarked(this.mark)
    undisposed.delete(this.mark)
    await Promise.allSettled([...this.#running].map(running => running.finished()))
  }
}

/** What SQLite says of a copy of a database file; `ok` when nothing is wrong with it. Nobody may be writing meanwhile. */
export function integrityOf(path: string): string {
  const copy = join(scratchDirectory(), 'copy.db')
  for (const suffix of ['', '-wal']) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix)
  const script = `
    const {DatabaseSync} = require('node:sqlite')
    const db = new DatabaseSync(process.argv[1])
    console.log(db.prepare('PRAGMA integrity_check').all().map(row => row.integrity_check).join('\\n'))`
  const {stdout, stderr} = spawnSync(process.execPath, ['-e', script, copy], {encoding: 'utf8'})
  return (stdout + stderr).trim()
}
