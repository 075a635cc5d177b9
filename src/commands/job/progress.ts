import {BaseCommand} from '../../lib/cli/base-command.ts'
import {sayOnPaper} from '../../lib/cli/job-command.ts'
import {PROGRESS_ARGS, progressSaying} from '../../lib/cli/job-verbs.ts'
import {oclifArgs} from '../../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../../lib/cli/print.ts'

export default class JobProgress extends BaseCommand {
  static override summary = 'Say how far the job is, from inside its handler'
  static override description = `Stored within about a second; jobs show and jobs list have it. Prints nothing but with --json.
Exits 4 when the job is not run by this handler any more, 69 when its consumer is gone.`
  static override examples = ['qctl job progress 40', 'qctl job progress 12.5%']
  static override args = oclifArgs(PROGRESS_ARGS)

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {args} = await this.parse(JobProgress)
    await sayOnPaper(progressSaying(args), this.print)
  }
}
