import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../../lib/cli/print.ts'
import {PROCESS_ARGS, SUPERVISOR_VERB_FLAGS, SupervisorCommand} from '../../lib/cli/supervisor-command.ts'
import {printChanges, printRehearsal} from '../../lib/cli/supervisor-report.ts'
import {chosen} from '../../lib/supervisor/choose.ts'

export default class SupervisorRestart extends SupervisorCommand {
  static override summary = 'Restart processes, one after the other'
  static override description = 'Each finishes what it has before it is started again, and the others go on working meanwhile. It ends with one that does not start.'
  static override examples = ['qctl supervisor restart consumer_00', 'qctl supervisor restart consumer', 'qctl supervisor restart']
  static override args = oclifArgs(PROCESS_ARGS)
  static override flags = oclifFlags(SUPERVISOR_VERB_FLAGS)

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(SupervisorRestart)
    const {client, operator} = this.connect()
    const processes = chosen(args.process, await client.processes(), await operator.wanted())
    if (flags['dry-run']) return printRehearsal({restart: processes}, this.print)
    const changes = await operator.restart(processes)
    process.exitCode = printChanges(changes, this.print)
    if (changes.length < processes.length) this.print.note(`${processes.length - changes.length} others were left as they are`)
  }
}
