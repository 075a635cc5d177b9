/** What is done to a store as a whole, from outside of it: copies of it, and a look at its health. Data and the interface. */

/** A copy of a store. */
export interface CopyFacts {
  readonly file: string
  readonly bytes: number
  readonly jobs: number
  /** The highest id in it. */
  readonly lastId: number
  /** Jobs that were being processed when it was made. */
  readonly processing: number
}

/** A copy that has not been made. */
export interface ForeseenCopy {
  /** Where it would be; absolute. */
  readonly file: string
  /** True when it would take the place of an earlier one. */
  readonly replaces: boolean
}

export interface BackupOptions {
  /** Replaces a copy that is there. */
  readonly force: boolean
  /** Keeps so many copies: FILE, FILE.1, FILE.2 …; `null` = does not rotate. */
  readonly keep: number | null
}

export interface Restored extends CopyFacts {
  /** Where the store that was there before is now; `null` when there was none. */
  readonly kept: string | null
  /** The next job's id is above this. */
  readonly idFloor: number
}

/** What is to be done before a store can be used: made, brought up to date, or nothing. */
export type Standing = 'missing' | 'older' | 'current'

export interface Upkeep {
  /**
   * How the store stands, without a change to it.
   * @throws QctlError `not_a_database`, `newer_schema`, `cannot_open`, `permission`
   */
  standing(): Promise<Standing>
  /**
   * Copies the store as it is at one moment while others go on writing, checks the copy, and only then gives it its name.
   * @throws QctlError `conflict` when the file is there (without `force` or `keep`), or is a store in use; `not_a_database` when it is no copy
   *   of a store, which is never replaced or renamed; `cannot_open` for a directory
   */
  backup(file: string, options: BackupOptions): Promise<CopyFacts>
  /** Finds out whether `backup` would refuse the file, as it does, and makes nothing. */
  foreseeBackup(file: string, options: BackupOptions): Promise<ForeseenCopy>
  /**
   * Checks that a file is a whole store that this build knows.
   * @throws QctlError `not_found`, `not_a_database`, `corrupt`, `newer_schema`
   */
  check(file: string): Promise<CopyFacts>
  /**
   * Puts a copy of that file, which must have been checked, in the place of the store; what was there is kept beside it.
   * Ids skip ahead of all that were given, also after the copy was made; jobs that were being processed are left to the reaper, as lost.
   */
  restore(file: string): Promise<Restored>
  /** How the store is: what only its engine knows. `full` reads all of it. */
  examine(full: boolean): Promise<Examination>
}

/** What the engine found. Sizes in bytes, times in ms. */
export interface Examination {
  readonly file: string
  readonly bytes: number
  readonly freeBytes: number
  readonly logBytes: number
  /** Pages of the log that a checkpoint could not copy back, and of how many; because of a reader. */
  readonly log: {readonly pages: number; readonly stuck: number}
  /** What is wrong with it; empty when nothing. */
  readonly damage: readonly string[]
  /** Jobs whose payload does not match its checksum, of so many looked at. */
  readonly payloads: {readonly checked: number; readonly bad: readonly number[]; readonly complete: boolean}
  readonly engineVersion: string
}
