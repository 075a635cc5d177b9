import {CONFIRM_FLAGS, DRY_RUN_FLAGS} from '../../lib/cli/flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../../lib/cli/print.ts'
import {QueueCommand} from '../../lib/cli/queue-command.ts'
import {FORCE_FLAGS, QUEUE_ARGS} from '../../lib/cli/queue-flags.ts'

export default class QueuesDelete extends QueueCommand {
  static override summary = 'Delete a queue; with --force also its jobs'
  static override description = 'Refused while jobs of it are being processed, and while it is the dead-letter queue of another.'
  static override examples = ['qctl queues delete old', 'qctl queues delete old --force --yes']
  static override args = oclifArgs(QUEUE_ARGS)
  static override flags = oclifFlags({...FORCE_FLAGS, ...DRY_RUN_FLAGS, ...CONFIRM_FLAGS})

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(QueuesDelete)
    await this.remove(args.name, {force: flags.force, dryRun: flags['dry-run']})
  }
}
