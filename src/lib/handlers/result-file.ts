/** Where a handler may leave its result: a file of its own in a directory that only this user may enter. */
import {closeSync, constants, fstatSync, lstatSync, openSync, readSync, rmSync} from 'node:fs'
import {type Claim, RESULT_MAX_BYTES} from '../job.ts'
import {PrivateDirectory} from './private-directory.ts'

/** What a handler left: nothing, bytes, or something that cannot be taken. */
export type FoundResult = {readonly bytes: Uint8Array | null; readonly problem: string | null}

const NOTHING: FoundResult = {bytes: null, problem: null}

/** The result files of one consumer. The files are made by the handlers, so one without a result costs nothing. */
export class ResultFiles {
  readonly #directory = new PrivateDirectory()

  /** The path for one run; nothing is there yet. */
  pathFor({id, fence}: Claim): string {
    return this.#directory.pathOf(`${id}.${fence}`)
  }

  /** Takes what a run left at `path`, and removes it. */
  take(path: string): FoundResult {
    let file: number
    try {
      // Nearly always nothing is there, and an error costs more than a look.
      if (lstatSync(path, {throwIfNoEntry: false}) === undefined) return NOTHING
      // Whatever is there must neither block the consumer (a FIFO) nor lead it elsewhere (a link).
      file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
    } catch (error) {
      const {code} = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR') return NOTHING
      remove(path)
      return problem(`cannot be read: ${code}`)
    }
    try {
      return readResult(file)
    } finally {
      closeSync(file)
      remove(path)
    }
  }

  /** Leaves nothing behind. */
  close(): void {
    this.#directory.close()
  }
}

function readResult(file: number): FoundResult {
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) return problem('is not a file')
    if (stat.size > RESULT_MAX_BYTES) return problem(`has ${stat.size} bytes; a result may have 1 MiB`)
    return stat.size === 0 ? NOTHING : {bytes: readAll(file, stat.size), problem: null}
  } catch (error) {
    return problem(`cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}

function remove(path: string): void {
  try {
    rmSync(path, {recursive: true, force: true})
  } catch {
    // It lies in a private directory; what cannot be removed now is removed with the old ones.
  }
}

function readAll(file: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let length = 0
  for (let read = -1; read !== 0 && length < size; length += read) read = readSync(file, bytes, length, size - length, length)
  return bytes.subarray(0, length)
}

function problem(what: string): FoundResult {
  return {bytes: null, problem: `the result file ${what}`}
}
