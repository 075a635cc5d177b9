import {databaseOf, isDatabaseUrl, type Settings} from '../config.ts'

/** The file of the database; `null` when it is named by a URL. */
export function databaseFile(settings: Pick<Settings, 'db'>): string | null {
  const database = databaseOf(settings)
  return isDatabaseUrl(database) ? null : database
}
