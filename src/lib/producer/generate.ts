import {randomBytes} from 'node:crypto'
import {mkdir, open, rename, rm} from 'node:fs/promises'
import {dirname, join, resolve} from 'node:path'
import {makeDurable} from '../durable.ts'
import {QctlError} from '../errors.ts'
import type {Enqueued} from '../job.ts'
import {newJob} from '../queue/new-job.ts'
import type {Storage} from '../storage/storage.ts'
import {isPassing, type OnTrouble, outlast} from '../passing.ts'
import {monotonicMs, sleep, systemClock, toIso} from '../time.ts'
import type {JobDefaults} from './numbered-job.ts'
import {storeJobs} from './store.ts'

/** What to generate, and how often. */
export interface Generation {
  /** Where the files go; made when it is missing. */
  readonly directory: string
  readonly everyMs: number
  /** How many; `null` = until stopped. */
  readonly count: number | null
  readonly defaults: JobDefaults
  /** Told when it has to wait. */
  readonly onTrouble: OnTrouble
}

/**
 * Writes a random file and submits it, again and again. Without a `count` it is to run for ever: then it waits while the disk is
 * full or the database busy.
 * @param signal ends it, after the file in hand
 * @returns each job after its commit
 * @throws QctlError when a file cannot be written or a job not be stored; a file without a job is removed
 */
export async function* generateJobs(storage: Pick<Storage, 'enqueue'>, generation: Generation, signal: AbortSignal): AsyncGenerator<Enqueued> {
  const {directory, everyMs, count, defaults, onTrouble} = generation
  const target = resolve(directory)
  await writing(target, () => mkdir(target, {recursive: true}))
  const generate = (): Promise<Enqueued> => generateOne(storage, target, defaults)
  for (let made = 0; (count === null || made < count) && !signal.aborted; made += 1) {
    const begin = monotonicMs()
    try {
      yield count === null ? await outlast('generating a job', generate, {stop: signal, onTrouble}) : await generate()
    } catch (error) {
      if (signal.aborted && isPassing(error)) return
      throw error
    }
    const isLast = count !== null && made + 1 >= count
    if (!isLast) await sleep(everyMs - (monotonicMs() - begin), signal)
  }
}

async function generateOne(storage: Pick<Storage, 'enqueue'>, directory: string, defaults: JobDefaults): Promise<Enqueued> {
  const stamp = toIso(systemClock.wallNow()).replaceAll(/[-:.]/g, '')
  const path = join(directory, `job-${stamp}-${randomBytes(4).toString('hex')}.txt`)
  const job = newJob({...defaults, payload: path, file: true})
  await writing(path, () => writeWhole(path, randomText()))
  try {
    const [enqueued] = await storeJobs(storage, [job])
    if (enqueued === undefined) throw new Error('storage answered for no job')
    return enqueued
  } catch (error) {
    // When it is not known whether the job is stored, it may need its file.
    if (!(error instanceof QctlError && error.code === 'outcome_unknown')) await rm(path, {force: true})
    throw error
  }
}

/** Writes a file so that nobody ever sees a part of it, and a crash leaves all of it or nothing under its name. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`
  try {
    const file = await open(temporary, 'wx', 0o644)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    // A job must not outlive its file in a power cut.
    await makeDurable(dirname(path))
  } catch (error) {
    await rm(temporary, {force: true})
    throw error
  }
}

/** One to eight lines of random letters. */
function randomText(): string {
  const bytes = randomBytes(9)
  const lines = Array.from({length: 1 + ((bytes[8] ?? 0) % 8)}, () => randomBytes(24).toString('base64url'))
  return lines.map(line => `${line}\n`).join('')
}

/** What stands in the way of a file, in words. */
const OBSTACLES: Readonly<Record<string, string>> = {
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'a part of the path is not a directory',
  EEXIST: 'something else has that name',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'the path runs in circles',
}

/** Says in our words why a file could not be written. */
async function writing<Result>(path: string, write: () => Promise<Result>): Promise<Result> {
  try {
    return await write()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    if (code === 'EACCES' || code === 'EPERM') throw new QctlError('permission', `${path} may not be written`, {cause})
    if (code === 'EIO' || code === 'ENOSPC' || code === 'EDQUOT') {
      throw new QctlError('cannot_open', `${path} cannot be written (${code}); no job was stored`, {cause})
    }
    throw new QctlError('cannot_open', `${path} cannot be written: ${OBSTACLES[code] ?? code}`, {cause})
  }
}
