/** The featureless ideal: node:sqlite doing a queue's work with nothing of a queue around it. */
import {DatabaseSync} from 'node:sqlite'
import {newPath, removeDatabase} from './scratch.ts'
import {Wrong} from './workload.ts'
import type {Durability} from './engine-bench.ts'

/** A narrow table with one index; finished rows are moved to a history table. */
const SCHEMA = `
CREATE TABLE job (id INTEGER PRIMARY KEY, queue_id INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0, priority INTEGER NOT NULL DEFAULT 0,
  run_at INTEGER NOT NULL, fence INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, lease_until INTEGER, payload BLOB) STRICT;
CREATE INDEX job_ready ON job (priority DESC, id) WHERE state = 0;
CREATE TABLE history (id INTEGER PRIMARY KEY, payload BLOB, finished_at INTEGER) STRICT`
const INSERT = 'INSERT INTO job (queue_id, run_at, payload) VALUES (?, ?, ?)'
/** For tables that run empty: SQLite would give the ids of finished jobs again. */
const INSERT_NEXT = `
INSERT INTO job (id, queue_id, run_at, payload)
VALUES (1 + max(ifnull((SELECT max(id) FROM job), 0), ifnull((SELECT max(id) FROM history), 0)), ?, ?, ?)`
const CLAIM = `
UPDATE job SET state = 1, attempts = attempts + 1, fence = fence + 1, lease_until = ? WHERE id IN (
  SELECT id FROM job WHERE state = 0 ORDER BY priority DESC, id LIMIT ?) RETURNING id, fence, payload`
const KEEP = 'INSERT INTO history SELECT id, payload, ? FROM job WHERE id IN (SELECT value FROM json_each(?)) AND state = 1'
const DROP = 'DELETE FROM job WHERE id IN (SELECT value FROM json_each(?)) AND state = 1'
const ANY_READY = 'SELECT 1 FROM job WHERE state = 0 LIMIT 1'
const LEASE_MS = 30_000

/** The ideal queue in one file. */
export class IdealQueue {
  readonly path: string
  readonly #db: DatabaseSync
  readonly #begin
  readonly #commit
  readonly #insert
  readonly #insertNext
  readonly #claim
  readonly #keep
  readonly #drop
  readonly #anyReady

  /** @param busyTimeoutMs how long SQLite itself waits for the write lock */
  constructor(path: string, durability: Durability = 'full', busyTimeoutMs = 0) {
    this.path = path
    const db = new DatabaseSync(path, {timeout: busyTimeoutMs})
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}`)
    if (db.prepare('SELECT 1 FROM sqlite_schema').get() === undefined) db.exec(SCHEMA)
    this.#db = db
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    this.#commit = db.prepare('COMMIT')
    this.#insert = db.prepare(INSERT)
    this.#insertNext = db.prepare(INSERT_NEXT)
    this.#claim = db.prepare(CLAIM)
    this.#keep = db.prepare(KEEP)
    this.#drop = db.prepare(DROP)
    this.#anyReady = db.prepare(ANY_READY)
  }

  /** Inserts a prepared row in a loop, `batch` rows a commit. */
  insert(payloads: readonly Uint8Array[], batch: number): void {
    for (let start = 0; start < payloads.length; start += batch) {
      this.#begin.run()
      const now = Date.now()
      const end = Math.min(start + batch, payloads.length)
      for (let i = start; i < end; i += 1) this.#insert.run(1, now, payloads[i] ?? null)
      this.#commit.run()
    }
  }

  /** Inserts one row whose id nothing ever had. Returns the id. */
  add(payload: Uint8Array): number {
    this.#begin.run()
    const {lastInsertRowid} = this.#insertNext.run(1, Date.now(), payload)
    this.#commit.run()
    return Number(lastInsertRowid)
  }

  /** Finishes some jobs and claims up to `limit` others in one commit. Returns the ids claimed. */
  turn(finished: readonly number[], limit: number): readonly number[] {
    this.#begin.run()
    if (finished.length > 0) {
      const ids = JSON.stringify(finished)
      this.#keep.run(Date.now(), ids)
      this.#drop.run(ids)
    }
    const claimed = this.#claim.all(Date.now() + LEASE_MS, limit)
    this.#commit.run()
    return claimed.map(row => Number(row['id']))
  }

  /** Claims and finishes all there is. Returns how many. */
  drain(batch: number): number {
    let done = 0
    let claimed: readonly number[] = []
    do {
      done += claimed.length
      claimed = this.turn(claimed, batch)
    } while (claimed.length > 0)
    return done
  }

  /** True when a claim would get something. */
  hasReady(): boolean {
    return this.#anyReady.get() !== undefined
  }

  /** How many are still there, and how many were finished. */
  count(): {readonly left: number; readonly done: number} {
    const row = this.#db.prepare('SELECT (SELECT count(*) FROM job) AS left, (SELECT count(*) FROM history) AS done').get()
    return {left: Number(row?.['left']), done: Number(row?.['done'])}
  }

  close(): void {
    this.#db.close()
  }
}

/**
 * Measures something the ideal queue does in a file of its own.
 * @param seed what is in the file before
 * @param work what is measured
 * @param after how many jobs must be there and finished at the end
 * @returns ms
 */
export function timeIdeal(
  durability: Durability,
  seed: (ideal: IdealQueue) => void,
  work: (ideal: IdealQueue) => void,
  after: {readonly left: number; readonly done: number},
): number {
  const ideal = new IdealQueue(newPath(), durability)
  seed(ideal)
  const from = performance.now()
  work(ideal)
  const ms = performance.now() - from
  const {left, done} = ideal.count()
  ideal.close()
  removeDatabase(ideal.path)
  if (left !== after.left || done !== after.done) throw new Wrong(`the ideal left ${left} and finished ${done}`)
  return ms
}
