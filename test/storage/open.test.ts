import {expect, test} from 'bun:test'
import {mkdtempSync, rmSync, statSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {openStorage} from '../../src/lib/storage/open.ts'
import {Connection} from '../../src/lib/storage/sqlite/connection.ts'
import {MIGRATIONS} from '../../src/lib/storage/sqlite/migrations/index.ts'
import {assertLogged} from '../../src/lib/storage/sqlite/open.ts'
import {scratchDirectory} from '../support/scratch.ts'

async function make(path: string): Promise<void> {
  await (await openStorage(path, {create: true})).close()
}

test('missing directories are made private, however many', async () => {
  const path = join(scratchDirectory(), 'a/b/c/q.db')
  await make(path)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  for (const directory of [dirname(path), dirname(dirname(path))]) expect(statSync(directory).mode & 0o777).toBe(0o700)
})

test('also directly below the root', async () => {
  // Whoever may not write there sees the refusal instead; either way it ends.
  const top = `/qctl-test-${process.pid}`
  try {
    await make(`${top}/q.db`)
    expect(statSync(`${top}/q.db`).isFile()).toBe(true)
  } catch (error) {
    expect(error).toMatchObject({code: 'permission'})
  } finally {
    rmSync(top, {recursive: true, force: true})
  }
})

test('an empty file becomes a private database, and that is told once', async () => {
  const path = join(mkdtempSync(join(scratchDirectory(), 'x')), 'q.db')
  await Bun.write(path, '', {mode: 0o644})
  const told: string[] = []
  const onCreate = (made: string): void => void told.push(made)
  const stores = await Promise.all([1, 2, 3].map(() => openStorage(path, {create: true, onCreate})))
  for (const store of stores) await store.close()
  expect(told).toEqual([path])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a database that lost its log mode gets it back', async () => {
  const path = join(scratchDirectory(), 'q.db')
  await make(path)
  const mode = (change = ''): unknown => {
    const db = new DatabaseSync(path)
    const row = db.prepare(`PRAGMA journal_mode${change}`).get()
    db.close()
    return row?.['journal_mode']
  }
  expect(mode(' = DELETE')).toBe('delete')
  await make(path)
  expect(mode()).toBe('wal')
})

test('a database of the first schema keeps its jobs and gets what later ones have', async () => {
  const path = join(mkdtempSync(join(scratchDirectory(), 'x')), 'q.db')
  const [first = ''] = MIGRATIONS
  const old = new DatabaseSync(path)
  old.exec(`${first}; PRAGMA application_id = ${0x7163746c}; PRAGMA user_version = 1`)
  old.exec(`
    INSERT INTO store VALUES (1, 0, 'full', 0);
    INSERT INTO queue (id, name, updated_at, cancelled) VALUES (1, 'default', 0, 1);
    INSERT INTO job (id, queue_id, state, lane, priority, run_at, fence, attempts, crashes, snoozes, created_at, updated_at, file, checksum, payload)
      VALUES (1, 1, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, x'00')`)
  old.close()
  const storage = await openStorage(path)
  expect((await storage.info()).schemaVersion).toBe(MIGRATIONS.length)
  const query = {order: {field: 'id', descending: true}, limit: 10, cursor: null, scanLimit: null} as const
  expect((await storage.find({...query, filter: {kind: 'state', states: ['cancelled']}})).jobs.map(({id}) => id)).toEqual([1])
  await storage.close()
})

test('where there can be no log the database is refused', () => {
  const memory = new Connection(null)
  expect(() => assertLogged(memory)).toThrow('the file system of :memory: cannot carry the write-ahead log that qctl needs')
  memory.close()
})

test('a path that leads nowhere is refused in plain words', async () => {
  const directory = scratchDirectory()
  await Bun.write(join(directory, 'file'), '')
  for (const path of [join(directory, 'file/q.db'), join(directory, 'x'.repeat(300))]) {
    const error = await openStorage(path, {create: true}).then(() => null, (cause: unknown) => cause as {readonly message: string; readonly hint: string | null})
    expect(error?.message).toContain(path)
    expect(error?.message).toMatch(/: (not a directory|name too long|file name too long)$/)
    expect(error?.hint).toContain('--db')
  }
})
