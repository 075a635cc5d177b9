/** What is to run under a supervisor, whichever one it is. */

/** What `supervisor init` was told. */
export interface Plan {
  /** How qctl is started: a program and perhaps a script. */
  readonly qctl: readonly string[]
  /** Of the configuration; absolute. */
  readonly directory: string
  /** What relative paths of the handler count from; absolute. */
  readonly workingDirectory: string
  /** Its file; `null` = one that QCTL_DB names by URL, which everybody could read in a command line. */
  readonly database: string | null
  /** The words of `consume` after its name: flags and the handler. */
  readonly consume: readonly string[]
  readonly consumers: number
  /** How far `scale` can go without a restart of supervisord. */
  readonly maxConsumers: number
  /** The words of `produce` for the demo generator; `null` = none. */
  readonly generate: readonly string[] | null
  /** The user that everything runs as; `null` = who starts the supervisor. */
  readonly user: string | null
  /** How long consumers let their handlers finish. */
  readonly graceMs: number
}

/** A file of a configuration. */
export interface ConfigFile {
  /** From the directory of the configuration, with `/`. */
  readonly path: string
  readonly text: string
}

/** The name of a consumer, in the queue and in the supervisor: `consumer_03`. */
export function consumerName(number: number): string {
  return `consumer_${String(number).padStart(2, '0')}`
}

/** The command of a consumer. Its name is given apart, because every supervisor has its own way to count. */
export function consumerCommand(plan: Plan): {readonly before: readonly string[]; readonly after: readonly string[]} {
  return {before: roleCommand(plan, 'consume'), after: plan.consume}
}

/** The command of the process that rescues jobs and applies retention. */
export function reaperCommand(plan: Plan): readonly string[] {
  return roleCommand(plan, 'reap')
}

/** The command of the demo generator, if there is to be one. */
export function producerCommand(plan: Plan): readonly string[] | null {
  return plan.generate === null ? null : [...roleCommand(plan, 'produce'), ...plan.generate]
}

function roleCommand({qctl, database}: Plan, role: string): readonly string[] {
  return [...qctl, role, ...(database === null ? [] : ['--db', database]), '--no-create']
}

/** A consumer needs this longer than its handlers: to kill what does not end, to store the ends, to see its guard off. */
const TIDYING_SECONDS = 15

/** How long a supervisor has to wait for a consumer between TERM and KILL. */
export function stopWaitSeconds({graceMs}: Plan): number {
  return Math.ceil(graceMs / 1000) + TIDYING_SECONDS
}
