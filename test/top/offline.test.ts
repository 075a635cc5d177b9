import {describe, expect, test} from 'bun:test'
import {renameSync, rmSync} from 'node:fs'
import {DatabaseSync} from 'node:sqlite'
import {Sandbox} from '../support/binary.ts'
import {Terminal} from '../support/terminal.ts'

/** A home with three jobs, and `top` that shows them. */
async function watched(env: Readonly<Record<string, string>> = {}): Promise<{readonly sandbox: Sandbox; readonly terminal: Terminal}> {
  const sandbox = new Sandbox()
  await sandbox.qctl(['produce', '-Q', 'mail', 'a', 'b', 'c'])
  const terminal = await Terminal.start(['top', '--interval', '500ms', '--admin'], {home: sandbox.home, env})
  await terminal.shows('3 waiting')
  return {sandbox, terminal}
}

function remove(database: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${database}${suffix}`, {force: true})
}

describe('a database that', () => {
  test('was deleted is told, what was read stays, and one in its place is found', async () => {
    const {sandbox, terminal} = await watched()
    await using _ = terminal
    remove(sandbox.database)
    const screen = await terminal.shows('OFFLINE')
    expect(screen).toContain('was deleted')
    expect(screen).toContain('3 waiting')
    await terminal.shows(/Data below is [2-9]s old/)
    await sandbox.qctl(['produce', '-Q', 'new', 'x'])
    await terminal.keys('r')
    await terminal.shows('new: 1 waiting')
    expect(await terminal.screen()).not.toContain('OFFLINE')
    await terminal.keys('q')
    expect(await terminal.ended()).toBe(0)
  })

  test('was replaced is opened anew', async () => {
    const {sandbox, terminal} = await watched()
    await using _ = terminal
    const other = new Sandbox()
    await other.qctl(['produce', '-Q', 'other', 'x', 'y'])
    for (const suffix of ['-wal', '-shm']) rmSync(`${sandbox.database}${suffix}`, {force: true})
    renameSync(other.database, sandbox.database)
    await terminal.shows('other: 2 waiting')
  })

  test('has become newer than this build is told, and nothing is done to it', async () => {
    const {sandbox, terminal} = await watched()
    await using _ = terminal
    const other = new Sandbox()
    await other.qctl(['init'])
    const newer = new DatabaseSync(other.database)
    newer.exec('PRAGMA user_version = 999')
    newer.close()
    remove(sandbox.database)
    renameSync(other.database, sandbox.database)
    await terminal.shows(/NOT REACHABLE: .*(newer|schema)/)
    await terminal.keys('q')
    expect(await terminal.ended()).toBe(0)
  })

  test('somebody keeps locked is watched all the same', async () => {
    const {sandbox, terminal} = await watched()
    await using _ = terminal
    const locker = new DatabaseSync(sandbox.database)
    try {
      locker.exec('BEGIN IMMEDIATE')
      const before = /\d\d:\d\d:\d\d$/m.exec(await terminal.screen())?.[0] ?? ''
      const screen = await terminal.shows(new RegExp(`live 500ms +(?!${before})\\d\\d:`))
      expect(screen).toContain('3 waiting')
      locker.exec('ROLLBACK')
    } finally {
      locker.close()
    }
    await sandbox.qctl(['produce', '-Q', 'mail', 'd'])
    await terminal.shows('4 waiting')
  })
})
