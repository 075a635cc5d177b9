import {oclifArgs} from '../../lib/cli/oclif-flags.ts'
import {QueueCommand} from '../../lib/cli/queue-command.ts'
import {QUEUE_ARGS} from '../../lib/cli/queue-flags.ts'

export default class QueuesShow extends QueueCommand {
  static override summary = 'Show a queue and its settings'
  static override examples = ['qctl queues show mail', 'qctl queues show mail --json']
  static override args = oclifArgs(QUEUE_ARGS)

  override async run(): Promise<void> {
    const {args} = await this.parse(QueuesShow)
    await this.printQueue(await this.existing(args.name))
  }
}
