import {BaseCommand} from '../lib/cli/base-command.ts'
import {daemonLog} from '../lib/cli/daemon-log.ts'
import {databaseFile} from '../lib/cli/database-file.ts'
import {oclifFlags} from '../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../lib/cli/print.ts'
import {DEFAULT_REAP_EVERY_MS, printPass, REAP_FLAGS, rehearsePass} from '../lib/cli/reap.ts'
import {takeOver} from '../lib/cli/succession.ts'
import {HostCoroner} from '../lib/consumer/coroner.ts'
import {outlast} from '../lib/passing.ts'
import {ReaperLoop} from '../lib/consumer/reaper-loop.ts'
import {patience, workLog} from '../lib/consumer/work-log.ts'
import {systemClock} from '../lib/time.ts'

export default class Reap extends BaseCommand {
  static override summary = 'Give back the jobs of dead consumers and delete what is past its retention'
  static override description = 'Every consumer does this as well; this is for hosts that want it as a process of its own.'
  static override examples = ['qctl reap', 'qctl reap --once', 'qctl reap --every 10s']
  static override flags = oclifFlags(REAP_FLAGS)

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {flags} = await this.parse(Reap)
    const open = () => this.open({create: !flags['dry-run']})
    if (flags['dry-run']) return rehearsePass((await open()).storage, new HostCoroner(databaseFile(this.settings)), {print: this.print, now: systemClock.wallNow()})
    const log = daemonLog(this.settings, flags)
    const {queue, storage} = await (flags.once ? open() : outlast('opening the database', open, patience(log, this.signal)))
    const dbPath = databaseFile(this.settings)
    if (!flags.once) await takeOver(0, this.signal, sentence => log.warn(sentence))
    const reaper = new ReaperLoop({queue, storage, dbPath, log: workLog(log)})
    try {
      if (flags.once) printPass(await reaper.once(this.signal), this.print)
      else await reaper.every(flags.every ?? DEFAULT_REAP_EVERY_MS, this.signal)
    } finally {
      await log.flush()
    }
  }
}
