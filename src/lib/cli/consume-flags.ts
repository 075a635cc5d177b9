import {type Origin, parsePath, type Settings} from '../config.ts'
import {QctlError} from '../errors.ts'
import type {Log} from '../log.ts'
import {ownPidNamespace} from '../process.ts'
import type {Storage} from '../storage/storage.ts'
import {type ArgTable, asText, CREATE_FLAGS, type FlagTable, type FlagValues, settingFlag} from './flags.ts'
import {parseMemory, parseName, parseScript, parseSome, parseSomeBytes, parseSpan, parseUrl} from './values.ts'

const WORK = {helpGroup: 'WORK'} as const
const HANDLER = {helpGroup: 'HANDLER'} as const

/** The flags of `consume`, but those whose values only handlers know. */
export const CONSUME_FLAGS = {
  queue: {
    kind: 'list',
    commas: true,
    char: 'Q',
    shape: 'A,B',
    parse: parseName,
    summary: 'the queues, strictly in this order [default: default]',
    ...WORK,
  },
  shell: {kind: 'value', shape: 'SCRIPT', parse: parseScript, summary: 'run this line with /bin/sh', exclusive: ['handler'], ...HANDLER},
  stream: {
    kind: 'value',
    shape: 'SCRIPT',
    parse: parseScript,
    summary: 'start workers with this line for /bin/sh; they read jobs and write answers as JSON lines',
    exclusive: ['handler'],
    ...HANDLER,
  },
  module: {kind: 'value', shape: 'FILE', parse: parsePath, summary: 'run the default export of this TypeScript or JavaScript file', exclusive: ['handler'], ...HANDLER},
  workers: {
    kind: 'value',
    shape: 'N',
    parse: parseSome,
    summary: 'processes of --stream or --module, which share the jobs of -c [default: one per CPU, at most -c]',
    ...HANDLER,
  },
  http: {
    kind: 'value',
    shape: 'URL',
    parse: parseUrl,
    summary: 'post each job there: 2xx is done, 4xx failed, 429 and 5xx try again',
    exclusive: ['handler'],
    ...HANDLER,
  },
  'allow-private': {kind: 'switch', summary: 'let --http post to addresses of this host and its networks', ...HANDLER},
  'http-header-file': {
    kind: 'value',
    shape: 'FILE',
    parse: parsePath,
    summary: 'more headers for --http, such as Authorization: one "Name: value" per line',
    dependsOn: ['http'],
    ...HANDLER,
  },
  concurrency: settingFlag('concurrency', {char: 'c', ...WORK, summary: 'jobs in flight per consumer [default: 1]'}),
  name: {kind: 'value', shape: 'NAME', parse: parseName, summary: 'of this consumer; no two may share it [default: HOST:PID]', ...WORK},
  lease: settingFlag('lease', {...WORK, summary: "how long it holds a job without a sign of life; else the queue's"}),
  timeout: {kind: 'value', shape: 'DURATION', parse: parseSpan, summary: "the limit of an attempt of jobs that have none of their own; else the queue's", ...WORK},
  grace: settingFlag('grace', {...WORK, summary: 'how long a handler may take to end after TERM [default: 10s]'}),
  drain: {kind: 'switch', summary: 'end when nothing can be claimed and nothing is being processed', ...WORK},
  'max-jobs': {kind: 'value', shape: 'N', parse: parseSome, summary: 'end after so many; one that is given back for no fault of its own does not count', ...WORK},
  'max-age': {kind: 'value', shape: 'DURATION', parse: parseSpan, summary: 'claim no more after this time, finish what runs, and end', ...WORK},
  'max-rss': {
    kind: 'value',
    shape: 'SIZE',
    parse: parseSomeBytes,
    summary: 'likewise when it takes more memory; a worker that does is replaced, once it has finished what it has',
    ...WORK,
  },
  'no-guard': {kind: 'switch', summary: 'start no guard, the process that ends the handlers when this one is killed or stopped', ...WORK},
  'limit-mem': {kind: 'value', shape: 'SIZE', parse: parseMemory, summary: 'how much memory a run may use with all it starts', ...HANDLER},
  'limit-procs': {kind: 'value', shape: 'N', parse: parseSome, summary: 'how many processes and threads a run may have', ...HANDLER},
  'remove-file': {kind: 'switch', summary: "delete a job's file after its success is stored", ...HANDLER},
  'log-format': settingFlag('logFormat', WORK),
  ...CREATE_FLAGS,
} as const satisfies FlagTable

/** The command that `consume` runs. */
export const CONSUME_ARGS = {
  cmd: {summary: 'after --: the program that is run for each job, and its arguments', parse: asText, several: true},
} as const satisfies ArgTable

/** What the flags say about the handler. */
interface HandlerFlags extends Pick<FlagValues<typeof CONSUME_FLAGS>, 'shell' | 'http' | 'allow-private' | 'stream' | 'module' | 'workers'> {
  readonly handler?: string | undefined
}

/**
 * Makes sure that exactly one handler is named.
 * @param command what stands after `--`
 * @param argv the command line, to tell a `--` that was forgotten
 * @throws QctlError `usage`
 */
export function requireOneHandler(flags: HandlerFlags, command: readonly string[], argv: readonly string[]): void {
  const {shell, stream, module, workers, http, handler, 'allow-private': allowPrivate} = flags
  if (command.length > 0 && !argv.includes('--')) {
    throw new QctlError('usage', `unexpected ${JSON.stringify(command[0])}`, {hint: 'the command goes after --, as in: qctl consume -Q mail -- ./send.sh'})
  }
  // oclif takes a switch that was not given for one that was, where it depends on another flag.
  if (allowPrivate && http === undefined) throw new QctlError('usage', '--allow-private needs --http')
  if (workers !== undefined && stream === undefined && module === undefined) {
    throw new QctlError('usage', '--workers is for --stream and --module', {hint: 'how many commands run at once says -c'})
  }
  const named = [command[0], shell, stream, module, http, handler].filter(one => one !== undefined).length
  if (command[0] === '') throw new QctlError('usage', 'the name of the program after -- is empty')
  if (named === 1) return
  throw new QctlError('usage', named === 0 ? 'no handler: what is to be done with the jobs?' : 'more than one handler', {
    hint: "give one: -- CMD ARG…, --shell 'SCRIPT', --stream 'SCRIPT', --module FILE, --http URL or --handler NAME",
  })
}

type ConsumeFlags = FlagValues<typeof CONSUME_FLAGS>

/** What the flags and settings say about the work. */
export interface Work {
  readonly name: string | null
  readonly queues: readonly string[]
  readonly concurrency: number
  readonly leaseMs: number | null
  readonly timeoutMs: number | null
  readonly graceMs: number
  readonly drain: boolean
  readonly maxJobs: number | null
  readonly maxAgeMs: number | null
  readonly maxRssBytes: number | null
}

/**
 * Says how a consumer is to work.
 * @param leaseOrigin a lease that nobody set is the queue's
 */
export function workOf(flags: ConsumeFlags, settings: Settings, leaseOrigin: Origin): Work {
  return {
    name: flags.name ?? null,
    queues: [...new Set(flags.queue ?? ['default'])],
    concurrency: settings.concurrency,
    leaseMs: leaseOrigin.kind === 'default' ? null : settings.lease,
    timeoutMs: flags.timeout ?? null,
    graceMs: settings.grace,
    drain: flags.drain,
    maxJobs: flags['max-jobs'] ?? null,
    maxAgeMs: flags['max-age'] ?? null,
    maxRssBytes: flags['max-rss'] ?? null,
  }
}

/** Tells of queues that do not exist: it may be a slip of the keyboard, or they come later. */
export async function tellOfMissing({queues, drain}: Pick<Work, 'queues' | 'drain'>, storage: Pick<Storage, 'queues'>, log: Log): Promise<void> {
  const known = (await storage.queues()).map(({name}) => name)
  for (const queue of queues) {
    if (!known.includes(queue)) log.warn(drain ? 'no such queue: nothing to drain there' : 'no such queue yet; waiting for it', {queue, known: known.slice(0, 10)})
  }
}

/** Tells where no process can be found by its number: what outlives its run or its consumer there is not ended. */
export function tellOfBlindness(log: Pick<Log, 'warn'>): void {
  if (process.platform !== 'linux' || ownPidNamespace() !== '') return
  log.warn('/proc is not of this pid namespace, so what leaves the group of its run, or outlives this consumer, can neither be found nor guarded here: mount one (unshare --mount-proc)')
}
