import {QctlError} from '../../lib/errors.ts'
import {oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {SUPERVISOR_FLAGS, SupervisorCommand} from '../../lib/cli/supervisor-command.ts'
import {PROCESS_LIST} from '../../lib/cli/supervisor-list.ts'
import {readPastLives} from '../../lib/supervisor/log-files.ts'
import {type QueueSide, shownProcesses, statusOf} from '../../lib/supervisor/status.ts'

const FLAGS = oclifFlags({
  ...SUPERVISOR_FLAGS,
  all: {kind: 'switch', char: 'a', summary: 'also the consumers that "supervisor scale" has not asked for'},
} as const)

export default class SupervisorStatus extends SupervisorCommand {
  static override summary = 'List processes: what supervisord and the queue know of them'
  static override examples = ['qctl supervisor status', 'qctl supervisor status --all -o wide', 'qctl supervisor status --json']
  static override flags = FLAGS

  override async run(): Promise<void> {
    const {flags} = await this.parse(SupervisorStatus)
    const {place, client, operator} = this.connect()
    const [all, wanted] = [await client.processes(), await operator.wanted()]
    const shown = flags.all ? all : shownProcesses(all, wanted)
    const items = statusOf(shown, await this.#queueSide(), readPastLives(place.log))
    await this.print.list({items, next: null, searched: null}, PROCESS_LIST)
  }

  /** What supervisord knows is worth showing also when the database has gone. */
  async #queueSide(): Promise<QueueSide> {
    try {
      const {storage} = await this.open()
      const [consumers, queues] = await Promise.all([storage.consumers(), storage.queues()])
      return {consumers, queues}
    } catch (error) {
      if (!(error instanceof QctlError)) throw error
      this.print.warn(error.message)
      return {consumers: [], queues: []}
    }
  }
}
