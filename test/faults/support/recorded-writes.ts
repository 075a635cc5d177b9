/** What some programs did to the files of one directory, and what they told, in the order in which it took effect. */
import {basename, dirname} from 'node:path'
import {wholeCalls} from './syscalls.ts'

/** One step. Files are named within the directory; `''` is the directory itself. */
export type Step =
  | {readonly kind: 'write'; readonly file: string; readonly offset: number; readonly bytes: Buffer}
  | {readonly kind: 'truncate'; readonly file: string; readonly length: number}
  | {readonly kind: 'sync'; readonly file: string}
  | {readonly kind: 'create'; readonly file: string}
  | {readonly kind: 'remove'; readonly file: string}
  | {readonly kind: 'told'; readonly text: string}

const TRACED = 'openat,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,renameat2,link,linkat'
/** What a page may be as text: four characters a byte. */
const LONGEST = 1_000_000

/** The command that records all that is written, byte for byte. */
export function writeRecorder(file: string): readonly string[] {
  return ['strace', '-f', '-y', '-xx', '-s', String(LONGEST), '-e', `trace=${TRACED}`, '-o', file]
}

/**
 * Reads a recording.
 * @param directory whose files are meant; the index of the log is left out, as it is nothing that a disk has to keep
 * @param told the files to which programs said what is stored
 * @throws {Error} for a call on these files whose effect is not known here
 */
export function readSteps(recording: string, directory: string, told: readonly string[]): Step[] {
  const made = new Set<string>()
  return wholeCalls(recording).flatMap((call): Step[] => {
    const {name, path, text, args} = parse(call)
    if (path !== null && told.includes(path) && name === 'write') return [{kind: 'told', text: text.toString()}]
    if (path !== directory && (path === null || dirname(path) !== directory || path.endsWith('-shm'))) return []
    const file = path === directory ? '' : basename(path)
    switch (name) {
      case 'pwrite64':
        return [{kind: 'write', file, offset: args[1] ?? Number.NaN, bytes: text.subarray(0, args[0])}]
      case 'ftruncate':
        return [{kind: 'truncate', file, length: args[0] ?? Number.NaN}]
      case 'fsync':
      case 'fdatasync':
        return [{kind: 'sync', file}]
      case 'unlink':
        made.delete(file)
        return [{kind: 'remove', file}]
      case 'openat': {
        if (!call.includes('O_CREAT') || made.has(file)) return []
        made.add(file)
        return [{kind: 'create', file}]
      }
    }
    throw new Error(`${name} on ${path} is not foreseen`)
  })
}

interface Parsed {
  readonly name: string
  /** The file of the descriptor, or the one that is named. */
  readonly path: string | null
  /** What is written. */
  readonly text: Buffer
  /** The numbers that follow it. */
  readonly args: readonly number[]
}

function parse(call: string): Parsed {
  const [, name = '', rest = ''] = /^(\w+)\((.*)$/.exec(call) ?? []
  const [, onFile] = /^\d+<([^>]*)>/.exec(rest) ?? []
  const [, quoted = ''] = /"([^"]*)"/.exec(rest) ?? []
  const [, numbers = ''] = /(?:"|>)(?:, )([\d, ]+)\)/.exec(rest) ?? []
  const failed = / = -1 E/.test(rest)
  const isNamed = onFile === undefined
  return {
    name,
    path: failed ? null : isNamed ? unhex(quoted).toString() : unhex(onFile).toString(),
    text: isNamed ? Buffer.alloc(0) : unhex(quoted),
    args: numbers.split(', ').map(Number),
  }
}

/** Of `\x61\x62`. */
function unhex(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex')
}
