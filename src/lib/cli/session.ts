import {databaseOf, type Settings} from '../config.ts'
import {Inspector} from '../queue/inspector.ts'
import {Queue} from '../queue/queue.ts'
import {openStorage} from '../storage/open.ts'
import type {Storage} from '../storage/storage.ts'

/** An open database, and what may be done with it. */
export interface Session {
  readonly queue: Queue
  readonly inspector: Inspector
  readonly storage: Storage
  close(): Promise<void>
}

/**
 * Opens the database of the settings.
 *
 * @param settings `db` and `lockTimeout` count
 * @param options `create`: make a missing database instead of failing; `onCreate` is told the path of one that was made
 * @throws {QctlError} `not_found`, `cannot_open`, `permission`, `not_a_database`, `newer_schema`, …
 */
export async function openSession(
  settings: Pick<Settings, 'db' | 'lockTimeout'>,
  {create, onCreate = () => {}}: {readonly create: boolean; readonly onCreate?: (path: string) => void},
): Promise<Session> {
  const storage = await openStorage(databaseOf(settings), {create, lockTimeoutMs: settings.lockTimeout, onCreate})
  return {queue: new Queue(storage), inspector: new Inspector(storage), storage, close: () => storage.close()}
}
