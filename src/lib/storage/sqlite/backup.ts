/**
 * Copies of the file while others write. By VACUUM INTO: it reads one moment and stops no writer, where SQLite's backup interface begins
 * anew each time another process commits, and under steady writing never ends. The copy has no free pages, too.
 */
import {closeSync, existsSync, openSync, rmSync, statSync} from 'node:fs'
import {dirname, resolve} from 'node:path'
import {makeDurableSync} from '../../durable.ts'
import {QctlError} from '../../errors.ts'
import type {BackupOptions, CopyFacts, ForeseenCopy} from '../../upkeep.ts'
import {Connection} from './connection.ts'
import {giveName} from './copy-names.ts'
import {checkPlace} from './copy-place.ts'
import {fileError} from './file-error.ts'
import {LAST_ID} from './ids.ts'
import {inspectSchema} from './migrate.ts'
import {num, text} from './rows.ts'
import {removeLeftovers, removeTemporary, temporaryName} from './temporary.ts'

const COPY_FACTS = `SELECT (SELECT count(*) FROM job), (${LAST_ID}), (SELECT count(*) FROM lease)`

/**
 * Makes a checked copy under that name.
 * @throws QctlError `conflict`, `not_a_database`, `cannot_open`, `permission`, `corrupt`, `outcome_unknown` (disk full)
 */
export function backup(source: string, target: string, options: BackupOptions): CopyFacts {
  const file = resolve(target)
  try {
    checkPlace(source, file, options)
    const copy = copyInto(source, file)
    try {
      const facts = checkCopy(copy)
      giveName(copy, file, options)
      return {...facts, file}
    } finally {
      removeTemporary(copy)
    }
  } catch (error) {
    throw fileError(error, `cannot make the copy ${file}`)
  }
}

/**
 * Makes sure that a copy could be made, as far as its name goes.
 * @returns where it would be, and whether something is there that it would replace
 * @throws QctlError as `backup`
 */
export function foreseeBackup(source: string, target: string, options: BackupOptions): ForeseenCopy {
  const file = resolve(target)
  try {
    checkPlace(source, file, options)
    return {file, replaces: existsSync(file)}
  } catch (error) {
    throw fileError(error, `cannot make the copy ${file}`)
  }
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
    makeDurableSync(copy)
  } catch (error) {
    removeTemporary(copy)
    throw aboutCopy(error, file)
  } finally {
    db.close()
  }
  return copy
}

/** The source is only read: what could not be written is the copy. */
function aboutCopy(error: unknown, file: string): unknown {
  if (!(error instanceof QctlError) || error.code !== 'outcome_unknown' || !(error.cause instanceof Error)) return error
  return new QctlError('outcome_unknown', `cannot make the copy ${file}: ${error.cause.message}`, {cause: error.cause, hint: 'see to the disk, then repeat'})
}

function makeEmpty(copy: string): void {
  try {
    rmSync(copy, {force: true})
    closeSync(openSync(copy, 'wx', 0o600))
  } catch (error) {
    throw fileError(error, `cannot write in ${dirname(copy)}`)
  }
}

/**
 * Checks that a file is a whole store of ours.
 * @throws QctlError `not_found`, `not_a_database`, `corrupt`, `newer_schema`
 */
export function checkCopy(file: string): CopyFacts {
  const stat = look(file)
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

function look(file: string) {
  try {
    return statSync(file, {throwIfNoEntry: false})
  } catch (error) {
    throw fileError(error, `cannot look at ${file}`)
  }
}

/** What SQLite finds wrong; `full` also compares indexes with their tables. */
export function damageOf(db: Connection, full: boolean): readonly string[] {
  const found = db.tuples(full ? 'PRAGMA integrity_check(20)' : 'PRAGMA quick_check(20)').map(([line]) => text(line))
  const orphans = full ? db.tuples('PRAGMA foreign_key_check').map(([table]) => `a row of ${text(table)} refers to nothing`) : []
  return [...found.filter(line => line !== 'ok'), ...orphans]
}
