/** Where a handler may leave its result: a file of its own in a directory that only this user may enter. */
import {closeSync, constants, existsSync, fstatSync, mkdtempSync, openSync, readSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {Claim} from '../job.ts'

/** More than this is no result but a file of its own. */
export const RESULT_MAX_BYTES = 1024 * 1024

/** What a handler left: nothing, bytes, or something that cannot be taken. */
export type FoundResult = {readonly bytes: Uint8Array | null; readonly problem: string | null}

const NOTHING: FoundResult = {bytes: null, problem: null}

/** The result files of one consumer. The files are made by the handlers, so one without a result costs nothing. */
export class ResultFiles {
  #directory: string | null = null

  /** The path for one run; nothing is there yet. */
  pathFor(claim: Claim): string {
    // A consumer may idle for weeks, and a cleaner of old temporary files may have been there.
    if (this.#directory === null || !existsSync(this.#directory)) {
      this.#directory = mkdtempSync(join(process.env['XDG_RUNTIME_DIR'] || tmpdir(), 'qctl-'))
    }
    return join(this.#directory, `${claim.id}.${claim.fence}`)
  }

  /** Takes what a run left at `path`, and removes it. */
  take(path: string): FoundResult {
    try {
      return readResult(path)
    } finally {
      rmSync(path, {recursive: true, force: true})
    }
  }

  /** Removes the directory with all that is in it. */
  close(): void {
    if (this.#directory !== null) rmSync(this.#directory, {recursive: true, force: true})
    this.#directory = null
  }
}

/** Whatever a handler put there must neither block the consumer (a FIFO) nor lead it elsewhere (a link). */
function readResult(path: string): FoundResult {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? NOTHING : problem(`cannot be read: ${code}`)
  }
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) return problem('is not a file')
    if (stat.size > RESULT_MAX_BYTES) return problem(`has ${stat.size} bytes; a result may have 1 MiB`)
    return stat.size === 0 ? NOTHING : {bytes: readAll(file, stat.size), problem: null}
  } catch (error) {
    return problem(`cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  } finally {
    closeSync(file)
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
