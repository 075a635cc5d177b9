/** Where a supervisord's configuration, socket and logs are. */
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {Settings} from '../config.ts'
import {QctlError} from '../errors.ts'

/** What lies in the directory of a supervisord that `supervisor init` has set up. */
export interface Place {
  readonly directory: string
  readonly configuration: string
  readonly socket: string
  readonly logs: string
  /** supervisord's own log. */
  readonly log: string
  /** The one file that `scale` writes. */
  readonly scale: string
}

/**
 * Where supervisord's configuration is to be found.
 *
 * @throws {QctlError} `bad_config` when nobody says so and there is no home directory to look in
 */
export function supervisorDirOf(settings: Pick<Settings, 'supervisorDir'>): string {
  if (settings.supervisorDir !== '') return settings.supervisorDir
  throw new QctlError('bad_config', 'cannot tell where supervisord is set up: HOME and XDG_STATE_HOME are not set', {
    hint: 'name it with --supervisor-dir DIR or QCTL_SUPERVISOR_DIR',
  })
}

/** @param directory absolute */
export function placeOf(directory: string): Place {
  return {
    directory,
    configuration: join(directory, 'supervisord.conf'),
    socket: join(directory, 'run', 'supervisor.sock'),
    logs: join(directory, 'logs'),
    log: join(directory, 'logs', 'supervisord.log'),
    scale: join(directory, 'conf.d', 'scale.conf'),
  }
}

/**
 * Where a supervisord has been set up.
 * @throws QctlError `not_found` when that has not been done
 */
export function existingPlace(directory: string): Place {
  const place = placeOf(directory)
  if (existsSync(place.configuration)) return place
  throw new QctlError('not_found', `there is no ${place.configuration}`, {
    hint: 'make one with "qctl supervisor init", or name another --supervisor-dir',
  })
}

/** supervisord makes the socket under a name with a pid at its end; sun_path has 108 bytes, one of them for the end (unix(7)). */
const LONGEST_SOCKET = 107 - '.4194304'.length

/**
 * Makes sure that supervisord can be set up there: its configuration has no way to write every path.
 * @throws QctlError `usage`
 */
export function checkDirectory(directory: string): void {
  const refused = (why: string): QctlError => new QctlError('usage', `${directory}: ${why}`, {hint: 'choose another --supervisor-dir'})
  if (/[\u0000-\u001f\u007f%'"\\;#*?[\]]/.test(directory)) throw refused("supervisord's configuration cannot hold such a path")
  if (Buffer.byteLength(placeOf(directory).socket) > LONGEST_SOCKET) throw refused('too long for the name of a unix socket')
}
