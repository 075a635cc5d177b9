import {BaseCommand} from '../lib/cli/base-command.ts'
import {CLEANUP_FLAGS, cleanUp} from '../lib/cli/cleanup.ts'
import {oclifFlags} from '../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../lib/cli/print.ts'
import {systemClock} from '../lib/time.ts'

export default class Cleanup extends BaseCommand {
  static override summary = 'Delete old files of jobs, and old finished jobs'
  static override description = 'A file is deleted when a done or cancelled job names it, or when produce --generate has written it. It is kept however old when an unfinished or failed job names it, too; and so are databases, hidden files, and everything that no job of this database names. Finished jobs also go by themselves (queues set --retention), and what they named is known only as long as they are there.'
  static override examples = [
    'qctl cleanup --directory /srv/jobs --older-than 2d --dry-run',
    'qctl cleanup --directory /srv/jobs --older-than 2d --yes',
    'qctl cleanup --jobs --older-than 1d',
  ]
  static override flags = oclifFlags(CLEANUP_FLAGS)

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {flags} = await this.parse(Cleanup)
    const session = await this.open()
    await cleanUp(flags, {session, print: this.print, confirmation: this.confirmation, signal: () => this.signal, now: systemClock.wallNow()})
  }
}
