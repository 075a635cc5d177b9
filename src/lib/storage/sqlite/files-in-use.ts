import {statSync} from 'node:fs'
import {dirname} from 'node:path'
import {systemClock} from '../../time.ts'

/**
 * A directory that changed so recently may change again without another time to show for it: file systems count in ticks of the
 * kernel, of up to 10 ms.
 */
const SETTLED_MS = 50

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
    if (directory !== null && directory === this.#seen) return null
    for (const [path, identity] of this.#files) {
      const now = identityOf(path)
      if (now !== identity) return {path, how: now === null ? 'deleted' : 'replaced'}
    }
    this.#seen = directory
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
  if (stat === null || Math.max(stat.mtimeMs, stat.ctimeMs) > systemClock.wallNow() - SETTLED_MS) return null
  return `${stat.dev}.${stat.ino}.${stat.mtimeMs}.${stat.ctimeMs}`
}

function statOf(path: string) {
  try {
    return statSync(path)
  } catch {
    return null
  }
}
