/** What processes use, with all that they started. Linux; elsewhere nothing is known. */
import {readFileSync} from 'node:fs'

export interface TreeUsage {
  readonly processes: number
  readonly rssBytes: number
  /** Of all its life, also of those of its children that have ended. */
  readonly cpuMs: number
}

/** USER_HZ, in which /proc counts, is 100 on every machine that qctl runs on. */
const MS_PER_TICK = 10

/**
 * Adds up a process and its descendants.
 * @returns null when it is gone or cannot be seen
 */
export function usageOfTree(pid: number): TreeUsage | null {
  try {
    const rssKilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0)
    const own = {processes: 1, rssBytes: rssKilobytes * 1024, cpuMs: cpuMsOf(readFileSync(`/proc/${pid}/stat`, 'latin1'))}
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(word => /^\d+$/.test(word))
    return children.map(child => usageOfTree(Number(child))).reduce<TreeUsage>(sum, own)
  } catch {
    return null
  }
}

function sum(all: TreeUsage, one: TreeUsage | null): TreeUsage {
  if (one === null) return all
  return {processes: all.processes + one.processes, rssBytes: all.rssBytes + one.rssBytes, cpuMs: all.cpuMs + one.cpuMs}
}

/** utime, stime, cutime and cstime of proc_pid_stat(5); the name before them may hold anything. */
function cpuMsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((ticks, field) => ticks + Number(field), 0) * MS_PER_TICK
}
