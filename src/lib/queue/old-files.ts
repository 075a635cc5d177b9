/** Files of jobs that are done with. */
import {lstatSync, readdirSync, realpathSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {QctlError} from '../errors.ts'
import type {Storage} from '../storage/storage.ts'
import {systemReason} from '../system-error.ts'
import {pages} from './look-up.ts'

/** A file to be deleted. */
export interface OldFile {
  readonly path: string
  readonly bytes: number
}

export interface OldFiles {
  readonly files: readonly OldFile[]
  /** Old enough, but a job may run with them yet: it is not finished, or failed and may be resubmitted. */
  readonly needed: number
}

/**
 * The files of a directory that were not written to since then and that no unfinished or failed job names. Not what lies in directories below, and
 * nothing but plain files.
 * @param before UTC ms
 * @throws QctlError `not_found`, `permission`, `cannot_open` for the directory
 */
export async function oldFilesIn(directory: string, before: number, storage: Pick<Storage, 'find' | 'get'>): Promise<OldFiles> {
  const old = list(directory).flatMap(path => {
    const stat = lstatSync(path, {throwIfNoEntry: false})
    return stat?.isFile() === true && stat.mtimeMs < before ? [{path, bytes: stat.size}] : []
  })
  // Looked at last: a job that came meanwhile names a file that is younger than this.
  const needed = old.length === 0 ? new Set<string>() : await neededFiles(storage)
  const files = old.filter(({path}) => !needed.has(path))
  return {files, needed: old.length - files.length}
}

/** Deletes them; one that is gone already is no matter. */
export function deleteFiles(files: readonly OldFile[]): void {
  for (const {path} of files) rmSync(path, {force: true})
}

function list(directory: string): readonly string[] {
  try {
    const real = realpathSync(directory)
    return readdirSync(real).map(name => join(real, name))
  } catch (error) {
    const system = error instanceof Error && 'code' in error ? error.code : null
    const code = system === 'ENOENT' ? 'not_found' : system === 'EACCES' ? 'permission' : 'cannot_open'
    throw new QctlError(code, `cannot list ${directory}: ${systemReason(error) ?? String(error)}`, {cause: error})
  }
}

async function neededFiles(storage: Pick<Storage, 'find' | 'get'>): Promise<ReadonlySet<string>> {
  const needed = new Set<string>()
  for await (const jobs of pages(storage, {kind: 'state', states: ['pending', 'processing', 'failed']})) {
    const ids = jobs.filter(({file}) => file).map(({id}) => id)
    if (ids.length === 0) continue
    for (const {payload} of await storage.get(ids)) needed.add(realPathOf(new TextDecoder().decode(payload)))
  }
  return needed
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
