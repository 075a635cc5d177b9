/** Where a copy may go. What lies there gives way only when it is a copy itself: whatever else somebody keeps under such a name stays. */
import {closeSync, existsSync, openSync, readSync, statSync} from 'node:fs'
import {QctlError} from '../../errors.ts'
import type {BackupOptions} from '../../upkeep.ts'
import {HEADER_BYTES, hasOurMark} from './migrate.ts'
import {areOneFile, numberedName} from './temporary.ts'

const CHOOSE_ANOTHER = {hint: 'choose another name'}

/**
 * Makes sure that a copy may be made under that name.
 * @throws QctlError `conflict`; `cannot_open` for a directory, `not_a_database` for what is no copy and would be replaced or renamed
 */
export function checkPlace(source: string, file: string, {force, keep}: BackupOptions): void {
  const [, database] = /^(.+)-(?:wal|shm|journal)$/.exec(file) ?? []
  if (database !== undefined && existsSync(database)) throw new QctlError('conflict', `${file} belongs to the database ${database}`, CHOOSE_ANOTHER)
  if (existsSync(file)) {
    assertFile(file)
    if (areOneFile(file, source)) throw new QctlError('conflict', `${file} is the database itself`)
    if (existsSync(`${file}-wal`)) throw new QctlError('conflict', `${file} is a database in use`, CHOOSE_ANOTHER)
    if (!force && keep === null) throw new QctlError('conflict', `${file} exists`, {hint: 'replace it with --force, or keep several with --keep N'})
    assertCopy(file)
  }
  if (keep !== null) for (const from of [1, keep]) for (let n = from; existsSync(numberedName(file, n)); n += 1) assertCopy(numberedName(file, n))
}

/** @throws QctlError `cannot_open` */
function assertFile(file: string): void {
  const stat = statSync(file)
  if (stat.isDirectory()) throw new QctlError('cannot_open', `${file} is a directory`, {hint: 'name a file in it'})
  if (!stat.isFile()) throw new QctlError('cannot_open', `${file} is no file`, CHOOSE_ANOTHER)
}

/**
 * An empty file holds nothing that could be lost, and may be left of a copy that was given its name where links cannot be made.
 * @throws QctlError `not_a_database`, `cannot_open`
 */
function assertCopy(file: string): void {
  assertFile(file)
  if (statSync(file).size > 0 && !hasOurMark(headerOf(file))) {
    throw new QctlError('not_a_database', `${file} is no copy of a qctl database and is left alone`, CHOOSE_ANOTHER)
  }
}

/** Of a file that this process has not open as a database: closing it would give up SQLite's locks. */
function headerOf(file: string): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES)
  const descriptor = openSync(file, 'r')
  try {
    readSync(descriptor, header)
    return header
  } finally {
    closeSync(descriptor)
  }
}
