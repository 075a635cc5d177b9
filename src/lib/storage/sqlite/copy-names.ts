/**
 * How a finished copy gets its name. What was there keeps its own until the copy takes its place, so that at no moment, and wherever
 * it is killed, there is no copy under the name.
 */
import {closeSync, copyFileSync, existsSync, linkSync, openSync, renameSync, rmSync, statSync, unlinkSync, utimesSync} from 'node:fs'
import {dirname} from 'node:path'
import {makeDurableSync} from '../../durable.ts'
import {QctlError} from '../../errors.ts'
import type {BackupOptions} from '../../upkeep.ts'
import {areOneFile, numberedName, removeLeftovers, removeTemporary, temporaryName} from './temporary.ts'

/**
 * Gives the copy its name and makes that durable. With `keep` the copies before become FILE.1, FILE.2 …; what is beyond goes last.
 * @throws QctlError `conflict` when a name is taken that may not be replaced
 */
export function giveName(copy: string, file: string, {force, keep}: BackupOptions): void {
  const isReplaced = keep !== null && existsSync(file)
  if (isReplaced && keep > 1) keepEarlier(file)
  if (isReplaced || force) renameSync(copy, file)
  else giveNewName(copy, file)
  makeDurableSync(dirname(file))
  if (keep !== null) for (let n = keep; existsSync(numberedName(file, n)); n += 1) rmSync(numberedName(file, n))
}

/** Makes FILE known as FILE.1, too, after moving FILE.1 to FILE.2 and so on. */
function keepEarlier(file: string): void {
  const first = numberedName(file, 1)
  removeLeftovers(first)
  // One that was killed after this and before the new copy took the name has done it already.
  if (areOneFile(file, first)) return
  let free = 1
  while (existsSync(numberedName(file, free))) free += 1
  for (let n = free; n > 1; n -= 1) renameSync(numberedName(file, n - 1), numberedName(file, n))
  try {
    linkSync(file, first)
  } catch (error) {
    if (isTaken(error)) throw taken(first)
    duplicate(file, first)
  }
}

/** Where a file can have but one name (vfat, exFAT, some network file systems) the earlier copy is copied. */
function duplicate(file: string, name: string): void {
  const whole = temporaryName(name)
  try {
    closeSync(openSync(whole, 'wx', 0o600))
    copyFileSync(file, whole)
    const {atime, mtime} = statSync(file)
    utimesSync(whole, atime, mtime)
    makeDurableSync(whole)
    renameSync(whole, name)
  } finally {
    removeTemporary(whole)
  }
}

/**
 * Gives a file a name that nobody has.
 * @throws QctlError `conflict` when the name is taken
 */
export function giveNewName(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if (isTaken(error)) throw taken(to)
    return moveToNew(from, to)
  }
  unlinkSync(from)
}

/** Where a file can have but one name, an empty one takes the name for it. Only here may a kill leave something that is no copy. */
function moveToNew(from: string, to: string): void {
  try {
    closeSync(openSync(to, 'wx', 0o600))
  } catch (error) {
    throw isTaken(error) ? taken(to) : error
  }
  try {
    renameSync(from, to)
  } catch (error) {
    rmSync(to, {force: true})
    throw error
  }
}

/** True when somebody has the name. */
export function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}

function taken(name: string): QctlError {
  return new QctlError('conflict', `${name} has just been made by somebody else`)
}
