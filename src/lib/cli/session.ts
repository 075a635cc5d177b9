import {databaseOf, type Settings} from '../config.ts'
import {Inspector} from '../queue/inspector.ts'
import {Queue} from '../queue/queue.ts'
import {openStorage, openUpkeep} from '../storage/open.ts'
import type {Storage} from '../storage/storage.ts'
import type {Upkeep} from '../upkeep.ts'

/** An open database, and what may be done with it. */
export interface Session {
  readonly queue: Queue
  readonly inspector: Inspector
  readonly storage: Storage
  close(): Promise<void>
}

/** How to open a database. */
export interface SessionOptions {
  /** Make a missing one instead of failing. */
  readonly create: boolean
  /** Of one that is made now; `full` when absent. */
  readonly durability?: 'full' | 'normal' | undefined
  /** Told the path of one that was made. */
  readonly onCreate?: (path: string) => void
}

/**
 * Opens the database of the settings.
 *
 * @param settings `db` and `lockTimeout` count
 * @throws {QctlError} `not_found`, `cannot_open`, `permission`, `not_a_database`, `newer_schema`, …
 */
export async function openSession(
  settings: Pick<Settings, 'db' | 'lockTimeout'>,
  {create, durability = 'full', onCreate = () => {}}: SessionOptions,
): Promise<Session> {
  const storage = await openStorage(databaseOf(settings), {create, durability, lockTimeoutMs: settings.lockTimeout, onCreate})
  return {queue: new Queue(storage), inspector: new Inspector(storage), storage, close: () => storage.close()}
}

/** What is done to the database of the settings as a whole. */
export function upkeepOf(settings: Pick<Settings, 'db' | 'lockTimeout'>): Promise<Upkeep> {
  return openUpkeep(databaseOf(settings), {lockTimeoutMs: settings.lockTimeout})
}

/** What to tell the user when a database was made. */
export function createdNote(path: string): string {
  return `made the database ${path}`
}
