import {FILE_ARGS, restoreBackup, RESTORE_FLAGS} from '../lib/cli/backup.ts'
import {BaseCommand} from '../lib/cli/base-command.ts'
import {realDatabaseFile} from '../lib/cli/database-file.ts'
import {oclifArgs, oclifFlags} from '../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../lib/cli/print.ts'
import {upkeepOf} from '../lib/cli/session.ts'

export default class Restore extends BaseCommand {
  static override summary = 'Put a copy in the place of the database, after checking it'
  static override description = 'What was there is kept beside it. New ids are above all that were ever given; jobs that were being processed are taken as lost.'
  static override examples = ['qctl restore /srv/backup/qctl.db --dry-run', 'qctl restore /srv/backup/qctl.db']
  static override args = oclifArgs(FILE_ARGS)
  static override flags = oclifFlags(RESTORE_FLAGS)

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(Restore)
    const target = realDatabaseFile(this.settings)
    const upkeep = await upkeepOf({...this.settings, db: target})
    await restoreBackup(args.file, flags, {upkeep, target, open: () => this.open(), print: this.print})
  }
}
