import {accessSync, chmodSync, closeSync, constants, existsSync, mkdirSync, openSync, realpathSync, statSync} from 'node:fs'
import {basename, dirname, join, resolve} from 'node:path'
import {makeDurableSync} from '../../durable.ts'
import {QctlError} from '../../errors.ts'
import {type Clock, monotonicMs, sleep} from '../../time.ts'
import {Connection, isBusy} from './connection.ts'
import {type FileHints, fileError} from './file-error.ts'
import {type Durability, inspectSchema, migrate} from './migrate.ts'
import {text} from './rows.ts'
import {isHalfNamed} from './temporary.ts'

export interface SqliteOptions {
  /** True makes a missing database. */
  readonly create: boolean
  /** Of a database that is made now; an existing one keeps its own. */
  readonly durability: Durability
  readonly lockTimeoutMs: number
  readonly clock: Clock
  /** Told the path when the database was missing and has been made. */
  readonly onCreate: (path: string) => void
}

/**
 * Settings that each connection needs anew. The WAL is cut to 64 MiB after a checkpoint, else it keeps its peak size.
 * Autocheckpoint stays at SQLite's 1000 pages.
 */
const CONNECTION_PRAGMAS = `
PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864;
PRAGMA mmap_size = 0; PRAGMA cache_size = -16000`
/** Must be said before the first table exists, and before the log. */
const NEW_FILE_PRAGMAS = 'PRAGMA auto_vacuum = INCREMENTAL'

/**
 * Opens the database file, making and migrating it as allowed.
 * @returns the connection and what the database promises
 * @throws QctlError `not_found`, `cannot_open`, `permission`, `not_a_database`, `newer_schema`, `busy`
 */
export async function openConnection(path: string, options: SqliteOptions): Promise<{db: Connection; durability: Durability}> {
  const file = locate(path, options)
  await patiently(options.lockTimeoutMs, () => refuseStranger(file))
  const db = new Connection(file)
  try {
    const durability = await patiently(options.lockTimeoutMs, () => prepare(db, options))
    return {db, durability}
  } catch (error) {
    db.close()
    throw explainLog(error, file)
  }
}

/**
 * A foreign file must stay as it is, but a connection that may write copies the log into the file when it is closed, at the
 * latest when the process ends. So a file with a log is first looked at by one that may not.
 */
function refuseStranger(file: string): void {
  if (!existsSync(`${file}-wal`)) return
  const db = new Connection(file, {readOnly: true})
  try {
    inspectSchema(db)
  } finally {
    db.close()
  }
}

/** A database in memory, for tests and simulations. */
export function openMemory(clock: Clock): Connection {
  const db = new Connection(null)
  migrate(db, 'full', clock.wallNow())
  db.exec(CONNECTION_PRAGMAS)
  return db
}

function prepare(db: Connection, options: SqliteOptions): Durability {
  const found = inspectSchema(db)
  if (found === 'empty') {
    if (!options.create) throw new QctlError('not_a_database', `${db.path} is empty, not a qctl database`)
    keepPrivate(db.path)
    db.exec(NEW_FILE_PRAGMAS)
  }
  assertLogged(db)
  const isMade = found !== 'current' && migrate(db, options.durability, options.clock.wallNow())
  if (isMade) options.onCreate(db.path)
  const [row] = db.tuples('SELECT durability FROM store')
  const durability = text(row?.[0]) === 'normal' ? 'normal' : 'full'
  db.exec(`${CONNECTION_PRAGMAS}; PRAGMA synchronous = ${durability === 'normal' ? 'NORMAL' : 'FULL'}`)
  db.harden()
  db.rememberLogs()
  return durability
}

/** An empty file that somebody else made may be open to all; the log takes its mode from it. */
function keepPrivate(file: string): void {
  try {
    chmodSync(file, 0o600)
  } catch (error) {
    throw fileError(error, `cannot make ${file} private`, HINTS)
  }
}

/** Repeats what found the database busy, until the lock timeout. */
export async function patiently<T>(lockTimeoutMs: number, action: () => T): Promise<T> {
  const start = monotonicMs()
  for (;;) {
    try {
      return action()
    } catch (error) {
      if (!isBusy(error) || monotonicMs() - start > lockTimeoutMs) throw error
      await sleep(1 + Math.random() * 4)
    }
  }
}

/** The real path of the database file; makes it when it is missing and that is allowed. */
function locate(path: string, options: SqliteOptions): string {
  if (path === '' || path.includes('\0')) throw new QctlError('usage', `not a path: ${JSON.stringify(path)}`)
  const asked = resolve(path)
  const stat = statOf(asked)
  if (stat === null) {
    if (!options.create) {
      throw new QctlError('not_found', `no database at ${asked}`, {hint: `make one with: qctl init --db ${asked}`})
    }
    return make(asked)
  }
  if (!stat.isFile()) throw new QctlError('cannot_open', `${asked} is not a file`)
  // SQLite takes a file of one byte for an empty one (os_unix.c, ticket 3260) and would write over it.
  if (stat.size === 1) throw new QctlError('not_a_database', `${asked} is not a qctl database: file is not a database`)
  if (stat.nlink > 1) {
    const hint = isHalfNamed(asked)
      ? 'a backup or a restore was killed here: repeat it'
      : 'SQLite would keep two logs for one file and lose jobs; give each database one name'
    throw new QctlError('cannot_open', `${asked} has ${stat.nlink} names (hard links)`, {hint})
  }
  assertReadable(asked)
  return realPathOf(asked)
}

/** SQLite says only that it cannot open the file. */
function assertReadable(path: string): void {
  try {
    accessSync(path, constants.R_OK)
  } catch (error) {
    throw fileError(error, `cannot read ${path}`, HINTS)
  }
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    throw fileError(error, `cannot look at ${path}`, HINTS)
  }
}

function statOf(path: string) {
  try {
    return statSync(path, {throwIfNoEntry: false}) ?? null
  } catch (error) {
    throw fileError(error, `cannot look at ${path}`, HINTS)
  }
}

function make(path: string): string {
  const directory = dirname(path)
  try {
    const first = mkdirSync(directory, {recursive: true, mode: 0o700})
    if (first !== undefined) syncDirectories(directory, dirname(first))
    closeSync(openSync(path, 'wx', 0o600))
    makeDurableSync(directory)
  } catch (error) {
    // Another process was faster: it is the one that made it.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw fileError(error, `cannot create ${path}`, HINTS)
    if (statOf(path) === null) throw new QctlError('cannot_open', `cannot create ${path}: it is a link to nowhere`)
  }
  return join(realPathOf(directory), basename(path))
}

/** Makes the entries of a directory durable, and of those above it up to `top`. */
function syncDirectories(directory: string, top: string): void {
  makeDurableSync(directory)
  if (directory !== top) syncDirectories(dirname(directory), top)
}

const HINTS: FileHints = {
  permission: 'qctl needs the right to read and write the file and its directory',
  place: 'choose another place with --db or QCTL_DB',
}

/** IOERR_SHMLOCK and IOERR_SHMMAP: beside the log SQLite needs a file that processes map and lock (sqlite.org/rescode.html#ioerr_shmmap). */
const SHARED_MEMORY_CODES: readonly unknown[] = [5130, 5386]

/**
 * Without a log beside the file every reader would block the writer, and SQLite would say nothing.
 * @throws QctlError `cannot_open` where the file system cannot carry one
 */
export function assertLogged(db: Connection): void {
  const mode = db.tuples('PRAGMA journal_mode = WAL')[0]?.[0]
  if (mode !== 'wal') throw noLog(db.path)
}

function noLog(path: string, cause?: unknown): QctlError {
  const message = `the file system of ${path} cannot carry the write-ahead log that qctl needs`
  return new QctlError('cannot_open', message, {cause, hint: 'put the database on a local disk with --db or QCTL_DB'})
}

/** SQLite's I/O error of a file system without shared memory says nothing about the disk. */
function explainLog(error: unknown, path: string): unknown {
  const cause = error instanceof Error ? error.cause : null
  return cause instanceof Error && 'errcode' in cause && SHARED_MEMORY_CODES.includes(cause.errcode) ? noLog(path, cause) : error
}
