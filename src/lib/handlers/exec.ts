/** Runs a command per job: payload on stdin, facts in the environment, the exit status decides. */
import type {Lease} from '../job.ts'
import {bareEnd, type Outcome, type RunEnd} from '../outcome.ts'
import {sleep} from '../time.ts'
import {Channel} from './channel.ts'
import {childStarter, type StartChild} from './child.ts'
import {type Environment, inheritedEnvironment, runEnvironment} from './environment.ts'
import {actionOf, DEFAULT_EXIT_POLICY, type ExitPolicy, exitOutcome, withLastLine} from './exit-policy.ts'
import {type Handler, type Output, type RunContext, stoppedOutcome, stopOf} from './handler.ts'
import type {Enclosure, Limits} from './limits/limits.ts'
import {OomWitness} from './oom-witness.ts'
import {type GroupEnd, ProcessGroup} from './process-group.ts'
import {ResultFiles} from './result-file.ts'
import {spawnFailure} from './spawn-failure.ts'
import {Sweeper} from './sweeper.ts'

export interface ExecOptions {
  /** The program and its arguments. */
  readonly command: readonly string[]
  /** What exit statuses mean; default: {@link DEFAULT_EXIT_POLICY}. */
  readonly exitPolicy?: ExitPolicy | undefined
  /** The consumer's own environment. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  /** Of each run. */
  readonly limits?: Limits | undefined
}

/** When this host cannot start programs, a slot tries no more often than this. */
const SHORTAGE_PAUSE_MS = 1000
/** Holds what is told of the last line: 200 characters of at most 4 bytes. */
const LAST_LINE_BYTES = 800
const PIPE_BYTES = 64 * 1024

interface ExecEnd extends GroupEnd {
  /** The kernel killed the program, or something it started within its limits, because there was no memory left. */
  readonly outOfMemory: boolean
}

/** The handler behind `consume -- CMD` and `--shell`. */
export class ExecHandler implements Handler {
  readonly #command: readonly string[]
  readonly #policy: ExitPolicy
  readonly #inherited: Environment
  readonly #start: StartChild
  readonly #results = new ResultFiles()
  readonly #channel = new Channel()
  readonly #limits: Limits | null
  readonly #memory = new OomWitness()
  /** Per queue: how many runs in a row could not be run. */
  readonly #streaks = new Map<string, number>()
  /** Whether the last run was: then it is likely that the next one is. */
  #isTalkative = true
  #sweeper: Sweeper | null = null

  private constructor(options: ExecOptions, start: StartChild) {
    this.#command = options.command
    this.#policy = options.exitPolicy ?? DEFAULT_EXIT_POLICY
    this.#inherited = inheritedEnvironment(options.environment ?? process.env)
    this.#start = start
    this.#limits = options.limits ?? null
  }

  /** Gets ready to run a command; runs nothing yet. */
  static async open(options: ExecOptions): Promise<ExecHandler> {
    return new ExecHandler(options, await childStarter())
  }

  async run(lease: Lease, context: RunContext): Promise<RunEnd> {
    if (context.signal.aborted) return bareEnd(whenStopped(context))
    const flaw = lease.file ? flawOfPath(lease.payload) : null
    if (flaw !== null) return bareEnd({kind: 'rejected', reason: 'permanent', error: flaw})
    let group: ProcessGroup
    let resultPath: string
    let enclosure: Enclosure | null = null
    const oomKills = this.#memory.begin()
    try {
      enclosure = this.#limits?.enter() ?? null
      resultPath = this.#results.pathFor(lease)
      const socket = await this.#channel.enter(lease, context.report)
      group = await ProcessGroup.start(this.#start, {
        command: enclosure?.around(this.#command) ?? this.#command,
        environment: runEnvironment(this.#inherited, lease, context, {resultFile: resultPath, socket}),
        stdin: lease.payload,
        output: context.output,
        isTalkative: this.#isTalkative,
      })
    } catch (error) {
      enclosure?.leave()
      this.#channel.leave(lease)
      return this.#notStarted(lease, context, error)
    }
    context.startedProcess(group.pid)
    const end = await follow(group, context)
    this.#channel.leave(lease)
    this.#isTalkative = isTalk(context.output)
    // A run has not ended while anything of it lives: its job could be granted again beside it.
    if (end.stopped || end.leftovers || !this.#isDone(end, context)) await this.#sweeperOf(context).sweep(lease)
    const wasEnclosed = enclosure?.leave() === true
    const outOfMemory = wasEnclosed || (end.exit.signal === 'SIGKILL' && this.#memory.hasSeenKillSince(oomKills))
    return this.#runEnd(lease, context, {...end, outOfMemory}, resultPath)
  }

  async close(): Promise<void> {
    this.#results.close()
    this.#channel.close()
    this.#limits?.close()
  }

  /** Whether the job is not to be run again after this end. */
  #isDone({exit}: GroupEnd, {report}: RunContext): boolean {
    return exit.code !== null && actionOf(exit.code, this.#policy).kind === 'done' && !report.isSnoozed
  }

  #runEnd(lease: Lease, context: RunContext, end: ExecEnd, resultPath: string): RunEnd {
    const {exit} = end
    const {bytes, problem} = this.#results.take(resultPath)
    const outcome = end.stopped ? whenStopped(context) : this.#outcome(lease, context, end, bytes)
    return {
      outcome: problem !== null && outcome.kind === 'done' ? unusable(problem) : outcome,
      exitCode: exit.code,
      signal: exit.signal,
      runMs: null,
      cpuMs: exit.cpuMs,
      maxRssBytes: exit.maxRssBytes,
      output: null,
      progress: null,
    }
  }

  #outcome(lease: Lease, {output}: RunContext, {exit, outOfMemory}: ExecEnd, result: Uint8Array | null): Outcome {
    const told = (end: string): string => withLastLine(`${outOfMemory ? 'out of memory: ' : ''}${end}`, output.lastBytes('stderr', LAST_LINE_BYTES))
    if (exit.code === null) return {kind: 'crashed', error: told(`killed by ${exit.signal}`), cause: outOfMemory ? 'oom' : 'signal'}
    const action = actionOf(exit.code, this.#policy)
    const error = action.kind === 'done' ? '' : told(`exit status ${exit.code}`)
    const streak = this.#streak(lease.queue, action.kind === 'unrunnable')
    const outcome = exitOutcome(action, {error, streak, result})
    return outOfMemory && outcome.kind === 'failed' ? {...outcome, cause: 'oom'} : outcome
  }

  async #notStarted(lease: Lease, context: RunContext, error: unknown): Promise<RunEnd> {
    const failure = spawnFailure(this.#command[0] ?? '', error)
    if (failure.status === null) {
      // The slot stays taken meanwhile, so that a host in need is not asked again and again.
      await sleep(SHORTAGE_PAUSE_MS, context.signal)
      return bareEnd({kind: 'unrunnable', error: failure.error, streak: 1, pause: null})
    }
    const action = actionOf(failure.status, this.#policy)
    const streak = this.#streak(lease.queue, action.kind === 'unrunnable')
    return bareEnd(exitOutcome(action, {error: failure.error, streak, result: null}))
  }

  #sweeperOf({dbPath}: RunContext): Sweeper {
    this.#sweeper ??= new Sweeper(dbPath)
    return this.#sweeper
  }

  /** @returns how many in a row could not be run now */
  #streak(queue: string, unrunnable: boolean): number {
    const streak = unrunnable ? (this.#streaks.get(queue) ?? 0) + 1 : 0
    this.#streaks.set(queue, streak)
    return streak
  }
}

function whenStopped(context: RunContext): Outcome {
  const stop = stopOf(context.signal)
  return stop === null ? {kind: 'released'} : stoppedOutcome(stop)
}

/** Waits for the end of a group and passes on what the consumer asks for meanwhile. */
async function follow(group: ProcessGroup, context: RunContext): Promise<GroupEnd> {
  const {signal, kill} = context
  const onStop = (): void => group.stop(stopOf(signal)?.graceMs ?? 0)
  const onKill = (): void => group.kill()
  signal.addEventListener('abort', onStop, {once: true})
  kill.addEventListener('abort', onKill, {once: true})
  if (signal.aborted) onStop()
  if (kill.aborted) onKill()
  const end = await group.ended
  signal.removeEventListener('abort', onStop)
  kill.removeEventListener('abort', onKill)
  return end
}

/** The same command would leave the same again, so it is not repeated. */
function unusable(problem: string): Outcome {
  return {kind: 'rejected', reason: 'permanent', error: problem}
}

/** Something to both outputs, the order of which somebody may want to know; or more than a pipe takes without being read. */
function isTalk({end: {stdout, stderr}}: Output): boolean {
  return (stdout > 0 && stderr > 0) || stdout + stderr > PIPE_BYTES
}

/** PATH_MAX of Linux; macOS takes less. */
const PATH_MAX_BYTES = 4096

/**
 * What keeps a path from a handler: an environment variable holds text without NUL, and a path that is changed on its way
 * names another file; one that is too long would make every start fail.
 */
function flawOfPath(payload: Uint8Array): string | null {
  if (payload.length > PATH_MAX_BYTES) return `the path of the file is longer than ${PATH_MAX_BYTES} bytes`
  try {
    if (!new TextDecoder('utf-8', {fatal: true}).decode(payload).includes('\0')) return null
  } catch {
    // Told below.
  }
  return 'the path of the file is not UTF-8 text'
}
