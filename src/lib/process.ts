/**
 * Who a process is, and whether it still lives: the facts behind "a dead holder is proven dead" and
 * "never signal a pid whose start time differs". Linux; elsewhere everything is `unknown` and the lease decides.
 */
import {readdirSync, readFileSync, readlinkSync} from 'node:fs'
import {hostname} from 'node:os'
import {QctlError} from './errors.ts'
import type {ProcessIdentity} from './job.ts'
import {kernelOf, systemClock} from './time.ts'

/** The fields of /proc/PID/stat that decide something (proc_pid_stat(5)). */
export interface ProcessStat {
  /** One letter; Z is a zombie, X is dead. */
  readonly state: string
  /** The pid of its parent. */
  readonly parent: number
  /** The process group it belongs to. */
  readonly group: number
  readonly session: number
  readonly kernelThread: boolean
  /** It has begun to exit and runs nothing of its program any more. */
  readonly exiting: boolean
  readonly threads: number
  readonly startTime: string
  /** How many bytes its environment has; null in the middle of an exec, or without the right to see it. */
  readonly environmentBytes: number | null
}

/** PF_KTHREAD and PF_EXITING of include/linux/sched.h. */
const KERNEL_THREAD_FLAG = 0x0020_0000
const EXITING_FLAG = 0x4

/** Errors that say nothing of what was looked at: there is no descriptor or memory left for the look. */
const SHORTAGES: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOMEM'])

/** The processes of this host cannot be seen just now. Who cannot be seen is not thereby gone. */
export class Blindness extends QctlError {
  constructor(cause: Error) {
    super('unavailable', `the processes of this host cannot be looked at now: ${cause.message}`, {cause})
  }

  /** @throws {Blindness} for an error that is one */
  static assertNone(error: unknown): void {
    if (error instanceof Error && 'code' in error && SHORTAGES.has(error.code)) throw new Blindness(error)
  }
}

/**
 * Reads /proc/PID/stat.
 * @returns null when the process is gone, hidden, or there is no /proc
 * @throws {Blindness}
 */
export function readStat(pid: number): ProcessStat | null {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch (error) {
    Blindness.assertNone(error)
    return null
  }
  // The name (field 2) may itself hold blanks and parentheses, so count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).trimEnd().split(' ')
  const field = (number: number): string => fields[number - 3] ?? ''
  return {
    state: field(3),
    parent: Number(field(4)),
    session: Number(field(6)),
    group: Number(field(5)),
    kernelThread: (Number(field(9)) & KERNEL_THREAD_FLAG) !== 0,
    exiting: (Number(field(9)) & EXITING_FLAG) !== 0,
    threads: Number(field(20)),
    startTime: field(22),
    // An exec sets 50 and 51 alike, then moves 51 to the end, and last of all sets 27, the end of the code (fs/binfmt_elf.c).
    environmentBytes: field(27) === '0' || field(51) === '0' ? null : Number(field(51)) - Number(field(50)),
  }
}

/** How much memory a process and what it started have in RAM; 0 when it is gone or cannot be seen. */
export function residentBytes(pid: number): number {
  try {
    const own = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
    return children.split(' ').reduce((sum, child) => sum + (child === '' ? 0 : residentBytes(Number(child))), own)
  } catch {
    return 0
  }
}

/**
 * The most memory a process has had in its program, in bytes.
 * @returns null when it is gone, has none (a zombie), is hidden, or there is no /proc
 */
export function peakMemoryOf(pid: number): number | null {
  try {
    const [, kilobytes] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
    return kilobytes === undefined ? null : Number(kilobytes) * 1024
  } catch {
    return null
  }
}

/**
 * True when nothing of the process runs any more. A killed process whose other threads hang in the kernel shows `Z` for its
 * leader while they may still finish a write; it counts as dead only when they are gone too.
 */
export function isFinished(stat: ProcessStat): boolean {
  return (stat.state === 'Z' || stat.state === 'X') && stat.threads <= 1
}

/** A process, and none that is given its number after it. */
export interface ProcessId {
  readonly pid: number
  readonly startTime: string
}

/**
 * Whether that very process still runs.
 * @throws {Blindness}
 */
export function isStillThere({pid, startTime}: ProcessId): boolean {
  const stat = readStat(pid)
  return stat !== null && stat.startTime === startTime && !isFinished(stat)
}

/**
 * Sends a signal. The start time is compared right before, so that a pid's next owner is never hit.
 * @param options toGroup: to the whole group, which it has to lead
 * @throws {Blindness}
 */
export function sendTo(target: ProcessId, signal: NodeJS.Signals, {toGroup = false} = {}): void {
  if (isStillThere(target)) trySignal(toGroup ? -target.pid : target.pid, signal)
}

/** Whoever has the number now is sent the signal: the caller knows who that is. A negative one is that of a group. */
export function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Gone by now, or not ours to kill: the next look tells which.
  }
}

/** The identity of this process, to be stored with what it holds. */
export function identifySelf(): ProcessIdentity {
  return {
    pid: process.pid,
    startTime: readStat(process.pid)?.startTime ?? null,
    bootId: systemClock.bootId,
    pidNamespace: ownPidNamespace(),
    host: hostname(),
    machineId: systemClock.machineId,
  }
}

/**
 * The pid namespace whose numbers /proc shows, if it is ours: '' otherwise, because a /proc mounted by another
 * namespace would make us take a stranger for the process we mean.
 */
export function ownPidNamespace(): string {
  try {
    if (readlinkSync('/proc/self') !== String(process.pid)) return ''
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? ''
  } catch {
    return ''
  }
}

/**
 * All processes but this one. Empty without a /proc of our own pid namespace: killing by foreign numbers would be worse than not killing.
 * @throws {Blindness}
 */
export function listPids(): number[] {
  if (ownPidNamespace() === '') return []
  return namesInProc()
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid)
}

function namesInProc(): readonly string[] {
  try {
    return readdirSync('/proc')
  } catch (error) {
    Blindness.assertNone(error)
    throw error
  }
}

/** `unknown` says that nothing is proven: the lease has to decide. */
export type Liveness = 'alive' | 'dead' | 'unknown'

/**
 * Whether a process lives, as far as this process can prove it. Dead is proven only for the same boot and pid namespace
 * (gone, finished, or its pid given to another), or when the same machine has started again since.
 */
export function liveness(identity: ProcessIdentity): Liveness {
  const pidNamespace = ownPidNamespace()
  if (pidNamespace === '') return 'unknown'
  if (kernelOf(identity.bootId) !== kernelOf(systemClock.bootId)) return identity.machineId !== '' && identity.machineId === systemClock.machineId ? 'dead' : 'unknown'
  if (identity.pidNamespace !== pidNamespace) return 'unknown'
  const stat = readStat(identity.pid)
  // With hidepid a foreign process has no /proc/PID although it lives, so the kernel has the last word.
  if (stat === null) return isPidFree(identity.pid) ? 'dead' : 'unknown'
  if (isFinished(stat)) return 'dead'
  // A time namespace shifts the start time that /proc shows.
  if (identity.startTime === null || identity.bootId !== systemClock.bootId) return 'unknown'
  return stat.startTime === identity.startTime ? 'alive' : 'dead'
}

/** True when that process is known to live, and is stopped: it does nothing until it gets a CONT. */
export function isStopped(identity: ProcessIdentity): boolean {
  return readStat(identity.pid)?.state === 'T' && liveness(identity) === 'alive'
}

/** Whether no process has this number now. */
export function isPidFree(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
