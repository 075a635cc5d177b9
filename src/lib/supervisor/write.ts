/** Writes the files of a configuration, and keeps what is there. */
import {chownSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {QctlError} from '../errors.ts'
import type {ConfigFile} from './plan.ts'

/** What became of a file, or would. */
export interface Written {
  readonly path: string
  readonly action: 'written' | 'kept'
}

/** @returns what writing these files would do */
export function foresee(directory: string, files: readonly ConfigFile[], force: boolean): readonly Written[] {
  return files.map(({path}) => join(directory, path)).map(path => ({path, action: force || !existsSync(path) ? 'written' : 'kept'}))
}

/**
 * Writes files that do not exist yet; with `force` all of them.
 * @throws QctlError `cannot_open` or `permission`
 */
export function writeFiles(directory: string, files: readonly ConfigFile[], force: boolean): readonly Written[] {
  const plan = foresee(directory, files, force)
  for (const [at, {path, action}] of plan.entries()) if (action === 'written') writeWhole(path, files[at]?.text ?? '')
  return plan
}

/** Makes a directory that only its owner may enter; one that is there stays as it is. */
export function makePrivate(path: string, owner: number | null): void {
  orSay(path, () => {
    if (!existsSync(path)) mkdirSync(path, {recursive: true, mode: 0o700})
    if (owner !== null && statSync(path).uid !== owner) chownSync(path, owner, statSync(path).gid)
  })
}

/** Writes a file so that a crash leaves the old one or the new one. */
export function writeWhole(path: string, text: string): void {
  orSay(path, () => {
    mkdirSync(dirname(path), {recursive: true, mode: 0o755})
    const draft = `${path}.${process.pid}.new`
    try {
      const file = openSync(draft, 'wx', 0o644)
      try {
        writeSync(file, text)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      renameSync(draft, path)
    } catch (error) {
      rmSync(draft, {force: true})
      throw error
    }
  })
}

function orSay(path: string, action: () => void): void {
  try {
    action()
  } catch (cause) {
    const {code} = cause as NodeJS.ErrnoException
    throw new QctlError(code === 'EACCES' || code === 'EPERM' ? 'permission' : 'cannot_open', `cannot write ${path}: ${code ?? String(cause)}`, {cause})
  }
}
