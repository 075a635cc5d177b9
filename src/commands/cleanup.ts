import {BaseCommand} from '../lib/cli/base-command.ts'
import {CLEANUP_FLAGS, cleanUp} from '../lib/cli/cleanup.ts'
import {oclifFlags} from '../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../lib/cli/print.ts'
import {systemClock} from '../lib/time.ts'

export default class Cleanup extends BaseCommand {
  static override summary = 'Delete old files of jobs, and old finished jobs'
  static override description = 'Give a directory that holds files of jobs and nothing else: every old file in it goes, whether a job that was done with has named it or not, for jobs go, too (queues set --retention). What an unfinished or failed job names is kept however old, and so are databases and hidden files. Directories below are left alone.'
  static override examples = [
    'qctl cleanup --directory /srv/jobs --older-than 7d --dry-run',
    'qctl cleanup --directory /srv/jobs --older-than 7d --yes',
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
