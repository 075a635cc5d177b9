import {QctlError} from '../../lib/errors.ts'
import type {Consumer} from '../../lib/job.ts'
import {oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {SUPERVISOR_FLAGS, SupervisorCommand} from '../../lib/cli/supervisor-command.ts'
import {PROCESS_LIST} from '../../lib/cli/supervisor-list.ts'
import {readPastLives} from '../../lib/supervisor/log-files.ts'
import {shownProcesses, statusOf} from '../../lib/supervisor/status.ts'

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
    const items = statusOf(shown, await this.#consumers(), readPastLives(place.log))
    await this.print.list({items, next: null, searched: null}, PROCESS_LIST)
  }

  /** What supervisord knows is worth showing also when the database has gone. */
  async #consumers(): Promise<readonly Consumer[]> {
    try {
      const {storage} = await this.open()
      return await storage.consumers()
    } catch (error) {
      if (!(error instanceof QctlError)) throw error
      this.print.warn(error.message)
      return []
    }
  }
}
