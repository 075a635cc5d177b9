import {DRY_RUN_FLAGS} from '../../lib/cli/flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {QueueCommand} from '../../lib/cli/queue-command.ts'
import {PAUSE_FLAGS, QUEUE_ARGS} from '../../lib/cli/queue-flags.ts'

export default class QueuesPause extends QueueCommand {
  static override summary = 'Stop handing out jobs of a queue; what is being processed goes on'
  static override examples = ['qctl queues pause mail', 'qctl queues pause mail --reason "the mail server is down"']
  static override args = oclifArgs(QUEUE_ARGS)
  static override flags = oclifFlags({...PAUSE_FLAGS, ...DRY_RUN_FLAGS})

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(QueuesPause)
    await this.setPaused(args.name, {paused: true, reason: flags.reason ?? null}, flags['dry-run'])
  }
}
