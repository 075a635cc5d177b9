import {DRY_RUN_FLAGS} from '../../lib/cli/flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {by, changed, QueueCommand} from '../../lib/cli/queue-command.ts'
import {givenSettings, QUEUE_ARGS, SETTING_FLAGS, settingsChange} from '../../lib/cli/queue-flags.ts'
import {QctlError} from '../../lib/errors.ts'

export default class QueuesSet extends QueueCommand {
  static override summary = 'Change the settings of a queue'
  static override description = 'The word default in place of a value takes a setting back to what it was at first.'
  static override examples = [
    'qctl queues set mail --max-attempts 5 --backoff exp:1s..1h*4',
    'qctl queues set mail --retention done=1d,failed=never --dead-letter mail-failed',
    'qctl queues set mail --timeout none --lease default',
  ]
  static override args = oclifArgs(QUEUE_ARGS)
  static override flags = oclifFlags({...SETTING_FLAGS, ...DRY_RUN_FLAGS})

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(QueuesSet)
    const queue = await this.existing(args.name)
    const settings = settingsChange(flags, queue.settings)
    if (Object.keys(settings).length === 0) throw new QctlError('usage', 'nothing to set', {hint: 'qctl queues set --help lists the settings'})
    if (flags['dry-run']) return this.rehearseChange(queue, givenSettings(flags))
    const {storage} = await this.open()
    await changed(args.name, storage.setQueue(args.name, {create: 'never', settings, by: by(`queues set ${givenSettings(flags).join(', ')}`)}))
    await this.printQueue(await this.existing(args.name))
  }
}
