import {BaseCommand} from '../lib/cli/base-command.ts'
import {databaseFile} from '../lib/cli/database-file.ts'
import {oclifFlags} from '../lib/cli/oclif-flags.ts'
import type {OutputFormat} from '../lib/config.ts'
import {HostCoroner} from '../lib/consumer/coroner.ts'
import {shownDatabase} from '../lib/location.ts'
import {TOP_FLAGS} from '../lib/top/flags.ts'

export default class Top extends BaseCommand {
  static override summary = 'Watch and operate the queue in one screen: what waits, who works, what went wrong'
  static override description =
    'Keys are shown at the foot of the screen, all of them with ?. It starts in OPS, where nothing can be changed; A switches to ADMIN. Where there is no terminal, one frame is printed. It needs 60 columns and 12 lines. A terminal that a killed top (kill -9) left without cursor or echo is mended by: tput rmcup; reset'
  static override examples = ['qctl top', 'qctl top --read-only --interval 5s', 'qctl top -Q mail,reports', 'qctl top --once --ascii']
  static override flags = oclifFlags(TOP_FLAGS)

  static override formats: readonly OutputFormat[] = ['table']

  override async run(): Promise<void> {
    const {flags} = await this.parse(Top)
    const {top} = await import('../lib/top/run.tsx')
    await top(flags, {
      settings: this.settings,
      print: this.print,
      signal: () => this.signal,
      db: this.origins.db.kind === 'flag' ? shownDatabase(this.settings.db) : null,
      version: this.config.version,
      reap: ({queue}) => queue.reap(new HostCoroner(databaseFile(this.settings))),
    })
  }
}
