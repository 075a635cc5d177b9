/** The yardsticks: node:sqlite doing a queue's work with nothing of a queue around it. */
import {DatabaseSync} from 'node:sqlite'

/** The featureless ideal: a narrow table, one index, finished rows moved to a history table. */
export const IDEAL_SCHEMA = `
CREATE TABLE job (id INTEGER PRIMARY KEY, queue_id INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0, priority INTEGER NOT NULL DEFAULT 0,
  run_at INTEGER NOT NULL, fence INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, lease_until INTEGER, payload BLOB) STRICT;
CREATE INDEX job_ready ON job (priority DESC, id) WHERE state = 0;
CREATE TABLE history (id INTEGER PRIMARY KEY, payload BLOB, finished_at INTEGER) STRICT`

export function openRaw(path: string, schema: string, synchronous: 'FULL' | 'NORMAL' = 'FULL'): DatabaseSync {
  const db = new DatabaseSync(path)
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
  db.exec(schema)
  return db
}

const INSERT = 'INSERT INTO job (queue_id, run_at, payload) VALUES (?, ?, ?)'

/** One insert, one commit, again and again. */
export function idealInsertOneByOne(db: DatabaseSync, payloads: readonly Uint8Array[]): void {
  const insert = db.prepare(INSERT)
  for (const payload of payloads) {
    db.exec('BEGIN IMMEDIATE')
    insert.run(1, Date.now(), payload)
    db.exec('COMMIT')
  }
}

/** A prepared row in a loop, `batch` rows a commit. */
export function idealInsertBatches(db: DatabaseSync, payloads: readonly Uint8Array[], batch: number): void {
  const insert = db.prepare(INSERT)
  for (let start = 0; start < payloads.length; start += batch) {
    db.exec('BEGIN IMMEDIATE')
    const now = Date.now()
    for (const payload of payloads.slice(start, start + batch)) insert.run(1, now, payload)
    db.exec('COMMIT')
  }
}

/** Claim `batch` and finish the previous ones, one commit a turn, until nothing is left. Returns how many were finished. */
export function idealDrain(db: DatabaseSync, batch: number, limit = Number.POSITIVE_INFINITY): number {
  const claim = db.prepare(`UPDATE job SET state = 1, attempts = attempts + 1, fence = fence + 1, lease_until = ? WHERE id IN (
    SELECT id FROM job WHERE state = 0 ORDER BY priority DESC, id LIMIT ?) RETURNING id, fence, payload`)
  const keep = db.prepare('INSERT INTO history SELECT id, payload, ? FROM job WHERE id IN (SELECT value FROM json_each(?)) AND state = 1')
  const drop = db.prepare('DELETE FROM job WHERE id IN (SELECT value FROM json_each(?)) AND state = 1')
  let done = 0
  let claimed: readonly unknown[] = []
  do {
    db.exec('BEGIN IMMEDIATE')
    if (claimed.length > 0) {
      const ids = JSON.stringify(claimed)
      keep.run(Date.now(), ids)
      drop.run(ids)
      done += claimed.length
    }
    claimed = claim.all(Date.now() + 30_000, batch).map(row => row['id'])
    db.exec('COMMIT')
  } while (claimed.length > 0 && done < limit)
  return done
}

/** As many rows a commit as there are callers: the limit of a group commit. */
export function idealGroups(db: DatabaseSync, payloads: readonly Uint8Array[], inFlight: number): void {
  idealInsertBatches(db, payloads, inFlight)
}
