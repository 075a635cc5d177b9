import {BaseCommand} from '../lib/cli/base-command.ts'
import {databaseFile} from '../lib/cli/database-file.ts'
import {oclifArgs, oclifFlags} from '../lib/cli/oclif-flags.ts'
import {produce} from '../lib/cli/produce.ts'
import {PRODUCE_ARGS, PRODUCE_FLAGS} from '../lib/cli/produce-flags.ts'
import {inputOf} from '../lib/cli/produce-input.ts'

export default class Produce extends BaseCommand {
  static override summary = 'Store jobs; exit 0 means they are on the disk'
  static override description = [
    'Prints the id of each job, one per line, in the order of the input. Many jobs at once (--lines, --ndjson) are read to the end and stored all or none.',
    'There are no schedules: let cron run it, by its path, with a key so that each day counts once:',
    '0 9 * * *  ~/bin/qctl produce -Q report --key "$(date +\\%F)" daily',
  ].join('\n')
  static override examples = [
    'qctl produce hello',
    "qctl produce -Q mail --key order-42 --delay 10m '{\"to\":\"ann@example.com\"}'",
    'find /usr/share/doc -name copyright | qctl produce --lines -Q sum',
    'qctl produce --file -Q stamp report.txt notes.txt',
    'tar c docs | qctl produce -Q archive -',
  ]
  static override args = oclifArgs(PRODUCE_ARGS)
  static override flags = oclifFlags(PRODUCE_FLAGS)

  override async run(): Promise<void> {
    const {flags, args} = await this.parse(Produce)
    await produce(inputOf(flags, args.payload), flags, {
      print: this.print,
      file: databaseFile(this.settings),
      open: options => this.open(options),
      signal: () => this.signal,
    })
  }
}
