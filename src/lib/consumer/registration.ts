/** A consumer's name in the store: two live consumers must not share one. */
import {isDeepStrictEqual} from 'node:util'
import {QctlError} from '../errors.ts'
import type {Consumer} from '../job.ts'
import {identifySelf, liveness} from '../process.ts'
import type {NewConsumer, Storage} from '../storage/storage.ts'

export interface Registration {
  readonly id: number
  readonly name: string
}

/** What a consumer is registered with; `name: null` = one is made up. */
export interface Candidate extends Pick<NewConsumer, 'queues' | 'concurrency'> {
  readonly name: string | null
}

/** How a registration is tried. */
export interface RegisterOptions {
  /** An earlier try of which nothing is known may have stored one of this very process. */
  readonly mayBeOurs?: boolean
}

/**
 * Registers this process as a consumer. A registration of the same name gives way when its process is proven dead, or when
 * nothing is known of it and no lease of it is alive.
 * @throws QctlError `conflict` when the name is in use
 */
export async function registerConsumer(storage: Storage, candidate: Candidate, options: RegisterOptions = {}): Promise<Registration> {
  if (candidate.name !== null) return register(storage, candidate, candidate.name, options)
  const process = identifySelf()
  const made = madeUpName(process.host, process.pid)
  try {
    return await register(storage, candidate, made, options)
  } catch (error) {
    // In another pid namespace of this host somebody has our pid. Nobody chose this name, so nobody minds another one.
    if (!(error instanceof QctlError && error.code === 'conflict')) throw error
    return register(storage, candidate, madeUpName(process.host, process.pid, process.startTime ?? '', Math.random().toString(36).slice(2, 8)), options)
  }
}

async function register(storage: Storage, {queues, concurrency}: Candidate, name: string, {mayBeOurs = false}: RegisterOptions): Promise<Registration> {
  const consumer = {name, process: identifySelf(), queues, concurrency}
  const first = await storage.register({...consumer, replaces: null})
  if (first.kind === 'registered') return {id: first.id, name}
  const isOurs = mayBeOurs && isSelf(first.by)
  if (!isOurs && (await mayLive(storage, first.by))) throw isRunning(first.by)
  const second = await storage.register({...consumer, replaces: first.by.id})
  if (second.kind === 'registered') return {id: second.id, name}
  throw isRunning(second.by)
}

function isSelf({process}: Consumer): boolean {
  return isDeepStrictEqual({...process}, identifySelf())
}

async function mayLive(storage: Storage, consumer: Consumer): Promise<boolean> {
  const verdict = liveness(consumer.process)
  if (verdict !== 'unknown') return verdict === 'alive'
  const held = await storage.held({consumerId: consumer.id})
  return held.some(job => !job.leaseExpired)
}

function isRunning({name, process}: Consumer): QctlError {
  return new QctlError('conflict', `consumer ${name} is already running (pid ${process.pid} on ${process.host})`, {
    hint: 'give this one another --name, or end that one first',
  })
}

function madeUpName(host: string, ...rest: readonly (string | number)[]): string {
  return [host || 'consumer', ...rest]
    .join(':')
    .replace(/[^A-Za-z0-9_.:@/-]/g, '-')
    .slice(0, 128)
}
