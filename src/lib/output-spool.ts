/**
 * Where the output of runs that go on can be read by others: a directory beside the database with a file for each run that
 * printed something, named by job and fence. A file that grew too long is replaced by a shorter one with the same name,
 * which begins with gaps. When the end of a run was stored its file goes.
 */
import {closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readdirSync, readSync, rmdirSync, unlinkSync} from 'node:fs'
import {join} from 'node:path'
import type {Claim, RunOutput} from './job.ts'
import {decodeOutput, OUTPUT_LIMIT_BYTES, OUTPUT_START, outputAfter, type OutputPosition, type OutputRecord, positionAfter, storedOutput} from './output-record.ts'

/** A file is replaced before it is longer than this. */
export const SPOOL_LIMIT_BYTES = 8 * OUTPUT_LIMIT_BYTES
/** The name of a file that is to replace another one ends so. */
const NEXT = '.next'
const FILE_NAME = /^(\d+)\.(\d+)(\.next)?$/
/** No file is ever longer: whatever is there, this much of it is read. */
const READ_LIMIT_BYTES = 2 * SPOOL_LIMIT_BYTES

/** The files of all runs of one database. */
export class SpoolDirectory {
  readonly path: string

  /** @param dbPath the canonical path of the database */
  constructor(dbPath: string) {
    this.path = `${dbPath}.run`
  }

  /** The file of a run. It need not exist. */
  pathOf({id, fence}: Claim): string {
    return join(this.path, `${id}.${fence}`)
  }

  /** The file that is to become that of a run. */
  nextPathOf(claim: Claim): string {
    return this.pathOf(claim) + NEXT
  }

  /**
   * Sees to it that the directory is there, is ours, and that nobody else can put files into it.
   * @throws when that is not so
   */
  make(): void {
    try {
      mkdirSync(this.path, {mode: 0o700})
    } catch (error) {
      const stat = lstatSync(this.path, {throwIfNoEntry: false})
      if (stat === undefined) throw error
      const isOurs = process.geteuid === undefined || stat.uid === process.geteuid()
      if (!isOurs || !stat.isDirectory() || (stat.mode & 0o022) !== 0) throw new Error(`${this.path} is not a directory of this user that only its owner can write to`)
    }
  }

  /** The runs that have a file. */
  claims(): readonly Claim[] {
    try {
      return readdirSync(this.path).flatMap(name => {
        const [, id, fence] = FILE_NAME.exec(name) ?? []
        return id === undefined || fence === undefined ? [] : [{id: Number(id), fence: Number(fence)}]
      })
    } catch {
      return []
    }
  }

  /** What a run had printed when it was heard of last; `null` = nothing that is known here. */
  read(claim: Claim): RunOutput | null {
    const reader = new SpoolReader(this, claim)
    try {
      const records = reader.next()
      return records.length === 0 ? null : storedOutput(records)
    } catch {
      return null
    } finally {
      reader.close()
    }
  }

  /** Removes the files of a run, and the directory when that was the last one. Never throws. */
  remove(claim: Claim): void {
    for (const path of [this.pathOf(claim), this.nextPathOf(claim)]) attempt(() => unlinkSync(path))
    this.removeIfEmpty()
  }

  /** Never throws. */
  removeIfEmpty(): void {
    attempt(() => rmdirSync(this.path))
  }
}

/** Follows the file of one run: through its replacements, and until long after it is gone. */
export class SpoolReader {
  readonly #path: string
  #file: number | null = null
  /** How far this file was read, and where the streams are there. */
  #offset = 0
  #place: OutputPosition = OUTPUT_START
  #seen: OutputPosition = OUTPUT_START

  constructor(directory: SpoolDirectory, claim: Claim) {
    this.#path = directory.pathOf(claim)
  }

  /** What was given until now. */
  get position(): OutputPosition {
    return this.#seen
  }

  /**
   * What is new; nothing as long as there is no file.
   * @throws when the file cannot be read
   */
  next(): readonly OutputRecord[] {
    const records = [...this.#read()]
    while (this.#isReplaced()) {
      // It may have grown before it was replaced, and has what the new one lacks.
      records.push(...this.#read())
      this.#leave()
      records.push(...this.#read())
    }
    return records
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }

  #read(): readonly OutputRecord[] {
    this.#file ??= openIfThere(this.#path)
    if (this.#file === null) return []
    const {records, length} = decodeOutput(readFrom(this.#file, this.#offset))
    const news = outputAfter(records, this.#place, this.#seen)
    this.#offset += length
    this.#place = positionAfter(records, this.#place)
    this.#seen = {stdout: Math.max(this.#seen.stdout, this.#place.stdout), stderr: Math.max(this.#seen.stderr, this.#place.stderr)}
    return news
  }

  #isReplaced(): boolean {
    return this.#file !== null && fstatSync(this.#file).nlink === 0
  }

  #leave(): void {
    this.close()
    this.#offset = 0
    this.#place = OUTPUT_START
  }
}

function openIfThere(path: string): number | null {
  let file: number | null = null
  try {
    // Whatever is there must neither block (a FIFO) nor lead elsewhere (a link).
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
    if (!fstatSync(file).isFile()) throw new Error(`${path} is not a file`)
    return file
  } catch (error) {
    if (file !== null) closeSync(file)
    const {code} = error as NodeJS.ErrnoException
    // Of a consumer that another user runs: then what it printed is seen when the run has ended.
    if (code === 'ENOENT' || code === 'EACCES') return null
    throw error
  }
}

function readFrom(file: number, offset: number): Uint8Array {
  const size = Math.min(READ_LIMIT_BYTES, fstatSync(file).size - offset)
  if (size <= 0) return new Uint8Array(0)
  const bytes = new Uint8Array(size)
  return bytes.subarray(0, readSync(file, bytes, 0, size, offset))
}

function attempt(action: () => void): void {
  try {
    action()
  } catch {
    // It is not there, or not ours to remove: then somebody else sees to it.
  }
}
