/** The environment of another process, as it was given to its program. */
import {closeSync, openSync, readdirSync, readSync} from 'node:fs'
import {Blindness, isFinished, readStat} from './process.ts'

/** What /proc showed of one process: its environment, `gone`, `hidden` from us, or `unsettled` (in the middle of an exec). */
export type Sight = Buffer | 'gone' | 'hidden' | 'unsettled'

/** An exec shows no environment for less than a millisecond, if the process is not interrupted: so often it is looked at again at once. */
const LOOKS = 20

/**
 * Reads it.
 * @throws {Blindness}
 */
export function readEnvironment(pid: number): Sight {
  let sight = glance(pid)
  for (let look = 1; sight === 'unsettled' && look < LOOKS; look++) sight = glance(pid)
  return sight
}

function glance(pid: number): Sight {
  const sight = readEnvironmentFile(`/proc/${pid}/environ`)
  if (typeof sight === 'string' || sight.length > 0) return sight
  const stat = readStat(pid)
  if (stat === null || isFinished(stat)) return 'gone'
  if (stat.kernelThread) return 'hidden'
  if (stat.threads > 1) return readThreadEnvironment(pid)
  if (stat.exiting) return 'gone'
  // Without bytes it really has no environment; otherwise it is in an exec, which may have ended since we looked.
  return stat.environmentBytes === 0 ? sight : 'unsettled'
}

/** For a process whose first thread has ended while others run: /proc/PID/environ is empty then. */
function readThreadEnvironment(pid: number): Sight {
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const sight = readEnvironmentFile(`/proc/${pid}/task/${thread}/environ`)
      if (typeof sight !== 'string' && sight.length > 0) return sight
    }
  } catch (error) {
    Blindness.assertNone(error)
    return 'gone'
  }
  return 'unsettled'
}

/** Larger than nearly every environment; what does not fit is read again with more room. */
const ENVIRONMENT_BYTES = 16_384

/**
 * Reads it with a single call: the open file belongs to the program of that moment, and after an exec the next call says
 * "end of file", which would make a piece look like the whole.
 */
function readEnvironmentFile(path: string): Buffer | 'gone' | 'hidden' {
  let file: number | null = null
  try {
    file = openSync(path, 'r')
    for (let size = ENVIRONMENT_BYTES; ; size *= 4) {
      const buffer = Buffer.allocUnsafe(size)
      const length = readSync(file, buffer, 0, size, 0)
      if (length < size) return buffer.subarray(0, length)
    }
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    Blindness.assertNone(error)
    // ESRCH says that there is no environment (a kernel thread, a zombie): that is not yet gone.
    if (code === 'ESRCH') return Buffer.alloc(0)
    return code === 'EACCES' || code === 'EPERM' ? 'hidden' : 'gone'
  } finally {
    if (file !== null) closeSync(file)
  }
}
