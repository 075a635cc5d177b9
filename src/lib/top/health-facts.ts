import {statfsSync, statSync} from 'node:fs'
import {freemem, loadavg, totalmem} from 'node:os'
import {dirname} from 'node:path'

/** How large a database is, and how much room it has. Bytes. */
export interface FileFacts {
  readonly database: number
  readonly log: number
  readonly free: number
  readonly total: number
}

/**
 * Looks at the files of a database.
 * @returns null when it is no file, or is not there
 */
export function filesOf(location: string): FileFacts | null {
  try {
    const {bavail, blocks, bsize} = statfsSync(dirname(location))
    return {
      database: statSync(location).size,
      log: statSync(`${location}-wal`, {throwIfNoEntry: false})?.size ?? 0,
      free: bavail * bsize,
      total: blocks * bsize,
    }
  } catch {
    return null
  }
}

/** How busy this host is. */
export interface HostFacts {
  /** Processes that run or want to, on average of the last minute. */
  readonly load: number
  readonly freeBytes: number
  readonly totalBytes: number
}

/**
 * Looks at this host.
 * @returns its load, and its memory in bytes
 */
export function hostFacts(): HostFacts {
  return {load: loadavg()[0] ?? 0, freeBytes: freemem(), totalBytes: totalmem()}
}
