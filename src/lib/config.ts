import {readFileSync} from 'node:fs'
import {dirname, isAbsolute, join, resolve} from 'node:path'
import {QctlError} from './errors.ts'
import {checkLocation, isDatabaseUrl} from './location.ts'
import {formatDuration, parseDuration} from './time.ts'
import {parseInteger} from './units.ts'

/** The environment of a process, as far as settings are concerned. */
export type Environment = Readonly<Record<string, string | undefined>>

/** One setting, declared once: flags, environment, configuration file, help and `qctl config` derive from it. */
export interface Setting<Value> {
  /** What a value looks like in help, for example `DURATION`. */
  readonly shape: string
  /** The variable that sets it. */
  readonly env: string
  /** One line for help and `qctl config`. */
  readonly help: string
  /** The only values allowed, when there is such a list. */
  readonly options?: readonly string[]
  /** Reads a value. Throws a `usage` error that does not name the setting. */
  readonly parse: (text: string) => Value
  /** The value when nobody sets one. */
  readonly fallback: (env: Environment) => Value
}

export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'ndjson', 'csv', 'id'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]
export const COLOR_CHOICES = ['auto', 'always', 'never'] as const
export type ColorChoice = (typeof COLOR_CHOICES)[number]
const LOG_FORMATS = ['auto', 'text', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

type About = Pick<Setting<unknown>, 'env' | 'help'>

function choice<const Option extends string>(about: About, options: readonly Option[], fallback: Option): Setting<Option> {
  const parse = (text: string): Option => {
    const found = options.find((option) => option === text)
    if (found === undefined) throw new QctlError('usage', `"${text}" is not one of ${options.join(', ')}`)
    return found
  }
  return {...about, shape: options.join('|'), options, parse, fallback: () => fallback}
}

/** The bounds are no texts: reading the first one would take 0.2 ms of every start. */
function duration(about: About, bounds: {readonly minMs: number; readonly maxMs: number; readonly fallbackMs: number}): Setting<number> {
  const parse = (text: string): number => {
    const ms = parseDuration(text)
    if (ms < bounds.minMs || ms > bounds.maxMs) {
      throw new QctlError('usage', `${text} is not between ${formatDuration(bounds.minMs)} and ${formatDuration(bounds.maxMs)}`)
    }
    return ms
  }
  return {...about, shape: 'DURATION', parse, fallback: () => bounds.fallbackMs}
}

/** Reads the path of a file or directory, but not an empty one: that of a variable that is not set would mean the current directory. */
export function parsePath(text: string): string {
  if (text === '') throw new QctlError('usage', 'the path is empty')
  return text
}

function parseDatabase(text: string): string {
  checkLocation(parsePath(text))
  return text
}

/** Every setting. Durations are milliseconds. In a configuration file the names are written with underscores. */
export const SETTINGS = {
  db: {
    shape: 'PATH',
    env: 'QCTL_DB',
    help: 'the file of the database',
    parse: parseDatabase,
    fallback: (env: Environment): string => inStateDirectory(env, 'qctl.db'),
  },
  output: choice({env: 'QCTL_OUTPUT', help: 'how to print data'}, OUTPUT_FORMATS, 'table'),
  color: choice({env: 'QCTL_COLOR', help: 'when to use colour'}, COLOR_CHOICES, 'auto'),
  lockTimeout: duration(
    {env: 'QCTL_LOCK_TIMEOUT', help: "how long to wait for the database's lock"},
    {minMs: 0, maxMs: 3_600_000, fallbackMs: 30_000},
  ),
  lease: duration(
    {env: 'QCTL_LEASE', help: "how long a consumer holds a job without a sign of life; else the queue's"},
    {minMs: 1000, maxMs: 7 * 86_400_000, fallbackMs: 30_000},
  ),
  grace: duration(
    {env: 'QCTL_GRACE', help: 'how long a handler may take to end after TERM'},
    {minMs: 0, maxMs: 86_400_000, fallbackMs: 10_000},
  ),
  concurrency: {
    shape: 'N',
    env: 'QCTL_CONCURRENCY',
    help: 'jobs in flight per consumer',
    parse: (text: string): number => parseInteger(text, 1, 1000),
    fallback: (): number => 1,
  },
  logFormat: choice({env: 'QCTL_LOG_FORMAT', help: 'text, or one JSON object per line'}, LOG_FORMATS, 'auto'),
  supervisorDir: {
    shape: 'DIR',
    env: 'QCTL_SUPERVISOR_DIR',
    help: "where supervisord's configuration and logs are",
    parse: parsePath,
    fallback: (env: Environment): string => inStateDirectory(env, 'supervisor'),
  },
} as const satisfies Record<string, Setting<unknown>>

export type SettingName = keyof typeof SETTINGS
/** The value of every setting. Durations are milliseconds; `db` is a URL or an absolute path, see `databaseOf`. */
export type Settings = {readonly [Name in SettingName]: ReturnType<(typeof SETTINGS)[Name]['parse']>}

/** Where the value of a setting came from. */
export interface Origin {
  readonly kind: 'flag' | 'environment' | 'file' | 'default'
  /** The flag, the variable or the file; null for a default. */
  readonly where: string | null
}

export interface Resolved {
  readonly settings: Settings
  readonly origins: Readonly<Record<SettingName, Origin>>
}

/** What settings are resolved from. */
export interface Sources {
  /** Flags by their long name, values already parsed. Anything that is no setting is ignored. */
  readonly flags?: Readonly<Record<string, unknown>>
  readonly env: Environment
  /** What relative paths count from; this process's directory when absent, which is then only looked up if it is needed. */
  readonly cwd?: string
  /** The configuration of the machine; a parameter for the tests. */
  readonly systemFile?: string
}

/** `lockTimeout` → `lock_timeout`, the name in a configuration file. */
export function fileKey(name: SettingName): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** `lockTimeout` → `lock-timeout`, the long flag. */
export function flagName(name: SettingName): string {
  return fileKey(name).replaceAll('_', '-')
}

/** A directory of the XDG specification, which says that a relative value is to be ignored. */
function xdgDirectory(env: Environment, variable: string, below: string): string | null {
  const value = env[variable]
  if (value !== undefined && isAbsolute(value)) return value
  return env['HOME'] ? join(env['HOME'], below) : null
}

/** Empty when nobody can tell: only a command that opens it should fail for that, see `databaseOf`. */
function inStateDirectory(env: Environment, name: string): string {
  const directory = xdgDirectory(env, 'XDG_STATE_HOME', '.local/state')
  return directory === null ? '' : join(directory, 'qctl', name)
}

/** Settings that are paths: a relative one counts from the file that names it, else from the current directory. */
const PATHS: ReadonlySet<SettingName> = new Set(['db', 'supervisorDir'])

function isPath(name: SettingName, value: unknown): value is string {
  return PATHS.has(name) && typeof value === 'string' && value !== '' && !isDatabaseUrl(value)
}

/**
 * The database to open.
 *
 * @returns a URL or an absolute path
 * @throws {QctlError} `bad_config` when none is named and there is no home directory to look in
 */
export function databaseOf(settings: Pick<Settings, 'db'>): string {
  if (settings.db !== '') return settings.db
  throw new QctlError('bad_config', 'cannot tell where the database is: HOME and XDG_STATE_HOME are not set', {
    hint: 'name it with --db FILE or QCTL_DB',
  })
}

/** The text of a configuration file, or null when there is none. */
function readConfigFile(path: string, named: boolean): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : null
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      if (!named) return null
      throw new QctlError('not_found', `the configuration file ${path} does not exist`, {cause})
    }
    if (code === 'EACCES' || code === 'EPERM') {
      throw new QctlError('permission', `the configuration file ${path} may not be read`, {cause})
    }
    throw new QctlError('bad_config', `the configuration file ${path} cannot be read: ${String(code ?? cause)}`, {cause})
  }
}

/** The settings of one configuration file, still as they were written. Imported late: most runs have no file. */
async function parseConfigFile(path: string, text: string): Promise<ReadonlyMap<SettingName, unknown>> {
  const {parse} = await import('smol-toml')
  let table: Record<string, unknown>
  try {
    table = parse(text)
  } catch (cause) {
    const [reason] = cause instanceof Error ? cause.message.split('\n') : []
    throw new QctlError('bad_config', `${path}: ${reason ?? 'not TOML'}`, {cause})
  }
  const names = Object.keys(SETTINGS) as SettingName[]
  const values = new Map<SettingName, unknown>()
  for (const [key, value] of Object.entries(table)) {
    const name = names.find((candidate) => fileKey(candidate) === key)
    if (name === undefined) throw await unknownKey(path, key, names.map(fileKey))
    values.set(name, value)
  }
  return values
}

async function unknownKey(path: string, key: string, known: readonly string[]): Promise<QctlError> {
  const {nearest} = await import('./nearest.ts')
  const meant = nearest(key, known)
  const hint = meant === null ? `the settings are ${known.join(', ')}` : `did you mean "${meant}"?`
  return new QctlError('bad_config', `${path}: unknown setting "${key}"`, {hint})
}

interface ConfigFile {
  readonly path: string
  readonly values: ReadonlyMap<SettingName, unknown>
}

/** The configuration files that count, the strongest first. A file that is named replaces the usual two. */
async function configFiles({flags = {}, env, cwd = '', systemFile = '/etc/qctl/config.toml'}: Sources): Promise<ConfigFile[]> {
  const named = flags['config'] ?? (env['QCTL_CONFIG'] || undefined)
  const userDirectory = xdgDirectory(env, 'XDG_CONFIG_HOME', '.config')
  const usual = [...(userDirectory === null ? [] : [join(userDirectory, 'qctl', 'config.toml')]), systemFile]
  const files: ConfigFile[] = []
  for (const path of named === undefined ? usual : [resolve(cwd, String(named))]) {
    const text = readConfigFile(path, named !== undefined)
    if (text !== null) files.push({path, values: await parseConfigFile(path, text)})
  }
  return files
}

interface Found {
  readonly value: unknown
  readonly origin: Origin
}

function find(name: SettingName, sources: Sources, files: readonly ConfigFile[]): Found {
  const setting: Setting<unknown> = SETTINGS[name]
  const flag = sources.flags?.[flagName(name)]
  if (flag !== undefined) return {value: flag, origin: {kind: 'flag', where: `--${flagName(name)}`}}
  const variable = sources.env[setting.env]
  // An empty variable is how a shell script says "not set".
  if (variable) return {value: parseAs(name, variable, setting.env), origin: {kind: 'environment', where: setting.env}}
  for (const {path, values} of files) {
    if (!values.has(name)) continue
    return {value: fileValue(name, values.get(name), path), origin: {kind: 'file', where: path}}
  }
  return {value: setting.fallback(sources.env), origin: {kind: 'default', where: null}}
}

function fileValue(name: SettingName, value: unknown, path: string): unknown {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') {
    throw new QctlError('bad_config', `${path}: ${fileKey(name)} must be a text or a number`)
  }
  const parsed = parseAs(name, String(value), `${path}: ${fileKey(name)}`)
  // A path in a file means the same wherever qctl is started.
  return isPath(name, parsed) ? resolve(dirname(path), parsed) : parsed
}

function parseAs(name: SettingName, text: string, where: string): unknown {
  try {
    return SETTINGS[name].parse(text)
  } catch (error) {
    if (!(error instanceof QctlError)) throw error
    throw new QctlError('bad_config', `${where}: ${error.message}`, error.hint === null ? {} : {hint: error.hint})
  }
}

/**
 * Decides every setting: flags beat the environment, that beats the configuration files, those beat the defaults.
 *
 * @param sources where to look; nothing in the current directory is ever read
 * @returns the values and where each came from
 * @throws {QctlError} `bad_config` for an unknown key or a bad value in the environment or a file,
 *   `not_found` or `permission` for a file that was named
 */
export async function resolveSettings(sources: Sources): Promise<Resolved> {
  const files = await configFiles(sources)
  const settings: Partial<Record<SettingName, unknown>> = {}
  const origins: Partial<Record<SettingName, Origin>> = {}
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const {value, origin} = find(name, sources, files)
    settings[name] = isPath(name, value) ? resolve(sources.cwd ?? '', value) : value
    origins[name] = origin
  }
  // Every value above came from the setting's own `parse` or `fallback`.
  return {settings: settings as Settings, origins: origins as Record<SettingName, Origin>}
}
