import {spawn, type ChildProcess} from 'node:child_process'
import {existsSync} from 'node:fs'
import {constants} from 'node:os'
import {join} from 'node:path'
import {scratchDirectory} from './scratch.ts'

/** The compiled binary; QCTL_TEST_BINARY names another one. */
export const BINARY = process.env['QCTL_TEST_BINARY'] ?? join(import.meta.dirname, '../../dist/qctl')

/** How to run the binary. */
export interface RunOptions {
  /** What it reads; nothing when absent. */
  readonly stdin?: string | Uint8Array
  /** Added to PATH, HOME and TZ; nothing else of this process's environment is passed on. An undefined value takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
}

/** What became of it. */
export interface Finished {
  /** The exit status; 128 + N when a signal ended it. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** A process of the binary that is still running. */
export class Running {
  readonly #child: ChildProcess
  readonly #texts = {stdout: '', stderr: ''}
  readonly #finished: Promise<Finished>

  constructor(child: ChildProcess) {
    this.#child = child
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => (this.#texts[name] += text))
    }
    this.#finished = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => {
        const status = signal === null ? (code ?? -1) : 128 + constants.signals[signal]
        resolve({status, ...this.#texts})
      })
    })
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the process did not start')
    return this.#child.pid
  }

  /** What it has printed until now. */
  get stdout(): string {
    return this.#texts.stdout
  }

  get stderr(): string {
    return this.#texts.stderr
  }

  /** Writes to its stdin. */
  write(text: string | Uint8Array): void {
    this.#child.stdin?.write(text)
  }

  /** Closes its stdin. */
  end(): void {
    this.#child.stdin?.end()
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Resolves when it has ended and everything it printed has been read. */
  finished(): Promise<Finished> {
    return this.#finished
  }
}

/** A home directory of its own, in which several runs of the binary share one database. */
export class Sandbox {
  readonly home = scratchDirectory()
  readonly #running = new Set<Running>()

  /** Where the default database of this sandbox is. */
  get database(): string {
    return join(this.home, '.local/state/qctl/qctl.db')
  }

  /** Starts the binary and leaves it running; stdin stays open. `stop` ends it at the latest. */
  start(args: readonly string[], {stdin, env = {}, cwd = this.home}: RunOptions = {}): Running {
    if (!existsSync(BINARY)) throw new Error(`${BINARY} does not exist: run npm run build`)
    const environment = {PATH: process.env['PATH'], HOME: this.home, TZ: 'UTC', ...env}
    const child = spawn(BINARY, [...args], {cwd, env: environment, stdio: ['pipe', 'pipe', 'pipe']})
    // A command that does not read its input closes the pipe; that is no fault of the test.
    child.stdin.on('error', () => {})
    const running = new Running(child)
    this.#running.add(running)
    void running.finished().finally(() => this.#running.delete(running)).catch(() => {})
    if (stdin !== undefined) child.stdin.end(stdin)
    return running
  }

  /** Runs the binary to its end. Never throws for an exit status. */
  async qctl(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return this.start(args, {...options, stdin: options.stdin ?? ''}).finished()
  }

  /** Runs the binary with `--json` and reads what it prints. Throws when it fails. */
  async json(args: readonly string[], options: RunOptions = {}): Promise<unknown> {
    const {status, stdout, stderr} = await this.qctl([...args, '--json'], options)
    if (status !== 0) throw new Error(`qctl ${args.join(' ')} exited ${status}: ${stderr}`)
    return JSON.parse(stdout)
  }

  /** Kills what is still running. */
  async stop(): Promise<void> {
    const left = [...this.#running]
    for (const running of left) running.kill('SIGKILL')
    await Promise.allSettled(left.map((running) => running.finished()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** Runs the binary once, in a home directory of its own. */
export async function qctl(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Sandbox().qctl(args, options)
}
