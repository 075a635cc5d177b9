import {readFileSync} from 'node:fs'
import {expect} from 'bun:test'
import {HANDLER, ledgerEnvironment, ledgerOf} from './evidence.ts'
import {isAlive} from './processes.ts'
import type {Running, Scene} from './scene.ts'

/** How consumers of a scene work. */
export interface Work {
  /** Shell, run between the two lines of the ledger. */
  readonly work?: string
  /** More flags of `consume`. */
  readonly flags?: readonly string[]
}

/** Starts a consumer whose handler keeps the ledger. */
export function startConsumer(scene: Scene, {work = '', flags = []}: Work = {}): Running {
  return scene.startQctl(['consume', ...flags, '--', HANDLER], {env: ledgerEnvironment(scene, work)})
}

/** Tells consumers to end, and asserts that they do so cleanly. */
export async function endConsumers(consumers: readonly Running[]): Promise<void> {
  for (const consumer of consumers) consumer.kill('SIGTERM')
  for (const consumer of consumers) expect((await consumer.finished()).status).toBe(0)
}

/** Seconds since boot, as handlers write them: steps of 10 ms. */
export function bootClock(): number {
  return Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0])
}

/** How many handlers have started or ended, as far as the ledger tells. */
export function countInLedger(scene: Scene, what: 'start' | 'end'): number {
  return ledgerOf(scene).split('\n').filter(line => line.startsWith(what)).length
}

/** The pids of the handlers that began and did not end. */
export function handlersAlive(scene: Scene): number[] {
  const lines = ledgerOf(scene).split('\n').map(line => line.split(' '))
  const ended = new Set(lines.filter(([what]) => what === 'end').map(fields => fields[4]))
  return lines.filter(([what, , , , pid]) => what === 'start' && !ended.has(pid)).map(fields => Number(fields[4])).filter(isAlive)
}

/** Texts that no user may ever see under load. */
export const BUSY = /locked|busy/i
