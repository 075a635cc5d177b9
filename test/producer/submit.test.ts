import {describe, expect, test} from 'bun:test'
import {readdirSync, readFileSync} from 'node:fs'
import {QctlError} from '../../src/lib/errors.ts'
import type {Enqueued, NewJob} from '../../src/lib/job.ts'
import {generateJobs} from '../../src/lib/producer/generate.ts'
import {submitInput, type Surroundings} from '../../src/lib/producer/input.ts'
import type {SubmitProgress} from '../../src/lib/producer/submit.ts'
import {storeJobs} from '../../src/lib/producer/store.ts'
import {newJob} from '../../src/lib/queue/new-job.ts'
import {openMemoryStorage} from '../../src/lib/storage/open.ts'
import type {Storage} from '../../src/lib/storage/storage.ts'
import {scratchDirectory} from '../support/scratch.ts'
import {chunks, text} from './chunks.ts'

const never = new AbortController().signal

function around(storage: Storage, stdin: AsyncIterable<Uint8Array>, more: Partial<Surroundings> = {}): Surroundings {
  return {storage, defaults: {}, stdin, cwd: '/', signal: never, onProgress: () => {}, onTrouble: () => {}, ...more}
}

/** All that is committed, batch by batch, and the error that ended it. */
async function outcome(committed: AsyncIterable<{readonly line: number | null; readonly enqueued: readonly Enqueued[]}>) {
  const batches: (readonly [number | null, number])[] = []
  try {
    for await (const {line, enqueued} of committed) batches.push([line, enqueued.length])
    return {batches, error: null}
  } catch (error) {
    return {batches, error: error as QctlError}
  }
}

async function stored(storage: Storage): Promise<string[]> {
  const {jobs} = await storage.find({filter: null, order: {field: 'id', descending: false}, limit: 1000, cursor: null, scanLimit: null})
  return (await storage.get(jobs.map(({id}) => id))).map(({payload}) => text(payload))
}

describe('all or none', () => {
  test('everything in one transaction, in order', async () => {
    const storage = await openMemoryStorage()
    const progress: SubmitProgress[] = []
    const done = await outcome(
      submitInput({kind: 'lines', batch: null}, around(storage, chunks('a\nb\n', 'c'), {onProgress: (now) => progress.push(now)})),
    )
    expect(done).toEqual({batches: [[null, 3]], error: null})
    expect(await stored(storage)).toEqual(['a', 'b', 'c'])
    expect(progress.at(-1)).toEqual({read: 3, stored: 3})
  })

  test('a bad line among many: nothing is stored', async () => {
    const storage = await openMemoryStorage()
    const lines = Array.from({length: 500}, (_, i) => (i === 321 ? '{"payload":1,"nope":2}' : '{"payload":1}')).join('\n')
    const {batches, error} = await outcome(submitInput({kind: 'ndjson', batch: null}, around(storage, chunks(lines))))
    expect(batches).toEqual([])
    expect(error).toMatchObject({code: 'bad_input', message: expect.stringMatching(/^line 322: unknown field/)})
    expect(await stored(storage)).toEqual([])
  })

  test('a payload above the limit of the queue its line names: nothing is stored', async () => {
    const storage = await openMemoryStorage()
    await storage.setQueue('tiny', {create: 'must', settings: {maxPayloadBytes: 3}})
    const lines = '{"payload":"1234"}\n{"payload":"123","queue":"tiny"}\n{"payload":"1234","queue":"tiny"}\n'
    const {error} = await outcome(submitInput({kind: 'ndjson', batch: null}, around(storage, chunks(lines))))
    expect(error).toMatchObject({code: 'payload_too_large', message: expect.stringContaining('line 3')})
    expect(await stored(storage)).toEqual([])
  })

  test('a queue that takes more than the default takes it', async () => {
    const storage = await openMemoryStorage()
    await storage.setQueue('big', {create: 'must', settings: {maxPayloadBytes: 4 * 1024 * 1024}})
    const long = 'x'.repeat(3 * 1024 * 1024)
    const source = chunks(long, '\n', 'y')
    expect((await outcome(submitInput({kind: 'lines', batch: null}, around(storage, source, {defaults: {queue: 'big'}})))).error).toBeNull()
    expect((await stored(storage)).map(({length}) => length)).toEqual([long.length, 1])
  })

  test('no lines, no transaction', async () => {
    const storage = await openMemoryStorage()
    expect(await outcome(submitInput({kind: 'lines', batch: null}, around(storage, chunks('\n\n'))))).toEqual({batches: [], error: null})
  })
})

describe('in batches', () => {
  test('commits as it reads and says up to which line', async () => {
    const storage = await openMemoryStorage()
    const {batches} = await outcome(submitInput({kind: 'lines', batch: 2}, around(storage, chunks('a\n\nb\nc\nd\n', 'e'))))
    expect(batches).toEqual([[3, 2], [5, 2], [6, 1]])
  })

  test('a bad line ends it; committed batches stay, the one it is in does not', async () => {
    const storage = await openMemoryStorage()
    const lines = ['1', '2', '3', '4', '5'].map((payload) => `{"payload":${payload}}`)
    const {batches, error} = await outcome(submitInput({kind: 'ndjson', batch: 2}, around(storage, chunks([...lines, 'bad'].join('\n')))))
    expect(batches).toEqual([[2, 2], [4, 2]])
    expect(error?.message).toStartWith('line 6: ')
    expect(await stored(storage)).toEqual(['1', '2', '3', '4'])
  })

  test('an interruption stores the whole lines read so far, and no part of a line', async () => {
    const storage = await openMemoryStorage()
    const stop = new AbortController()
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('a\nb\nc\npart')
      stop.abort()
      await new Promise(() => {})
    }
    const {batches, error} = await outcome(submitInput({kind: 'lines', batch: 2}, around(storage, slow(), {signal: stop.signal})))
    expect({batches, error}).toEqual({batches: [[2, 2], [3, 1]], error: null})
    expect(await stored(storage)).toEqual(['a', 'b', 'c'])
  })
})

describe('payloads', () => {
  test('in order, stdin among them', async () => {
    const storage = await openMemoryStorage()
    await outcome(submitInput({kind: 'payloads', texts: ['a', '-', '']}, around(storage, chunks('from\nstdin'))))
    expect(await stored(storage)).toEqual(['a', 'from\nstdin', ''])
  })

  test('what stdin may hold is the limit of the queue', async () => {
    const storage = await openMemoryStorage()
    await storage.setQueue('tiny', {create: 'must', settings: {maxPayloadBytes: 3}})
    const {error} = await outcome(submitInput({kind: 'payloads', texts: ['-']}, around(storage, chunks('1234'), {defaults: {queue: 'tiny'}})))
    expect(error?.code).toBe('payload_too_large')
  })
})

describe('an unknown outcome', () => {
  const failing = {
    enqueue: async (): Promise<never> => {
      throw new QctlError('outcome_unknown', 'disk full')
    },
  }

  test('says to look first, or with a key to repeat', async () => {
    const hintOf = (job: NewJob): Promise<unknown> => storeJobs(failing, [job]).catch(({hint}: QctlError) => hint)
    expect(await hintOf(newJob({payload: 'x'}))).toContain('look before repeating')
    expect(await hintOf(newJob({payload: 'x', key: 'k'}))).toContain('repeat this command')
  })

  test('a generated file stays, in case its job is stored; else it goes', async () => {
    const directory = scratchDirectory()
    const one = {directory, everyMs: 1, count: 1, defaults: {}, onTrouble: () => {}}
    await expect(generateJobs(failing, one, never).next()).rejects.toMatchObject({code: 'outcome_unknown'})
    expect(readdirSync(directory)).toHaveLength(1)
    const busy = {enqueue: (): Promise<never> => Promise.reject(new QctlError('busy', 'busy'))}
    expect(await generateJobs(busy, one, never).next().catch(({code}: QctlError) => code)).toBe('busy')
    expect(readdirSync(directory)).toHaveLength(1)
  })
})

describe('the generator', () => {
  test('writes whole files and submits them', async () => {
    const storage = await openMemoryStorage()
    const directory = `${scratchDirectory()}/new/dir`
    const ids: number[] = []
    for await (const {id} of generateJobs(storage, {directory, everyMs: 1, count: 5, defaults: {queue: 'gen'}, onTrouble: () => {}}, never)) ids.push(id)
    const jobs = await storage.get(ids)
    expect(jobs.map(({file, queue}) => [file, queue])).toEqual(Array(5).fill([true, 'gen']))
    for (const {payload} of jobs) expect(readFileSync(text(payload), 'utf8')).toMatch(/^([\w-]+\n){1,8}$/)
    expect(readdirSync(directory)).toHaveLength(5)
  })

  test('stops when told, however long it would wait', async () => {
    const storage = await openMemoryStorage()
    const stop = new AbortController()
    let made = 0
    for await (const _ of generateJobs(storage, {directory: scratchDirectory(), everyMs: 3_600_000, count: null, defaults: {}, onTrouble: () => {}}, stop.signal)) {
      made += 1
      stop.abort()
    }
    expect(made).toBe(1)
  })

  test('waits while the store is busy or the disk full, if it is to run for ever, and gives the job of another file', async () => {
    const storage = await openMemoryStorage()
    const directory = scratchDirectory()
    const refusals = [new QctlError('busy', 'busy'), new QctlError('outcome_unknown', 'disk full'), new QctlError('busy', 'busy')]
    const enqueue: Storage['enqueue'] = async jobs => {
      const refusal = refusals.shift()
      if (refusal !== undefined) throw refusal
      return storage.enqueue(jobs)
    }
    const told: unknown[] = []
    const endless = {directory, everyMs: 1, count: null, defaults: {}, onTrouble: (_: string, error: unknown) => told.push((error as QctlError).code)}
    const stop = new AbortController()
    for await (const {id} of generateJobs({enqueue}, endless, stop.signal)) {
      expect(id).toBe(1)
      stop.abort()
    }
    expect(told).toEqual(['busy', 'outcome_unknown', 'busy'])
    // Of the one that may be stored the file stays.
    expect(readdirSync(directory)).toHaveLength(2)
  })

  test('told to end while it waits, it ends well', async () => {
    const stop = new AbortController()
    const busy = {enqueue: (): Promise<never> => Promise.reject(new QctlError('busy', 'busy'))}
    const endless = {directory: scratchDirectory(), everyMs: 1, count: null, defaults: {}, onTrouble: () => stop.abort()}
    expect(await generateJobs(busy, endless, stop.signal).next()).toEqual({done: true, value: undefined})
  })

  test('a directory that cannot be written', async () => {
    const storage = await openMemoryStorage()
    const error = await generateJobs(storage, {directory: '/proc/nope', everyMs: 1, count: 1, defaults: {}, onTrouble: () => {}}, never).next().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(QctlError)
    expect([73, 77]).toContain((error as QctlError).exit)
  })
})
