import {expect, test} from 'bun:test'
import {existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {Sandbox} from '../support/binary.ts'
import {waitFor} from '../support/wait-for.ts'

interface Copy {
  readonly file: string
  readonly jobs: number
  readonly last_id: number
}

function idsIn(file: string): ReadonlySet<number> {
  const db = new DatabaseSync(file, {readOnly: true})
  try {
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({integrity_check: 'ok'})
    return new Set(db.prepare('SELECT id FROM job').all().map(row => Number(row['id'])))
  } finally {
    db.close()
  }
}

test('20 backups while 4 producers write: each is whole, and has every job whose id was printed before', async () => {
  await using sandbox = new Sandbox()
  await sandbox.qctl(['init', '--durability', 'normal'])
  const lines = (): string => Array.from({length: 400}, (_, i) => `${i}`).join('\n')
  const start = () => sandbox.start(['produce', '--lines', '--batch', '1'], {stdin: lines()})
  let producers = Array.from({length: 4}, start)
  const done: number[] = []
  const printed = (): readonly number[] => [...done, ...producers.flatMap(({stdout}) => stdout.split('\n').slice(0, -1).map(Number))]
  await waitFor(() => printed().length > 20)
  for (let n = 0; n < 20; n += 1) {
    for (const [i, producer] of producers.entries()) {
      if (producer.stdout.split('\n').length <= 400) continue
      done.push(...producer.stdout.split('\n').slice(0, -1).map(Number))
      producers = producers.with(i, start())
    }
    const before = printed()
    const file = join(sandbox.home, `copy-${n}.db`)
    const copy = (await sandbox.json(['backup', file])) as Copy
    const ids = idsIn(file)
    expect(before.filter(id => !ids.has(id))).toEqual([])
    expect(copy).toMatchObject({file, jobs: ids.size})
    expect(statSync(file).mode & 0o777).toBe(0o600)
  }
  expect(readdirSync(sandbox.home).filter(name => name.endsWith('.tmp'))).toEqual([])
}, 60_000)

test('a restore to a new place says what came where', async () => {
  const sandbox = new Sandbox()
  await sandbox.qctl(['produce', 'x'])
  const [copy, other] = [join(sandbox.home, 'copy.db'), join(sandbox.home, 'other.db')]
  await sandbox.qctl(['backup', copy])
  const {stdout} = await sandbox.qctl(['restore', copy, '--db', other])
  expect(stdout).toStartWith(`restored ${copy} as ${other}: 1 job; new ids are above `)
})

test('a backup never takes the place of another file, but where it is told to', async () => {
  const sandbox = new Sandbox()
  await sandbox.qctl(['produce', 'a'])
  const file = join(sandbox.home, 'copy.db')
  await sandbox.qctl(['backup', file])
  await sandbox.qctl(['produce', 'b'])
  expect(await sandbox.qctl(['backup', file])).toMatchObject({status: 4, stderr: expect.stringContaining('--keep N')})
  expect(idsIn(file).size).toBe(1)
  expect((await sandbox.qctl(['backup', file, '--force', '--dry-run'])).status).toBe(0)
  expect(idsIn(file).size).toBe(1)
  expect((await sandbox.qctl(['backup', file, '--force'])).status).toBe(0)
  expect(idsIn(file).size).toBe(2)
  expect(await sandbox.qctl(['backup', sandbox.database, '--force'])).toMatchObject({status: 4, stderr: expect.stringContaining('the database itself')})
  expect((await sandbox.qctl(['backup', join(sandbox.home, 'nowhere', 'copy.db')])).status).toBe(73)
  for (let jobs = 3; jobs <= 5; jobs += 1) {
    await sandbox.qctl(['produce', 'c'])
    await sandbox.qctl(['backup', file, '--keep', '3'])
  }
  expect([file, `${file}.1`, `${file}.2`].map(name => idsIn(name).size)).toEqual([5, 4, 3])
  expect(existsSync(`${file}.3`)).toBe(false)
})

test('a backup replaces and renames copies only, and no directory', async () => {
  await using sandbox = new Sandbox()
  await sandbox.qctl(['produce', 'a'])
  const at = (name: string): string => join(sandbox.home, name)
  const contents = (): readonly (readonly [string, string])[] =>
    readdirSync(sandbox.home, {withFileTypes: true}).filter(entry => entry.isFile()).map(({name}) => [name, readFileSync(at(name), 'latin1')] as const).toSorted()
  mkdirSync(at('bk'))
  for (const name of ['notes.txt', 'imp.1', 'far.7']) writeFileSync(at(name), 'mine')
  await sandbox.qctl(['backup', at('imp')])
  await sandbox.qctl(['backup', at('far')])
  await sandbox.qctl(['init', '--db', at('q.db')])
  const before = contents()
  const refused: readonly (readonly [args: readonly string[], status: number, says: string])[] = [
    [[at('bk')], 73, `${at('bk')} is a directory (name a file in it)`],
    [[at('bk'), '--keep', '7'], 73, `${at('bk')} is a directory (name a file in it)`],
    [[at('bk'), '--force'], 73, `${at('bk')} is a directory (name a file in it)`],
    [['/dev/null', '--force'], 73, '/dev/null is no file (choose another name)'],
    [[at('notes.txt'), '--keep', '1'], 65, `${at('notes.txt')} is no copy of a qctl database and is left alone (choose another name)`],
    [[at('notes.txt'), '--force'], 65, `${at('notes.txt')} is no copy`],
    [[at('imp'), '--keep', '3'], 65, `${at('imp.1')} is no copy`],
    [[at('imp'), '--keep', '1'], 65, `${at('imp.1')} is no copy`],
    [[at('far'), '--keep', '7'], 65, `${at('far.7')} is no copy`],
    [[at('q.db-wal'), '--db', at('q.db')], 4, `${at('q.db-wal')} belongs to the database ${at('q.db')}`],
    [[at('q.db-wal'), '--force', '--db', at('q.db')], 4, `${at('q.db-wal')} belongs to the database ${at('q.db')}`],
    [[at('q.db-journal'), '--keep', '2'], 4, `${at('q.db-journal')} belongs to the database ${at('q.db')}`],
  ]
  for (const [args, status, says] of refused) {
    for (const flags of [['--dry-run'], []]) {
      expect([args, await sandbox.qctl(['backup', ...args, ...flags])]).toEqual([args, {status, stdout: '', stderr: expect.stringContaining(says)}])
    }
  }
  expect([contents(), readdirSync(at('bk'))]).toEqual([before, []])
  // An empty file holds nothing that could be lost.
  writeFileSync(at('empty'), '')
  expect((await sandbox.qctl(['backup', at('empty'), '--force'])).status).toBe(0)
})

test('a rehearsed backup is a document with the names of the real one', async () => {
  const sandbox = new Sandbox()
  await sandbox.qctl(['produce', 'a'])
  const file = join(sandbox.home, 'copy.db')
  const foreseen = (await sandbox.json(['backup', file, '-n'])) as object
  expect(foreseen).toMatchObject({file, bytes: null, dry_run: true})
  expect(existsSync(file)).toBe(false)
  const made = (await sandbox.json(['backup', file])) as object
  expect(made).toMatchObject({file, dry_run: false})
  expect(Object.keys(made)).toEqual(Object.keys(foreseen))
})

test('a restore brings back the jobs, gives new ids, and keeps what was there', async () => {
  await using sandbox = new Sandbox()
  const file = join(sandbox.home, 'copy.db')
  await sandbox.qctl(['produce', '-Q', 'mail', 'slow', 'other'])
  const consumer = sandbox.start(['consume', '-Q', 'mail', '--name', 'ann', '--', 'sleep', '60'])
  const state = async (id: string): Promise<unknown> => ((await sandbox.json(['jobs', 'show', id])) as {readonly state: string}).state
  await waitFor(async () => (await state('1')) === 'processing')
  await sandbox.qctl(['backup', file])
  expect((await sandbox.qctl(['produce', 'after the backup'])).stdout).toBe('3\n')

  expect(await sandbox.qctl(['restore', file])).toMatchObject({status: 4, stderr: expect.stringContaining('ann')})
  expect((await sandbox.qctl(['restore', file, '--force', '--dry-run'])).status).toBe(0)
  expect(await state('3')).toBe('pending')
  const restored = (await sandbox.json(['restore', file, '--force'])) as {readonly kept: string; readonly ids_above: number}
  expect((await consumer.finished()).status).toBe(74)
  expect((await sandbox.qctl(['jobs', 'show', '3'])).status).toBe(66)
  expect(Number((await sandbox.qctl(['produce', 'new'])).stdout)).toBe(restored.ids_above + 1)
  expect(restored.ids_above).toBeGreaterThanOrEqual(3)
  // What was being processed is taken as lost, and as nobody's crash.
  await sandbox.qctl(['reap', '--once'])
  expect(await sandbox.json(['jobs', 'show', '1'])).toMatchObject({state: 'pending', attempts: 1, crashes: 0, attempts_list: [{outcome: 'lost'}]})
  expect((await sandbox.qctl(['jobs', 'show', '3'], {env: {QCTL_DB: restored.kept}})).status).toBe(0)
  expect(statSync(sandbox.database).mode & 0o777).toBe(0o600)
})

test('what is no whole database is not restored; a missing database is', async () => {
  const sandbox = new Sandbox()
  await sandbox.qctl(['produce', 'a', 'b'.repeat(20_000)])
  const file = join(sandbox.home, 'copy.db')
  await sandbox.qctl(['backup', file])
  const bytes = readFileSync(file)
  const damaged = join(sandbox.home, 'damaged.db')
  writeFileSync(damaged, Buffer.concat([bytes.subarray(0, 8192), Buffer.alloc(8192, 0x5a), bytes.subarray(16_384)]))
  const foreign = join(sandbox.home, 'foreign.db')
  new DatabaseSync(foreign).exec('CREATE TABLE t (x)')
  writeFileSync(join(sandbox.home, 'text'), 'no database at all '.repeat(100))
  const before = readFileSync(sandbox.database)
  for (const [name, status] of [['damaged.db', 65], ['foreign.db', 65], ['text', 65], ['nowhere', 66]] as const) {
    expect((await sandbox.qctl(['restore', join(sandbox.home, name)])).status).toBe(status)
  }
  expect(readFileSync(sandbox.database).equals(before)).toBe(true)
  const elsewhere = join(sandbox.home, 'new', 'place.db')
  expect(await sandbox.json(['restore', file], {env: {QCTL_DB: elsewhere}})).toMatchObject({kept: null, jobs: 2})
  expect(idsIn(elsewhere)).toEqual(new Set([1, 2]))
})
