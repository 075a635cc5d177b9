import type {Settings} from '../config.ts'
import {type Log, openLog} from '../log.ts'

/**
 * The log of a role that runs on, on stderr.
 * @param flags `--quiet` leaves only errors, `--verbose` adds what is done to each job
 */
export function daemonLog(
  settings: Pick<Settings, 'logFormat'>,
  flags: {readonly quiet: boolean; readonly verbose: boolean},
): Log {
  return openLog(settings.logFormat, flags.quiet ? 'error' : flags.verbose ? 'debug' : 'info')
}
