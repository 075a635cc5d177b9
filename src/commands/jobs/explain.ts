import {BaseCommand} from '../../lib/cli/base-command.ts'
import {databaseFile} from '../../lib/cli/database-file.ts'
import {explainJobs} from '../../lib/cli/explain-jobs.ts'
import {ID_ARGS} from '../../lib/cli/job-flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {shownDatabase} from '../../lib/location.ts'
import {REASON_CODES} from '../../lib/queue/explain-text.ts'
import {parseIds} from '../../lib/queue/id-list.ts'

export default class JobsExplain extends BaseCommand {
  static override summary = 'Say why a job is not running, and what to do about it'
  static override description =
    `Looks with the eyes of a claim: a consumer that is named as the next one to take the job would get it now. Changes nothing.
In JSON each reason has a code: ${REASON_CODES.join(', ')}.`
  static override examples = ['qctl jobs explain 42', 'qctl jobs explain @last', 'qctl jobs explain 42 --json | jq .reasons[0].code']
  static override args = oclifArgs(ID_ARGS)
  static override flags = oclifFlags({})

  override async run(): Promise<void> {
    const {args} = await this.parse(JobsExplain)
    const specs = parseIds(args.id ?? [])
    const {inspector, storage} = await this.open()
    const dbFlag = this.origins.db.kind === 'flag' ? shownDatabase(this.settings.db) : null
    process.exitCode = await explainJobs(specs, {inspector, storage, print: this.print, dbPath: databaseFile(this.settings), dbFlag})
  }
}
