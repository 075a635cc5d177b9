import {DRY_RUN_FLAGS} from '../../lib/cli/flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {by, changed, QueueCommand} from '../../lib/cli/queue-command.ts'
import {givenSettings, QUEUE_ARGS, SETTING_FLAGS, settingsChange} from '../../lib/cli/queue-flags.ts'
import {DEFAULT_SETTINGS} from '../../lib/job.ts'

export default class QueuesCreate extends QueueCommand {
  static override summary = 'Create a queue with its settings, before its first job does'
  static override examples = ['qctl queues create mail', 'qctl queues create video --concurrency 2 --timeout 1h']
  static override args = oclifArgs(QUEUE_ARGS)
  static override flags = oclifFlags({...SETTING_FLAGS, ...DRY_RUN_FLAGS})

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(QueuesCreate)
    const change = {create: 'must', settings: settingsChange(flags, DEFAULT_SETTINGS)} as const
    if (flags['dry-run']) return this.rehearseCreation(args.name, change.settings, givenSettings(flags))
    const {storage} = await this.open()
    await changed(args.name, storage.setQueue(args.name, {...change, by: by('queues create')}))
    await this.printQueue(await this.existing(args.name))
  }
}
