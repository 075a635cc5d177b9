import {BaseCommand} from '../../lib/cli/base-command.ts'
import {sayOnPaper} from '../../lib/cli/job-command.ts'
import {SNOOZE_ARGS, snoozeSaying} from '../../lib/cli/job-verbs.ts'
import {oclifArgs} from '../../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../../lib/cli/print.ts'

export default class JobSnooze extends BaseCommand {
  static override summary = 'Ask for the job to be run again later, from inside its handler'
  static override description = `Takes effect when the handler ends with status 0 or 75: then the job waits, and no attempt is spent. A failure stays one.`
  static override examples = ['qctl job snooze 10m', 'qctl job snooze   # by the backoff of the queue']
  static override args = oclifArgs(SNOOZE_ARGS)

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {args} = await this.parse(JobSnooze)
    await sayOnPaper(snoozeSaying(args), this.print)
  }
}
