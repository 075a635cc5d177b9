import {availableParallelism} from 'node:os'
import {BaseCommand} from '../lib/cli/base-command.ts'
import {CONSUME_ARGS, CONSUME_FLAGS, requireOneHandler, tellOfBlindness, tellOfMissing, workOf} from '../lib/cli/consume-flags.ts'
import {daemonLog} from '../lib/cli/daemon-log.ts'
import {databaseFile} from '../lib/cli/database-file.ts'
import {tellWhatStays} from '../lib/cli/drained.ts'
import type {FlagTable, FlagValues} from '../lib/cli/flags.ts'
import {oclifArgs, oclifFlags} from '../lib/cli/oclif-flags.ts'
import {selfCommand} from '../lib/cli/self-command.ts'
import {takeOver} from '../lib/cli/succession.ts'
import {Consumer} from '../lib/consumer/consumer.ts'
import {guardPlan} from '../lib/consumer/guard-process.ts'
import {outlast} from '../lib/passing.ts'
import {patience, workLog} from '../lib/consumer/work-log.ts'
import {BUILT_IN_HANDLERS, type HandlerSpec, openHandler, openLimits, parseExitPolicy, processesOf, type Workers} from '../lib/handlers/index.ts'

/** What handlers know of their flags. */
export const HANDLER_FLAGS = {
  handler: {
    kind: 'value',
    shape: BUILT_IN_HANDLERS.join('|'),
    options: BUILT_IN_HANDLERS,
    parse: (text): (typeof BUILT_IN_HANDLERS)[number] => BUILT_IN_HANDLERS.find(name => name === text) ?? 'timestamp',
    summary: 'built in: timestamp writes the time at the top of the file of each job',
    helpGroup: 'HANDLER',
  },
  'on-exit': {
    kind: 'value',
    shape: 'STATUS=ACTION,…',
    parse: parseExitPolicy,
    summary: 'what exit statuses mean, as in 75=retry:10m,78=pause-queue',
    exclusive: ['handler', 'http', 'stream', 'module'],
    helpGroup: 'HANDLER',
  },
} as const satisfies FlagTable

type Flags = FlagValues<typeof CONSUME_FLAGS & typeof HANDLER_FLAGS>

export default class Consume extends BaseCommand {
  static override summary = 'Run a command for each job, until stopped'
  static override description = `The payload comes on stdin, QCTL_* variables tell the rest (qctl help handlers).
--stream and --module keep workers instead, which are given job after job.
TERM and INT let handlers finish within --grace; a second one ends them at once.`
  static override usage = 'consume [FLAGS] -- CMD [ARG...]'
  static override examples = [
    'qctl consume -Q mail -- ./send.sh',
    "qctl consume -Q sum -c 4 --drain --shell 'xargs sha256sum'",
    'qctl consume -Q hooks -c 8 --http https://example.com/hook --http-header-file /etc/qctl/hook.headers',
    "qctl consume -Q thumbs -c 100 --workers 4 --stream 'python3 worker.py'",
    'qctl consume -Q mail -c 100 --module ./mail.ts',
    'qctl consume -Q stamp --handler timestamp --name stamper-1',
  ]
  static override args = oclifArgs(CONSUME_ARGS)
  static override flags = oclifFlags({...CONSUME_FLAGS, ...HANDLER_FLAGS})

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(Consume)
    const {cmd = []} = args
    requireOneHandler(flags, cmd, this.argv)
    const log = daemonLog(this.settings, flags)
    const work = workOf(flags, this.settings, this.origins.lease)
    const spec = specOf(flags, cmd, {...work, log})
    const limits = await openLimits(spec, {memoryBytes: flags['limit-mem'] ?? null, processes: flags['limit-procs'] ?? null})
    const {stop, now: kill} = this.interruption
    await takeOver(this.settings.grace, stop, sentence => log.warn(sentence))
    const open = () => this.open({create: true})
    const {queue, storage} = await (work.drain ? open() : outlast('opening the database', open, patience(log, stop)))
    await tellOfMissing(work, storage, log)
    if (limits !== undefined) log.info('each run is limited', limits.description)
    const handler = await openHandler(spec, {removeFile: flags['remove-file'], limits})
    const dbPath = databaseFile(this.settings)
    if (processesOf(spec) !== null) tellOfBlindness(log)
    const guard = flags['no-guard'] ? null : guardPlan(processesOf(spec), selfCommand())
    try {
      await new Consumer({...work, queue, storage, dbPath, handler, guard, stop, kill, log: workLog(log)}).run()
      if (work.drain && !stop.aborted) await tellWhatStays({queues: work.queues, storage, dbPath}, log)
    } finally {
      await log.flush()
    }
    kill.throwIfAborted()
  }
}

function specOf(flags: Flags, command: readonly string[], work: Omit<Workers, 'workers'>): HandlerSpec {
  const {shell, stream, module, http, handler, 'on-exit': exitPolicy} = flags
  if (handler !== undefined) return {kind: handler}
  if (http !== undefined) {
    return {kind: 'http', url: http, allowPrivate: flags['allow-private'], headerFile: flags['http-header-file']}
  }
  const {concurrency, queues, maxRssBytes, log} = work
  const workers = {workers: Math.min(concurrency, flags.workers ?? availableParallelism()), concurrency, queues, maxRssBytes, log}
  if (stream !== undefined) return {kind: 'stream', script: stream, ...workers}
  if (module !== undefined) return {kind: 'module', file: module, self: selfCommand(), ...workers}
  return shell === undefined ? {kind: 'exec', command, exitPolicy} : {kind: 'shell', script: shell, exitPolicy}
}
