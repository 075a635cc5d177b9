import {statSync} from 'node:fs'
import {dirname} from 'node:path'
import {monotonicMs, systemClock} from '../../time.ts'

/**
 * A directory that changed so recently may change again without another time to show for it: file systems count in ticks of the
 * kernel, of up to 10 ms; old ones (ext3, small ext4, HFS+, FAT) in whole seconds, of up to two.
 */
const SETTLED_MS = {fine: 50, wholeSeconds: 2100} as const
/** What does not show in the directory (a mount over a file, union file systems) is found by a look at the files themselves. */
const THOROUGH_EVERY_MS = 1000

/** A path that does not name its file any more. */
export interface Gone {
  readonly path: string
  readonly how: 'deleted' | 'replaced'
}

/**
 * Whether the paths of a database still name the files they named. A file is deleted or replaced by a change of its directory, so
 * as a rule only that is looked at. To look at the log itself would be dear: since Linux 6.13 whoever asks for the times of a file
 * makes its next write store new ones, and an fsync of the log took a third longer (docs.kernel.org/filesystems/multigrain-ts.html).
 */
export class FilesInUse {
  readonly #directory: string
  readonly #files = new Map<string, string>()
  /** The directory when all files were seen to be the same. */
  #seen: string | null = null
  #seenAt = Number.NEGATIVE_INFINITY

  /** @param path of the database; its other files lie beside it */
  constructor(path: string) {
    this.#directory = dirname(path)
  }

  /** Takes a file for part of the database, if it is there. */
  remember(path: string): void {
    const identity = identityOf(path)
    if (identity !== null) this.#files.set(path, identity)
    this.#seen = null
  }

  /** The first file that is not the same any more; `null` when all are. */
  findGone(): Gone | null {
    if (this.#files.size === 0) return null
    const directory = stateOf(this.#directory)
    const now = monotonicMs()
    if (directory !== null && directory === this.#seen && now - this.#seenAt < THOROUGH_EVERY_MS) return null
    for (const [path, identity] of this.#files) {
      const found = identityOf(path)
      if (found !== identity) return {path, how: found === null ? 'deleted' : 'replaced'}
    }
    this.#seen = directory
    this.#seenAt = now
    return null
  }
}

function identityOf(path: string): string | null {
  const stat = statOf(path)
  return stat === null ? null : `${stat.dev}.${stat.ino}`
}

/** Changes with every entry that comes, goes or is replaced; `null` when it cannot be told, or too little time has passed to rely on it. */
function stateOf(directory: string): string | null {
  const stat = statOf(directory)
  if (stat === null) return null
  const changedAt = Math.max(stat.mtimeMs, stat.ctimeMs)
  const settledMs = changedAt % 1000 === 0 ? SETTLED_MS.wholeSeconds : SETTLED_MS.fine
  if (changedAt > systemClock.wallNow() - settledMs) return null
  return `${stat.dev}.${stat.ino}.${stat.mtimeMs}.${stat.ctimeMs}`
}

function statOf(path: string) {
  try {
    return statSync(path)
  } catch {
    return null
  }
}
