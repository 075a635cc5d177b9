/** Files of jobs that are done with. */
import {closeSync, constants, lstatSync, openSync, readdirSync, readSync, realpathSync, statSync, unlinkSync} from 'node:fs'
import {basename, join} from 'node:path'
import {QctlError} from '../errors.ts'
import type {Storage} from '../storage/storage.ts'
import {systemReason} from '../system-error.ts'
import {and, type Filter} from './filter.ts'
import {pages} from './look-up.ts'

/** A file to be deleted. */
export interface OldFile {
  readonly path: string
  readonly bytes: number
  /** Another one after whatever was done to the file, or put in its place. */
  readonly version: string
}

/** Those old enough, of which some are kept. */
export interface OldFiles {
  readonly files: readonly OldFile[]
  /** A job may run with them yet: it is not finished, or failed and may be resubmitted. */
  readonly needed: number
  /** Databases and hidden files: whatever a directory is for, these are kept. */
  readonly precious: number
}

type Jobs = Pick<Storage, 'find' | 'get'>

/** So many are deleted before the jobs that came meanwhile are looked at. */
const AT_ONCE = 100

/**
 * The files of a directory that were not written to since then and that no unfinished or failed job names; which of them a job has named once is not
 * known for longer than the job is kept. Not what lies in directories below, nothing but plain files, and no database nor hidden file.
 * @param before UTC ms
 * @throws QctlError `not_found`, `permission`, `cannot_open` for the directory
 */
export async function oldFilesIn(directory: string, before: number, storage: Jobs & Pick<Storage, 'info'>): Promise<OldFiles> {
  const old = systemCall(`list ${directory}`, () => list(directory, before))
  const needed = new NeededFiles(storage)
  if (old.length > 0) await needed.look()
  const free = old.filter(({path}) => !needed.has(path))
  const {location} = await storage.info()
  const files = free.filter(({path}) => !isPrecious(path, location))
  return {files, needed: old.length - free.length, precious: free.length - files.length}
}

/** Databases with all that SQLite lays beside them, their copies, and hidden files. */
function isPrecious(path: string, database: string): boolean {
  const name = basename(path)
  return name.startsWith('.') || /-(?:wal|shm|journal)$/.test(name) || isSameFile(path, database) || beginsAsDatabase(path)
}

function isSameFile(one: string, other: string): boolean {
  const [stat, otherStat] = [one, other].map(path => statSync(path, {throwIfNoEntry: false}))
  return stat !== undefined && stat.ino === otherStat?.ino && stat.dev === otherStat.dev
}

/** What every SQLite file begins with (sqlite.org/fileformat.html). */
const SQLITE = Buffer.from('SQLite format 3\0')

/** Not to be asked of a database that this process has open: closing a file gives up SQLite's locks on it. True for what cannot be read. */
function beginsAsDatabase(path: string): boolean {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const begin = Buffer.alloc(SQLITE.length)
      readSync(file, begin)
      return begin.equals(SQLITE)
    } finally {
      closeSync(file)
    }
  } catch {
    return true
  }
}

/**
 * Deletes of these what is still as it was found, and still needed by no job: any time may have gone by, and a job may name a file of any age.
 * @returns what was deleted, and how many a job needs now; what is left was changed, or deleted by somebody else
 * @throws QctlError `permission`, `cannot_open` for a file that cannot be deleted
 */
export async function deleteFiles(files: readonly OldFile[], storage: Jobs): Promise<Omit<OldFiles, 'precious'>> {
  // Anew: one that was done with may have been resubmitted.
  const needed = new NeededFiles(storage)
  const deleted: OldFile[] = []
  let kept = 0
  for (let from = 0; from < files.length; from += AT_ONCE) {
    await needed.look()
    for (const file of files.slice(from, from + AT_ONCE)) {
      if (needed.has(file.path)) kept += 1
      else if (systemCall(`delete ${file.path}`, () => deleteIfSame(file))) deleted.push(file)
    }
  }
  return {files: deleted, needed: kept}
}

/** The files that unfinished and failed jobs name. */
class NeededFiles {
  readonly #storage: Jobs
  readonly #paths = new Set<string>()
  #newestId = 0

  constructor(storage: Jobs) {
    this.#storage = storage
  }

  has(path: string): boolean {
    return this.#paths.has(path)
  }

  /** Looks at every job that came since the last look, until none has come meanwhile. */
  async look(): Promise<void> {
    for (let seen = -1; seen !== this.#newestId; ) {
      seen = this.#newestId
      for await (const jobs of pages(this.#storage, neededSince(seen))) {
        this.#newestId = Math.max(this.#newestId, ...jobs.map(({id}) => id))
        const ids = jobs.filter(({file}) => file).map(({id}) => id)
        if (ids.length === 0) continue
        for (const {payload} of await this.#storage.get(ids)) this.#paths.add(realPathOf(new TextDecoder().decode(payload)))
      }
    }
  }
}

function neededSince(id: number): Filter {
  return and({kind: 'state', states: ['pending', 'processing', 'failed']}, {kind: 'number', field: 'id', op: '>', value: id})
}

function list(directory: string, before: number): readonly OldFile[] {
  const real = realpathSync(directory)
  return readdirSync(real).flatMap(name => {
    const path = join(real, name)
    const stat = statOf(path)
    return stat !== null && Number(stat.mtimeMs) < before ? [{path, bytes: Number(stat.size), version: versionOf(stat)}] : []
  })
}

/** `null` when there is no plain file. */
function statOf(path: string) {
  const stat = lstatSync(path, {bigint: true, throwIfNoEntry: false})
  return stat?.isFile() === true ? stat : null
}

function versionOf({dev, ino, size, mtimeNs}: NonNullable<ReturnType<typeof statOf>>): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`
}

function deleteIfSame({path, version}: OldFile): boolean {
  const stat = statOf(path)
  if (stat === null || versionOf(stat) !== version) return false
  unlinkSync(path)
  return true
}

/** @throws QctlError that says what could not be done to what */
function systemCall<T>(what: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    const system = error instanceof Error && 'code' in error ? error.code : null
    const code = system === 'ENOENT' ? 'not_found' : system === 'EACCES' || system === 'EPERM' ? 'permission' : 'cannot_open'
    throw new QctlError(code, `cannot ${what}: ${systemReason(error) ?? String(error)}`, {cause: error})
  }
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
