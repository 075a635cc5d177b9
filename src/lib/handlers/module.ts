/** `consume --module`: a function in a file of the user's, run in worker processes of this very program. */
import {existsSync} from 'node:fs'
import {resolve} from 'node:path'
import {QctlError} from '../errors.ts'
import type {WorkerKind} from './workers/worker-process.ts'

/**
 * @param file of the module; relative to the current directory
 * @param self the command that runs this very program again
 * @throws QctlError `not_found`
 */
export function moduleWorkers(file: string, self: readonly string[]): WorkerKind {
  // A relative specifier would mean something else to each runtime.
  const path = resolve(file)
  if (!existsSync(path)) throw new QctlError('not_found', `the module ${path} does not exist`)
  return {command: [...self, '__module-worker', path], answersOn: 'channel', endsSingleJobs: true}
}
