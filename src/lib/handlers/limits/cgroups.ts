/** Control groups of Linux, both versions: where they are, and one group with limits. */
import {mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'

export type Resource = 'memory' | 'pids'

/** The place in which groups for one resource can be made. */
export interface Hierarchy {
  readonly version: 1 | 2
  /** The group this process is in; ours are made below it. */
  readonly base: string
}

/** What /proc tells; tests give their own. */
export interface CgroupFacts {
  /** /proc/self/mounts */
  readonly mounts: string
  /** /proc/self/cgroup */
  readonly membership: string
}

/** The facts of this process; `null` where there are no control groups. */
export function readCgroupFacts(): CgroupFacts | null {
  try {
    return {mounts: readFileSync('/proc/self/mounts', 'latin1'), membership: readFileSync('/proc/self/cgroup', 'latin1')}
  } catch {
    return null
  }
}

/**
 * Where groups for a resource may be made, best first. In a container the group's own path is often that of the host and not
 * to be found under the mount; its root is ours then.
 */
export function hierarchiesFor(resource: Resource, {mounts, membership}: CgroupFacts): readonly Hierarchy[] {
  const mounted = mounts.split('\n').map(line => line.split(' '))
  const groups = membership.split('\n').map(line => /^\d+:([^:]*):(.*)$/.exec(line) ?? [])
  const unified = mounted.find(([, , type]) => type === 'cgroup2')
  const legacy = mounted.find(([, , type, options = '']) => type === 'cgroup' && options.split(',').includes(resource))
  const own = (controllers: string): string => groups.find(([, names = '']) => names.split(',').includes(controllers))?.[2] ?? '/'
  const places = (version: 1 | 2, mount: readonly string[] | undefined, path: string): Hierarchy[] => {
    const at = mount?.[1]?.replaceAll('\\040', ' ')
    return at === undefined ? [] : [...new Set([path === '/' ? at : join(at, path), at])].map(base => ({version, base}))
  }
  return [...places(2, unified, own('')), ...places(1, legacy, own(resource))]
}

/** The files that limit a resource: those that must take the value, and those that may be missing. */
const LIMIT_FILES = {
  memory: {1: {must: 'memory.limit_in_bytes', may: 'memory.memsw.limit_in_bytes'}, 2: {must: 'memory.max', may: 'memory.swap.max'}},
  pids: {1: {must: 'pids.max', may: null}, 2: {must: 'pids.max', may: null}},
} as const

/** A group of control: whoever enters it shares its limits with all it starts. */
export class ControlGroup {
  readonly path: string
  readonly #version: 1 | 2

  private constructor(path: string, version: 1 | 2) {
    this.path = path
    this.#version = version
  }

  /**
   * Makes a group.
   * @throws what the file system says when that is not allowed or the limit cannot be set
   */
  static make({version, base}: Hierarchy, name: string, limits: Readonly<Partial<Record<Resource, number>>>): ControlGroup {
    const group = new ControlGroup(join(base, name), version)
    mkdirSync(group.path)
    try {
      for (const resource of ['memory', 'pids'] as const) {
        const limit = limits[resource]
        if (limit !== undefined) group.#limit(resource, limit)
      }
      return group
    } catch (error) {
      group.remove()
      throw error
    }
  }

  #limit(resource: Resource, limit: number): void {
    const {must, may} = LIMIT_FILES[resource][this.#version]
    writeFileSync(join(this.path, must), String(limit), {flag: 'r+'})
    if (may === null) return
    try {
      // What does not fit must not go to the swap instead: version 1 counts both together, version 2 apart.
      writeFileSync(join(this.path, may), this.#version === 1 ? String(limit) : '0', {flag: 'r+'})
    } catch {
      // A kernel that does not count swap.
    }
  }

  /** How often the kernel killed something here because the memory was used up. */
  get oomKills(): number {
    try {
      const text = readFileSync(join(this.path, this.#version === 1 ? 'memory.oom_control' : 'memory.events'), 'latin1')
      return Number(/^oom_kill (\d+)/m.exec(text)?.[1] ?? 0)
    } catch {
      return 0
    }
  }

  /** @returns false while something is left in it */
  remove(): boolean {
    try {
      rmdirSync(this.path)
      return true
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT'
    }
  }
}

/**
 * Makes version 2 ready for groups below this one: it gives controllers only to the children of a group that holds no process
 * itself. So this process moves into a child of its own, if it is alone.
 * @throws what the file system says when that is not allowed
 */
export function delegate({version, base}: Hierarchy, resource: Resource, leaf: string): void {
  const control = join(base, 'cgroup.subtree_control')
  if (version === 1 || readFileSync(control, 'latin1').split(/\s/).includes(resource)) return
  const enable = (): void => writeFileSync(control, `+${resource}`, {flag: 'r+'})
  try {
    enable()
  } catch (error) {
    const inside = readFileSync(join(base, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean)
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || inside.some(pid => Number(pid) !== process.pid)) throw error
    mkdirSync(join(base, leaf), {recursive: true})
    writeFileSync(join(base, leaf, 'cgroup.procs'), String(process.pid), {flag: 'r+'})
    enable()
  }
}

/** Removes the empty groups that consumers left behind which were killed. */
export function removeStale({base}: Hierarchy, isStale: (name: string) => boolean): void {
  for (const name of readdirSync(base).filter(isStale)) {
    try {
      rmdirSync(join(base, name))
    } catch {
      // Not empty, or gone.
    }
  }
}
