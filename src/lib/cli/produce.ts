import {existsSync} from 'node:fs'
import {isTerminal} from '../descriptor.ts'
import {sentence} from '../errors.ts'
import type {Enqueued, NewJob, Queue} from '../job.ts'
import {type ProduceInput, submitInput, type Surroundings} from '../producer/input.ts'
import {whileThere} from '../producer/while-there.ts'
import {formatDurationShort, systemClock} from '../time.ts'
import {formatTime, parseTime} from '../time-parse.ts'
import {counted} from './counted.ts'
import {stderr, stdout} from './papers.ts'
import type {Printer} from './print.ts'
import type {ProduceFlags} from './produce-flags.ts'
import {defaultsOf} from './produce-input.ts'
import {ProduceReport} from './produce-report.ts'
import type {ProgressBar} from './progress-bar.ts'
import type {Session} from './session.ts'
import {openStdin} from './stdin.ts'
import {takeOver} from './succession.ts'

/** What the command lends. */
export interface ProduceContext {
  readonly print: Printer
  /** The file of the database; `null` when it is named by a URL. */
  readonly file: string | null
  /** Opens the database, making a missing one if `create`. */
  readonly open: (options: {readonly create: boolean}) => Promise<Session>
  /** Aborted by TERM, INT or HUP. From the first look at it on, these do not end the process by themselves. */
  readonly signal: () => AbortSignal
}

/**
 * Stores the jobs of a command line and prints where they ended up.
 * @throws QctlError for bad input or a failed commit; the signal's reason when a submission in batches was interrupted
 */
export async function produce(input: ProduceInput, flags: ProduceFlags, context: ProduceContext): Promise<void> {
  const {print} = context
  const defaults = defaultsOf(flags, flags.at === undefined ? null : resolveTime(flags.at, print))
  const stdin = stdinOf(input, print)
  if (flags['dry-run']) return rehearse(input, {defaults, stdin, context})
  const {storage} = await context.open({create: true})
  const inBatches = 'batch' in input && input.batch !== null
  const signal = signalOf(input, context)
  if (input.kind === 'generate') await takeOver(0, signal, sentence => print.warn(sentence))
  const bar = await progressBar(input, print)
  const report = new ProduceReport(print, storage)
  const around = {...surroundings(stdin, print, bar), storage, defaults, signal}
  try {
    await whileThere(storage, submit(input, around, report))
    if (inBatches) signal.throwIfAborted()
  } catch (error) {
    bar?.stop()
    if (inBatches) report.tellWhereToGoOn(error)
    const exit = await report.finishAfter(error)
    if (exit === null) throw error
    process.exitCode = exit
    return
  }
  bar?.stop()
  await report.finish()
}

/** What ends a submission early. */
function signalOf(input: ProduceInput, {signal}: ProduceContext): AbortSignal {
  // One that generates for ever would go on when nobody is there to see it. All other input is what counts, and nobody has to read the ids.
  if (input.kind === 'generate') return input.count === null ? AbortSignal.any([signal(), stdout.lost]) : signal()
  // All or none needs no tidying: whatever ends the process then leaves nothing behind.
  return 'batch' in input && input.batch !== null ? signal() : new AbortController().signal
}

async function submit(input: ProduceInput, around: Surroundings, report: ProduceReport): Promise<void> {
  for await (const committed of submitInput(input, around)) report.add(committed)
}

/** Reads and checks everything, stores nothing. */
async function rehearse(
  input: ProduceInput,
  {defaults, stdin, context}: Pick<Surroundings, 'defaults' | 'stdin'> & {readonly context: ProduceContext},
): Promise<void> {
  const {print} = context
  const storage = new DryStorage(await existing(context))
  const around = {...surroundings(stdin, print, null), storage, defaults, signal: new AbortController().signal}
  const report = new ProduceReport(print, null)
  await submit(input, around, report)
  print.note(`would store ${counted(storage.count, 'job')}; nothing was written`)
  await report.finishRehearsal(storage.count)
}

/** The database if there is one: a rehearsal makes none. */
async function existing({file, open}: ProduceContext): Promise<Session['storage'] | null> {
  return file !== null && !existsSync(file) ? null : (await open({create: false})).storage
}

/** Knows the limits of the real one, and stores nothing. */
class DryStorage {
  readonly #real: Session['storage'] | null
  count = 0

  constructor(real: Session['storage'] | null) {
    this.#real = real
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
    this.count += jobs.length
    return []
  }

  async queues(names?: readonly string[]): Promise<readonly Queue[]> {
    return this.#real?.queues(names) ?? []
  }
}

function resolveTime(text: string, print: Printer): number {
  const now = systemClock.wallNow()
  const runAt = parseTime(text, now)
  print.note(`runs at ${formatTime(runAt)}${runAt > now ? `, in ${formatDurationShort(runAt - now)}` : ', at once'}`)
  return runAt
}

/** @throws QctlError `not_found` when it is to be read and cannot be */
function stdinOf(input: ProduceInput, print: Printer): AsyncIterable<Uint8Array> {
  const readsStdin = input.kind === 'lines' || input.kind === 'ndjson' || (input.kind === 'payloads' && input.texts.includes('-'))
  if (!readsStdin) return nothing()
  if (isTerminal(0)) print.note('reading from the terminal; Ctrl-D ends it')
  return openStdin()
}

function surroundings(
  stdin: AsyncIterable<Uint8Array>,
  print: Printer,
  bar: ProgressBar | null,
): Pick<Surroundings, 'stdin' | 'cwd' | 'onProgress' | 'onTrouble'> {
  return {
    stdin: bar?.count(stdin) ?? stdin,
    cwd: process.cwd(),
    onProgress: progress => bar?.update(progress),
    onTrouble: (_doing, error, retryInMs) => print.warn(`${sentence(error)}; next try in ${formatDurationShort(retryInMs ?? 0)}`),
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function progressBar(input: ProduceInput, print: Printer): Promise<ProgressBar | null> {
  const isStream = input.kind === 'lines' || input.kind === 'ndjson'
  if (!isStream || !stderr.isTTY || isTerminal(0) || print.isQuiet) return null
  const {ProgressBar, stdinBytes} = await import('./progress-bar.ts')
  return new ProgressBar(stderr.stream, stdinBytes())
}
