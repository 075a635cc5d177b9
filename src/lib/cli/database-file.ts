import {realpathSync} from 'node:fs'
import {databaseOf, isDatabaseUrl, type Settings} from '../config.ts'
import {SpoolDirectory} from '../output-spool.ts'

/** The file of the database; `null` when it is named by a URL. */
export function databaseFile(settings: Pick<Settings, 'db'>): string | null {
  const database = databaseOf(settings)
  return isDatabaseUrl(database) ? null : database
}

/** Where the runs of the database show their output while they go on; `null` = nowhere. */
export function spoolsOf(settings: Pick<Settings, 'db'>): SpoolDirectory | null {
  const file = databaseFile(settings)
  return file === null ? null : new SpoolDirectory(realpathSync(file))
}
