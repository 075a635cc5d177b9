import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../../lib/cli/print.ts'
import {PROCESS_ARGS, SUPERVISOR_FLAGS, SupervisorCommand} from '../../lib/cli/supervisor-command.ts'
import {LINES_FLAGS, printProcessLogs} from '../../lib/cli/supervisor-logs.ts'

export default class SupervisorTail extends SupervisorCommand {
  static override summary = 'Print the logs of processes as they come'
  static override description = 'The same as "qctl supervisor logs --follow".'
  static override examples = ['qctl supervisor tail', 'qctl supervisor tail consumer_00']
  static override args = oclifArgs(PROCESS_ARGS)
  static override flags = oclifFlags({...SUPERVISOR_FLAGS, ...LINES_FLAGS})

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(SupervisorTail)
    await printProcessLogs(this.connect().place, {words: args.process ?? [], lines: flags.lines, follow: true, signal: () => this.signal}, this.print)
  }
}
