/** How a database is named: by the path of a file, or by a URL. */
import {QctlError} from './errors.ts'

/** Two letters at least: `c:` is a drive of Windows. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i

/** True when a database is named by a URL and not by a path. A file whose name looks like one is named as `./a:b`. */
export function isDatabaseUrl(location: string): boolean {
  return SCHEME.test(location)
}

/** True when it names a PostgreSQL database. */
export function isPostgresUrl(location: string): boolean {
  return /^postgres(ql)?:/i.test(location)
}

/** The name of a database as it may be shown: without the password of its URL. */
export function shownDatabase(location: string): string {
  return isDatabaseUrl(location) ? location.replace(/^([^:]+:\/*[^:@/]*):[^@/]*@/, '$1:***@') : location
}

/**
 * Makes sure that a location is a path or a URL of a kind that there is: any other would be taken for a file of that name, and its password for a
 * directory.
 * @throws QctlError `usage`
 */
export function checkLocation(location: string): void {
  if (location === ':memory:') throw new QctlError('usage', 'a database in memory would be gone with this command: give the path of a file')
  const [, scheme] = SCHEME.exec(location) ?? []
  if (scheme === undefined || isPostgresUrl(location)) return
  throw new QctlError('usage', `${scheme}: is no kind of database that qctl knows`, {
    hint: 'give the path of an SQLite file; if its name has a colon, as ./a:b',
  })
}
