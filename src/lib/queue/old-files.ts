/** Files of jobs that are done with. */
import {lstatSync, readdirSync, realpathSync, rmSync} from 'node:fs'
import {join} from 'node:path'
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

export interface OldFiles {
  readonly files: readonly OldFile[]
  /** Old enough, but a job may run with them yet: it is not finished, or failed and may be resubmitted. */
  readonly needed: number
}

type Jobs = Pick<Storage, 'find' | 'get'>

/** So many are deleted before the jobs that came meanwhile are looked at. */
const AT_ONCE = 100

/**
 * The files of a directory that were not written to since then and that no unfinished or failed job names. Not what lies in directories below, and
 * nothing but plain files.
 * @param before UTC ms
 * @throws QctlError `not_found`, `permission`, `cannot_open` for the directory
 */
export async function oldFilesIn(directory: string, before: number, storage: Jobs): Promise<OldFiles> {
  const old = systemCall(`list ${directory}`, () => list(directory, before))
  const needed = new NeededFiles(storage)
  if (old.length > 0) await needed.look()
  const files = old.filter(({path}) => !needed.has(path))
  return {files, needed: old.length - files.length}
}

/**
 * Deletes of these what is still as it was found, and still needed by no job: any time may have gone by, and a job may name a file of any age.
 * @returns what was deleted, and how many a job needs now; what is left was changed, or deleted by somebody else
 * @throws QctlError `permission`, `cannot_open` for a file that cannot be deleted
 */
export async function deleteFiles(files: readonly OldFile[], storage: Jobs): Promise<OldFiles> {
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
  rmSync(path, {force: true})
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
