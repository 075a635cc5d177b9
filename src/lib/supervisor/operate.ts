/** Starts, stops and scales processes, and waits for what becomes of them. */
import {readFileSync} from 'node:fs'
import {QctlError} from '../errors.ts'
import {endPosted, isBelow, postedBy} from '../predecessors.ts'
import {sleep} from '../time.ts'
import {fullName, type ProcessState, type Supervised, type SupervisorClient} from './client.ts'
import {lastComplaint} from './log-files.ts'
import type {Place} from './place.ts'
import {CONSUMER_GROUP, readScale, scaleFile} from './supervisord.ts'
import {writeWhole} from './write.ts'

/** What became of one process. */
export interface Change {
  readonly name: string
  /** `ended`: it was left here by an earlier supervisord. */
  readonly done: 'started' | 'stopped' | 'failed' | 'unchanged' | 'ended'
  /** `null` = supervisord does not know it. */
  readonly state: ProcessState | null
  readonly pid: number | null
  /** Why it does not start. */
  readonly why: string | null
}

const LOOK_EVERY_MS = 100

/** They drain, and how long their grace is nobody knows here. */
const STRAYS_MS = 600_000

/** States in which a process has been started and may still fall either way. */
const ON_ITS_WAY: ReadonlySet<ProcessState> = new Set(['STARTING', 'BACKOFF'])
const UP: ReadonlySet<ProcessState> = new Set(['STARTING', 'RUNNING', 'BACKOFF'])

export class Operator {
  readonly #place: Place
  readonly #client: SupervisorClient
  readonly #signal: AbortSignal

  /** @param signal ends the waiting, and nothing else */
  constructor(place: Place, client: SupervisorClient, signal: AbortSignal) {
    this.#place = place
    this.#client = client
    this.#signal = signal
  }

  /** Starts processes and waits until each has lasted, or was given up. */
  async start(processes: readonly Supervised[]): Promise<readonly Change[]> {
    const down = processes.filter(process => !isUp(process))
    // One that is still ending cannot be started yet.
    await this.#settled(down, ({state}) => state !== 'STOPPING')
    for (const process of down) await this.#client.start(process)
    const after = await this.#settled(processes, ({state}) => !ON_ITS_WAY.has(state))
    return after.map(process => {
      const wasUp = processes.some(one => isSame(one, process) && one.state === 'RUNNING')
      const done = process.state !== 'RUNNING' ? 'failed' : wasUp ? 'unchanged' : 'started'
      return changeOf(process, done)
    })
  }

  /** Stops processes, all at once, and waits until each has drained and ended. */
  async stop(processes: readonly Supervised[]): Promise<readonly Change[]> {
    const up = processes.filter(isUp)
    for (const process of up) await this.#client.stop(process)
    const after = await this.#settled(processes, ({state}) => state !== 'STOPPING' && !UP.has(state))
    return after.map(process => changeOf(process, up.some(one => isSame(one, process)) ? 'stopped' : 'unchanged'))
  }

  /**
   * Stops everything: what runs under supervisord, and what an earlier one has left here.
   * @throws QctlError `unavailable` when there is neither
   */
  async stopAll(): Promise<readonly Change[]> {
    const strays = (await this.#client.isThere()) ? [] : await this.endStrays()
    if (strays.length > 0) return strays
    const changes = await this.stop((await this.#client.processes()).filter(process => isUp(process) || process.pid !== null))
    return [...changes, ...(await this.endStrays())]
  }

  /** Ends what an earlier supervisord has left here, but for those that their successors are about to replace. */
  async endStrays(): Promise<readonly Change[]> {
    const isThere = await this.#client.isThere()
    const supervisord = isThere ? await this.#client.pid() : null
    const running = isThere ? (await this.#client.processes()).filter(({pid}) => pid !== null) : []
    const strays = postedBy(`unix://${this.#place.socket}`)
      .filter(({pid}) => supervisord === null || !isBelow(pid, supervisord))
      .filter(({post}) => !running.some(process => isSame(process, post)))
    await endPosted(strays, STRAYS_MS, this.#signal)
    return strays.map(({pid, post}) => ({name: fullName(post), done: 'ended', state: null, pid, why: null}))
  }

  /** Stops and starts processes one after the other, so that the others go on working; not those after one that does not start. */
  async restart(processes: readonly Supervised[]): Promise<readonly Change[]> {
    const changes: Change[] = []
    for (const process of processes) {
      await this.stop([process])
      changes.push(...(await this.start((await this.#client.processes()).filter(one => isSame(one, process)))))
      if (changes.some(({done}) => done === 'failed')) break
    }
    return changes
  }

  /**
   * Has so many consumers from now on, also after a restart of supervisord: the first ones, by their numbers.
   * @throws QctlError `conflict` when supervisord knows fewer; `not_found` when it has no consumers
   */
  async scale(consumers: number): Promise<readonly Change[]> {
    const {wanted, spare} = await this.split(consumers)
    // First the wish, so that it is kept whatever happens meanwhile; then what it takes.
    writeWhole(this.#place.scale, scaleFile(consumers, wanted.length + spare.length))
    const changes = await Promise.all([this.start(wanted), this.stop(spare)])
    return changes.flat().filter(({done}) => done !== 'unchanged')
  }

  /**
   * Which consumers would run if there were to be so many, and which would not.
   * @throws QctlError as `scale`
   */
  async split(consumers: number): Promise<{readonly wanted: readonly Supervised[]; readonly spare: readonly Supervised[]}> {
    const group = consumersOf(await this.#client.processes())
    if (group.length === 0) throw new QctlError('not_found', 'this supervisord has no consumers of qctl', {hint: 'qctl supervisor init writes a configuration that has'})
    if (consumers > group.length) throw tooMany(consumers, group.length)
    return {wanted: group.slice(0, consumers), spare: group.slice(consumers)}
  }

  /** The processes that supervisord would start by itself. */
  async wanted(): Promise<readonly Supervised[]> {
    const all = await this.#client.processes()
    const spare = consumersOf(all).slice(wantedConsumers(this.#place) ?? all.length)
    return all.filter(process => !spare.includes(process))
  }

  /** Waits until every one of some processes is in a state that will do; returns them as they are then. */
  async #settled(processes: readonly Supervised[], isEnough: (process: Supervised) => boolean): Promise<readonly Supervised[]> {
    for (;;) {
      const all = await this.#client.processes()
      const now = processes.map(process => all.find(one => isSame(one, process)) ?? process)
      if (now.every(isEnough)) return now
      this.#signal.throwIfAborted()
      await sleep(LOOK_EVERY_MS, this.#signal)
    }
  }
}

/** True when supervisord has started a process, or is about to try again. */
export function isUp({state}: Supervised): boolean {
  return UP.has(state)
}

/** The consumers, by their numbers. */
export function consumersOf(all: readonly Supervised[]): readonly Supervised[] {
  const numberOf = ({name}: Supervised): number => Number(/_(\d+)$/.exec(name)?.[1] ?? 0)
  return all.filter(({group}) => group === CONSUMER_GROUP).toSorted((a, b) => numberOf(a) - numberOf(b))
}

/** How many consumers there are to be; `null` when nobody has said so. */
export function wantedConsumers({scale}: Place): number | null {
  try {
    return readScale(readFileSync(scale, 'utf8'))
  } catch {
    return null
  }
}

function changeOf(process: Supervised, done: Change['done']): Change {
  const why = done === 'failed' ? (lastComplaint(process.log) ?? process.spawnError) : null
  return {name: fullName(process), done, state: process.state, pid: process.pid, why}
}

type Named = Pick<Supervised, 'group' | 'name'>

function isSame(one: Named, other: Named): boolean {
  return fullName(one) === fullName(other)
}

function tooMany(consumers: number, most: number): QctlError {
  return new QctlError('conflict', `supervisord is set up for ${most} consumers at most, not ${consumers}`, {
    hint: `qctl supervisor init --force --max-consumers ${consumers}, then stop --shutdown and start`,
  })
}
