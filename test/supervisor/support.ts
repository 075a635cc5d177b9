import {readFileSync} from 'node:fs'
import {ledgerEnvironment, HANDLER} from '../faults/support/evidence.ts'
import {isAlive} from '../faults/support/processes.ts'
import {requireTool} from '../faults/support/rights.ts'
import {type Finished, Scene, type StartOptions} from '../faults/support/scene.ts'
import {waitFor} from '../support/wait-for.ts'

/** A process as `supervisor status --json` has it. */
export interface ShownProcess {
  readonly name: string
  readonly state: string
  readonly pid: number | null
  readonly uptime_ms: number | null
  readonly restarts: number
  readonly exit_status: number | null
  readonly why: string | null
  readonly consumer: string | null
  readonly alive: string | null
  readonly jobs: number | null
  readonly concurrency: number | null
  readonly processed: number | null
  readonly failed: number | null
  readonly log: string | null
}

/** A scene with a supervisord whose consumers run the handler that keeps the ledger. Everything carries the mark of the scene. */
export class SupervisedScene extends Scene {
  readonly configuration = this.path('sup')
  readonly #work: string

  /** @param work shell, run by the handler */
  constructor(work = '') {
    requireTool('supervisord', 'supervisor')
    super()
    this.#work = work
  }

  override environment(added: StartOptions['env'] = {}): Record<string, string | undefined> {
    return super.environment({QCTL_SUPERVISOR_DIR: this.configuration, ...ledgerEnvironment(this, this.#work), ...added})
  }

  /** Runs `qctl supervisor …`; throws when it fails. */
  async supervisor(...args: readonly string[]): Promise<Finished> {
    const finished = await this.qctl(['supervisor', ...args])
    if (finished.status !== 0) throw new Error(`qctl supervisor ${args.join(' ')} exited ${finished.status}: ${finished.stdout}${finished.stderr}`)
    return finished
  }

  /** Writes a configuration and starts it. */
  async supervise(...flags: readonly string[]): Promise<void> {
    await this.supervisor('init', ...flags, '--', HANDLER)
    await this.supervisor('start')
  }

  async status(...flags: readonly string[]): Promise<readonly ShownProcess[]> {
    const {items} = await this.json<{readonly items: readonly ShownProcess[]}>(['supervisor', 'status', ...flags])
    return items
  }

  /** The consumers that run, with their pids. */
  async pids(): Promise<Readonly<Record<string, number>>> {
    const running = (await this.status()).filter(({name, state}) => name.startsWith('consumer:') && state === 'RUNNING')
    return Object.fromEntries(running.map(({name, pid}) => [name, pid ?? 0]))
  }

  /** How many have knocked at supervisord and are connected, or wait until they are. */
  get connections(): number {
    return readFileSync('/proc/net/unix', 'utf8').split('\n').filter(line => line.includes(this.configuration)).length
  }

  get supervisordPid(): number {
    return Number(readFileSync(this.path('sup', 'run', 'supervisord.pid'), 'utf8'))
  }

  /** Kills supervisord, and leaves what it has started. */
  async killSupervisord(): Promise<void> {
    const pid = this.supervisordPid
    process.kill(pid, 'SIGKILL')
    await waitFor(() => !isAlive(pid), {what: 'supervisord is gone'})
  }

  /** Waits until nothing is pending or processing. */
  async drains(deadlineMs = 60_000): Promise<void> {
    await waitFor(
      async () => {
        const {counts} = await this.json<{counts: Record<string, number>}>(['queues', 'show', 'default'])
        return counts['pending'] === 0 && counts['processing'] === 0
      },
      {deadlineMs, what: 'all jobs are done'},
    )
  }

  /** The processes of consumers themselves, handlers and guards left out. */
  consumersAlive(): readonly number[] {
    return this.left().filter(({command}) => / consume /.test(command) && command.includes('--name consumer_')).map(({pid}) => pid)
  }
}
