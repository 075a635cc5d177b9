import {statSync} from 'node:fs'
import {resolve} from 'node:path'
import {QctlError} from '../errors.ts'
import type {NewJob} from '../job.ts'
import {newJob} from '../queue/new-job.ts'
import type {JobDefaults} from './numbered-job.ts'

/**
 * Makes a file job of each path: the payload is the absolute path, the content stays where it is.
 * @param paths as they were written; bytes where the name is no text
 * @param defaults everything but the payload
 * @param cwd where relative paths begin
 * @throws QctlError `not_found`, `permission`, or `bad_input` for what is no regular file
 */
export function fileJobs(paths: readonly (string | Uint8Array)[], defaults: JobDefaults, cwd: string): readonly NewJob[] {
  return paths.map(path => {
    const payload = absolute(path, cwd)
    checkFile(payload)
    return newJob({...defaults, payload, file: true})
  })
}

const SLASH = 47

function absolute(path: string | Uint8Array, cwd: string): string | Buffer {
  if (typeof path === 'string') return resolve(cwd, path)
  return path[0] === SLASH ? Buffer.from(path) : Buffer.concat([Buffer.from(`${cwd}/`), path])
}

function checkFile(path: string | Buffer): void {
  let isFile: boolean
  try {
    isFile = statSync(path).isFile()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : null
    if (code === 'EACCES' || code === 'EPERM') throw new QctlError('permission', `${path} may not be looked at`, {cause})
    throw new QctlError('not_found', `${path} does not exist; nothing was stored`, {cause})
  }
  if (!isFile) throw new QctlError('bad_input', `${path} is not a regular file; nothing was stored`)
}
