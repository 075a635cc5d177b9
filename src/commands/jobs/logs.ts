import {BaseCommand} from '../../lib/cli/base-command.ts'
import {spoolsOf} from '../../lib/cli/database-file.ts'
import {ONE_ID_ARGS} from '../../lib/cli/job-flags.ts'
import {LOGS_FLAGS, printLogs} from '../../lib/cli/job-logs.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../../lib/cli/print.ts'
import {parseIds} from '../../lib/queue/id-list.ts'

export default class JobsLogs extends BaseCommand {
  static override summary = 'Print what a job printed, also while it runs'
  static override description = `What its handler wrote to stdout goes to stdout, what it wrote to stderr to stderr, in the order it was read.
The last 64 KiB of each are kept for every run; how much was before them is told on stderr.`
  static override examples = [
    'qctl jobs logs 42',
    'qctl jobs logs 42 -f',
    'qctl jobs logs @last-failed --stderr | less',
    'qctl jobs logs 42 --attempt 1 -t',
    'qctl jobs logs 42 -f -o ndjson',
  ]
  static override args = oclifArgs(ONE_ID_ARGS)
  static override flags = oclifFlags(LOGS_FLAGS)

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(JobsLogs)
    const specs = parseIds([args.id])
    const {inspector, storage} = await this.open()
    const {follow, attempt, stdout, stderr, timestamps, raw} = flags
    const only = stdout ? 'stdout' : stderr ? 'stderr' : null
    const spools = spoolsOf(this.settings)
    const signal = (): AbortSignal => this.signal
    await printLogs(specs, {inspector, storage, spools, print: this.print, follow, run: attempt ?? null, only, timestamps, raw, signal})
  }
}
