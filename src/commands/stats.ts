import {BaseCommand} from '../lib/cli/base-command.ts'
import {oclifFlags} from '../lib/cli/oclif-flags.ts'
import {showStats, STATS_FLAGS} from '../lib/cli/stats.ts'

export default class Stats extends BaseCommand {
  static override summary = 'Show queues in figures: what waits, rates, how long jobs wait and run, how many go wrong'
  static override description =
    'Counted by the store with every change, by the minute, for a day; percentiles are within 3 %. DRAINED IN is when what waits is done, as things go (?: as much comes as goes, or it is too early to say).'
  static override examples = [
    'qctl stats',
    'qctl stats -Q mail --since 1h -o wide',
    'qctl stats --watch',
    'qctl stats --prometheus > /var/lib/node_exporter/qctl.prom.tmp && mv /var/lib/node_exporter/qctl.prom.tmp /var/lib/node_exporter/qctl.prom',
  ]
  static override flags = oclifFlags(STATS_FLAGS)

  override async run(): Promise<void> {
    const {flags} = await this.parse(Stats)
    const {inspector, storage} = await this.open()
    await showStats(flags, {inspector, storage, print: this.print, signal: () => this.signal})
  }
}
