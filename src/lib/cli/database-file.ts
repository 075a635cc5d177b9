import {existsSync, mkdirSync, realpathSync} from 'node:fs'
import {basename, dirname, join} from 'node:path'
import {databaseOf, type Settings} from '../config.ts'
import {QctlError} from '../errors.ts'
import {isDatabaseUrl} from '../location.ts'
import {SpoolDirectory} from '../output-spool.ts'

/** The file of the database; `null` when it is named by a URL. */
export function databaseFile(settings: Pick<Settings, 'db'>): string | null {
  const database = databaseOf(settings)
  return isDatabaseUrl(database) ? null : database
}

/**
 * The file of the database, links followed; its directory is made when it is missing.
 * @throws QctlError `usage` when the database is named by a URL
 */
export function realDatabaseFile(settings: Pick<Settings, 'db'>): string {
  const file = databaseFile(settings)
  if (file === null) throw new QctlError('usage', 'this is for database files, not for a URL')
  if (existsSync(file)) return realpathSync(file)
  mkdirSync(dirname(file), {recursive: true, mode: 0o700})
  return join(realpathSync(dirname(file)), basename(file))
}

/** Where the runs of the database show their output while they go on; `null` = nowhere. */
export function spoolsOf(settings: Pick<Settings, 'db'>): SpoolDirectory | null {
  const file = databaseFile(settings)
  return file === null ? null : new SpoolDirectory(realpathSync(file))
}
