import {BaseCommand} from '../../lib/cli/base-command.ts'
import {CONSUME_ARGS, requireOneHandler} from '../../lib/cli/consume-flags.ts'
import {oclifArgs, oclifFlags} from '../../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../../lib/cli/print.ts'
import {selfCommand} from '../../lib/cli/self-command.ts'
import {flagWords, initSupervisor, planOf, SUPERVISED_FLAGS, SUPERVISOR_INIT_FLAGS} from '../../lib/cli/supervisor-init.ts'
import {HANDLER_FLAGS} from '../consume.ts'

/** Flags that name a handler. */
const HANDLER_KINDS = ['shell', 'stream', 'module', 'http', 'handler'] as const

const FLAGS = {...SUPERVISOR_INIT_FLAGS, ...SUPERVISED_FLAGS, ...HANDLER_FLAGS}

export default class SupervisorInit extends BaseCommand {
  static override summary = 'Set up consumers, reaper and producer to run for ever'
  static override description = `Writes a configuration for supervisord, systemd or a Procfile, and makes the database. What exists is kept.
The flags of "qctl consume" and its command say what the consumers do. Without any they are a demonstration: a producer
writes a random file every few seconds, and the consumers write the time at the top of each. That producer is never added
to what exists.`
  static override usage = 'supervisor init [FLAGS] [-- CMD [ARG...]]'
  static override examples = [
    'qctl supervisor init',
    'qctl supervisor init --consumers 4 -Q mail --timeout 5m -- ./send.sh',
    'qctl supervisor init --supervisor-dir /etc/qctl --user queue --db /var/lib/qctl/qctl.db -Q hooks --http https://example.com/hook',
    'qctl supervisor init --format systemd --supervisor-dir ./units -Q mail -- ./send.sh',
  ]
  static override args = oclifArgs(CONSUME_ARGS)
  static override flags = oclifFlags(FLAGS)

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {args, flags, raw} = await this.parse(SupervisorInit)
    const {cmd = []} = args
    const hasHandler = cmd.length > 0 || HANDLER_KINDS.some(kind => flags[kind] !== undefined)
    if (hasHandler) requireOneHandler(flags, cmd, this.argv)
    const consume = [...flagWords(raw, {...SUPERVISED_FLAGS, ...HANDLER_FLAGS}), ...(cmd.length > 0 ? ['--', ...cmd] : [])]
    const {settings, origins} = this
    const plan = planOf({flags, queues: flags.queue, consume, hasHandler, settings, origins, self: selfCommand(), cwd: process.cwd()})
    await initSupervisor(plan, {flags, hasHandler, print: this.print, makeDatabase: () => this.open({create: true})})
  }
}
