/** Lets others read what the runs of a consumer print while they go on. */
import type {OnTrouble} from '../passing.ts'
import {closeSync, constants, openSync, renameSync, unlinkSync, writeSync} from 'node:fs'
import type {Claim, RunOutput} from '../job.ts'
import {encodeOutput, OUTPUT_START, type OutputPosition} from '../output-record.ts'
import {SPOOL_LIMIT_BYTES, type SpoolDirectory} from '../output-spool.ts'
import {after, type CancelTimer, type Clock} from '../time.ts'
import {OutputLog} from './output-log.ts'

export interface SpoolsOptions {
  /** `null`: there is no place for files. */
  readonly directory: SpoolDirectory | null
  readonly clock: Clock
  readonly onTrouble: OnTrouble
}

/**
 * How long what was printed may wait to be written: short for who looks on, long enough that a run of a moment makes no file.
 */
const FLUSH_AFTER_MS = 80
/** Others may remove the empty directory in between, again and again. */
const MOST_TRIES = 20
const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW

export class Spools {
  readonly #options: SpoolsOptions
  /** By their leases, from the first look at their output until their end is stored. */
  readonly #spools = new Map<Claim, Spool>()
  readonly #unwritten = new Set<Spool>()
  #cancelFlush: CancelTimer | null = null
  #hasComplained = false

  constructor(options: SpoolsOptions) {
    this.#options = options
  }

  /** Where the output of a run goes. */
  open(lease: Claim): OutputLog {
    const spool = new Spool(lease, this.#options, () => this.#written(lease, spool))
    this.#spools.set(lease, spool)
    return spool.log
  }

  /**
   * A run is over; its file stays until its end is stored.
   * @returns what is to be stored
   */
  ended(lease: Claim): RunOutput | null {
    const spool = this.#spools.get(lease)
    if (spool === undefined) return null
    // A run without a file needs none any more.
    if (spool.hasHadFile) this.#flush(spool)
    else this.#spools.delete(lease)
    this.#unwritten.delete(spool)
    return spool.log.output()
  }

  /** The end of a run is stored. */
  settled(lease: Claim): void {
    if (!this.#spools.has(lease)) return
    this.lost(lease)
    this.#options.directory?.remove(lease)
  }

  /** The run is not ours any more; its file is for who takes the job. */
  lost(lease: Claim): void {
    const spool = this.#spools.get(lease)
    if (spool === undefined) return
    this.#spools.delete(lease)
    this.#unwritten.delete(spool)
    spool.close()
  }

  /** Lets go of everything; files of runs whose end is not stored stay. */
  close(): void {
    this.#cancelFlush?.()
    for (const lease of [...this.#spools.keys()]) this.lost(lease)
    this.#options.directory?.removeIfEmpty()
  }

  #written(lease: Claim, spool: Spool): void {
    // What is printed after the end of a run is nobody's.
    if (this.#options.directory === null || this.#spools.get(lease) !== spool) return
    this.#unwritten.add(spool)
    this.#cancelFlush ??= after(FLUSH_AFTER_MS, () => this.#flushAll())
  }

  #flushAll(): void {
    this.#cancelFlush = null
    for (const spool of this.#unwritten) this.#flush(spool)
    this.#unwritten.clear()
  }

  /** A place that is full or closed to us is no reason to stop: then the output is in memory only. */
  #flush(spool: Spool): void {
    try {
      spool.flush()
    } catch (error) {
      if (!this.#hasComplained) this.#options.onTrouble('showing the output of jobs while they run', error, null)
      this.#hasComplained = true
    }
  }
}

/** The output of one run and its file. */
class Spool {
  readonly log: OutputLog
  readonly #claim: Claim
  readonly #directory: SpoolDirectory | null
  #file: number | null = null
  #hasHadFile = false
  #size = 0
  #position: OutputPosition = OUTPUT_START

  constructor(claim: Claim, {directory, clock}: Pick<SpoolsOptions, 'directory' | 'clock'>, onWrite: () => void) {
    this.#claim = claim
    this.#directory = directory
    this.log = new OutputLog(clock, onWrite)
  }

  /** True once there was a file, even if it could not be written later. */
  get hasHadFile(): boolean {
    return this.#hasHadFile
  }

  /** Writes what is new. After an error everything is written anew the next time. */
  flush(): void {
    if (this.#directory === null) return
    const news = encodeOutput(this.log.after(this.#position))
    if (this.#file !== null && this.#size + news.length <= SPOOL_LIMIT_BYTES) this.#append(this.#file, news)
    else this.#replace(this.#directory)
    this.#position = this.log.end
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }

  #append(file: number, bytes: Uint8Array): void {
    try {
      writeWhole(file, bytes)
      this.#size += bytes.length
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Under another name first, so that who reads finds the old file or the whole new one. */
  #replace(directory: SpoolDirectory): void {
    this.close()
    const bytes = encodeOutput(this.log.after(OUTPUT_START))
    const path = directory.nextPathOf(this.#claim)
    const file = createFile(directory, path)
    try {
      writeWhole(file, bytes)
      renameSync(path, directory.pathOf(this.#claim))
    } catch (error) {
      closeSync(file)
      throw error
    }
    this.#file = file
    this.#hasHadFile = true
    this.#size = bytes.length
  }
}

function createFile(directory: SpoolDirectory, path: string): number {
  for (let tries = 0; ; tries += 1) {
    directory.make()
    try {
      return openSync(path, NEW_FILE, 0o600)
    } catch (error) {
      const {code} = error as NodeJS.ErrnoException
      if (tries >= MOST_TRIES || (code !== 'ENOENT' && code !== 'EEXIST')) throw error
      // What has that name is of a run that is no more.
      if (code === 'EEXIST') unlinkSync(path)
    }
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
}
