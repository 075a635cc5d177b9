import {DRY_RUN_FLAGS} from '../../lib/cli/flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {QueueCommand} from '../../lib/cli/queue-command.ts'
import {QUEUE_ARGS} from '../../lib/cli/queue-flags.ts'

export default class QueuesResume extends QueueCommand {
  static override summary = 'Hand out the jobs of a paused queue again'
  static override examples = ['qctl queues resume mail', 'qctl queues resume mail --json']
  static override args = oclifArgs(QUEUE_ARGS)
  static override flags = oclifFlags(DRY_RUN_FLAGS)

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(QueuesResume)
    await this.setPaused(args.name, {paused: false, reason: null}, flags['dry-run'])
  }
}
