/** The jobs that are measured, and the proof that all of them are where they belong. */
import {DatabaseSync} from 'node:sqlite'
import {DONE, PENDING} from '../../src/lib/storage/sqlite/rows.ts'
import {Wrong} from './workload.ts'

/** About 100 bytes of JSON each. */
export function payloads(count: number): readonly Uint8Array[] {
  return Array.from({length: count}, (_, n) => Buffer.from(payloadText(n)))
}

/** The payload of one job as text. */
export function payloadText(n: number): string {
  return JSON.stringify({to: `user${n}@example.com`, subject: 'hello there', body: 'x'.repeat(40), n})
}

/** How many jobs a file holds. */
export interface Left {
  readonly pending: number
  readonly done: number
}

/** @throws Wrong when there are not exactly so many different ones */
export function assertEach(ids: readonly number[], count: number, what: string): void {
  const different = new Set(ids).size
  if (ids.length === count && different === count) return
  throw new Wrong(`${what}: ${count} jobs, of which ${count - different} are lost and ${ids.length - different} doubled`)
}

/**
 * Looks into a file of the engine that nobody has open: jobs, counters and history must agree.
 * @throws Wrong
 */
export function assertLeft(path: string, {pending, done}: Left, what: string): void {
  const db = new DatabaseSync(path)
  const number = (sql: string): number => Number(Object.values(db.prepare(sql).get() ?? {})[0])
  const facts = {
    pending: [number(`SELECT count(*) FROM job WHERE state = ${PENDING}`), pending],
    'pending by the counters': [number('SELECT ifnull(sum(pending), 0) FROM queue'), pending],
    done: [number(`SELECT count(*) FROM job WHERE state = ${DONE}`), done],
    'done by the counters': [number('SELECT ifnull(sum(done), 0) FROM queue'), done],
    'in the history': [number('SELECT count(*) FROM attempt'), done],
    leases: [number('SELECT count(*) FROM lease'), 0],
  }
  db.close()
  for (const [name, [found, expected]] of Object.entries(facts)) {
    if (found !== expected) throw new Wrong(`${what}: ${found} jobs ${name}, not ${expected}`)
  }
}
