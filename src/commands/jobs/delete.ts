import {ActionCommand} from '../../lib/cli/action-command.ts'
import {CONFIRM_FLAGS, DRY_RUN_FLAGS} from '../../lib/cli/flags.ts'
import {OPTIONAL_ID_ARGS, SELECT_FLAGS, selectionOf} from '../../lib/cli/job-flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'

export default class JobsDelete extends ActionCommand {
  static override summary = 'Delete jobs with their history; not while they are being processed'
  static override examples = ['qctl jobs delete 42', "qctl jobs delete --where 'state=done age>1d' --dry-run", 'qctl jobs delete -Q old --yes']
  static override args = oclifArgs(OPTIONAL_ID_ARGS)
  static override flags = oclifFlags({...SELECT_FLAGS, ...DRY_RUN_FLAGS, ...CONFIRM_FLAGS})

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(JobsDelete)
    const action = {kind: 'delete', reason: 'jobs delete'} as const
    await this.perform(selectionOf(args.id, flags), {action, dryRun: flags['dry-run']})
  }
}
