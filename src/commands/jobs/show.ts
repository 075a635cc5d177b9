import {BaseCommand} from '../../lib/cli/base-command.ts'
import {ID_ARGS} from '../../lib/cli/job-flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {RAW_FLAGS, showJobs} from '../../lib/cli/show-jobs.ts'
import {parseIds} from '../../lib/queue/id-list.ts'

export default class JobsShow extends BaseCommand {
  static override summary = 'Show everything about jobs: state, payload, attempts, events'
  static override examples = ['qctl jobs show 42', 'qctl jobs show @last-failed --json', 'qctl jobs show 42 --raw | sha256sum']
  static override args = oclifArgs(ID_ARGS)
  static override flags = oclifFlags(RAW_FLAGS)

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(JobsShow)
    const specs = parseIds(args.id ?? [])
    const {inspector, storage} = await this.open()
    process.exitCode = await showJobs(specs, {inspector, storage, print: this.print, raw: flags.raw})
  }
}
