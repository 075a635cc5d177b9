/** The logs that supervisord keeps, read as files: over its socket it passes on control characters, which XML cannot hold. */
import {closeSync, fstatSync, openSync, readFileSync, readSync} from 'node:fs'
import {sleep} from '../time.ts'

const NEW_LINE = 0x0a

/**
 * The last lines of a file that may be large.
 * @param maxBytes no more than that is read
 * @returns without a line that was cut; empty when there is no file
 */
export function lastLines(path: string, count: number, maxBytes = 1024 * 1024): readonly string[] {
  const tail = readTail(path, maxBytes)
  if (tail === null) return []
  const lines = tail.bytes.toString('utf8').split('\n')
  if (lines.at(-1) === '') lines.pop()
  if (tail.isCut) lines.shift()
  return count === 0 ? [] : lines.slice(-count)
}

function readTail(path: string, maxBytes: number): {readonly bytes: Buffer; readonly isCut: boolean} | null {
  const file = openOrNull(path)
  if (file === null) return null
  try {
    const {size} = fstatSync(file)
    const start = Math.max(0, size - maxBytes)
    const bytes = Buffer.alloc(size - start)
    return {bytes: bytes.subarray(0, readSync(file, bytes, 0, bytes.length, start)), isCut: start > 0}
  } finally {
    closeSync(file)
  }
}

function openOrNull(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch {
    return null
  }
}

const LOOK_EVERY_MS = 200
const MOST_AT_ONCE = 256 * 1024

/**
 * The whole lines that are appended to a file from now on, also after it was rotated.
 * @param signal ends it
 */
export async function* followLines(path: string, signal: AbortSignal): AsyncGenerator<readonly string[]> {
  let file = openOrNull(path)
  let position = file === null ? 0 : fstatSync(file).size
  let rest = Buffer.alloc(0)
  let successors: number[] = []
  try {
    while (!signal.aborted) {
      const bytes = file === null ? Buffer.alloc(0) : readFrom(file, position)
      position += bytes.length
      rest = Buffer.concat([rest, bytes])
      const end = rest.lastIndexOf(NEW_LINE)
      if (end >= 0) yield rest.subarray(0, end).toString('utf8').split('\n')
      rest = rest.subarray(end + 1)
      if (bytes.length > 0) continue
      const next = successors.shift()
      if (next !== undefined) {
        // It was looked at once more after it had been replaced: nothing comes to it any more.
        if (file !== null) closeSync(file)
        file = next
        position = 0
      } else {
        successors = successorsOf(path, file)
        if (successors.length === 0) await sleep(LOOK_EVERY_MS, signal)
      }
    }
  } finally {
    for (const open of [file, ...successors]) if (open !== null) closeSync(open)
  }
}

function readFrom(file: number, position: number): Buffer {
  const bytes = Buffer.alloc(MOST_AT_ONCE)
  // A file that was cut is read from its beginning.
  const start = fstatSync(file).size < position ? 0 : position
  return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, start))
}

/**
 * The files that have taken the place of the one that is read, the oldest first, opened: several where it was rotated more than once
 * since the last look. Of one that is gone altogether, only the newest.
 */
function successorsOf(path: string, file: number | null): number[] {
  const newer: number[] = []
  for (let age = 0; ; age += 1) {
    const one = openOrNull(age === 0 ? path : `${path}.${age}`)
    if (one !== null && file !== null && isSameFile(one, file)) {
      closeSync(one)
      return newer.reverse()
    }
    if (one !== null) newer.push(one)
    if (one === null || file === null) break
  }
  for (const old of newer.splice(1)) closeSync(old)
  return newer
}

function isSameFile(one: number, other: number): boolean {
  const [a, b] = [fstatSync(one), fstatSync(other)]
  return a.ino === b.ino && a.dev === b.dev
}

/** What supervisord's own log says of a process since supervisord was started. */
export interface PastLife {
  /** How often it was started again. */
  readonly restarts: number
  /** How it ended the last time, when that was not expected: `exit status 78`. */
  readonly lastFailure: string | null
}

/** Reads supervisord's own log, with the part before the last rotation; by the name of the process. */
export function readPastLives(log: string): ReadonlyMap<string, PastLife> {
  const lives = new Map<string, PastLife>()
  for (const line of [`${log}.1`, log].flatMap(linesOf)) {
    if (/ supervisord started with pid \d+$/.test(line)) lives.clear()
    const [, spawned] = / INFO spawned: '(.+)' with pid \d+$/.exec(line) ?? []
    const [, exited, how = ''] = / exited: (\S+) \((.+); not expected\)$/.exec(line) ?? []
    const name = spawned ?? exited
    if (name === undefined) continue
    const {restarts, lastFailure} = lives.get(name) ?? {restarts: -1, lastFailure: null}
    lives.set(name, spawned === undefined ? {restarts, lastFailure: how} : {restarts: restarts + 1, lastFailure})
  }
  return lives
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}

/** How far back the reason of a process that was given up is looked for. */
const REASON_LINES = 50

/** The last sentence that qctl said before it ended with an error; `null` when its log has none. */
export function lastComplaint(log: string | null): string | null {
  if (log === null) return null
  const line = lastLines(log, REASON_LINES, 64 * 1024).findLast(one => one.startsWith('qctl: '))
  return line === undefined ? null : line.slice('qctl: '.length)
}
