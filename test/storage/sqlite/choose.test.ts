import {describe, expect, test} from 'bun:test'
import {Choice, reading} from '../../../src/lib/storage/sqlite/choose.ts'
import {Connection} from '../../../src/lib/storage/sqlite/connection.ts'
import {queueSchema} from '../../../src/lib/storage/sqlite/migrations/0001-queue.ts'
import {queueByName} from '../../../src/lib/storage/sqlite/queue-rows.ts'

const NOW = 1_000_000
const LEVELS = 2001

/** Counts the statements. */
class CountingConnection extends Connection {
  statements = 0

  override guard<T>(action: () => T): T {
    this.statements += 1
    return super.guard(action)
  }
}

function queueWithEveryPriority(): CountingConnection {
  const db = new CountingConnection(null)
  db.exec(queueSchema)
  db.run(`INSERT INTO queue (id, name, updated_at) VALUES (1, 'q', 0)`)
  db.run(
    `WITH RECURSIVE level (at) AS (SELECT -1000 UNION ALL SELECT at + 1 FROM level WHERE at < 1000)
     INSERT INTO job (queue_id, state, lane, priority, run_at, fence, attempts, crashes, snoozes, created_at, updated_at, file, checksum, payload)
     SELECT 1, 2, 0, at, ?, 0, 0, 0, 0, 0, 0, 0, 0, x'' FROM level`,
    NOW + 60_000,
  )
  db.statements = 0
  return db
}

function chosenBy(db: Connection, limit: number): readonly number[] {
  const queue = queueByName(db, 'q')
  const choice = new Choice(db, reading(), NOW).of({consumerId: 1, name: 'ann', queues: queue === null ? [] : [queue], limit})
  return 'kind' in choice ? [] : choice.flatMap(({rows}) => rows.map(([id]) => Number(id)))
}

function planOf(db: Connection, sql: string): readonly string[] {
  const parameters = Math.max(...[...sql.matchAll(/\?(\d)/g)].map(([, n]) => Number(n)))
  return db.tuples(`EXPLAIN QUERY PLAN ${sql}`, ...Array<number>(parameters).fill(1)).map(([, , , detail]) => String(detail))
}

describe('what a claim gets', () => {
  test('is looked for with few statements, however many priorities wait', () => {
    const db = queueWithEveryPriority()
    expect(chosenBy(db, 10)).toEqual([])
    expect(db.statements).toBeLessThan(20)
    db.run('UPDATE job SET run_at = ? WHERE id IN (7, 900, 2000)', NOW)
    db.statements = 0
    expect(chosenBy(db, 10)).toEqual([2000, 900, 7])
    expect(db.statements).toBeLessThan(50)
    expect(chosenBy(db, 2)).toEqual([2000, 900])
    db.close()
  })

  test('is found by searching indexes only, in their order', () => {
    const db = queueWithEveryPriority()
    const {suspect, open, assigned} = reading(['payload'])
    for (const sql of [...Object.values(open), ...Object.values(assigned)]) {
      const plan = planOf(db, sql)
      const steps = plan.filter(step => /\bjob\b/.test(step))
      expect(steps.length).toBeGreaterThan(0)
      for (const step of steps) expect(step).toMatch(/^SEARCH job (EXISTS )?USING (COVERING )?INDEX job_(ready|assigned) \(queue_id=\? AND .*priority/)
      expect(plan.filter(step => step.includes('TEMP B-TREE'))).toEqual([])
    }
    // A handful: sorted when met.
    expect(planOf(db, suspect)).toContain('SEARCH job USING INDEX job_suspect (queue_id=?)')
    db.close()
  })

  test(`walks past ${LEVELS} priorities to the last`, () => {
    const db = queueWithEveryPriority()
    db.run('UPDATE job SET run_at = ? WHERE priority = -1000', NOW)
    expect(chosenBy(db, 1)).toEqual([1])
    db.close()
  })
})
