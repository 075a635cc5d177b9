/**
 * Copies of the file while others write. By VACUUM INTO: it reads one moment and stops no writer, where SQLite's backup interface begins
 * anew each time another process commits, and under steady writing never ends. The copy has no free pages, too.
 */
import {closeSync, existsSync, linkSync, openSync, realpathSync, renameSync, rmSync, statSync, unlinkSync} from 'node:fs'
import {dirname, resolve} from 'node:path'
import {makeDurableSync} from '../../durable.ts'
import {QctlError} from '../../errors.ts'
import {systemReason} from '../../system-error.ts'
import type {BackupOptions, CopyFacts} from '../../upkeep.ts'
import {Connection} from './connection.ts'
import {LAST_ID} from './ids.ts'
import {inspectSchema} from './migrate.ts'
import {num, text} from './rows.ts'
import {removeLeftovers, removeTemporary, temporaryName} from './temporary.ts'

const COPY_FACTS = `SELECT (SELECT count(*) FROM job), (${LAST_ID}), (SELECT count(*) FROM lease)`

/**
 * Makes a checked copy under that name.
 * @throws QctlError `conflict`, `cannot_open`, `permission`, `corrupt`, `outcome_unknown` (disk full)
 */
export function backup(source: string, target: string, {force, keep}: BackupOptions): CopyFacts {
  const file = resolve(target)
  assertFree(source, file, force || keep !== null)
  const copy = copyInto(source, file)
  try {
    const facts = checkCopy(copy)
    if (keep !== null) rotate(file, keep)
    give(copy, file, force)
    return {...facts, file}
  } finally {
    removeTemporary(copy)
  }
}

/** @throws QctlError `conflict` */
function assertFree(source: string, file: string, mayReplace: boolean): void {
  if (!existsSync(file)) return
  if (realpathSync(file) === realpathSync(source)) throw new QctlError('conflict', `${file} is the database itself`)
  if (existsSync(`${file}-wal`)) throw new QctlError('conflict', `${file} is a database in use`, {hint: 'choose another name'})
  if (!mayReplace) throw new QctlError('conflict', `${file} exists`, {hint: 'replace it with --force, or keep several with --keep N'})
}

/**
 * Writes a copy beside where it will be, readable by nobody else. What a killed one left there is removed first.
 * @returns its temporary name
 */
export function copyInto(source: string, file: string): string {
  removeLeftovers(file)
  const copy = temporaryName(file)
  makeEmpty(copy)
  const db = new Connection(source)
  try {
    db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON')
    db.run('VACUUM INTO ?', copy)
  } catch (error) {
    removeTemporary(copy)
    throw error
  } finally {
    db.close()
  }
  makeDurableSync(copy)
  return copy
}

function makeEmpty(copy: string): void {
  try {
    rmSync(copy, {force: true})
    closeSync(openSync(copy, 'wx', 0o600))
  } catch (error) {
    const code = error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM') ? 'permission' : 'cannot_open'
    throw new QctlError(code, `cannot write in ${dirname(copy)}: ${systemReason(error) ?? String(error)}`, {cause: error})
  }
}

/**
 * Checks that a file is a whole store of ours.
 * @throws QctlError `not_found`, `not_a_database`, `corrupt`, `newer_schema`
 */
export function checkCopy(file: string): CopyFacts {
  const stat = statSync(file, {throwIfNoEntry: false})
  if (stat === undefined) throw new QctlError('not_found', `there is no file ${file}`)
  if (!stat.isFile() || stat.size < 512) throw new QctlError('not_a_database', `${file} is not a qctl database`)
  const db = new Connection(file, {readOnly: true})
  try {
    if (inspectSchema(db) === 'empty') throw new QctlError('not_a_database', `${file} is empty, not a qctl database`)
    const damage = damageOf(db, true)
    if (damage.length > 0) throw new QctlError('corrupt', `${file} is damaged: ${damage[0]}`)
    const [row] = db.tuples(COPY_FACTS)
    return {file, bytes: stat.size, jobs: num(row?.[0]), lastId: num(row?.[1]), processing: num(row?.[2])}
  } finally {
    db.close()
  }
}

/** What SQLite finds wrong; `full` also compares indexes with their tables. */
export function damageOf(db: Connection, full: boolean): readonly string[] {
  const found = db.tuples(full ? 'PRAGMA integrity_check(20)' : 'PRAGMA quick_check(20)').map(([line]) => text(line))
  const orphans = full ? db.tuples('PRAGMA foreign_key_check').map(([table]) => `a row of ${text(table)} refers to nothing`) : []
  return [...found.filter(line => line !== 'ok'), ...orphans]
}

/** Moves FILE.1 to FILE.2 and so on, the oldest first, so that at no moment a copy is without a name; what is beyond `keep` goes. */
function rotate(file: string, keep: number): void {
  const name = (n: number): string => (n === 0 ? file : `${file}.${n}`)
  let last = 0
  while (existsSync(name(last))) last += 1
  for (let n = last; n > 0; n -= 1) {
    if (n >= keep) rmSync(name(n - 1), {force: true})
    else renameSync(name(n - 1), name(n))
  }
}

/** Gives the copy its name; without `force` never that of a file which came to be there meanwhile. */
function give(copy: string, file: string, force: boolean): void {
  if (force) renameSync(copy, file)
  else linkNew(copy, file)
  makeDurableSync(dirname(file))
}

/** @throws QctlError `conflict` when the name is taken */
export function linkNew(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    throw new QctlError('conflict', `${to} has just been made by somebody else`)
  }
  unlinkSync(from)
}
