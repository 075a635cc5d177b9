import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../../lib/cli/print.ts'
import {PROCESS_ARGS, SUPERVISOR_VERB_FLAGS, SupervisorCommand} from '../../lib/cli/supervisor-command.ts'
import {printChanges, printRehearsal} from '../../lib/cli/supervisor-report.ts'
import {chosen} from '../../lib/supervisor/choose.ts'
import {startSupervisord} from '../../lib/supervisor/daemon.ts'
import {isUp} from '../../lib/supervisor/operate.ts'

export default class SupervisorStart extends SupervisorCommand {
  static override summary = 'Start supervisord if need be, and processes'
  static override description = 'Without names: supervisord, if it is not running, and all that it would start by itself. Waits until each has lasted a second, or was given up.'
  static override examples = ['qctl supervisor start', 'qctl supervisor start consumer_00 reaper']
  static override args = oclifArgs(PROCESS_ARGS)
  static override flags = oclifFlags(SUPERVISOR_VERB_FLAGS)

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(SupervisorStart)
    const {place, client, operator} = this.connect()
    // It starts all it has; so with names it has to be there already.
    const isThere = args.process !== undefined || (await client.isThere())
    if (!isThere && flags['dry-run']) {
      return this.print.rehearsal({dry_run: true, changes: [{name: 'supervisord', would: 'start'}]}, 'would start supervisord and all it has; nothing was changed')
    }
    if (!isThere) {
      await startSupervisord(place, client, this.signal)
      this.print.note('supervisord started')
    }
    const processes = chosen(args.process, await client.processes(), await operator.wanted())
    if (flags['dry-run']) return printRehearsal({start: processes.filter(process => !isUp(process))}, this.print)
    const changes = await operator.start(processes)
    process.exitCode = printChanges([...changes, ...(await operator.endStrays())], this.print)
  }
}
