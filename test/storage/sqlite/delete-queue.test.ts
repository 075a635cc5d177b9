import {expect, test} from 'bun:test'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {openStorage} from '../../../src/lib/storage/open.ts'
import {Connection} from '../../../src/lib/storage/sqlite/connection.ts'
import {deleteQueue} from '../../../src/lib/storage/sqlite/delete-queue.ts'
import {Transaction} from '../../../src/lib/storage/sqlite/transaction.ts'
import {systemClock} from '../../../src/lib/time.ts'
import {scratchDirectory} from '../../support/scratch.ts'
import {newJob, nth, only} from '../contract/bench.ts'

const EVERY_JOB = {filter: null, order: {field: 'id', descending: false}, limit: 100, cursor: null, scanLimit: null} as const

/** What a process leaves that is killed right after the first step. */
function deleteAndDie(path: string, name: string): void {
  const db = new Connection(path)
  db.run('BEGIN IMMEDIATE')
  deleteQueue(new Transaction(db, systemClock), name, {force: true})
  db.run('COMMIT')
  db.close()
}

function rows(path: string, table: string): number {
  const db = new DatabaseSync(path)
  const count = Number(db.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows'])
  db.close()
  return count
}

test('a queue whose deletion was cut off is gone for everybody, and housekeeping removes what is left', async () => {
  const path = join(scratchDirectory(), 'q.db')
  const storage = await openStorage(path, {create: true, durability: 'normal'})
  const drafts = [{key: 'k'}, {priority: 5}, {when: {kind: 'after', delayMs: 1000}}, {assignedTo: 'ann'}, {queue: 'kept'}] as const
  const ids = (await storage.enqueue(drafts.map(draft => newJob(draft)))).map(({id}) => id)
  await storage.act({kind: 'cancel', reason: 'r'}, [{id: nth(ids, 1), seen: null}], 'me')
  deleteAndDie(path, 'q')

  expect((await storage.queues()).map(({name}) => name)).toEqual(['kept'])
  expect((await storage.find(EVERY_JOB)).jobs.map(({id}) => id)).toEqual([nth(ids, 4)])
  const cancelled = {kind: 'state', states: ['cancelled', 'pending']} as const
  expect((await storage.find({...EVERY_JOB, filter: cancelled})).jobs).toHaveLength(1)
  const keyed = {kind: 'text', field: 'key', op: 'in', values: ['k']} as const
  expect((await storage.find({...EVERY_JOB, filter: keyed})).jobs).toEqual([])
  expect(await storage.get(ids)).toHaveLength(1)
  expect(await storage.explain(ids)).toHaveLength(1)
  expect((await storage.act({kind: 'resubmit', reason: 'r'}, ids.slice(0, 4).map(id => ({id, seen: null})), 'me')).map(({kind}) => kind)).toEqual(
    ['missing', 'missing', 'missing', 'missing'],
  )

  // The name is free, and a queue of it begins anew; ids are not given twice.
  const again = only(await storage.enqueue([newJob({key: 'k'})]))
  expect(again).toMatchObject({existing: false})
  expect(again.id).toBeGreaterThan(nth(ids, 4))
  expect(only(await storage.queues(['q'])).counts.pending).toBe(1)
  await storage.deleteQueue('kept', {force: true})
  expect([rows(path, 'job'), rows(path, 'queue'), rows(path, 'event'), rows(path, 'job_key')]).toEqual([1, 1, 0, 1])
  await storage.close()
})

test('housekeeping goes on until nothing is left, a few at a time', async () => {
  const path = join(scratchDirectory(), 'q.db')
  const storage = await openStorage(path, {create: true, durability: 'normal'})
  await storage.enqueue(Array.from({length: 25}, (_, n) => newJob({key: String(n)})))
  deleteAndDie(path, 'q')
  const left: number[] = []
  for (let more = true; more; ) {
    ;({more} = await storage.maintain({limit: 10}))
    left.push(rows(path, 'job'))
  }
  expect(left.slice(0, 3)).toEqual([15, 5, 0])
  expect([rows(path, 'queue'), rows(path, 'job_key')]).toEqual([0, 0])
  expect(only(await storage.enqueue([newJob({})])).id).toBe(26)
  await storage.close()
})
