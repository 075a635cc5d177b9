/**
 * What one run may use, with all that it starts: by a control group of its own where such can be made, else by the limits of
 * the shell (RLIMIT_AS, RLIMIT_NPROC), which are weaker: the first is per process and counts addresses, not memory; the second
 * counts all processes of the user, and root is above it.
 */
import {spawnSync} from 'node:child_process'
import {QctlError} from '../../errors.ts'
import {isPidFree} from '../../process.ts'
import {formatSize} from '../../units.ts'
import {ControlGroup, delegate, type Hierarchy, hierarchiesFor, readCgroupFacts, removeStale, type Resource} from './cgroups.ts'

export interface LimitOptions {
  /** Of a run and all that it starts; `null` = no limit. */
  readonly memoryBytes: number | null
  readonly processes: number | null
}

/** How one resource is limited. */
interface Means {
  readonly resource: Resource
  readonly limit: number
  /** `null`: by the shell. */
  readonly hierarchy: Hierarchy | null
}

/** Groups are named `qctl.PID.NUMBER`. */
const GROUP_NAME = /^qctl\.(\d+)\.\w+$/

/** Enters the groups that are named before `--`, takes the limits that are the first argument, and becomes the command. */
const ENTER = `limits=$1; shift
while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs" || exit 126; shift; done
shift; eval "$limits" || exit 126; exec "$@"`

/** The limits of a consumer's runs. */
export class Limits {
  readonly #means: readonly Means[]
  #count = 0
  /** Left by runs of which something lived still. */
  #left: ControlGroup[] = []

  private constructor(means: readonly Means[]) {
    this.#means = means
    for (const {hierarchy} of means) if (hierarchy !== null) removeStale(hierarchy, isStale)
  }

  /**
   * Finds the means for the limits.
   * @throws QctlError `bad_config` when there are none on this host
   */
  static open({memoryBytes, processes}: LimitOptions): Limits {
    const wanted = [['memory', memoryBytes], ['pids', processes]] as const
    return new Limits(wanted.flatMap(([resource, limit]) => (limit === null ? [] : [meansFor(resource, limit)])))
  }

  /** By what each resource is limited, for the log. */
  get description(): Readonly<Record<string, string>> {
    const entries = this.#means.map(({resource, limit, hierarchy}) => {
      const means = hierarchy === null ? (resource === 'memory' ? 'address space of each process (ulimit)' : 'processes of the user (ulimit)') : `cgroup v${hierarchy.version}`
      return resource === 'memory' ? ['memory', `${formatSize(limit)} by ${means}`] : ['processes', `${limit} by ${means}`]
    })
    return Object.fromEntries(entries)
  }

  /** Makes room for one run. Throws what the system says when it cannot now. */
  enter(): Enclosure {
    this.#left = this.#left.filter(group => !group.remove())
    const groups: ControlGroup[] = []
    try {
      for (const [hierarchy, means] of Map.groupBy(this.#means, ({hierarchy}) => hierarchy)) {
        if (hierarchy === null) continue
        this.#count += 1
        const limits = Object.fromEntries(means.map(({resource, limit}) => [resource, limit]))
        groups.push(ControlGroup.make(hierarchy, `qctl.${process.pid}.${this.#count}`, limits))
      }
    } catch (error) {
      this.#left.push(...groups)
      throw error
    }
    const ulimits = this.#means.filter(({hierarchy}) => hierarchy === null).map(ulimitOf)
    return new Enclosure(groups, ulimits, group => this.#left.push(group))
  }

  /** Removes what was made. */
  close(): void {
    this.#left = this.#left.filter(group => !group.remove())
  }
}

/** The limits around one run. */
export class Enclosure {
  readonly #groups: readonly ControlGroup[]
  readonly #ulimits: readonly string[]
  readonly #leave: (group: ControlGroup) => void

  constructor(groups: readonly ControlGroup[], ulimits: readonly string[], leave: (group: ControlGroup) => void) {
    this.#groups = groups
    this.#ulimits = ulimits
    this.#leave = leave
  }

  /** The command within the limits. */
  around(command: readonly string[]): readonly string[] {
    return ['/bin/sh', '-c', ENTER, 'sh', [':', ...this.#ulimits].join(' && '), ...this.#groups.map(({path}) => path), '--', ...command]
  }

  /**
   * To be called when nothing of the run is left.
   * @returns true when the kernel killed something of it because its memory was used up
   */
  leave(): boolean {
    const outOfMemory = this.#groups.some(({oomKills}) => oomKills > 0)
    for (const group of this.#groups) if (!group.remove()) this.#leave(group)
    return outOfMemory
  }
}

function meansFor(resource: Resource, limit: number): Means {
  const facts = readCgroupFacts()
  for (const hierarchy of facts === null ? [] : hierarchiesFor(resource, facts)) {
    if (isUsable(hierarchy, resource, limit)) return {resource, limit, hierarchy}
  }
  const means = {resource, limit, hierarchy: null}
  if (canUlimit(means)) return means
  const flag = resource === 'memory' ? '--limit-mem' : '--limit-procs'
  throw new QctlError('bad_config', `${flag} cannot be kept on this host: neither control groups nor ulimit may be used for it`, {
    hint: 'run the consumer where it may write its control group (systemd: Delegate=yes), or leave the flag out',
  })
}

function isUsable(hierarchy: Hierarchy, resource: Resource, limit: number): boolean {
  try {
    delegate(hierarchy, resource, `qctl.${process.pid}.self`)
    return ControlGroup.make(hierarchy, `qctl.${process.pid}.0`, {[resource]: limit}).remove()
  } catch {
    return false
  }
}

/** Root may start as many processes as it likes, whatever the limit says. */
function canUlimit(means: Means): boolean {
  if (means.resource === 'pids' && process.getuid?.() === 0) return false
  return spawnSync('/bin/sh', ['-c', ulimitOf(means)], {stdio: 'ignore'}).status === 0
}

/** Shells have two letters for the number of processes. */
function ulimitOf({resource, limit}: Means): string {
  return resource === 'memory' ? `ulimit -v ${Math.ceil(limit / 1024)}` : `{ ulimit -u ${limit} || ulimit -p ${limit}; } 2>/dev/null`
}

function isStale(name: string): boolean {
  const pid = Number(GROUP_NAME.exec(name)?.[1] ?? process.pid)
  return pid !== process.pid && isPidFree(pid)
}
