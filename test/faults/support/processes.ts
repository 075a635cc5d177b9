import {readdirSync, readFileSync} from 'node:fs'

/** A process that carries a mark in its environment. */
export interface Marked {
  readonly pid: number
  readonly command: string
}

/** The name under which every process of a scene can be found, whatever started it. */
export const MARK = 'FAULT_RUN'

/** True while anything of the process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return !['Z', 'X'].includes(text.slice(text.lastIndexOf(')') + 2)[0] ?? 'X')
  } catch {
    return false
  }
}

/** Every living process whose environment has this mark. */
export function markedBy(mark: string): Marked[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => isMarked(pid, mark) && isAlive(pid))
    .map(pid => ({pid, command: commandOf(pid)}))
}

/** Kills every process with this mark, and those they start meanwhile. */
export function killMarked(mark: string): void {
  for (let left = markedBy(mark), tries = 0; left.length > 0 && tries < 1000; left = markedBy(mark), tries++) {
    for (const {pid} of left) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // Gone by itself.
      }
    }
  }
}

function isMarked(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${MARK}=${mark}`)
  } catch {
    return false
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return ''
  }
}
