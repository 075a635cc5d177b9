import {SupervisorClient} from '../supervisor/client.ts'
import {Operator} from '../supervisor/operate.ts'
import {existingPlace, type Place, supervisorDirOf} from '../supervisor/place.ts'
import {BaseCommand} from './base-command.ts'
import {asText, type ArgTable, DRY_RUN_FLAGS, type FlagTable, settingFlag} from './flags.ts'

/** For every command of supervisord. */
export const SUPERVISOR_FLAGS = {'supervisor-dir': settingFlag('supervisorDir')} as const satisfies FlagTable

/** For those that change something. */
export const SUPERVISOR_VERB_FLAGS = {...SUPERVISOR_FLAGS, ...DRY_RUN_FLAGS} as const satisfies FlagTable

/** Which processes. */
export const PROCESS_ARGS = {
  process: {summary: 'consumer_00, reaper, or a group such as consumer [default: all]', parse: asText, several: true},
} as const satisfies ArgTable

/** Supervisord, and where it keeps its things. */
interface Connection {
  readonly place: Place
  readonly client: SupervisorClient
  readonly operator: Operator
}

/** A command that speaks to the supervisord of this user. */
export abstract class SupervisorCommand extends BaseCommand {
  /** @throws QctlError `not_found` when none has been set up */
  protected connect(): Connection {
    const place = existingPlace(supervisorDirOf(this.settings))
    const client = new SupervisorClient(place.socket, this.signal)
    return {place, client, operator: new Operator(place, client, this.signal)}
  }
}
