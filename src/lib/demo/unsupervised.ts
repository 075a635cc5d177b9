/** The demonstration without supervisord: as little of one as it takes to start what has ended again. */
import {type ChildProcess, spawn} from 'node:child_process'
import {closeSync, openSync} from 'node:fs'
import {join} from 'node:path'
import {consumerCommand, consumerName, type Plan, producerCommand, reaperCommand} from '../supervisor/plan.ts'
import {after, sleep} from '../time.ts'
import type {Crew, CrewMember} from './crew.ts'

const START_AGAIN_MS = 500
const LOOK_EVERY_MS = 50

/** A process that is started again whenever it ends. */
class Role {
  readonly name: string
  readonly #command: readonly string[]
  readonly #directory: string
  readonly #environment: NodeJS.ProcessEnv
  #child: ChildProcess | null = null
  #isWanted = false

  constructor(name: string, command: readonly string[], directory: string, environment: NodeJS.ProcessEnv) {
    this.name = name
    this.#environment = environment
    this.#command = command
    this.#directory = directory
  }

  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  start(): void {
    this.#isWanted = true
    const [program = '', ...args] = this.#command
    const log = openSync(join(this.#directory, `${this.name}.out.log`), 'a', 0o600)
    // In a group of its own, so that a Ctrl-C reaches only us.
    const child = spawn(program, args, {cwd: this.#directory, env: this.#environment, stdio: ['ignore', log, log], detached: true})
    closeSync(log)
    this.#child = child
    child.once('error', () => this.#ended())
    child.once('exit', () => this.#ended())
  }

  #ended(): void {
    this.#child = null
    if (this.#isWanted) after(START_AGAIN_MS, () => this.#isWanted && this.start(), {keepAlive: false})
  }

  async end(signal: AbortSignal): Promise<void> {
    this.#isWanted = false
    this.#child?.kill('SIGTERM')
    while (this.#child !== null && !signal.aborted) await sleep(LOOK_EVERY_MS, signal)
    this.#child?.kill('SIGKILL')
  }
}

export class UnsupervisedCrew implements Crew {
  readonly runBy = 'a small runner of its own'
  readonly #consumers: readonly Role[]
  readonly #producer: Role
  readonly #reaper: Role

  /** @param environment of all its processes */
  constructor(plan: Plan, environment: NodeJS.ProcessEnv) {
    const role = (name: string, command: readonly string[]): Role => new Role(name, command, plan.workingDirectory, environment)
    const {before, after: rest} = consumerCommand(plan)
    const names = Array.from({length: plan.consumers}, (_, number) => consumerName(number))
    this.#consumers = names.map(name => role(name, [...before, '--name', name, ...rest]))
    this.#producer = role('producer', producerCommand(plan) ?? [])
    this.#reaper = role('reaper', reaperCommand(plan))
  }

  async start(): Promise<void> {
    for (const role of this.#roles) role.start()
  }

  async consumers(): Promise<readonly CrewMember[]> {
    return this.#consumers.flatMap(({name, pid}) => (pid === null ? [] : [{name, pid}]))
  }

  endProducer(signal: AbortSignal): Promise<void> {
    return this.#producer.end(signal)
  }

  async end(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#roles.map(role => role.end(signal)))
  }

  get #roles(): readonly Role[] {
    return [...this.#consumers, this.#producer, this.#reaper]
  }
}
