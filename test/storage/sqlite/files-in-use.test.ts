import {describe, expect, test} from 'bun:test'
import {copyFileSync, mkdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {FilesInUse} from '../../../src/lib/storage/sqlite/files-in-use.ts'
import {scratchDirectory} from '../../support/scratch.ts'
import {waitFor} from '../../support/wait-for.ts'

/** A database of three files in a directory of its own that has not changed for long. */
function scene(): {readonly directory: string; readonly path: string; readonly files: FilesInUse} {
  const directory = join(scratchDirectory(), crypto.randomUUID())
  const path = join(directory, 'q.db')
  mkdirSync(directory)
  const files = new FilesInUse(path)
  for (const name of [path, `${path}-wal`, `${path}-shm`]) {
    writeFileSync(name, 'x')
    files.remember(name)
  }
  return {directory, path, files}
}

/** Waits until the times of a directory can be relied on. */
async function settled(directory: string): Promise<void> {
  await waitFor(() => Date.now() - statSync(directory).ctimeMs > 100, {what: 'the directory has been the same for a while'})
}

describe.each([
  ['at once', async () => {}],
  ['when the directory has been the same for a while', settled],
] as const)('files in use, looked at %s', (_when, wait) => {
  test('are the same while they are written', async () => {
    const {directory, path, files} = scene()
    await wait(directory)
    for (let look = 0; look < 3; look += 1) {
      writeFileSync(`${path}-wal`, 'more')
      utimesSync(`${path}-shm`, 1, 1)
      expect(files.findGone()).toBeNull()
    }
  })

  test('are the same when others come and go beside them', async () => {
    const {directory, files} = scene()
    await wait(directory)
    expect(files.findGone()).toBeNull()
    writeFileSync(join(directory, 'other'), '')
    expect(files.findGone()).toBeNull()
    rmSync(join(directory, 'other'))
    expect(files.findGone()).toBeNull()
  })

  test.each(['', '-wal', '-shm'])('are not when one is deleted: q.db%s', async suffix => {
    const {directory, path, files} = scene()
    await wait(directory)
    expect(files.findGone()).toBeNull()
    rmSync(`${path}${suffix}`)
    expect(files.findGone()).toEqual({path: `${path}${suffix}`, how: 'deleted'})
    expect(files.findGone()).toEqual({path: `${path}${suffix}`, how: 'deleted'})
  })

  test('are not when one is replaced', async () => {
    const {directory, path, files} = scene()
    copyFileSync(path, `${path}.old`)
    await wait(directory)
    expect(files.findGone()).toBeNull()
    renameSync(`${path}.old`, path)
    expect(files.findGone()).toEqual({path, how: 'replaced'})
  })

  test('are not when their directory is moved away, or another is put in its place', async () => {
    const {directory, path, files} = scene()
    await wait(directory)
    expect(files.findGone()).toBeNull()
    renameSync(directory, `${directory}.moved`)
    expect(files.findGone()).toEqual({path, how: 'deleted'})
    mkdirSync(directory)
    for (const name of [path, `${path}-wal`, `${path}-shm`]) writeFileSync(name, 'x')
    expect(files.findGone()).toEqual({path, how: 'replaced'})
  })
})
