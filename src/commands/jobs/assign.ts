import {ActionCommand} from '../../lib/cli/action-command.ts'
import {CONFIRM_FLAGS, DRY_RUN_FLAGS} from '../../lib/cli/flags.ts'
import {ASSIGN_FLAGS, OPTIONAL_ID_ARGS, REASON_FLAGS, SELECT_FLAGS, selectionOf} from '../../lib/cli/job-flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {DEFAULT_ASSIGNMENT_MS} from '../../lib/job.ts'

export default class JobsAssign extends ActionCommand {
  static override summary = 'Reserve pending jobs for one consumer'
  static override examples = [
    'qctl jobs assign 42 --consumer web1',
    'qctl jobs assign -Q video -s pending --consumer gpu1 --for never --yes',
  ]
  static override args = oclifArgs(OPTIONAL_ID_ARGS)
  static override flags = oclifFlags({...SELECT_FLAGS, ...ASSIGN_FLAGS, ...REASON_FLAGS, ...DRY_RUN_FLAGS, ...CONFIRM_FLAGS})

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(JobsAssign)
    const forMs = flags.for === undefined ? DEFAULT_ASSIGNMENT_MS : flags.for
    const action = {kind: 'assign', reason: flags.reason ?? 'jobs assign', consumer: flags.consumer, forMs} as const
    await this.perform(selectionOf(args.id, flags), {action, dryRun: flags['dry-run']})
  }
}
