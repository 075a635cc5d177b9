import {expect, test} from 'bun:test'
import {existsSync, mkdirSync, readdirSync, renameSync, utimesSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {Sandbox} from '../support/binary.ts'
import {Terminal} from '../support/terminal.ts'

test('cleanup deletes old files that no job needs, and old finished jobs', async () => {
  const sandbox = new Sandbox()
  const [waiting, done, young] = ['waiting.txt', 'done.txt', 'young.txt'].map(name => join(sandbox.home, 'jobs', name))
  await sandbox.qctl(['produce', 'x'])
  const directory = join(sandbox.home, 'jobs')
  mkdirSync(directory)
  for (const path of [waiting, done, young]) writeFileSync(path ?? '', 'content')
  const old = new Date(Date.now() - 3_600_000)
  for (const path of [waiting, done]) utimesSync(path ?? '', old, old)
  await sandbox.qctl(['produce', '-Q', 'files', '--file', waiting ?? '', done ?? '', young ?? ''])
  await sandbox.qctl(['jobs', 'cancel', '3', '4'])
  const args = ['cleanup', '--directory', directory, '--older-than', '10m']
  expect(await sandbox.json([...args, '--dry-run'])).toMatchObject({files: 1, files_needed: 1, sample: [done]})
  expect(existsSync(done ?? '')).toBe(true)
  expect((await sandbox.qctl(args)).status).toBe(2)
  expect(await sandbox.json([...args, '--yes'])).toMatchObject({files: 1, files_needed: 1, jobs: 0})
  expect([waiting, done, young].map(path => existsSync(path ?? ''))).toEqual([true, false, true])

  await sandbox.qctl(['consume', '--drain', '--', 'true'])
  expect(await sandbox.json(['cleanup', '--jobs', '--older-than', '1h', '--yes'])).toMatchObject({jobs: 0})
  expect(await sandbox.json(['cleanup', '--jobs', '--older-than', '1ms', '--dry-run'])).toMatchObject({jobs: 3, dry_run: true})
  expect(await sandbox.json(['cleanup', '--jobs', '--older-than', '1ms', '--yes'])).toMatchObject({jobs: 3})
  expect((await sandbox.qctl(['jobs', 'show', '1'])).status).toBe(66)
  expect((await sandbox.qctl(['cleanup', '--older-than', '1h'])).status).toBe(2)
  expect((await sandbox.qctl(['cleanup', '--older-than', '1h', '--directory', join(sandbox.home, 'nowhere')])).status).toBe(66)
})

test('cleanup deletes nothing that was changed or submitted while it asked', async () => {
  await using sandbox = new Sandbox()
  const directory = join(sandbox.home, 'jobs')
  mkdirSync(directory)
  const old = new Date(Date.now() - 3_600_000)
  const make = (name: string): string => {
    const path = join(directory, name)
    writeFileSync(path, 'content')
    utimesSync(path, old, old)
    return path
  }
  const [idle = '', submitted = '', resubmitted = '', rewritten = '', replaced = '', gone = ''] = ['idle', 'submitted', 'resubmitted', 'rewritten', 'replaced', 'gone'].map(make)
  await sandbox.qctl(['produce', '--file', resubmitted, idle, submitted, rewritten, replaced, gone])
  await sandbox.qctl(['jobs', 'cancel', '1-6'])
  await using terminal = await Terminal.start(['cleanup', '--directory', directory, '--older-than', '10m'], {home: sandbox.home, columns: 160})
  await terminal.shows('delete 6 files? [y/N]')
  await sandbox.qctl(['produce', '--file', submitted])
  await sandbox.qctl(['jobs', 'resubmit', '1'])
  writeFileSync(rewritten, 'content')
  renameSync(make('other'), replaced)
  renameSync(gone, join(sandbox.home, 'moved away'))
  await terminal.keys('y', 'Enter')
  expect(await terminal.ended()).toBe(0)
  expect([idle, submitted, resubmitted, rewritten, replaced].map(path => existsSync(path))).toEqual([false, true, true, true, true])
  const screen = await terminal.shows('deleted 1 file of')
  expect(screen).toContain('2 files old enough but kept')
  expect(screen).toContain('3 files left alone: changed or gone since they were counted')
}, 30_000)

test('cleanup keeps databases and hidden files, whatever names them', async () => {
  await using sandbox = new Sandbox()
  const directory = join(sandbox.home, 'jobs')
  const path = (name: string): string => join(directory, name)
  const db = ['--db', path('q.db')]
  await sandbox.qctl(['produce', ...db, '--generate', directory, '--count', '1'])
  const [generated = ''] = readdirSync(directory).filter(name => name.endsWith('.txt'))
  for (const name of ['done.txt', 'forgotten.txt', '.hidden', '.profile', 'of-sqlite']) writeFileSync(path(name), name === 'of-sqlite' ? 'SQLite format 3\0' : name)
  await sandbox.qctl(['backup', ...db, path('copy')])
  await sandbox.qctl(['backup', ...db, path('copy'), '--keep', '3'])
  await sandbox.qctl(['produce', ...db, '--file', ...['done.txt', 'q.db', 'copy', 'of-sqlite', '.hidden'].map(path)])
  await using consumer = new Sandbox()
  // Somebody has the database open, so that its log lies beside it.
  consumer.start(['consume', ...db, '--', 'true'])
  expect((await sandbox.qctl(['jobs', 'wait', ...db, '1-6', '--for', '20s'])).status).toBe(0)
  const old = new Date(Date.now() - 3_600_000)
  const before = readdirSync(directory).filter(name => !name.endsWith('.run'))
  expect(before).toContain('q.db-wal')
  for (const name of before) utimesSync(path(name), old, old)
  const args = ['cleanup', ...db, '--directory', directory, '--older-than', '10m']
  const gone = ['done.txt', 'forgotten.txt', generated]
  const kept = before.filter(name => !gone.includes(name))
  expect(await sandbox.json([...args, '--dry-run'])).toMatchObject({files: 3, files_needed: 0})
  const {status, stdout, stderr} = await sandbox.qctl([...args, '--yes'])
  expect([status, stdout]).toEqual([0, expect.stringMatching(/^deleted 3 files of /)])
  expect(stderr).toMatch(/^\d+ files old enough but kept: databases or hidden files\n$/)
  expect(readdirSync(directory).filter(name => !name.endsWith('.run')).toSorted()).toEqual(kept.toSorted())
  expect(await sandbox.json(['jobs', 'show', ...db, '1'])).toMatchObject({state: 'done'})
}, 30_000)
