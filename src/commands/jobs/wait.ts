import {BaseCommand} from '../../lib/cli/base-command.ts'
import {ID_ARGS, WAIT_FLAGS} from '../../lib/cli/job-flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {waitForJobs} from '../../lib/cli/wait-for-jobs.ts'
import {parseIds} from '../../lib/queue/id-list.ts'

export default class JobsWait extends BaseCommand {
  static override summary = 'Wait until jobs are finished'
  static override description =
    'Exits 0 when all are done, 1 when one failed or was cancelled, 66 when one does not exist or was deleted, 124 when the time ran out.'
  static override examples = ['qctl jobs wait 42', 'qctl jobs wait 40-50 --for 10m', 'qctl jobs wait $(qctl produce hello) && echo done']
  static override args = oclifArgs(ID_ARGS)
  static override flags = oclifFlags(WAIT_FLAGS)

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(JobsWait)
    const specs = parseIds(args.id ?? [])
    const {inspector, storage} = await this.open()
    const limits = {forMs: flags.for ?? null, signal: this.signal}
    process.exitCode = await waitForJobs(specs, limits, {inspector, storage, print: this.print})
  }
}
