import {BaseCommand} from '../lib/cli/base-command.ts'
import {databaseFile} from '../lib/cli/database-file.ts'
import {DRY_RUN_FLAGS} from '../lib/cli/flags.ts'
import {INIT_FLAGS, initialize, rehearse} from '../lib/cli/init.ts'
import {oclifFlags} from '../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../lib/cli/print.ts'
import {upkeepOf} from '../lib/cli/session.ts'

export default class Init extends BaseCommand {
  static override summary = 'Make the database, or bring an existing one up to date'
  static override description = 'Not needed: produce and consume make a missing database as well.'
  static override examples = ['qctl init', 'qctl init --db /srv/queue.db --durability normal']
  static override flags = oclifFlags({...INIT_FLAGS, ...DRY_RUN_FLAGS})

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {flags} = await this.parse(Init)
    const {durability} = flags
    const file = databaseFile(this.settings)
    const {print} = this
    if (flags['dry-run']) return rehearse({file, durability, open: () => this.open(), print}, await upkeepOf(this.settings))
    await initialize({file, durability, open: () => this.open({create: true, durability}), print})
  }
}
