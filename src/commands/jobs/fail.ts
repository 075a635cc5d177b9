import {ActionCommand} from '../../lib/cli/action-command.ts'
import {CONFIRM_FLAGS, DRY_RUN_FLAGS} from '../../lib/cli/flags.ts'
import {NO_WAIT_FLAGS, OPTIONAL_ID_ARGS, REASON_FLAGS, SELECT_FLAGS, selectionOf} from '../../lib/cli/job-flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {HostCoroner} from '../../lib/consumer/coroner.ts'

export default class JobsFail extends ActionCommand {
  static override summary = 'Mark jobs as failed; one that is being processed is stopped first'
  static override description =
    'Waits until the handler of a job that is being processed is gone. When the handler ends by itself first, that stands (exit 4).'
  static override examples = [
    'qctl jobs fail 42 --reason "the customer is gone"',
    "qctl jobs fail --where 'queue=mail state=retrying' --confirm 12",
  ]
  static override args = oclifArgs(OPTIONAL_ID_ARGS)
  static override flags = oclifFlags({...SELECT_FLAGS, ...NO_WAIT_FLAGS, ...REASON_FLAGS, ...DRY_RUN_FLAGS, ...CONFIRM_FLAGS})

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(JobsFail)
    await this.perform(selectionOf(args.id, flags), {
      action: {kind: 'fail', reason: flags.reason ?? 'jobs fail'},
      dryRun: flags['dry-run'],
      noWait: flags['no-wait'],
      reap: ({queue}) => () => queue.reap(new HostCoroner(this.databaseFile)),
    })
  }
}
