import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../../lib/cli/print.ts'
import {PROCESS_ARGS, SUPERVISOR_FLAGS, SupervisorCommand} from '../../lib/cli/supervisor-command.ts'
import {FOLLOW_FLAGS, LINES_FLAGS, printProcessLogs} from '../../lib/cli/supervisor-logs.ts'

export default class SupervisorLogs extends SupervisorCommand {
  static override summary = 'Print the last lines of the logs of processes'
  static override description = 'What they printed to stdout and stderr, supervisord itself included. What handlers print is in "qctl jobs logs".'
  static override examples = ['qctl supervisor logs', 'qctl supervisor logs consumer_00 -l 100', 'qctl supervisor logs consumer -f']
  static override args = oclifArgs(PROCESS_ARGS)
  static override flags = oclifFlags({...SUPERVISOR_FLAGS, ...LINES_FLAGS, ...FOLLOW_FLAGS})

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(SupervisorLogs)
    const {lines, follow} = flags
    await printProcessLogs(this.connect().place, {words: args.process ?? [], lines, follow, signal: () => this.signal}, this.print)
  }
}
