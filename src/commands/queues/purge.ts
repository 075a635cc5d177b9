import {ActionCommand} from '../../lib/cli/action-command.ts'
import {CONFIRM_FLAGS, DRY_RUN_FLAGS} from '../../lib/cli/flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {PURGE_FLAGS, QUEUE_ARGS} from '../../lib/cli/queue-flags.ts'
import {and} from '../../lib/queue/filter.ts'

export default class QueuesPurge extends ActionCommand {
  static override summary = 'Delete the pending jobs of a queue'
  static override examples = ['qctl queues purge mail', 'qctl queues purge mail --state failed,cancelled --yes', 'qctl queues purge mail --dry-run']
  static override args = oclifArgs(QUEUE_ARGS)
  static override flags = oclifFlags({...PURGE_FLAGS, ...DRY_RUN_FLAGS, ...CONFIRM_FLAGS})

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(QueuesPurge)
    const filter = and(
      {kind: 'text', field: 'queue', op: 'in', values: [args.name]},
      {kind: 'state', states: flags.state ?? ['pending']},
    )
    const action = {kind: 'delete', reason: 'queues purge'} as const
    await this.perform({kind: 'where', filter, queues: [args.name]}, {action, dryRun: flags['dry-run']})
  }
}
