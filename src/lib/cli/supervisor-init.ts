import {spawnSync} from 'node:child_process'
import {existsSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {type Origin, parsePath, type SettingName, type Settings} from '../config.ts'
import {QctlError} from '../errors.ts'
import {rebootLine} from '../supervisor/crontab.ts'
import {checkDirectory, placeOf, supervisorDirOf} from '../supervisor/place.ts'
import type {ConfigFile, Plan} from '../supervisor/plan.ts'
import {procfile} from '../supervisor/procfile.ts'
import {supervisordFiles} from '../supervisor/supervisord.ts'
import {systemdFiles} from '../supervisor/systemd.ts'
import {foresee, makePrivate, type Written, writeFiles} from '../supervisor/write.ts'
import {formatDuration} from '../time.ts'
import {parseInteger} from '../units.ts'
import {CONSUME_FLAGS} from './consume-flags.ts'
import {databaseFile} from './database-file.ts'
import {DRY_RUN_FLAGS, type FlagTable, type FlagValues, settingFlag} from './flags.ts'
import type {Printer} from './print.ts'
import {parseSpan} from './values.ts'

const FORMATS = ['supervisord', 'systemd', 'procfile'] as const
type Format = (typeof FORMATS)[number]

const SUPERVISOR = {helpGroup: 'SUPERVISOR'} as const

/** supervisord's names have two digits. */
const MOST_CONSUMERS = 100

function parseConsumers(text: string): number {
  return parseInteger(text, 0, MOST_CONSUMERS)
}

/** Reads the name of a user, as Debian's adduser takes it, or a number. */
function parseUser(text: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/.test(text)) return text
  throw new QctlError('usage', `not the name of a user: ${JSON.stringify(text)}`)
}

/** For `supervisor init`, besides those of `consume`. */
export const SUPERVISOR_INIT_FLAGS = {
  'supervisor-dir': settingFlag('supervisorDir', SUPERVISOR),
  format: {
    kind: 'value',
    shape: FORMATS.join('|'),
    options: FORMATS,
    parse: (text): Format => FORMATS.find(format => format === text) ?? 'supervisord',
    summary: 'for whom [default: supervisord]; a Procfile is for Honcho or Foreman',
    ...SUPERVISOR,
  },
  consumers: {kind: 'value', shape: 'N', parse: parseConsumers, summary: 'how many consumers [default: 3]', ...SUPERVISOR},
  'max-consumers': {kind: 'value', shape: 'N', parse: parseConsumers, summary: 'how far "supervisor scale" may go [default: 32]', ...SUPERVISOR},
  generate: {kind: 'value', shape: 'DIR', parse: parsePath, summary: 'also run a producer that writes random files there and submits them', ...SUPERVISOR},
  every: {kind: 'value', shape: 'DURATION', parse: parseSpan, summary: 'with --generate: how often [default: 5s]', dependsOn: ['generate'], ...SUPERVISOR},
  user: {kind: 'value', shape: 'USER', parse: parseUser, summary: 'run everything as this user (by root)', ...SUPERVISOR},
  binary: {kind: 'value', shape: 'PATH', parse: parsePath, summary: 'how qctl is started [default: this one, by its path]', ...SUPERVISOR},
  force: {kind: 'switch', summary: 'write also the files that exist', ...SUPERVISOR},
  ...DRY_RUN_FLAGS,
} as const satisfies FlagTable
type InitFlags = FlagValues<typeof SUPERVISOR_INIT_FLAGS>

// What a supervisor decides: names, and that it does not end.
const {name: _name, drain: _drain, 'max-jobs': _maxJobs, 'no-create': _noCreate, ...SUPERVISED} = CONSUME_FLAGS
/** The flags of `consume` that its consumers are started with. */
export const SUPERVISED_FLAGS = SUPERVISED

/** Global flags that consumers need as well. */
const PASSED_ON: ReadonlySet<string> = new Set(['config', 'lock-timeout'])

/** What oclif saw on the command line. */
export interface RawToken {
  readonly type: 'arg' | 'flag'
  readonly flag?: string
  readonly input: string
}

/**
 * The flags of a command line again, as words, so that a consumer gets exactly what was typed and checked.
 * @param flags those that are meant
 */
export function flagWords(raw: readonly RawToken[], flags: FlagTable): readonly string[] {
  return raw.flatMap(({type, flag, input}) => {
    if (type !== 'flag' || flag === undefined || (flags[flag] === undefined && !PASSED_ON.has(flag))) return []
    return [flags[flag]?.kind === 'switch' ? `--${flag}` : `--${flag}=${input}`]
  })
}

/** What `init` knows of the command line. */
export interface InitRequest {
  readonly flags: InitFlags
  readonly queues: readonly string[] | undefined
  /** The words of `consume` that were typed; empty = none was, so the demo is meant. */
  readonly consume: readonly string[]
  readonly hasHandler: boolean
  readonly settings: Settings
  readonly origins: Readonly<Record<SettingName, Origin>>
  readonly self: readonly string[]
  readonly cwd: string
}

const DEMO_QUEUE = 'stamp'
const DEFAULT_EVERY_MS = 5000

/** @throws QctlError `usage` */
export function planOf({flags, queues, consume, hasHandler, settings, origins, self, cwd}: InitRequest): Plan {
  const directory = supervisorDirOf(settings)
  const consumers = flags.consumers ?? 3
  const maxConsumers = Math.max(flags['max-consumers'] ?? 32, consumers)
  const queue = queues?.[0] ?? (hasHandler ? 'default' : DEMO_QUEUE)
  const generate = flags.generate ?? (hasHandler ? undefined : join(directory, 'files'))
  const ownQueue = hasHandler || queues !== undefined ? [] : [`--queue=${queue}`]
  return {
    qctl: flags.binary === undefined ? self : [flags.binary],
    directory,
    workingDirectory: hasHandler ? cwd : directory,
    database: databaseFile(settings),
    consume: [...ownQueue, ...graceWords(settings, origins), ...consume, ...(hasHandler ? [] : ['--handler=timestamp'])],
    consumers,
    maxConsumers,
    generate: generate === undefined ? null : [`--queue=${queue}`, '--generate', resolve(cwd, generate), '--every', formatDuration(flags.every ?? DEFAULT_EVERY_MS)],
    user: flags.user ?? (flags.format === 'systemd' && process.getuid?.() === 0 ? 'root' : null),
    graceMs: settings.grace,
  }
}

/** How long the supervisor waits was reckoned with this grace, so consumers must not find another one in their environment. */
function graceWords({grace}: Settings, {grace: {kind}}: InitRequest['origins']): readonly string[] {
  return kind === 'environment' || kind === 'file' ? [`--grace=${formatDuration(grace)}`] : []
}

/** The files of a plan. */
function filesOf(plan: Plan, format: Format): readonly ConfigFile[] {
  return format === 'systemd' ? systemdFiles(plan) : format === 'procfile' ? procfile(plan) : supervisordFiles(plan)
}

/**
 * The files to write. The producer of a demonstration comes with all of it or not at all: what exists may do real work, and random files would
 * pile up beside it as jobs that nobody consumes.
 */
function filesFor(plan: Plan, {flags: {format = 'supervisord', force, generate}, hasHandler}: InitContext): readonly ConfigFile[] {
  const files = filesOf(plan, format)
  const isThere = ({path}: ConfigFile): boolean => existsSync(join(plan.directory, path))
  if (hasHandler || generate !== undefined || force || !files.some(isThere)) return files
  const producer = producerFile(plan, format)
  return files.filter(file => file.path !== producer || isThere(file))
}

/** The file of the producer alone, where it has one. */
function producerFile(plan: Plan, format: Format): string | undefined {
  const others = new Set(filesOf({...plan, generate: null}, format).map(({path}) => path))
  return filesOf({...plan, generate: []}, format).find(({path}) => !others.has(path))?.path
}

/** What `init` needs besides its plan. */
export interface InitContext {
  readonly flags: InitFlags
  /** False: the plan is a demonstration. */
  readonly hasHandler: boolean
  readonly print: Printer
  /** Makes the database, when there is none. */
  readonly makeDatabase: () => Promise<unknown>
}

/**
 * Writes the configuration and makes the database, or says what it would write.
 * @throws QctlError `usage`, `permission`, `cannot_open`
 */
export async function initSupervisor(plan: Plan, context: InitContext): Promise<void> {
  const {flags, print, makeDatabase} = context
  const {format = 'supervisord', force, 'dry-run': dryRun} = flags
  if (format === 'supervisord') checkDirectory(plan.directory)
  const files = filesFor(plan, context)
  const owner = format === 'supervisord' && flags.user !== undefined ? uidOf(flags.user) : null
  const written = dryRun ? foresee(plan.directory, files, force) : writeFiles(plan.directory, files, force)
  if (!dryRun && format === 'supervisord') for (const name of ['logs', 'run']) makePrivate(join(plan.directory, name), owner)
  // Root's database would be of no use to another user.
  if (!dryRun && flags.user === undefined) await makeDatabase()
  print.result({directory: plan.directory, format, dry_run: dryRun, files: written}, () => {
    return written.map(({path, action}) => `${dryRun && action === 'written' ? 'would write' : action === 'written' ? 'wrote' : 'kept'} ${path}`)
  })
  for (const hint of dryRun ? [] : hintsOf(plan, format, written)) print.hint(hint)
}

function hintsOf(plan: Plan, format: Format, written: readonly Written[]): readonly string[] {
  const {qctl, directory, consumers, user, database} = plan
  const left = plan.generate === null ? producerFile(plan, format) : undefined
  const producer = left !== undefined && existsSync(join(directory, left)) ? [`${join(directory, left)} is there from before and submits random files: delete it unless it is wanted`] : []
  const kept = written.some(({action}) => action === 'kept') ? ['what exists was kept; --force writes it anew'] : []
  const [binary = 'qctl'] = qctl
  const other = user === null || user === 'root' || database === null || existsSync(database) ? [] : [`make the database as its user: runuser -u ${user} -- ${binary} init --db ${database}`]
  const url = database === null ? ['QCTL_DB must be in the environment of the supervisor'] : []
  const ctl = user === null ? 'systemctl --user' : 'systemctl'
  const last = consumers === 0 ? '' : ` qctl-consumer@{0..${consumers - 1}}`
  const isUp = existsSync(placeOf(directory).socket)
  const start = {
    supervisord: isUp ? 'supervisord reads it when it starts: "qctl supervisor stop --shutdown", then "qctl supervisor start"' : 'start it with "qctl supervisor start"',
    procfile: `start it with "honcho -f ${join(directory, 'Procfile')} start"`,
    systemd: `start it with "${ctl} link ${directory}/qctl*" and "${ctl} enable --now qctl.target qctl-reaper${last}"`,
  }
  // A URL is no matter for a crontab, and without it cron's supervisord could start nothing.
  const boot = format === 'supervisord' && database !== null ? [`at boot, by a line of a crontab: ${rebootLine(plan, process.env['PATH'] ?? '')}`] : []
  return [...kept, ...producer, ...other, ...url, start[format], ...boot]
}

/** @throws QctlError `permission` or `not_found` */
function uidOf(user: string): number {
  const {status, stdout} = spawnSync('id', ['-u', '--', user], {encoding: 'utf8'})
  if (status !== 0) throw new QctlError('not_found', `there is no user ${JSON.stringify(user)}`)
  const uid = Number(stdout)
  if (process.getuid?.() !== 0 && uid !== process.getuid?.()) throw new QctlError('permission', 'only root can run supervisord as another user')
  return uid
}
