import {QctlError} from '../../errors.ts'
import type {Connection} from './connection.ts'
import {MIGRATIONS} from './migrations/index.ts'

/** `qctl` in ASCII: marks a file as ours (sqlite.org/pragma.html#pragma_application_id). */
const APPLICATION_ID = 0x7163746c

/** How much of a file begins it (sqlite.org/fileformat.html). */
export const HEADER_BYTES = 100
const APPLICATION_ID_AT = 68

/** True for the first bytes of one of our databases, of whatever version and state. */
export function hasOurMark(header: Uint8Array): boolean {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength)
  return bytes.toString('latin1', 0, 16) === 'SQLite format 3\0' && bytes.readUInt32BE(APPLICATION_ID_AT) === APPLICATION_ID
}

export const SCHEMA_VERSION = MIGRATIONS.length

export type Durability = 'full' | 'normal'

/** What kind of file was found. */
type Finding = 'current' | 'older' | 'empty'

/**
 * Looks at what the file is, without changing it.
 * @returns whether it is ours and current, ours and older, or empty
 * @throws QctlError `not_a_database` for somebody else's file, `newer_schema` for one of a later qctl
 */
export function inspectSchema(db: Connection): Finding {
  const [row] = db.tuples(
    `SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
      (SELECT count(*) FROM sqlite_schema)`,
  )
  const [application, version, tables] = (row ?? []).map(Number)
  if (application === APPLICATION_ID && version !== undefined && version > 0) {
    if (version > SCHEMA_VERSION) {
      const message = `${db.path} has schema ${version}; this qctl knows up to ${SCHEMA_VERSION}`
      throw new QctlError('newer_schema', message, {hint: 'install the newer qctl that wrote it'})
    }
    return version === SCHEMA_VERSION ? 'current' : 'older'
  }
  if (application === 0 && version === 0 && tables === 0) return 'empty'
  throw new QctlError('not_a_database', `${db.path} is a database of another program, not qctl's; it was not touched`)
}

/**
 * Brings the schema up to date inside one transaction. Of many processes that start at once one does the work,
 * the others find it done. The caller retries when it is `busy`.
 * @param wallNow UTC ms, when an empty file becomes a store
 * @returns true when this call made an empty file a store
 */
export function migrate(db: Connection, durability: Durability, wallNow: number): boolean {
  db.exec('BEGIN IMMEDIATE')
  try {
    const found = inspectSchema(db)
    if (found !== 'current') {
      const from = db.number('SELECT user_version FROM pragma_user_version') ?? 0
      for (const sql of MIGRATIONS.slice(from)) db.exec(sql)
      if (found === 'empty') {
        db.run('INSERT INTO store (id, last_job_id, durability, created_at) VALUES (1, 0, ?, ?)', durability, wallNow)
      }
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
    }
    db.exec('COMMIT')
    return found === 'empty'
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK')
    throw error
  }
}
