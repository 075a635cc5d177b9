/**
 * Prepends the time to the job's file. The file is replaced in one step, so whoever looks sees it with the line or without.
 *
 * A crash between the replacing and the commit of the acknowledgement runs the job again, and the file then gets a second
 * line: at-least-once, like every handler. It runs inside the consumer, so nothing of it outlives the consumer but the
 * temporary file of a run that was killed; the next run of the job removes that.
 */
import {createHash} from 'node:crypto'
import {constants, type Stats} from 'node:fs'
import {type FileHandle, open, realpath, rename, rm, stat} from 'node:fs/promises'
import {dirname, isAbsolute, join} from 'node:path'
import {makeDurable} from '../durable.ts'
import {sentence} from '../errors.ts'
import type {Lease} from '../job.ts'
import {bareEnd, type Outcome, type RunEnd} from '../outcome.ts'
import {systemReason} from '../system-error.ts'
import {type Clock, systemClock, toIso} from '../time.ts'
import {type Handler, type RunContext, stoppedOutcome, stopOf} from './handler.ts'

const CHUNK_BYTES = 1024 * 1024
/** What opening the file fails with when the job names none that could be stamped. Everything else may pass. */
const HOPELESS: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO', 'ERR_INVALID_ARG_VALUE'])

/** The handler behind `consume --handler timestamp`. */
export class TimestampHandler implements Handler {
  readonly #clock: Clock

  /** @param clock whose time is written */
  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  async run(lease: Lease, context: RunContext): Promise<RunEnd> {
    if (!lease.file) return rejected('the job has no file (produce it with --file)')
    if (!isAbsolute(pathOf(lease).toString('latin1'))) return rejected('the path of the file is not absolute')
    if (lease.payload.includes(0)) return rejected('the path of the file has a NUL byte')
    const line = `${toIso(this.#clock.wallNow())}\n`
    try {
      await stamp(pathOf(lease), line, draftsOf(lease, context), context.signal)
      return bareEnd({kind: 'done', result: null})
    } catch (error) {
      const stop = stopOf(context.signal)
      return stop !== null && error === stop ? bareEnd(stoppedOutcome(stop)) : bareEnd(outcomeOf(error, pathOf(lease)))
    }
  }

  async close(): Promise<void> {}
}

/** The bytes of the payload as they are: file names need not be text. */
export function pathOf(lease: Lease): Buffer {
  return Buffer.from(lease.payload.buffer, lease.payload.byteOffset, lease.payload.byteLength)
}

/** The names of the files in which two runs of a job write what will replace its file. */
interface Drafts {
  readonly own: string
  /** Of the run before this one; `null` when this is the first. */
  readonly leftover: string | null
}

/**
 * Ids begin at 1 in every database, and several may have their files in one directory. Hosts and containers that share it may have their
 * databases under the same path, so the time at which the job was submitted goes into the name as well.
 */
function draftsOf({id, fence, createdAt}: Lease, {dbPath}: RunContext): Drafts {
  const digest = createHash('sha256').update(`${createdAt} ${dbPath}`).digest('hex').slice(0, 16)
  const nameOf = (run: number): string => `.qctl-stamp-${digest}-${id}-${run}`
  return {own: nameOf(fence), leftover: fence > 1 ? nameOf(fence - 1) : null}
}

/** @throws the `Stop` when the signal was aborted before the file was replaced; then nothing has changed */
async function stamp(named: Buffer, line: string, {own, leftover}: Drafts, signal: AbortSignal): Promise<void> {
  const {path, source} = await openFile(named)
  const directory = dirname(path.toString('latin1'))
  const inDirectory = (name: string): Buffer => Buffer.from(join(directory, name), 'latin1')
  try {
    if (leftover !== null) await removeLeftover(inDirectory(leftover))
    const before = await source.stat()
    if (!before.isFile()) throw new NoFile(`${named} is not a file`)
    const draft = inDirectory(own)
    await write(draft, before, async file => {
      await file.writeFile(line)
      await copy(source, file, signal)
    })
    await replace(path, draft, before)
  } finally {
    await source.close()
  }
  await makeDurable(Buffer.from(directory, 'latin1'))
}

/** The job has no file that could be stamped, now or later. */
class NoFile extends Error {}

/**
 * Finds the job's file. Only here does an error speak of that file: a draft that is gone says nothing about it.
 * @throws NoFile when there is none
 */
async function openFile(named: Buffer): Promise<{readonly path: Buffer; readonly source: FileHandle}> {
  try {
    // A link stays a link: the file it leads to is stamped.
    const path = await realpath(named, {encoding: 'buffer'})
    // O_NONBLOCK: opening a FIFO must not wait for its other end.
    return {path, source: await open(path, constants.O_RDONLY | constants.O_NONBLOCK)}
  } catch (error) {
    throw HOPELESS.has((error as NodeJS.ErrnoException).code ?? '') ? new NoFile(messageOf(error, named)) : error
  }
}

/** Makes a new file with mode and owner of another one, filled and on the disk; leaves nothing behind when that fails. */
async function write(path: Buffer, like: Stats, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    await fill(file)
    // Only root may give a file away. Another user's file becomes ours, and must then not run with our rights.
    const owned = await file.chown(like.uid, like.gid).then(() => true, () => false)
    await file.chmod(like.mode & (owned ? 0o7777 : 0o777))
    await file.sync()
  } catch (error) {
    await rm(path, {force: true})
    throw error
  } finally {
    await file.close()
  }
}

async function copy(source: FileHandle, target: FileHandle, signal: AbortSignal): Promise<void> {
  const buffer = new Uint8Array(CHUNK_BYTES)
  for (;;) {
    signal.throwIfAborted()
    const {bytesRead} = await source.read(buffer, 0, buffer.length, null)
    if (bytesRead === 0) return
    await target.writeFile(buffer.subarray(0, bytesRead))
  }
}

/** Puts the stamped copy in the file's place, unless somebody changed the file meanwhile. */
async function replace(path: Buffer, copy: Buffer, before: Stats): Promise<void> {
  try {
    const now = await stat(path)
    const same = now.dev === before.dev && now.ino === before.ino && now.size === before.size && now.mtimeMs === before.mtimeMs
    if (!same) throw new Error(`${path} changed while it was stamped`)
    await rename(copy, path)
  } catch (error) {
    await rm(copy, {force: true})
    throw error
  }
}

async function removeLeftover(path: Buffer): Promise<void> {
  await rm(path, {force: true}).catch(() => undefined)
}

function outcomeOf(error: unknown, path: Buffer): Outcome {
  if (error instanceof NoFile) return {kind: 'rejected', reason: 'permanent', error: error.message}
  return {kind: 'failed', error: messageOf(error, path), retryAfterMs: null}
}

function messageOf(error: unknown, path: Buffer): string {
  const reason = systemReason(error)
  return reason === null ? sentence(error) : `cannot stamp ${path}: ${reason}`
}

function rejected(error: string): RunEnd {
  return bareEnd({kind: 'rejected', reason: 'permanent', error})
}
