import {BaseCommand} from '../../lib/cli/base-command.ts'
import {filterOf, LIST_FLAGS, SELECT_FLAGS} from '../../lib/cli/job-flags.ts'
import {listJobs, watchJobs} from '../../lib/cli/list-jobs.ts'
import {oclifFlags} from '../../lib/cli/oclif-flags.ts'

export default class JobsList extends BaseCommand {
  static override summary = 'List jobs, newest first'
  static override description =
    'Shows one page, in every format. What does something to jobs takes the same filters and means all that match: qctl jobs resubmit -s failed.'
  static override examples = [
    'qctl jobs list',
    'qctl jobs list -Q mail -s failed,retrying -l 50',
    "qctl jobs list --where 'queue=mail attempts>2 age<1d' --sort attempts",
    'qctl jobs list -s failed -l 1000 -o csv --columns id,queue,error > failed.csv',
  ]
  static override flags = oclifFlags({...SELECT_FLAGS, ...LIST_FLAGS})

  override async run(): Promise<void> {
    const {flags} = await this.parse(JobsList)
    // A bad filter is told of before anything is opened.
    filterOf(flags)
    const {inspector, storage} = await this.open()
    if (flags.watch) await watchJobs(flags, {inspector, storage, print: this.print, signal: this.signal})
    else await listJobs(flags, {inspector, storage, print: this.print})
  }
}
