import {BaseCommand} from '../../lib/cli/base-command.ts'
import {sayOnPaper} from '../../lib/cli/job-command.ts'
import {RESULT_ARGS, resultSaying} from '../../lib/cli/job-verbs.ts'
import {oclifArgs} from '../../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../../lib/cli/print.ts'

export default class JobResult extends BaseCommand {
  static override summary = 'Give the job its result, from inside its handler'
  static override description = `Kept until the handler ends, and stored if it ends with success; the last one counts, and what is in the file QCTL_RESULT_FILE
beats it. At most 1 MiB. Without TEXT it is read from stdin, which in a handler is the payload unless you redirect it.`
  static override examples = ['qctl job result 42', 'sha256sum big.iso | qctl job result']
  static override args = oclifArgs(RESULT_ARGS)

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {args} = await this.parse(JobResult)
    await sayOnPaper(await resultSaying(args), this.print)
  }
}
