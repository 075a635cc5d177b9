import {expect, test} from 'bun:test'
import {mkdtempSync, rmSync, statSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {openStorage} from '../../src/lib/storage/open.ts'
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
