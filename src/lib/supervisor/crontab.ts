import type {Plan} from './plan.ts'
import {crontabWord} from './words.ts'

/**
 * The line of a crontab that starts supervisord at boot. cron gives it next to no environment, so that it has to say all:
 * where qctl and the configuration are, and where supervisord and handlers find their programs. The database is in the configuration.
 * @param path the PATH that everything is to have
 */
export function rebootLine({qctl, directory}: Pick<Plan, 'qctl' | 'directory'>, path: string): string {
  const words = [...qctl, 'supervisor', 'start', '--supervisor-dir', directory].map(crontabWord)
  return `@reboot PATH=${crontabWord(path)} ${words.join(' ')}`
}
