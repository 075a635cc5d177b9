/** The environment of a handler: what qctl tells it, and what it must not inherit. */
import type {Lease} from '../job.ts'
import {toIso} from '../time.ts'
import type {RunContext} from './handler.ts'

/** A process environment, as both runtimes take it. */
export type Environment = Readonly<Record<string, string>>

/** What a run says of itself. A run inside a run must not inherit the outer one's. */
const OWN_VARIABLES: ReadonlySet<string> = new Set([
  'QCTL_JOB_ID',
  'QCTL_QUEUE',
  'QCTL_ATTEMPT',
  'QCTL_MAX_ATTEMPTS',
  'QCTL_FENCE',
  'QCTL_KEY',
  'QCTL_CONTENT_TYPE',
  'QCTL_CONSUMER',
  'QCTL_DEADLINE',
  'QCTL_SOCKET',
  'QCTL_DB',
  'QCTL_FILE',
  'QCTL_RESULT_FILE',
  'QCTL_WORKER',
])

/**
 * What steers qctl's own runtime, and secrets: tokens, and whatever tells libpq where a database is. `BUN_OPTIONS` would
 * run code in every Bun program; the supervisor's URL would let a handler stop its own consumer.
 */
const STRIPPED = /^(BUN_.*|NODE_OPTIONS|QCTL_\w*TOKEN\w*|DATABASE_URL|PG[A-Z]+|SUPERVISOR_SERVER_URL)$/

/**
 * What every handler of a consumer inherits.
 * @param environment the consumer's own
 */
export function inheritedEnvironment(environment: Readonly<Record<string, string | undefined>>): Environment {
  const inherited: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && !OWN_VARIABLES.has(name) && !STRIPPED.test(name)) inherited[name] = value
  }
  return inherited
}

/**
 * The whole environment of one run.
 * @param inherited from {@link inheritedEnvironment}
 * @param lease the job
 * @param context what else it is told
 * @param paths where it may write its result, and speak to its consumer; `null` = it cannot
 */
export function runEnvironment(
  inherited: Environment,
  lease: Lease,
  context: RunContext,
  {resultFile, socket}: {readonly resultFile: string; readonly socket: string | null},
): Environment {
  const environment: Record<string, string> = {
    ...inherited,
    QCTL_JOB_ID: String(lease.id),
    QCTL_QUEUE: lease.queue,
    QCTL_ATTEMPT: String(lease.attempt),
    QCTL_MAX_ATTEMPTS: String(context.maxAttempts),
    QCTL_FENCE: String(lease.fence),
    QCTL_CONSUMER: context.consumer,
    QCTL_RESULT_FILE: resultFile,
  }
  if (lease.key !== null) environment['QCTL_KEY'] = lease.key
  if (lease.contentType !== null) environment['QCTL_CONTENT_TYPE'] = lease.contentType
  if (context.deadline !== null) environment['QCTL_DEADLINE'] = toIso(context.deadline)
  if (socket !== null) environment['QCTL_SOCKET'] = socket
  if (context.dbPath !== null) environment['QCTL_DB'] = context.dbPath
  if (lease.file) environment['QCTL_FILE'] = new TextDecoder().decode(lease.payload)
  return environment
}
