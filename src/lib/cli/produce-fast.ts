/**
 * The short way of `qctl produce TEXT…` around oclif, whose import alone takes longer than storing a job.
 * It takes plain submissions only and leaves everything else, and every complaint about the command line, to oclif; both ways
 * have the same flags, and the same functions make, store and print the jobs.
 */
import {writeSync} from 'node:fs'
import {resolveSettings, type Settings} from '../config.ts'
import {newJob} from '../queue/new-job.ts'
import {storeJobs} from '../producer/store.ts'
import {safeText} from '../safe-text.ts'
import {GLOBAL_FLAGS} from './flags.ts'
import {parseWithTable} from './parse-args.ts'
import {PRODUCE_ARGS, PRODUCE_FLAGS} from './produce-flags.ts'
import {defaultsOf, inputOf} from './produce-input.ts'
import {enqueuedJson, enqueuedLines, existingNote} from './produce-output.ts'
import {safeJson} from './safe-output.ts'
import {createdNote, openSession} from './session.ts'

const FLAGS = {...PRODUCE_FLAGS, ...GLOBAL_FLAGS}
type Flags = NonNullable<ReturnType<typeof readArguments>>['flags']

/** A plain submission. */
interface Plain {
  readonly flags: Flags
  readonly texts: readonly string[]
  readonly settings: Settings
}

/**
 * Stores the jobs of a plain `produce` and ends with the exit status set.
 * @param argv the arguments after `qctl`
 * @returns false when this is not for the short way; nothing has happened then
 */
export async function produceFast(argv: readonly string[]): Promise<boolean> {
  if (argv[0] !== 'produce') return false
  const plain = await plainSubmission(argv.slice(1))
  if (plain === null) return false
  try {
    await submit(plain)
  } catch (error) {
    const {jsonFormOf, reportFailure} = await import('./failure.ts')
    process.exitCode = reportFailure(error, {json: jsonFormOf(plain.settings.output), verbose: false})
  }
  return true
}

function readArguments(argv: readonly string[]) {
  return parseWithTable(FLAGS, PRODUCE_ARGS, argv)
}

/** Texts as payloads and nothing that needs the terminal, stdin or the time. */
async function plainSubmission(argv: readonly string[]): Promise<Plain | null> {
  const parsed = readArguments(argv)
  if (parsed === null) return null
  const {flags, args} = parsed
  if (flags.at !== undefined || flags['dry-run'] || flags.verbose || flags.columns !== undefined) return null
  try {
    const input = inputOf(flags, args.payload)
    // The replacement character may stand for bytes that are no text; oclif's way looks for them.
    if (input.kind !== 'payloads' || input.texts.some(text => text === '-' || text.includes('\ufffd'))) return null
    const given = flags.json ? {...flags, output: 'json'} : flags
    const {settings} = await resolveSettings({flags: given, env: process.env, cwd: process.cwd()})
    return settings.output === 'csv' ? null : {flags, texts: input.texts, settings}
  } catch {
    // Whatever is wrong, oclif's way says it.
    return null
  }
}

async function submit({flags, texts, settings}: Plain): Promise<void> {
  const defaults = defaultsOf(flags, null)
  const jobs = texts.map(payload => newJob({...defaults, payload}))
  const note = (text: string): void => {
    if (!flags.quiet) write(2, `${safeText(text)}\n`)
  }
  const session = await openSession(settings, {create: !flags['no-create'], onCreate: path => note(createdNote(path))})
  try {
    const enqueued = await storeJobs(session.storage, jobs)
    write(1, settings.output === 'json' ? `${safeJson(enqueuedJson(enqueued), 2)}\n` : enqueuedLines(enqueued, settings.output))
    const existing = await existingNote(enqueued, session.storage)
    if (existing !== null) note(existing)
  } finally {
    await session.close()
  }
}

/** As for every command: the jobs are stored, but nobody got their ids. */
const STDOUT_FAILED = 74

/** A pipe takes this much in one piece or not at all (PIPE_BUF); a character has up to 4 bytes. */
const ONE_PIECE = 1024

/** Writes without the streams of the process, whose making takes longer than the write; and without a buffer where one piece is enough. */
function write(file: 1 | 2, text: string): void {
  if (text.length <= ONE_PIECE) return void writeSome(file, text)
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    const written = writeSome(file, rest)
    if (written === null) return
    rest = rest.subarray(written)
  }
}

/** How many bytes were written; `null` when that is all there is to do. */
function writeSome(file: 1 | 2, data: string | Uint8Array): number | null {
  try {
    return typeof data === 'string' ? writeSync(file, data) : writeSync(file, data)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    // One that is slow is waited for by the stream. A reader that went away is no error.
    if (code === 'EAGAIN') (file === 1 ? process.stdout : process.stderr).write(data)
    else if (code !== 'EPIPE' && file === 1) {
      process.exitCode = STDOUT_FAILED
      write(2, `qctl: cannot write to stdout: ${String(code)}\n`)
    }
    return null
  }
}
