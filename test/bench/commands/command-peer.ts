/** What a program has to offer to run commands for a shell script. One file per peer says how, in shell. */
import type {Setting} from '../peers/peer.ts'

/**
 * The scripts run in an empty directory with `N` in the environment, a number of jobs. What a job is to run stands in `"$@"`;
 * it finds the job's number, 1 to `N`, in its last argument or on its stdin.
 */
export interface CommandPeer {
  readonly name: string
  version(): string
  readonly setting: Setting
  readonly environment?: Readonly<Record<string, string>>
  /** Submits `N` jobs, runs them two at a time and waits for the last. */
  readonly batch: string
  /** Submits one and does not wait for it; absent = it keeps no jobs. */
  readonly submit?: {
    readonly command: readonly [string, ...string[]]
    /** Prints how many jobs there are, finished ones too. */
    readonly count: string
  }
  /** Before anything else. Not measured. */
  readonly begin?: string
  /** Leaves nothing running. */
  readonly end?: string
}
