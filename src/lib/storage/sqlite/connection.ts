import {accessSync, constants} from 'node:fs'
import {dirname} from 'node:path'
import {DatabaseSync, type SQLInputValue, type StatementSync} from 'node:sqlite'
import {QctlError} from '../../errors.ts'
import {leaveEverythingAsItIs} from '../../leave.ts'
import {monotonicMs} from '../../time.ts'
import {FilesInUse} from './files-in-use.ts'

export type Value = Exclude<SQLInputValue, NodeJS.ArrayBufferView> | Uint8Array
/** Values by the name of their parameter, without its sigil. */
export type Named = Record<string, Value>
type Bindings = readonly Value[] | readonly [Named]
export type Row = Readonly<Record<string, null | number | string | Uint8Array>>
export type Tuple = readonly (null | number | string | Uint8Array)[]

/** SQLite's primary result codes that mean something to us (sqlite.org/rescode.html). */
const PERMISSION_CODES: readonly number[] = [3, 8, 23]
const BUSY_CODES: readonly number[] = [5, 6]
const CORRUPT = 11
const NOT_A_DATABASE = 26
/** IOERR and FULL: whatever they hit, the commit may or may not have reached the disk. */
const UNKNOWN_CODES: readonly number[] = [10, 13]
const CANNOT_OPEN = 14
const TOO_BIG = 18

/**
 * One SQLite connection with its prepared statements: the only place that touches `node:sqlite`.
 * Statements are prepared once per text and kept for the connection's life.
 */
export class Connection {
  readonly path: string
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #tupleStatements = new Map<string, StatementSync>()
  #isLost = false
  readonly #files: FilesInUse
  /** When they were seen to be the same. */
  #sameAt = Number.NEGATIVE_INFINITY

  /**
   * Opens the file (which must exist) or, with `null`, a database in memory.
   * @throws QctlError `cannot_open`, `permission`, `not_a_database`
   */
  constructor(path: string | null, {readOnly = false}: {readonly readOnly?: boolean} = {}) {
    this.path = path ?? ':memory:'
    // No timeout: SQLite's own wait blocks the event loop and favours newcomers; GroupCommit waits instead.
    this.#db = this.guard(() => new DatabaseSync(this.path, {timeout: 0, readOnly}))
    this.#files = new FilesInUse(this.path)
    if (path !== null) this.#files.remember(path)
  }

  /** Runs statements that return nothing. */
  exec(sql: string): void {
    this.guard(() => this.#db.exec(sql))
  }

  /** Runs a statement and returns how many rows it changed. */
  run(sql: string, ...values: Bindings): number {
    return this.guard(() => Number(this.#prepare(sql).run(...bindings(values)).changes))
  }

  /** The first row, or `undefined`. */
  get(sql: string, ...values: Bindings): Row | undefined {
    return this.guard(() => this.#prepare(sql).get(...bindings(values))) as Row | undefined
  }

  /** All rows as objects. */
  all(sql: string, ...values: Bindings): readonly Row[] {
    return this.guard(() => this.#prepare(sql).all(...bindings(values))) as readonly Row[]
  }

  /** All rows of a statement that was made up for this one time and is not kept. */
  allOnce(sql: string, ...values: Bindings): readonly Row[] {
    return this.guard(() => this.#db.prepare(sql).all(...bindings(values))) as readonly Row[]
  }

  /** All rows as arrays: cheaper on hot paths. */
  tuples(sql: string, ...values: Bindings): readonly Tuple[] {
    return this.guard(() => this.#prepareTuples(sql).all(...bindings(values))) as unknown as readonly Tuple[]
  }

  /** The number in the first column of the first row, or `null`. */
  number(sql: string, ...values: Bindings): number | null {
    const value = this.tuples(sql, ...values)[0]?.[0]
    return typeof value === 'number' ? value : null
  }

  /** Refuses schema tricks, extensions and writes past SQL from now on. */
  harden(): void {
    this.#db.enableDefensive(true)
  }

  /** Runs reads that must all see one moment. */
  snapshot<T>(read: () => T): T {
    if (this.inTransaction) return read()
    this.exec('BEGIN')
    try {
      return read()
    } finally {
      this.exec('ROLLBACK')
    }
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction
  }

  /** Takes the log and its index for part of the database; to be called once they are there. While a connection is open SQLite deletes neither. */
  rememberLogs(): void {
    for (const suffix of ['-wal', '-shm']) this.#files.remember(`${this.path}${suffix}`)
  }

  /**
   * Makes sure that the paths still name the files this connection lives on. SQLite goes on writing into a deleted file without
   * a word; and where the index of the log was deleted, others make a new one, and what either writes destroys what the other wrote.
   * @param maxAgeMs a look that is not older counts as one
   * @throws QctlError `outcome_unknown` when one vanished or was replaced
   */
  assertSameFile(maxAgeMs = 0): void {
    if (!this.#isLost && monotonicMs() - this.#sameAt < maxAgeMs) return
    const gone = this.#files.findGone()
    if (gone !== null) {
      if (!this.#isLost) leaveEverythingAsItIs()
      this.#isLost = true
      const what = gone.how === 'deleted' ? 'was deleted' : 'was replaced by another file'
      throw new QctlError('outcome_unknown', `${gone.path} ${what} while in use; nothing more is stored in ${this.path}`)
    }
    this.#sameAt = monotonicMs()
  }

  /**
   * Lets go of the database; but of one that is not the same any more only by the end of the process: SQLite would copy what it
   * takes for the log over what others wrote meanwhile.
   * @throws QctlError `outcome_unknown` in that case
   */
  close(): void {
    this.assertSameFile()
    this.#db.close()
  }

  /** Lets go of a database that was given another name by us, with its log: SQLite leaves alone what lies under the old one. */
  closeMoved(): void {
    this.#db.close()
  }

  /**
   * Runs something that talks to SQLite and translates what it throws.
   * @throws QctlError
   */
  guard<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      throw translate(error, this.path)
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #prepareTuples(sql: string): StatementSync {
    let statement = this.#tupleStatements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      statement.setReturnArrays(true)
      this.#tupleStatements.set(sql, statement)
    }
    return statement
  }
}

/** The types of node:sqlite know named values only as a first argument, not as the only one of a spread. */
function bindings(values: Bindings): SQLInputValue[] {
  return values as unknown as SQLInputValue[]
}

/** True for an error that only says "somebody else is writing". */
export function isBusy(error: unknown): boolean {
  return error instanceof QctlError && error.code === 'busy'
}

function translate(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error
  const code = error.errcode & 0xff
  const facts = {cause: error}
  if (BUSY_CODES.includes(code)) return new QctlError('busy', `${path} is busy: another process is writing`, facts)
  if (UNKNOWN_CODES.includes(code)) {
    return new QctlError('outcome_unknown', `could not write ${path}: ${error.message}`, facts)
  }
  if (PERMISSION_CODES.includes(code)) {
    return new QctlError('permission', `no permission to write ${path}: ${error.message}`, facts)
  }
  if (code === CORRUPT) {
    const hint = 'keep the file and its -wal, restore a backup, or recover what is left with: sqlite3 FILE .recover'
    return new QctlError('corrupt', `${path} is damaged: ${error.message}`, {...facts, hint})
  }
  if (code === NOT_A_DATABASE) return new QctlError('not_a_database', `${path} is not a qctl database: ${error.message}`, facts)
  if (code === CANNOT_OPEN) return whyNotOpen(path) ?? new QctlError('cannot_open', `cannot open ${path}: ${error.message}`, facts)
  if (code === TOO_BIG) return new QctlError('payload_too_large', `too big for ${path}: ${error.message}`, facts)
  return error
}

/** SQLite says only that it could not open a file; the file system says why, also when it was the log beside it. */
function whyNotOpen(path: string): QctlError | null {
  const directory = dirname(path)
  for (const [place, mode, lack] of [
    [path, constants.R_OK | constants.W_OK, ''],
    [directory, constants.W_OK | constants.X_OK, `: its log has to be in ${directory}`],
  ] as const) {
    try {
      accessSync(place, mode)
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : null
      if (code === 'EROFS') return new QctlError('cannot_open', `cannot open ${path}${lack}, which is read-only`, {cause})
      if (code === 'EACCES' || code === 'EPERM') return new QctlError('permission', `cannot open ${path}${lack}: permission denied`, {cause})
    }
  }
  return null
}
