/**
 * What a supervisord that was killed has left behind. Its processes go on, which is good for the queue; but a new supervisord
 * does not know them and starts others. supervisord never runs two processes under one name, so if somebody else
 * carries our name at the same supervisord's address, it is such a leftover, and we are there to replace it.
 */
import {readFileSync} from 'node:fs'
import {isFinished, listPids, readStat} from './process.ts'
import {monotonicMs, sleep} from './time.ts'

/** How supervisord names a process to the process itself. */
interface PostedAs {
  readonly serverUrl: string
  readonly group: string
  readonly name: string
}

interface Leftover {
  readonly pid: number
  readonly startTime: string
}

/** What replacing takes. */
export interface Succession {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** How long a leftover may take to end before it is killed. */
  readonly patienceMs: number
  /** Ends the waiting. */
  readonly signal: AbortSignal
  /** Told of each, before it is asked to end. */
  readonly onFound: (pid: number) => void
}

const LOOK_EVERY_MS = 50

/**
 * Ends whoever holds our post under the same supervisord, and waits until they are gone. Nothing without a supervisord.
 */
export async function endPredecessors({environment, patienceMs, signal, onFound}: Succession): Promise<void> {
  const post = postOf(name => environment[name])
  const leftovers = post === null ? [] : leftoversOf(post)
  for (const leftover of leftovers) {
    onFound(leftover.pid)
    send(leftover, 'SIGTERM')
  }
  const begin = monotonicMs()
  while (!signal.aborted && leftovers.some(isThere)) {
    if (monotonicMs() - begin > patienceMs) for (const leftover of leftovers) send(leftover, 'SIGKILL')
    await sleep(LOOK_EVERY_MS, signal)
  }
}

function postOf(variable: (name: string) => string | undefined): PostedAs | null {
  const serverUrl = variable('SUPERVISOR_SERVER_URL')
  const group = variable('SUPERVISOR_GROUP_NAME')
  const name = variable('SUPERVISOR_PROCESS_NAME')
  return serverUrl === undefined || group === undefined || name === undefined ? null : {serverUrl, group, name}
}

/** Handlers and guards are not among them: they are not told the address. Our own ancestors may be a wrapper of supervisord's. */
function leftoversOf(post: PostedAs): readonly Leftover[] {
  const ancestors = ancestorsOf(process.pid)
  return listPids().flatMap(pid => {
    const stat = ancestors.has(pid) ? null : readStat(pid)
    if (stat === null || isFinished(stat) || !holds(pid, post)) return []
    return [{pid, startTime: stat.startTime}]
  })
}

function holds(pid: number, post: PostedAs): boolean {
  const entries = environmentOf(pid)
  const variable = (name: string): string | undefined => entries.find(entry => entry.startsWith(`${name}=`))?.slice(name.length + 1)
  const other = postOf(variable)
  return other !== null && other.serverUrl === post.serverUrl && other.group === post.group && other.name === post.name
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return []
  }
}

function ancestorsOf(pid: number): ReadonlySet<number> {
  const ancestors = new Set<number>()
  for (let next = readStat(pid)?.parent; next !== undefined && next > 0 && !ancestors.has(next); next = readStat(next)?.parent) ancestors.add(next)
  return ancestors
}

function isThere({pid, startTime}: Leftover): boolean {
  const stat = readStat(pid)
  return stat !== null && stat.startTime === startTime && !isFinished(stat)
}

function send(leftover: Leftover, signal: NodeJS.Signals): void {
  if (!isThere(leftover)) return
  try {
    process.kill(leftover.pid, signal)
  } catch {
    // Gone by now, or not ours: then its name is still held, and that is told.
  }
}
