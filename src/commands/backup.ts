import {BACKUP_FLAGS, FILE_ARGS, makeBackup} from '../lib/cli/backup.ts'
import {BaseCommand} from '../lib/cli/base-command.ts'
import {oclifArgs, oclifFlags} from '../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../lib/cli/print.ts'
import {upkeepOf} from '../lib/cli/session.ts'

export default class Backup extends BaseCommand {
  static override summary = 'Copy the database while it is in use, and check the copy'
  static override description = 'The copy is of one moment: every job whose id was given before is in it. It appears under its name only when it is whole, on the disk and checked.'
  static override examples = ['qctl backup /srv/backup/qctl.db', 'qctl backup /srv/backup/qctl.db --keep 7']
  static override args = oclifArgs(FILE_ARGS)
  static override flags = oclifFlags(BACKUP_FLAGS)

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(Backup)
    await this.open()
    await makeBackup(args.file, flags, await upkeepOf(this.settings), this.print)
  }
}
