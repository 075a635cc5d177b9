/** `consume --module`: a function in a file of the user's, run in worker processes of this very program. */
import {statSync} from 'node:fs'
import {resolve} from 'node:path'
import {QctlError} from '../errors.ts'
import type {WorkerKind} from './workers/worker-process.ts'

/** S_IWOTH: whoever may write to the file runs code as this user. */
const OTHERS_MAY_WRITE = 0o002

/**
 * @param file of the module; relative to the current directory
 * @param self the command that runs this very program again
 * @throws QctlError `not_found`, `permission`
 */
export function moduleWorkers(file: string, self: readonly string[]): WorkerKind {
  // A relative specifier would mean something else to each runtime.
  const path = resolve(file)
  const stat = statSync(path, {throwIfNoEntry: false})
  if (stat === undefined) throw new QctlError('not_found', `the module ${path} does not exist`)
  if (process.platform !== 'win32' && (stat.mode & OTHERS_MAY_WRITE) !== 0) {
    throw new QctlError('permission', `everybody may write to the module ${path}`, {hint: `chmod o-w ${path}`})
  }
  return {command: [...self, '__module-worker', path], answersOn: 'channel', endsSingleJobs: true}
}
