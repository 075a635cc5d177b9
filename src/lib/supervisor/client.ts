/** supervisord, asked and told over its socket. */
import {normalize} from 'node:path'
import {QctlError} from '../errors.ts'
import {NoReply, post, type Reply} from './post.ts'
import {callDocument, readAnswer, XmlRpcFault, type XmlRpcStruct, type XmlRpcValue} from './xml-rpc.ts'

/** The states of supervisord, in its words. */
export const PROCESS_STATES = ['STOPPED', 'STARTING', 'RUNNING', 'BACKOFF', 'STOPPING', 'EXITED', 'FATAL', 'UNKNOWN'] as const
export type ProcessState = (typeof PROCESS_STATES)[number]

/** What supervisord knows of a process. */
export interface Supervised {
  readonly group: string
  /** Without its group. */
  readonly name: string
  readonly state: ProcessState
  /** `null` = not running. */
  readonly pid: number | null
  /** How long it has been running; `null` = it is not. */
  readonly uptimeMs: number | null
  /** Of its last end; `null` when supervisord does not say: while it runs, and for one that did not last a second. */
  readonly exitStatus: number | null
  /** Why it could not be started; `null` when that is not the case. */
  readonly spawnError: string | null
  /** Where what it prints is kept; `null` = nowhere. */
  readonly log: string | null
}

/** `consumer:consumer_00`, or `reaper` when the group is its own. */
export function fullName({group, name}: Pick<Supervised, 'group' | 'name'>): string {
  return group === name ? name : `${group}:${name}`
}

/** supervisord answers every call we make at once; more than this means that it is stopped or hangs. */
const ANSWER_MS = 5000

/** Of supervisor/xmlrpc.py. */
const FAULTS = {spawnError: 50, abnormalTermination: 40, alreadyStarted: 60, notRunning: 70} as const

export class SupervisorClient {
  readonly #socket: string
  readonly #signal: AbortSignal | undefined

  /** @param signal ends waiting for an answer, with its reason as the error */
  constructor(socket: string, signal?: AbortSignal) {
    this.#socket = socket
    this.#signal = signal
  }

  /**
   * Every process, in supervisord's order.
   * @throws QctlError `unavailable` when nobody answers, `permission` when we may not ask
   */
  async processes(): Promise<readonly Supervised[]> {
    const answer = await this.#call('supervisor.getAllProcessInfo')
    if (!Array.isArray(answer)) throw this.#strange()
    return (answer as readonly XmlRpcStruct[]).map(supervisedOf)
  }

  /** True when somebody answers. */
  async isThere(): Promise<boolean> {
    try {
      await this.#call('supervisor.getState')
      return true
    } catch (error) {
      if (error instanceof QctlError && error.code === 'unavailable') return false
      throw error
    }
  }

  /** Tells a process to start, and does not wait for it. One that has been started is left alone; why one cannot be is in its state. */
  async start(process: Supervised): Promise<void> {
    await this.#unless([FAULTS.alreadyStarted, FAULTS.spawnError, FAULTS.abnormalTermination], 'supervisor.startProcess', fullGroup(process), false)
  }

  /** Tells a process to end, and does not wait for it. */
  async stop(process: Supervised): Promise<void> {
    await this.#unless([FAULTS.notRunning], 'supervisor.stopProcess', fullGroup(process), false)
  }

  /** The pid of supervisord itself. */
  async pid(): Promise<number> {
    return Number(await this.#call('supervisor.getPID'))
  }

  /** Ends supervisord and all its processes; they are still draining when this returns. */
  async shutdown(): Promise<void> {
    await this.#call('supervisor.shutdown')
  }

  async #unless(faults: readonly number[], method: string, ...params: readonly (string | boolean)[]): Promise<void> {
    try {
      await this.#call(method, ...params)
    } catch (error) {
      if (!(error instanceof XmlRpcFault)) throw error
      if (!faults.includes(error.code)) throw new QctlError('conflict', `supervisord refuses: ${error.message}`, {cause: error})
    }
  }

  async #call(method: string, ...params: readonly (string | boolean)[]): Promise<XmlRpcValue> {
    const {status, text} = await this.#post(callDocument(method, params))
    if (status !== 200) throw this.#strange(`HTTP ${status}`)
    try {
      return readAnswer(text)
    } catch (error) {
      if (error instanceof XmlRpcFault) throw error
      throw this.#strange(error)
    }
  }

  async #post(body: string): Promise<Reply> {
    try {
      return await post(this.#socket, body, {limitMs: ANSWER_MS, signal: this.#signal})
    } catch (error) {
      this.#signal?.throwIfAborted()
      if (error instanceof NoReply) throw this.#unavailable(`supervisord does not answer at ${this.#socket}: is it stopped?`, error)
      throw this.#unreachable(error as NodeJS.ErrnoException)
    }
  }

  #unreachable(cause: NodeJS.ErrnoException): QctlError {
    if (cause.code === 'EACCES' || cause.code === 'EPERM') return new QctlError('permission', `no permission to speak to supervisord at ${this.#socket}`, {cause})
    return this.#unavailable(`supervisord is not running: nobody answers at ${this.#socket}`, cause, 'start it with "qctl supervisor start"')
  }

  #strange(cause?: unknown): QctlError {
    return this.#unavailable(`what answers at ${this.#socket} is no supervisord`, cause)
  }

  #unavailable(message: string, cause?: unknown, hint?: string): QctlError {
    return new QctlError('unavailable', message, {cause, ...(hint === undefined ? {} : {hint})})
  }
}

/** supervisord takes `group` for a process of that name only with the name beside it. */
function fullGroup({group, name}: Supervised): string {
  return `${group}:${name}`
}

function supervisedOf(info: XmlRpcStruct): Supervised {
  const state = PROCESS_STATES.find(known => known === info['statename']) ?? 'UNKNOWN'
  const pid = Number(info['pid'])
  const log = textOrNull(info['stdout_logfile'])
  return {
    group: String(info['group']),
    name: String(info['name']),
    state,
    pid: pid > 0 ? pid : null,
    uptimeMs: pid > 0 ? Math.max(0, Number(info['now']) - Number(info['start'])) * 1000 : null,
    exitStatus: state === 'EXITED' ? Number(info['exitstatus']) : null,
    spawnError: textOrNull(info['spawnerr']),
    log: log === null ? null : normalize(log),
  }
}

function textOrNull(value: XmlRpcValue | undefined): string | null {
  return value === undefined || value === '' ? null : String(value)
}
