import {BaseCommand} from '../../lib/cli/base-command.ts'
import {QUEUE_LIST} from '../../lib/cli/queue-list.ts'

export default class QueuesList extends BaseCommand {
  static override summary = 'List queues with the number of their jobs by state'
  static override examples = ['qctl queues list', 'qctl queues list -o wide', 'qctl queues list --json']

  override async run(): Promise<void> {
    await this.parse(QueuesList)
    const {storage} = await this.open()
    await this.print.list({items: await storage.stats({since: null}), next: null, searched: null}, QUEUE_LIST)
  }
}
