import {ActionCommand} from '../../lib/cli/action-command.ts'
import {CONFIRM_FLAGS, DRY_RUN_FLAGS} from '../../lib/cli/flags.ts'
import {OPTIONAL_ID_ARGS, REASON_FLAGS, SELECT_FLAGS, selectionOf} from '../../lib/cli/job-flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'

export default class JobsResubmit extends ActionCommand {
  static override summary = 'Run finished jobs again, from the first attempt'
  static override examples = [
    'qctl jobs resubmit 42',
    'qctl jobs resubmit @last-failed',
    'qctl jobs resubmit -s failed --yes',
    "qctl jobs resubmit --where 'queue=mail state=failed age<1d' --yes",
  ]
  static override args = oclifArgs(OPTIONAL_ID_ARGS)
  static override flags = oclifFlags({...SELECT_FLAGS, ...REASON_FLAGS, ...DRY_RUN_FLAGS, ...CONFIRM_FLAGS})

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(JobsResubmit)
    const action = {kind: 'resubmit', reason: flags.reason ?? 'jobs resubmit'} as const
    await this.perform(selectionOf(args.id, flags), {action, dryRun: flags['dry-run']})
  }
}
