import {type TreeUsage, usageOfTree} from '../process-usage.ts'
import {monotonicMs} from '../time.ts'

/** What a process and all that it started use now. */
export interface TreeLoad {
  readonly processes: number
  readonly rssBytes: number
  /** Of one processor, since the look before; `null` at the first look. */
  readonly cpuShare: number | null
}

/** Looks at the processes of the consumers that are shown, and remembers the last look: a share of a processor is a difference. */
export class ProcessTrees {
  #before = new Map<number, {readonly at: number; readonly usage: TreeUsage}>()

  /** @param pids of processes of this host */
  look(pids: readonly number[]): ReadonlyMap<number, TreeLoad> {
    const at = monotonicMs()
    const now = new Map(pids.flatMap(pid => {
      const usage = usageOfTree(pid)
      return usage === null ? [] : [[pid, {at, usage}] as const]
    }))
    const loads = new Map([...now].map(([pid, {usage}]) => [pid, {processes: usage.processes, rssBytes: usage.rssBytes, cpuShare: this.#share(pid, at, usage)}] as const))
    this.#before = now
    return loads
  }

  /** Of a pid that was given to another process meanwhile, and where a child took its past with it, nothing is known. */
  #share(pid: number, at: number, {cpuMs}: TreeUsage): number | null {
    const before = this.#before.get(pid)
    if (before === undefined || at <= before.at || cpuMs < before.usage.cpuMs) return null
    return (cpuMs - before.usage.cpuMs) / (at - before.at)
  }
}
