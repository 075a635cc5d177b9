/**
 * What a supervisord that was killed has left behind. Its processes go on, which is good for the queue; but a new supervisord
 * does not know them and starts others. supervisord never runs two processes under one name, so if somebody else
 * carries our name at the same supervisord's address, it is such a leftover, and we are there to replace it.
 */
import {readFileSync, realpathSync} from 'node:fs'
import {basename, dirname, join} from 'node:path'
import {isFinished, isStillThere, listPids, type ProcessId, readStat, sendTo} from './process.ts'
import {monotonicMs, sleep} from './time.ts'

/** How supervisord names a process to the process itself. */
export interface Post {
  /** Of supervisord's socket: `unix:///run/x.sock`. */
  readonly serverUrl: string
  readonly group: string
  readonly name: string
}

/** A process that a supervisord has started. */
export interface Posted extends ProcessId {
  readonly post: Post
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

/** Ends whoever holds our post under the same supervisord, and waits until they are gone. Nothing without a supervisord. */
export async function endPredecessors({environment, patienceMs, signal, onFound}: Succession): Promise<void> {
  const own = postOf(name => environment[name])
  if (own === null) return
  const leftovers = postedBy(own.serverUrl).filter(({post}) => post.group === own.group && post.name === own.name)
  for (const {pid} of leftovers) onFound(pid)
  await endPosted(leftovers, patienceMs, signal)
}

/**
 * The processes that any supervisord at this address has started, but us and our ancestors (who may be a wrapper of its). Handlers
 * and guards are not among them: they are not told the address.
 */
export function postedBy(serverUrl: string): readonly Posted[] {
  const ancestors = ancestorsOf(process.pid)
  const wanted = canonical(serverUrl)
  return listPids().flatMap(pid => {
    const stat = ancestors.has(pid) ? null : readStat(pid)
    const post = stat === null || isFinished(stat) ? null : postIn(environmentOf(pid))
    return stat === null || post === null || canonical(post.serverUrl) !== wanted ? [] : [{pid, startTime: stat.startTime, post}]
  })
}

/** Asks processes to end and waits until they are gone; kills what takes too long. */
export async function endPosted(processes: readonly Posted[], patienceMs: number, signal: AbortSignal): Promise<void> {
  for (const one of processes) sendTo(one, 'SIGTERM')
  const begin = monotonicMs()
  while (!signal.aborted && processes.some(isStillThere)) {
    if (monotonicMs() - begin > patienceMs) for (const one of processes) sendTo(one, 'SIGKILL')
    await sleep(LOOK_EVERY_MS, signal)
  }
}

function postIn(entries: readonly string[]): Post | null {
  return postOf(name => entries.find(entry => entry.startsWith(`${name}=`))?.slice(name.length + 1))
}

function postOf(variable: (name: string) => string | undefined): Post | null {
  const serverUrl = variable('SUPERVISOR_SERVER_URL')
  const group = variable('SUPERVISOR_GROUP_NAME')
  const name = variable('SUPERVISOR_PROCESS_NAME')
  return serverUrl === undefined || group === undefined || name === undefined ? null : {serverUrl, group, name}
}

/** The same socket may be reached by several paths. */
function canonical(serverUrl: string): string {
  const path = serverUrl.replace(/^unix:\/\//, '')
  try {
    return join(realpathSync(dirname(path)), basename(path))
  } catch {
    return path
  }
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** Whether a process descends from another. */
export function isBelow(pid: number, ancestor: number): boolean {
  return ancestorsOf(pid).has(ancestor)
}

function ancestorsOf(pid: number): ReadonlySet<number> {
  const ancestors = new Set<number>()
  for (let next = readStat(pid)?.parent; next !== undefined && next > 0 && !ancestors.has(next); next = readStat(next)?.parent) ancestors.add(next)
  return ancestors
}
