import {readFileSync} from 'node:fs'
import {dirname} from 'node:path'

/** A system call of a recording (`strace -f -y`) on a file, in the order in which they took effect. */
export interface Call {
  readonly name: string
  /** The file it worked on; `null` for descriptors without a name. */
  readonly path: string | null
  readonly text: string
}

const UNFINISHED = ' <unfinished ...>'

/** The calls that decide what is on the disk, and what was told to the user. */
export const TRACED = 'openat,write,writev,pwrite64,pwritev,fsync,fdatasync,ftruncate,unlink,rename,close'

/** The command that records them. */
export function recorder(file: string): readonly string[] {
  return ['strace', '-f', '-y', '-s', '64', '-e', `trace=${TRACED}`, '-o', file]
}

/** Reads a recording. */
export function readCalls(file: string): Call[] {
  return wholeCalls(file).flatMap(parse)
}

/** The calls of a recording, a line each. One that was interrupted by another thread's counts where it ended, a `write` where it began. */
export function wholeCalls(file: string): string[] {
  const open = new Map<string, string>()
  return readFileSync(file, 'latin1')
    .split('\n')
    .flatMap((line): string[] => {
      const [, pid = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
      if (rest.endsWith(UNFINISHED)) {
        const begun = rest.slice(0, -UNFINISHED.length)
        open.set(pid, begun)
        return begun.startsWith('write(') ? [begun] : []
      }
      const [resumed] = /^<\.\.\. \w+ resumed>/.exec(rest) ?? []
      if (resumed === undefined) return [rest]
      const begun = open.get(pid) ?? ''
      return begun.startsWith('write(') ? [] : [begun + rest.slice(resumed.length)]
    })
}

function parse(text: string): Call[] {
  const [, name, onFile] = /^(\w+)\((.*)/.exec(text) ?? []
  if (name === undefined || onFile === undefined || / = -1 E/.test(text)) return []
  const [, path] = /^\d+<([^>]*)>/.exec(onFile) ?? []
  const [, quoted] = /^[^"]*"([^"]*)"/.exec(onFile) ?? []
  const named = ['openat', 'unlink', 'rename'].includes(name) ? (quoted ?? null) : (path ?? null)
  return [{name, path: named, text}]
}

/**
 * Walks a recording of `produce` and says what was not yet on the disk when an id was printed: bytes of the database or its
 * log that were written and not synced, and names of files that were made or changed without syncing their directory.
 * @param database its path
 * @param options printed: the file that is stdout; isNew: the recorded process made the database
 */
export function unsyncedAtPrint(
  calls: readonly Call[],
  database: string,
  {printed, isNew}: {readonly printed: string; readonly isNew: boolean},
): string[] {
  const files = new Set([database, `${database}-wal`])
  const dirty = new Set<string>()
  const problems: string[] = []
  for (const {name, path, text} of calls) {
    const isOurs = path !== null && files.has(path)
    if (/^p?write/.test(name) && path === printed) problems.push(...[...dirty].map(what => `${what} at ${text.slice(0, 40)}`))
    else if (isOurs && (/^p?write/.test(name) || name === 'ftruncate')) dirty.add(path)
    else if (/^f(data)?sync$/.test(name) && path !== null) for (const what of [path, `name in ${path}`]) dirty.delete(what)
    else if (name === 'rename' && path !== null) dirty.add(`name in ${dirname(path)}`)
    else if (isNew && isOurs && name === 'openat' && text.includes('O_CREAT')) dirty.add(`name in ${dirname(path)}`)
  }
  return problems
}
