import {ActionCommand} from '../../lib/cli/action-command.ts'
import {CONFIRM_FLAGS, DRY_RUN_FLAGS} from '../../lib/cli/flags.ts'
import {NO_WAIT_FLAGS, OPTIONAL_ID_ARGS, REASON_FLAGS, SELECT_FLAGS, selectionOf} from '../../lib/cli/job-flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {HostCoroner} from '../../lib/consumer/coroner.ts'

export default class JobsCancel extends ActionCommand {
  static override summary = 'Cancel jobs; one that is being processed is stopped first'
  static override description =
    'Waits until the handler of a job that is being processed is gone. When the handler ends by itself first, that stands (exit 4).'
  static override examples = [
    'qctl jobs cancel 42',
    "qctl jobs cancel --where 'queue=mail state=pending age>2d' --dry-run",
    'qctl jobs cancel -Q mail -s pending --yes',
  ]
  static override args = oclifArgs(OPTIONAL_ID_ARGS)
  static override flags = oclifFlags({...SELECT_FLAGS, ...NO_WAIT_FLAGS, ...REASON_FLAGS, ...DRY_RUN_FLAGS, ...CONFIRM_FLAGS})

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(JobsCancel)
    await this.perform(selectionOf(args.id, flags), {
      action: {kind: 'cancel', reason: flags.reason ?? 'jobs cancel'},
      dryRun: flags['dry-run'],
      noWait: flags['no-wait'],
      reap: ({queue}) => () => queue.reap(new HostCoroner(this.databaseFile)),
    })
  }
}
