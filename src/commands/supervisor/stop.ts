import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../../lib/cli/print.ts'
import {PROCESS_ARGS, SUPERVISOR_VERB_FLAGS, SupervisorCommand} from '../../lib/cli/supervisor-command.ts'
import {printChanges, printRehearsal} from '../../lib/cli/supervisor-report.ts'
import {chosen} from '../../lib/supervisor/choose.ts'
import type {Supervised} from '../../lib/supervisor/client.ts'
import {endSupervisord} from '../../lib/supervisor/daemon.ts'
import {isUp} from '../../lib/supervisor/operate.ts'

const FLAGS = oclifFlags({
  ...SUPERVISOR_VERB_FLAGS,
  shutdown: {kind: 'switch', summary: 'end supervisord itself, too'},
} as const)

export default class SupervisorStop extends SupervisorCommand {
  static override summary = 'Stop processes; consumers finish what they have'
  static override description = `A stopped process stays so until it is started, or supervisord is.
Without names it also ends what a supervisord that was killed has left here.`
  static override examples = ['qctl supervisor stop producer', 'qctl supervisor stop', 'qctl supervisor stop --shutdown']
  static override args = oclifArgs(PROCESS_ARGS)
  static override flags = FLAGS

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(SupervisorStop)
    const {client, operator} = this.connect()
    const named = async (): Promise<readonly Supervised[]> => {
      const all = await client.processes()
      return chosen(args.process, all, all)
    }
    if (flags['dry-run']) return printRehearsal({stop: (await named()).filter(isUp)}, this.print)
    const changes = args.process === undefined ? await operator.stopAll() : await operator.stop(await named())
    if (flags.shutdown && (await client.isThere())) await endSupervisord(client, this.signal)
    process.exitCode = printChanges(changes, this.print)
  }
}
