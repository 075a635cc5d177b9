import {BaseCommand} from '../../lib/cli/base-command.ts'
import {withJobs} from '../../lib/cli/consumer-json.ts'
import {consumerList} from '../../lib/cli/consumer-list.ts'
import {systemClock} from '../../lib/time.ts'

export default class ConsumersList extends BaseCommand {
  static override summary = 'List consumers: who they are, what they do now and for how long, whether they live'
  static override examples = ['qctl consumers list', 'qctl consumers list --json']

  override async run(): Promise<void> {
    await this.parse(ConsumersList)
    const {storage} = await this.open()
    const items = withJobs(await storage.consumers(), await storage.held())
    if (items.length === 0) this.print.note('there are no consumers')
    await this.print.list({items, next: null, searched: null}, consumerList(systemClock.wallNow()))
  }
}
