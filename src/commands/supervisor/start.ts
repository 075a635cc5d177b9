import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../../lib/cli/print.ts'
import {PROCESS_ARGS, SUPERVISOR_FLAGS, SupervisorCommand} from '../../lib/cli/supervisor-command.ts'
import {printChanges} from '../../lib/cli/supervisor-report.ts'
import {chosen} from '../../lib/supervisor/choose.ts'
import {startSupervisord} from '../../lib/supervisor/daemon.ts'

export default class SupervisorStart extends SupervisorCommand {
  static override summary = 'Start supervisord if need be, and processes'
  static override description = 'Without names: all that supervisord would start by itself. Waits until each has lasted a second, or was given up.'
  static override examples = ['qctl supervisor start', 'qctl supervisor start consumer_00 reaper']
  static override args = oclifArgs(PROCESS_ARGS)
  static override flags = oclifFlags(SUPERVISOR_FLAGS)

  protected override readonly formats = ONE_THING

  override async run(): Promise<void> {
    const {args} = await this.parse(SupervisorStart)
    const {place, client, operator} = this.connect()
    if (!(await client.isThere())) {
      await startSupervisord(place, client, this.signal)
      this.print.note('supervisord started')
    }
    const processes = chosen(args.process, await client.processes(), await operator.wanted())
    const changes = await operator.start(processes)
    process.exitCode = printChanges([...changes, ...(await operator.endStrays())], this.print)
  }
}
