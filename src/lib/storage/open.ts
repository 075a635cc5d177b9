import {QctlError} from '../errors.ts'
import type {FieldsOf} from '../known-fields.ts'
import {checkLocation, isPostgresUrl} from '../location.ts'
import {type Clock, systemClock} from '../time.ts'
import type {Upkeep} from '../upkeep.ts'
import type {Storage} from './storage.ts'

/** How to open a store. */
export interface OpenOptions {
  /** True makes a missing database; default false. */
  readonly create?: boolean
  /** Of a database that is made now: `full` (the default) survives a power cut, `normal` a killed process. */
  readonly durability?: 'full' | 'normal'
  /** How long a write waits for its turn, ms; default 30 000. */
  readonly lockTimeoutMs?: number
  /** The store's clock; default the host's. */
  readonly clock?: Clock
  /** Told the path when the database was missing and has been made. */
  readonly onCreate?: (path: string) => void
}

/** What `OpenOptions` may have. */
export const OPEN_FIELDS: FieldsOf<OpenOptions> = {create: true, durability: true, lockTimeoutMs: true, clock: true, onCreate: true}

/** Long enough for any honest queue at the lock, short enough that a script notices. */
export const DEFAULT_LOCK_TIMEOUT_MS = 30_000

/**
 * Opens the store a location names: the path of an SQLite file. The only place that knows the engines.
 * @throws QctlError `usage`, `not_found`, `cannot_open`, `permission`, `not_a_database`, `newer_schema`, `busy`
 */
export async function openStorage(location: string, options: OpenOptions = {}): Promise<Storage> {
  checkLocation(location)
  if (isPostgresUrl(location)) {
    throw new QctlError('usage', 'this build of qctl knows SQLite files only, not PostgreSQL URLs')
  }
  const {SqliteStorage} = await import('./sqlite/storage.ts')
  return SqliteStorage.open(location, {
    create: options.create ?? false,
    durability: options.durability ?? 'full',
    lockTimeoutMs: options.lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS,
    clock: options.clock ?? systemClock,
    onCreate: options.onCreate ?? (() => {}),
  })
}

/**
 * What is done to the store at that location as a whole. Opens nothing yet.
 * @throws QctlError `usage` for a location that has none
 */
export async function openUpkeep(location: string, {clock = systemClock, lockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS}: OpenOptions = {}): Promise<Upkeep> {
  checkLocation(location)
  if (isPostgresUrl(location)) throw new QctlError('usage', 'PostgreSQL has its own tools for this: pg_dump and pg_restore')
  const {SqliteUpkeep} = await import('./sqlite/upkeep.ts')
  return new SqliteUpkeep(location, clock, lockTimeoutMs)
}

/** Opens a store in memory, for tests and simulations. */
export async function openMemoryStorage(clock: Clock = systemClock): Promise<Storage> {
  const {SqliteStorage} = await import('./sqlite/storage.ts')
  return SqliteStorage.inMemory(clock)
}
