/** Why a program could not be started, in words, and what a shell would have made of it. */
import {sentence} from '../errors.ts'
import {existsSync} from 'node:fs'

export interface SpawnFailure {
  /** The exit status a shell uses for it; `null`: this host is out of something, the command may be fine. */
  readonly status: 126 | 127 | null
  readonly error: string
}

/**
 * Tells the reasons apart.
 * @param program what was to be started
 * @param error what the runtime threw
 */
export function spawnFailure(program: string, error: unknown): SpawnFailure {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  switch (code) {
    case 'ENOENT':
      return {status: 127, error: notFound(program)}
    case 'ENOTDIR':
      return {status: 127, error: `${program}: not found`}
    case 'EACCES':
    case 'EPERM':
      return {status: 126, error: `${program}: found, but it may not be executed`}
    case 'ENOEXEC':
      return {status: 126, error: `${program}: neither a program nor a script with a #! line`}
    case 'E2BIG':
      return {status: 126, error: `${program}: the argument list and environment are too long`}
    case 'EAGAIN':
    case 'ENOMEM':
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOSPC':
    case 'EDQUOT':
      return {status: null, error: `${program}: could not be started now: ${SHORTAGES[code]}`}
    default:
      return {status: 126, error: `${program}: could not be started: ${sentence(error)}`}
  }
}

const SHORTAGES = {
  EAGAIN: 'too many processes',
  ENOMEM: 'out of memory',
  EMFILE: 'too many open files in this consumer',
  ENFILE: 'too many open files on this host',
  ENOSPC: 'the temporary directory is full',
  EDQUOT: 'the quota of the temporary directory is used up',
} as const

/** The kernel has one word for three things. */
function notFound(program: string): string {
  if (!hasWorkingDirectory()) return `${program}: the working directory of the consumer is gone`
  if (!program.includes('/')) return `${program}: not found in PATH`
  return existsSync(program) ? `${program}: the interpreter in its first line does not exist` : `${program}: not found`
}

function hasWorkingDirectory(): boolean {
  try {
    return existsSync(process.cwd())
  } catch {
    return false
  }
}
