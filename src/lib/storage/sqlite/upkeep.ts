import {existsSync, statSync} from 'node:fs'
import type {Clock} from '../../time.ts'
import type {BackupOptions, CopyFacts, Examination, ForeseenCopy, Restored, Standing, Upkeep} from '../../upkeep.ts'
import {backup, checkCopy, damageOf, foreseeBackup} from './backup.ts'
import {crc32} from './checksum.ts'
import {Connection} from './connection.ts'
import {inspectSchema} from './migrate.ts'
import {patiently} from './open.ts'
import {restore} from './restore.ts'
import {blob, num, text} from './rows.ts'

/** So many payloads are compared with their checksums in a look that must not take long: the newest. */
const PAYLOADS = 1000
const STEP = 500
const BELOW = 'SELECT id, checksum, payload FROM job WHERE id < ? ORDER BY id DESC LIMIT ?'
const BAD_NAMED = 20

/** Upkeep of one SQLite file. */
export class SqliteUpkeep implements Upkeep {
  readonly #path: string
  readonly #clock: Clock
  readonly #lockTimeoutMs: number

  constructor(path: string, clock: Clock, lockTimeoutMs: number) {
    this.#path = path
    this.#clock = clock
    this.#lockTimeoutMs = lockTimeoutMs
  }

  async standing(): Promise<Standing> {
    if (!existsSync(this.#path)) return 'missing'
    const db = new Connection(this.#path, {readOnly: true})
    try {
      const found = await patiently(this.#lockTimeoutMs, () => inspectSchema(db))
      return found === 'empty' ? 'missing' : found
    } finally {
      db.close()
    }
  }

  backup(file: string, options: BackupOptions): Promise<CopyFacts> {
    return patiently(this.#lockTimeoutMs, () => backup(this.#path, file, options))
  }

  async foreseeBackup(file: string, options: BackupOptions): Promise<ForeseenCopy> {
    return foreseeBackup(this.#path, file, options)
  }

  async check(file: string): Promise<CopyFacts> {
    return checkCopy(file)
  }

  restore(file: string): Promise<Restored> {
    return restore(file, this.#path, this.#clock, this.#lockTimeoutMs)
  }

  async examine(full: boolean): Promise<Examination> {
    const db = new Connection(this.#path)
    try {
      const damage = await patiently(this.#lockTimeoutMs, () => damageOf(db, full))
      const page = db.number('SELECT page_size FROM pragma_page_size') ?? 0
      const [checkpoint] = await patiently(this.#lockTimeoutMs, () => db.tuples('PRAGMA wal_checkpoint(PASSIVE)'))
      const [, pages = 0, copied = 0] = (checkpoint ?? []).map(Number)
      return {
        file: this.#path,
        bytes: statSync(this.#path).size,
        freeBytes: (db.number('SELECT freelist_count FROM pragma_freelist_count') ?? 0) * page,
        logBytes: statSync(`${this.#path}-wal`, {throwIfNoEntry: false})?.size ?? 0,
        log: {pages: Math.max(0, pages), stuck: Math.max(0, pages - copied)},
        damage,
        payloads: payloadsOf(db, full ? Number.POSITIVE_INFINITY : PAYLOADS),
        engineVersion: text(db.tuples('SELECT sqlite_version()')[0]?.[0]),
      }
    } finally {
      db.close()
    }
  }
}

/** Compares payloads with their checksums, newest first, some at a time: no read lasts long enough to hold up the log. */
function payloadsOf(db: Connection, most: number): Examination['payloads'] {
  const bad: number[] = []
  let checked = 0
  let below = Number.MAX_SAFE_INTEGER
  for (;;) {
    const rows = db.tuples(BELOW, below, Math.min(STEP, most - checked))
    for (const [id, checksum, payload] of rows) {
      if (crc32(blob(payload)) !== num(checksum) && bad.length < BAD_NAMED) bad.push(num(id))
    }
    checked += rows.length
    below = num(rows.at(-1)?.[0] ?? 0)
    if (rows.length < STEP || checked >= most) return {checked, bad, complete: rows.length < STEP}
  }
}
