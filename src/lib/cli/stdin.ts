import {fstatSync} from 'node:fs'
import {isInherited} from '../descriptor.ts'
import {QctlError} from '../errors.ts'
import {systemReason} from '../system-error.ts'

/**
 * The bytes of stdin, as they come. It is looked at first, so that a command that cannot read it has done nothing yet.
 * @throws QctlError `not_found` when there is nothing to read from
 */
export function openStdin(): AsyncIterable<Uint8Array> {
  if (!isInherited(0)) throw new QctlError('not_found', 'stdin is closed: there is nothing to read')
  if (isDirectory(0)) throw new QctlError('not_found', 'stdin is a directory: give a file or a pipe')
  return chunks()
}

/** The first look at `process.stdin` costs 3 ms. */
async function* chunks(): AsyncGenerator<Uint8Array> {
  try {
    yield* process.stdin as AsyncIterable<Uint8Array>
  } catch (error) {
    const reason = systemReason(error)
    if (reason === null) throw error
    throw new QctlError('not_found', `stdin cannot be read: ${reason}`, {cause: error})
  }
}

function isDirectory(file: number): boolean {
  try {
    return fstatSync(file).isDirectory()
  } catch {
    return false
  }
}
