import {BaseCommand} from '../lib/cli/base-command.ts'
import {DEMO_FLAGS, demonstrate} from '../lib/cli/demo.ts'
import {isLiveTerminal} from '../lib/cli/live-terminal.ts'
import {oclifFlags} from '../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../lib/cli/print.ts'
import {selfCommand} from '../lib/cli/self-command.ts'
import {HostCoroner} from '../lib/consumer/coroner.ts'
import {hasSupervisord} from '../lib/supervisor/daemon.ts'

export default class Demo extends BaseCommand {
  static override summary = 'Watch the whole of it at work in a scratch directory, and leave nothing'
  static override description = `A producer makes files, three consumers stamp them with a handler that fails one time in six, under supervisord if it is installed.
On a terminal top shows it, until q. In the end it is proved from the files and from what the handlers wrote down that nothing was lost or run by two at once.`
  static override examples = ['qctl demo', 'qctl demo --chaos --for 1m']
  static override flags = oclifFlags(DEMO_FLAGS)

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {flags} = await this.parse(Demo)
    const {chaos, for: forMs} = flags
    const {print, interruption} = this
    const isShown = !flags['no-top'] && !print.isMachine && isLiveTerminal()
    process.exitCode = await demonstrate({
      forMs,
      chaos,
      hasSupervisord: !flags['no-supervisord'] && hasSupervisord(),
      self: selfCommand(),
      print,
      interruption,
      watch: isShown ? (stage, signal) => this.#watch(stage, signal) : null,
    })
  }

  async #watch({database, supervisor}: {readonly database: string; readonly supervisor: string}, signal: AbortSignal): Promise<void> {
    const {watchOn} = await import('../lib/top/run.tsx')
    await watchOn({...this.settings, db: database, supervisorDir: supervisor}, {print: this.print, signal, version: this.config.version, reap: ({queue}) => queue.reap(new HostCoroner(database))})
  }
}
