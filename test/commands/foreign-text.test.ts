import {expect, test} from 'bun:test'
import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {type Finished, Sandbox} from '../support/binary.ts'
import {waitFor} from '../support/wait-for.ts'

/** Turns what follows red. */
const EVIL = '\u001b[31mevil'
const SHOWN = '\\x1b[31mevil'
/** The same in one character, for what takes no other control character, and turns what follows around. */
const SLY = '\u009b31msly\u202e'
const SLY_SHOWN = '\\x9b31msly\\u202e'

function expectHarmless({stdout, stderr, status}: Finished, shown = SHOWN): void {
  const all = `${stdout}${stderr}`
  expect([status, all]).toEqual([0, expect.stringContaining(shown)])
  expect(all).not.toMatch(/[\u001b\u009b\u202e]/)
}

test('names of files cannot do anything to the terminal', async () => {
  await using sandbox = new Sandbox()
  const place = join(sandbox.home, EVIL)
  mkdirSync(place)
  const env = {QCTL_DB: join(place, 'q.db')}
  const copy = join(place, 'copy.db')
  for (const args of [['init'], ['backup', copy], ['backup', copy, '--force', '--dry-run'], ['restore', copy, '--dry-run'], ['restore', copy]]) {
    expectHarmless(await sandbox.qctl(args, {env}))
  }
  for (const format of ['supervisord', 'systemd', 'procfile']) {
    expectHarmless(await sandbox.qctl(['supervisor', 'init', '--format', format, '--supervisor-dir', join(sandbox.home, SLY)]), SLY_SHOWN)
  }
})

test('nor can the name of a queue in a database that was made elsewhere', async () => {
  await using sandbox = new Sandbox()
  await sandbox.qctl(['produce', '-Q', 'mail', 'a', 'b'])
  const consumer = sandbox.start(['consume', '-Q', 'mail', '--', 'sleep', '60'])
  await waitFor(async () => (await sandbox.qctl(['jobs', 'list', '--state', 'processing', '-o', 'id'])).stdout === '1\n')
  consumer.kill('SIGKILL')
  await consumer.finished()
  const db = new DatabaseSync(sandbox.database)
  db.prepare('UPDATE queue SET name = ?').run(EVIL)
  db.close()
  for (const args of [
    ['reap', '--dry-run'], ['jobs', 'explain', '2'], ['jobs', 'show', '2'], ['jobs', 'list'], ['jobs', 'list', '-o', 'csv'], ['queues', 'list'], ['queues', 'list', '-o', 'id'],
    ['stats'], ['stats', '--prometheus'], ['top', '--once'],
  ]) expectHarmless(await sandbox.qctl(args))
})
