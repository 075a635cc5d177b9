import {OutputLog} from '../../src/lib/consumer/output-log.ts'
import {type Report, type RunContext, type RunListener, type Stop, stopOf} from '../../src/lib/handlers/handler.ts'
import {bytesOfStream, decodeOutput, type OutputPosition, type OutputStream} from '../../src/lib/output-record.ts'
import {systemClock} from '../../src/lib/time.ts'
import type {Lease} from '../../src/lib/job.ts'

/** A lease with what a test cares about. */
export function leaseOf(payload: string | Uint8Array, facts: Partial<Lease> = {}): Lease {
  return {
    id: 42,
    fence: 7,
    queue: 'mail',
    attempt: 2,
    crashes: 0,
    snoozes: 0,
    payload: typeof payload === 'string' ? new TextEncoder().encode(payload) : new Uint8Array(payload),
    intact: true,
    contentType: null,
    file: false,
    key: null,
    tags: [],
    priority: 0,
    maxAttempts: null,
    timeoutMs: null,
    createdAt: 0,
    startedAt: 0,
    grantedBootMs: 0,
    leaseMs: 30_000,
    ...facts,
  }
}

/** Takes whatever a run says. */
export class Told implements Report {
  readonly said: string[] = []

  get isSnoozed(): boolean {
    return this.said.some(saying => saying.startsWith('snooze'))
  }

  progress(value: number): void {
    this.said.push(`progress ${value}`)
  }

  result(bytes: Uint8Array): void {
    this.said.push(`result ${textOf(bytes)}`)
  }

  snooze(delayMs: number | null): void {
    this.said.push(`snooze ${delayMs}`)
  }
}

/** A context whose run can be stopped. */
export class Controls {
  readonly #stop = new AbortController()
  readonly #kill = new AbortController()
  readonly told = new Told()
  #listener: RunListener | null = null
  readonly output = new OutputLog(systemClock)
  readonly context: RunContext

  constructor(facts: Partial<RunContext> = {}) {
    this.context = {
      startedProcess: () => undefined,
      signal: this.#stop.signal,
      kill: this.#kill.signal,
      consumer: 'c1',
      dbPath: null,
      maxAttempts: 8,
      deadline: null,
      report: this.told,
      timeoutMs: null,
      listen: listener => this.#listen(listener),
      startClock: () => {},
      stopClock: () => {},
      output: this.output,
      ...facts,
    }
  }

  stop(stop: Stop): void {
    this.#stop.abort(stop)
    this.#listener?.stop(stop)
  }

  kill(): void {
    this.#kill.abort()
    this.#listener?.kill()
  }

  #listen(listener: RunListener): void {
    this.#listener = listener
    const stop = stopOf(this.#stop.signal)
    if (stop !== null) listener.stop(stop)
    if (this.#kill.signal.aborted) listener.kill()
  }
}

/** What a run printed, as text. */
export interface Printed {
  readonly stdout: string
  readonly stderr: string
  readonly dropped: OutputPosition
}

export function printedIn(log: OutputLog): Printed {
  const {records} = decodeOutput(log.output()?.records ?? new Uint8Array())
  const text = (stream: OutputStream): string => textOf(bytesOfStream(records, stream))
  return {stdout: text('stdout'), stderr: text('stderr'), dropped: log.dropped}
}

/** Bytes as text. */
export function textOf(bytes: Uint8Array | null | undefined): string {
  return new TextDecoder().decode(bytes ?? new Uint8Array())
}
