/**
 * The files beside a database: copies that are not whole yet, each named after the process that makes it, so that what a killed one left can
 * be told; and what was there before a restore.
 */
import {readdirSync, rmSync, statSync} from 'node:fs'
import {basename, dirname, join} from 'node:path'
import {readStat} from '../../process.ts'

/** What SQLite may lay beside a file that it works on. */
const SUFFIXES = ['', '-journal', '-wal', '-shm'] as const

/** Where a process makes what will be this file. */
export function temporaryName(file: string): string {
  return join(dirname(file), `${prefixOf(file)}${process.pid}.${readStat(process.pid)?.startTime ?? ''}.tmp`)
}

/** Removes a copy and all that lies beside it. */
export function removeTemporary(copy: string): void {
  for (const suffix of SUFFIXES) rmSync(`${copy}${suffix}`, {force: true})
}

/** Removes what killed processes left of copies that were to become this file. */
export function removeLeftovers(file: string): void {
  for (const name of leftoversOf(file)) rmSync(join(dirname(file), name), {force: true})
}

/** What a database is called after a restore. */
export function keptName(target: string, time: string): string {
  return `${target}.before-restore-${time}`
}

/** What the copy before the newest is called, and the one before that. */
export function numberedName(file: string, n: number): string {
  return `${file}.${n}`
}

/** True when both names are those of one file. */
export function areOneFile(one: string, other: string): boolean {
  const [stat, otherStat] = [one, other].map(path => statSync(path, {throwIfNoEntry: false}))
  return stat !== undefined && stat.ino === otherStat?.ino && stat.dev === otherStat.dev
}

/** The other names of a file (hard links) in its directory. */
export function otherNamesOf(file: string): readonly string[] {
  return entriesOf(dirname(file)).map(name => join(dirname(file), name)).filter(path => path !== file && areOneFile(path, file))
}

/** True when a backup or a restore that was killed has left a file with several names; the next one puts that right. */
export function isHalfNamed(file: string): boolean {
  return otherNamesOf(file).some(name => {
    const isOfBackup = name === numberedName(file, 1) || file === numberedName(name, 1)
    return isOfBackup || name.startsWith(keptName(file, '')) || basename(name).startsWith(prefixOf(file))
  })
}

/** The names of such copies in its directory; none where that cannot be read. */
function leftoversOf(file: string): readonly string[] {
  return entriesOf(dirname(file)).filter(name => {
    if (!name.startsWith(prefixOf(file))) return false
    const [, pid = '', startTime = ''] = /^(\d+)\.(\d+)\.tmp(?:-(?:journal|wal|shm))?$/.exec(name.slice(prefixOf(file).length)) ?? []
    return pid !== '' && readStat(Number(pid))?.startTime !== startTime
  })
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function prefixOf(file: string): string {
  return `.${basename(file)}.`
}
