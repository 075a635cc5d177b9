/** Kills process groups as a whole. */
import {Blindness, isFinished, listPids, ownPidNamespace, type ProcessId, type ProcessStat, readStat, trySignal} from './process.ts'
import {monotonicMs, sleep} from './time.ts'

/** A process group, named by the process that leads or led it. */
export type ProcessGroupId = ProcessId

/** The group that a process leads now; `null` when it is gone, leads none or cannot be seen, or when /proc tells of other processes than ours. */
export function groupLedBy(pid: number): ProcessGroupId | null {
  if (ownPidNamespace() === '') return null
  const stat = statIfSeen(pid)
  return stat === null || stat.group !== pid ? null : {pid, startTime: stat.startTime}
}

function statIfSeen(pid: number): ProcessStat | null {
  try {
    return readStat(pid)
  } catch (error) {
    if (error instanceof Blindness) return null
    throw error
  }
}

/** Pauses between looks, in ms: a killed process is usually gone after the first. */
const FIRST_PAUSE_MS = 1
const LONGEST_PAUSE_MS = 16

/**
 * Looks until all are gone, at least once.
 * @param areGone kills who is there still
 * @returns false when the time was over before
 */
export async function untilGone(areGone: () => boolean, deadlineMs: number): Promise<boolean> {
  const begin = monotonicMs()
  for (let pause = FIRST_PAUSE_MS; !areGone(); pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    if (monotonicMs() - begin >= deadlineMs) return false
    await sleep(pause)
  }
  return true
}

/**
 * Kills (SIGKILL) every process of these groups and waits until they are seen gone.
 * @param options deadlineMs: how long to try, in ms
 * @returns false when something of them still lives, or may live because nothing can be seen
 */
export async function killGroups(groups: readonly ProcessGroupId[], options: {readonly deadlineMs: number}): Promise<boolean> {
  try {
    return await untilGone(() => endGroups(groups), options.deadlineMs)
  } catch (error) {
    if (error instanceof Blindness) return false
    throw error
  }
}

/** Kills what is left of them; true when nothing is. */
function endGroups(groups: readonly ProcessGroupId[]): boolean {
  const meant = new Set(groups.filter(isStillTheSame).map(({pid}) => pid))
  // All of a group at once, so that none of it can fork while the others are killed.
  for (const pid of meant) trySignal(-pid, 'SIGKILL')
  return meant.size === 0 || listPids().filter((pid) => isAliveIn(meant, pid)).length === 0
}

/**
 * The number of a group is not given to anybody while one of it lives, not even when its leader is gone. So only a leader
 * that has started at another time tells that it is another group.
 */
function isStillTheSame({pid, startTime}: ProcessGroupId): boolean {
  const stat = readStat(pid)
  return stat === null || stat.startTime === startTime
}

function isAliveIn(groups: ReadonlySet<number>, pid: number): boolean {
  const stat = readStat(pid)
  return stat !== null && groups.has(stat.group) && !isFinished(stat)
}
