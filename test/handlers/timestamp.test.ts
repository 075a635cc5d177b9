import {describe, expect, test} from 'bun:test'
import {chmodSync, chownSync, existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, unlinkSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {openHandler} from '../../src/lib/handlers/index.ts'
import {TimestampHandler} from '../../src/lib/handlers/timestamp.ts'
import type {Lease} from '../../src/lib/job.ts'
import type {Outcome} from '../../src/lib/outcome.ts'
import {scratchDirectory} from '../support/scratch.ts'
import {waitFor} from '../support/wait-for.ts'
import {Controls, leaseOf} from './support.ts'

const NOON = Date.UTC(2026, 0, 2, 12)
const LINE = '2026-01-02T12:00:00.000Z\n'
const handler = new TimestampHandler({wallNow: () => NOON, bootNow: () => 0, bootId: 'x:0', machineId: 'x'})

async function stamp(path: string | Uint8Array, facts: Partial<Lease> = {}, controls = new Controls()): Promise<Outcome> {
  return (await handler.run(leaseOf(path, {file: true, ...facts}), controls.context)).outcome
}

function fileWith(text: string | Uint8Array, name = 'file'): string {
  const path = join(scratchDirectory(), name)
  writeFileSync(path, text)
  return path
}

/** A file that takes a while to copy. */
function longFile(bytes = 500_000_000): string {
  const path = fileWith('')
  truncateSync(path, bytes)
  return path
}

/** The name of the file in which a run works, as soon as it is there. */
function draftBeside(path: string): Promise<string> {
  return waitFor(() => readdirSync(dirname(path)).find(name => name.startsWith('.qctl-stamp-')))
}

/** The name of the file in which a run of job 42 works. */
async function draftOf(fence: number): Promise<string> {
  const [path, controls] = [longFile(), new Controls()]
  const running = stamp(path, {fence}, controls)
  const name = await draftBeside(path)
  controls.stop({cause: 'shutdown', graceMs: 0})
  await running
  return name
}

describe('timestamp', () => {
  test('prepends the time as a line of its own', async () => {
    const path = fileWith('hello\n')
    expect(await stamp(path)).toEqual({kind: 'done', result: null})
    expect(readFileSync(path, 'utf8')).toBe(`${LINE}hello\n`)
    expect(readdirSync(join(path, '..'))).toEqual(['file'])
  })

  test('keeps bytes, mode and owner', async () => {
    const bytes = new Uint8Array(3_000_000).map((_, i) => i * 31)
    const path = fileWith(bytes)
    chmodSync(path, 0o4751)
    chownSync(path, process.getuid?.() === 0 ? 1234 : (process.getuid?.() ?? 0), process.getgid?.() ?? 0)
    chmodSync(path, 0o4751)
    const before = statSync(path)
    await stamp(path)
    expect(Buffer.from(LINE).equals(readFileSync(path).subarray(0, LINE.length))).toBe(true)
    expect(readFileSync(path).subarray(LINE.length).equals(bytes)).toBe(true)
    expect(statSync(path)).toMatchObject({mode: before.mode, uid: before.uid, gid: before.gid})
  })

  test('replaces the file and never writes into it', async () => {
    const path = fileWith('old')
    linkSync(path, `${path}-same`)
    await stamp(path)
    expect(readFileSync(`${path}-same`, 'utf8')).toBe('old')
  })

  test('follows a link and leaves it a link', async () => {
    const path = fileWith('x')
    symlinkSync(path, `${path}-link`)
    expect((await stamp(`${path}-link`)).kind).toBe('done')
    expect(lstatSync(`${path}-link`).isSymbolicLink()).toBe(true)
    expect(readFileSync(path, 'utf8')).toBe(`${LINE}x`)
  })

  test('takes any name a file can have', async () => {
    const directory = scratchDirectory()
    for (const name of [Buffer.from("a 'b' \n ä"), Buffer.from([0xff, 0xfe]), Buffer.from('n'.repeat(255))]) {
      const path = Buffer.concat([Buffer.from(`${directory}/`), name])
      writeFileSync(path, 'x')
      expect((await stamp(path)).kind).toBe('done')
      expect(readFileSync(path, 'utf8')).toBe(`${LINE}x`)
    }
  })

  test('removes what a killed run of the same job left', async () => {
    const path = fileWith('x')
    writeFileSync(join(path, '..', await draftOf(6)), 'half')
    await stamp(path, {fence: 7})
    expect(readdirSync(join(path, '..'))).toEqual(['file'])
  })

  test('fails for good without a file that could be stamped', async () => {
    const directory = scratchDirectory()
    Bun.spawnSync(['mkfifo', join(directory, 'fifo')])
    mkdirSync(join(directory, 'directory'))
    symlinkSync(join(directory, 'loop'), join(directory, 'loop'))
    for (const path of ['relative', '', `${directory}/none`, `${directory}/fifo`, `${directory}/directory`, `${directory}/loop`, `${directory}/a\0b`, `/${'x'.repeat(300)}`, '/dev/null']) {
      expect(await stamp(path)).toMatchObject({kind: 'rejected', reason: 'permanent'})
    }
    expect(await stamp('/etc/hostname', {file: false})).toMatchObject({kind: 'rejected', reason: 'permanent'})
  })

  test('says in plain words what is wrong with the file', async () => {
    const path = join(scratchDirectory(), 'none')
    expect(await stamp(path)).toMatchObject({error: `cannot stamp ${path}: no such file or directory`})
    expect(await stamp(`${path}\0`)).toMatchObject({error: 'the path of the file has a NUL byte'})
  })

  test('fails for now when the directory does not let it', async () => {
    const path = fileWith('x')
    mkdirSync(join(path, '..', await draftOf(7)))
    expect(await stamp(path)).toMatchObject({kind: 'failed', retryAfterMs: null})
    expect(readFileSync(path, 'utf8')).toBe('x')
  })

  test('fails for now when its draft is gone: that says nothing about the file', async () => {
    const path = longFile(100_000_000)
    const running = stamp(path)
    unlinkSync(join(path, '..', await draftBeside(path)))
    expect(await running).toMatchObject({kind: 'failed', retryAfterMs: null})
    expect(statSync(path).size).toBe(100_000_000)
  })

  test.each([
    ['another database', {}, {dbPath: '/other.db'}],
    ["another host's database of the same path", {createdAt: 1}, {}],
  ])('leaves alone what a job of the same id in %s is working on', async (_, facts, context) => {
    const path = longFile()
    const controls = new Controls({dbPath: '/one.db'})
    const running = stamp(path, {fence: 1}, controls)
    const draft = await draftBeside(path)
    const other = join(path, '../other')
    writeFileSync(other, 'x')
    expect((await stamp(other, {fence: 2, ...facts}, new Controls({dbPath: '/one.db', ...context}))).kind).toBe('done')
    expect(readdirSync(dirname(path))).toContain(draft)
    controls.stop({cause: 'shutdown', graceMs: 0})
    await running
  })

  test('leaves the file alone when it is told to end before it is done', async () => {
    const path = longFile()
    const controls = new Controls()
    const running = stamp(path, {}, controls)
    controls.stop({cause: 'requested', requested: 'cancel', graceMs: 1000})
    expect(await running).toEqual({kind: 'cancelled', requested: 'cancel'})
    expect(statSync(path).size).toBe(500_000_000)
    expect(readdirSync(join(path, '..'))).toEqual(['file'])
  })

  test('runs many at once', async () => {
    const paths = Array.from({length: 100}, (_, i) => fileWith(`${i}`))
    await Promise.all(paths.map((path, id) => stamp(path, {id: id + 1})))
    expect(paths.map(path => readFileSync(path, 'utf8'))).toEqual(paths.map((_, i) => `${LINE}${i}`))
  })
})

describe('remove-file', () => {
  test('deletes the file once the success is stored, not before and not otherwise', async () => {
    const remover = await openHandler({kind: 'timestamp'}, {removeFile: true})
    const path = fileWith('x')
    const lease = leaseOf(path, {file: true})
    expect((await remover.run(lease, new Controls().context)).outcome.kind).toBe('done')
    await remover.afterSettled?.(lease, 'pending')
    await remover.afterSettled?.(lease, 'failed')
    await remover.afterSettled?.(leaseOf(path), 'done')
    expect(existsSync(path)).toBe(true)
    await remover.afterSettled?.(lease, 'done')
    expect(existsSync(path)).toBe(false)
    await remover.afterSettled?.(lease, 'done')
    await remover.close()
  })
})
