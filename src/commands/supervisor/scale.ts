import {parseCount} from '../../lib/cli/flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../../lib/cli/print.ts'
import {SUPERVISOR_VERB_FLAGS, SupervisorCommand} from '../../lib/cli/supervisor-command.ts'
import {printChanges, printRehearsal} from '../../lib/cli/supervisor-report.ts'
import {isUp} from '../../lib/supervisor/operate.ts'

export default class SupervisorScale extends SupervisorCommand {
  static override summary = 'Have so many consumers from now on'
  static override description = 'Starts or drains only those that are too few or too many; the others are left alone. supervisord keeps the number when it is restarted.'
  static override examples = ['qctl supervisor scale 8', 'qctl supervisor scale 0']
  static override args = oclifArgs({consumers: {summary: 'how many', parse: parseCount, required: true}} as const)
  static override flags = oclifFlags(SUPERVISOR_VERB_FLAGS)

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(SupervisorScale)
    const {operator} = this.connect()
    if (flags['dry-run']) {
      const {wanted, spare} = await operator.split(args.consumers)
      return printRehearsal({start: wanted.filter(process => !isUp(process)), stop: spare.filter(isUp)}, this.print)
    }
    process.exitCode = printChanges(await operator.scale(args.consumers), this.print)
  }
}
