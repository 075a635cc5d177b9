/**
 * Finds and kills what is left of attempts whose holder is gone. A handler and everything it started carry the job id,
 * the fence and the database in their environment, also after they left their process group or session. A worker that is
 * given many jobs carries the name of its consumer's process instead: all of them belong to every attempt of that consumer.
 *
 * What cannot be found: a process of another user that this one may not inspect, one that replaced its environment
 * (`env -i`) and left its process group, and one in the instant between fork and exec, which still shows the environment of its parent. The guard
 * answers for the last one.
 */
import {claimKey} from './claim-key.ts'
import type {Claim, ProcessIdentity} from './job.ts'
import {killGroups, untilGone} from './process-groups.ts'
import {Blindness, identifySelf, isStillThere, listPids, type ProcessId, readStat, sendTo} from './process.ts'
import {readEnvironment} from './process-environment.ts'
import {monotonicMs} from './time.ts'

/** A run whose processes are looked for. */
export interface Attempt extends Claim {
  /** Whose workers it may be in the hands of: the `processName` of its consumer. */
  readonly workersOf?: string
  /** Not this run is meant but every one of its job before it. */
  readonly earlierOnes?: true
}

/** The name of a process in QCTL_WORKER: of no other one as long as this host runs. */
export function processName({pid, startTime, pidNamespace}: Pick<ProcessIdentity, 'pid' | 'startTime' | 'pidNamespace'>): string {
  return `${pid}.${startTime ?? ''}.${pidNamespace}`
}

interface Survivor extends ProcessId {
  /** Of which attempts. */
  readonly keys: readonly string[]
  /** Its process group is its own. */
  readonly leads: boolean
}

interface Findings {
  readonly found: readonly Survivor[]
  /** Processes that had no environment just now and have to be looked at again. */
  readonly unsettled: readonly number[]
}

/** Looks through /proc for the processes of some attempts, and remembers whom it has seen. */
class Search {
  /** The keys of attempts by what their processes carry: the key of a run, or the name of a worker. */
  readonly #keysOfMark = new Map<string, readonly string[]>()
  /** By job. */
  readonly #attempts: ReadonlyMap<number, readonly Attempt[]>
  readonly #dbPath: string | null
  #seen = new Set<number>()

  constructor(attempts: readonly Attempt[], dbPath: string | null) {
    this.#attempts = Map.groupBy(attempts, ({id}) => id)
    for (const [name, served] of Map.groupBy(attempts, ({workersOf}) => workersOf ?? '')) {
      if (name !== '') this.#keysOfMark.set(name, served.map(claimKey))
    }
    this.#dbPath = dbPath
  }

  /** Every process of this pid namespace. */
  all(): Findings {
    this.#seen = new Set()
    return this.#look(listPids())
  }

  /** Only these processes, and those that appeared meanwhile if one of them is gone. */
  again(pids: readonly number[]): Findings {
    return this.#look(pids)
  }

  /**
   * A process may fork and end between the listing and our look at it; its child then is in no list. So after one has
   * vanished the listing is repeated, and whoever is new is looked at, until a round loses nobody. (A process that was
   * there to be looked at was found, and its children with it in the next search.) Zombies count as vanished, and stay in
   * `#seen`, so that one nobody reaps does not keep us here.
   */
  #look(listed: readonly number[]): Findings {
    const found: Survivor[] = []
    const unsettled: number[] = []
    for (let pids = listed; pids.length > 0; ) {
      const vanished = pids.filter((pid) => !this.#lookAt(pid, found, unsettled))
      if (vanished.length === 0) break
      pids = listPids().filter((pid) => !this.#seen.has(pid))
    }
    return {found, unsettled}
  }

  /** Files one process under what it is; false when it is gone. */
  #lookAt(pid: number, found: Survivor[], unsettled: number[]): boolean {
    this.#seen.add(pid)
    const sight = readEnvironment(pid)
    if (sight === 'gone') return false
    if (sight === 'unsettled') unsettled.push(pid)
    if (typeof sight === 'string') return true
    const keys = this.#keysOf(sight)
    if (keys === null) return true
    const stat = readStat(pid)
    // Looked at twice, so that the start time surely belongs to a process of this attempt and not to a pid's next owner.
    const second = readEnvironment(pid)
    if (stat === null || second === 'gone') return false
    if (typeof second !== 'string' && this.#keysOf(second) === keys) found.push({keys, pid, startTime: stat.startTime, leads: stat.group === pid})
    else unsettled.push(pid)
    return true
  }

  /** The very same array for the same mark. */
  #keysOf(environment: Buffer): readonly string[] | null {
    if (!environment.includes('QCTL_JOB_ID=') && !environment.includes('QCTL_WORKER=')) return null
    const entries = environment.toString('utf8').split('\0')
    if (variable(entries, 'QCTL_DB') !== this.#dbPath) return null
    const [job, worker] = [variable(entries, 'QCTL_JOB_ID'), variable(entries, 'QCTL_WORKER')]
    const keys = job === null ? null : this.#keysOfRun({id: Number(job), fence: Number(variable(entries, 'QCTL_FENCE'))})
    // Nobody but a worker's own processes carries its name, whatever else they were told.
    return keys ?? this.#keysOfWorker(worker ?? '')
  }

  #keysOfRun(run: Claim): readonly string[] | null {
    const mark = claimKey(run)
    const known = this.#keysOfMark.get(mark)
    if (known !== undefined) return known
    const meant = this.#attempts.get(run.id)?.filter((attempt) => isOf(attempt, run.fence)) ?? []
    if (meant.length === 0) return null
    const keys = meant.map(claimKey)
    this.#keysOfMark.set(mark, keys)
    return keys
  }

  /** One worker is named `CONSUMER/NUMBER`; it is found under that name and under its consumer's. */
  #keysOfWorker(name: string): readonly string[] | null {
    return this.#keysOfMark.get(name) ?? this.#keysOfMark.get(name.split('/', 1)[0] ?? '') ?? null
  }
}

/** Whether a process with this fence is of the attempt; no run has a fence below 1. */
function isOf({fence, earlierOnes}: Attempt, carried: number): boolean {
  return earlierOnes === true ? carried >= 1 && carried < fence : carried === fence
}

/** The first entry of that name, as getenv(3) would find it. */
function variable(entries: readonly string[], name: string): string | null {
  return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1) ?? null
}

/**
 * The living processes of several attempts, in one pass over /proc (about 15 µs per process of the host).
 * @param attempts whose processes
 * @param dbPath the database as handlers see it in QCTL_DB; null: only processes without QCTL_DB (a database named by URL)
 * @returns by `claimKey`; attempts without a process are absent
 */
export function survivors(attempts: readonly Attempt[], dbPath: string | null): Map<string, ProcessIdentity[]> {
  const found = new Map<string, ProcessIdentity[]>()
  if (attempts.length === 0) return found
  const self = identifySelf()
  for (const {keys, pid, startTime} of new Search(attempts, dbPath).all().found) {
    for (const key of keys) found.set(key, [...(found.get(key) ?? []), {...self, pid, startTime}])
  }
  return found
}

/** The living processes of one attempt; see {@link survivors}. */
export function processesOfAttempt(attempt: Claim, dbPath: string | null): ProcessIdentity[] {
  return survivors([attempt], dbPath).get(claimKey(attempt)) ?? []
}

/**
 * Kills (SIGKILL) every process of these attempts, also those forked meanwhile, and waits until they are seen gone.
 * @param attempts whose processes
 * @param dbPath as in {@link survivors}
 * @param options deadlineMs: how long to try, in ms
 * @returns the `claimKey`s of attempts that still have a living process, or may have one because nothing can be seen; empty = all gone
 * (a process that hangs in an exec until the deadline belongs to nobody as far as can be seen, and holds nobody up longer)
 */
export async function killSurvivors(
  attempts: readonly Attempt[],
  dbPath: string | null,
  options: {readonly deadlineMs: number},
): Promise<Set<string>> {
  if (attempts.length === 0) return new Set()
  try {
    return await endSurvivors(attempts, dbPath, options)
  } catch (error) {
    if (error instanceof Blindness) return new Set(attempts.map(claimKey))
    throw error
  }
}

async function endSurvivors(attempts: readonly Attempt[], dbPath: string | null, {deadlineMs}: {readonly deadlineMs: number}): Promise<Set<string>> {
  const search = new Search(attempts, dbPath)
  const begin = monotonicMs()
  const killed = new Map<number, Survivor>()
  let dying: readonly Survivor[] = []
  let look = (): Findings => search.all()
  const areGone = (): boolean => {
    const {found, unsettled} = look()
    for (const survivor of found) {
      killed.set(survivor.pid, survivor)
      sendTo(survivor, 'SIGKILL', {toGroup: survivor.leads})
    }
    dying = [...killed.values()].filter(isStillThere)
    const seesNobody = found.length === 0 && dying.length === 0
    look = () => (seesNobody ? search.again(unsettled) : search.all())
    return seesNobody && unsettled.length === 0
  }
  if (!(await untilGone(areGone, deadlineMs))) return new Set(dying.flatMap(({keys}) => keys))
  return killGroupsOf([...killed.values()], deadlineMs - (monotonicMs() - begin))
}

/**
 * What shares a group with one that leads it belongs to it, also when it has replaced its environment.
 * @returns the `claimKey`s of attempts of which something still lives
 */
async function killGroupsOf(killed: readonly Survivor[], deadlineMs: number): Promise<Set<string>> {
  const leaders = killed.filter(({leads}) => leads)
  if (leaders.length === 0 || (await killGroups(leaders, {deadlineMs}))) return new Set()
  const areGone = await Promise.all(leaders.map((leader) => killGroups([leader], {deadlineMs: 0})))
  return new Set(leaders.flatMap(({keys}, i) => (areGone[i] === true ? [] : keys)))
}
