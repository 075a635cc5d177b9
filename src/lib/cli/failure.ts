import {QctlError} from '../errors.ts'
import {safeText} from '../safe-text.ts'
import {flagHint} from './flag-hint.ts'
import {stderr, stdout} from './papers.ts'
import {safeJson} from './safe-output.ts'

/** What a program sees of an error, wherever qctl reports one. */
export interface Failure {
  readonly code: string
  readonly exit: number
  readonly message: string
  readonly hint: string | null
  readonly retryable: boolean
}

/** A foreground command was ended by a signal. It is no error, and nothing is printed. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly signal: NodeJS.Signals

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`)
    this.signal = signal
  }

  /** 129, 130, 143: what a shell makes of a process that died by the signal. */
  get exit(): number {
    return 128 + (process.getBuiltinModule('node:os').constants.signals[this.signal] ?? 0)
  }
}

/**
 * Finds the interruption behind an error: itself, or the reason of an aborted signal.
 *
 * @returns null when the error is something else
 */
export function interruptionOf(error: unknown): Interrupted | null {
  if (error instanceof Interrupted) return error
  if (error instanceof Error && error.name === 'AbortError' && error.cause instanceof Interrupted) return error.cause
  return null
}

/** oclif wraps what a flag's `parse` throws in three lines of its own. */
const FLAG_PARSE = /^Parsing (--\S+) \n\t([\s\S]*)\nSee more help with --help$/

/** Errors of oclif's parser carry the whole parse; they are told by `oclif` without importing it. */
function isOclifError(error: Error): boolean {
  return 'oclif' in error && typeof error.oclif === 'object'
}

/** What oclif says of flags, in our words. A value is left out where it is shown parsed: `--every=10000` is no word of the user. */
const REWORDED: readonly (readonly [RegExp, string])[] = [
  [/^Missing required flag (\S+)$/, '--$1 is missing'],
  [/^Expected (--[^=\s]+)=([\s\S]*) to be one of: (.*)$/, '$1: "$2" is not one of $3'],
  [/^(--[^=\s]+)(?:=[\s\S]*)? cannot also be provided when using (--\S+)$/, '$2 and $1 do not go together'],
  [/^All of the following must be provided when using (--\S+): (.*)$/, '$1 needs $2'],
  [/^Flag (--\S+) expects a value$/, '$1 needs a value'],
  [/^Flag (--\S+) can only be specified once$/, '$1 can be given only once'],
]

function reworded(sentence: string): string {
  const [found] = REWORDED.filter(([pattern]) => pattern.test(sentence))
  return found === undefined ? sentence : sentence.replace(...found)
}

/** oclif's message as one sentence. */
function usageMessage(message: string): string {
  const [first = '', ...rest] = message
    .replace(/\nSee more help with --help$/, '')
    .split('\n')
    .map((line) => line.trim().replaceAll(/ {2,}/g, ' '))
    .filter((line) => line !== '')
  const sentence = /^The following errors? occurred:$/.test(first)
    ? rest.map(reworded).join('; ')
    : [reworded(first), rest.join('; ')].filter((part) => part !== '').join(first.endsWith(':') ? ' ' : '; ')
  return sentence.replace(/^Nonexistent (flags?): /, 'unknown $1 ').replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())
}

/** What oclif's complaint about missing arguments carries. */
interface MissingArgs {
  readonly args: readonly {readonly name: string; readonly description?: string}[]
}

function isMissingArgs(error: Error): error is Error & MissingArgs {
  return /^Missing \d+ required arg/.test(error.message) && 'args' in error
}

/** oclif's own sentence goes on about flags with several values, which ours never swallow. */
function sentenceOf(error: Error): string {
  if (!isMissingArgs(error)) return usageMessage(error.message)
  return error.args.map(({name, description}) => `${name.toUpperCase()} is missing: ${description ?? ''}`).join('; ')
}

/**
 * Says what a thrown thing means.
 *
 * @param error whatever was thrown
 * @returns its stable code, exit status and sentence; anything that is no `QctlError` and no
 *   complaint of the command line is a bug in qctl
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof QctlError) {
    const [, flag, message] = FLAG_PARSE.exec(error.message) ?? []
    const text = flag === undefined || message === undefined ? error.message : `${flag}: ${message}`
    return {code: error.code, exit: error.exit, message: text, hint: error.hint, retryable: error.retryable}
  }
  if (error instanceof Error && isOclifError(error)) {
    return {code: 'usage', exit: 2, message: sentenceOf(error), hint: flagHint(error), retryable: false}
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return {
    code: 'internal',
    exit: 70,
    message: `this is a bug in qctl: ${message}`,
    hint: 'run it again with -v and report what it prints',
    retryable: false,
  }
}

/** How JSON is laid out: `--output json` or `ndjson`. */
export type JsonForm = 'document' | 'line'

/** The form of JSON that an output format asks for; `null` when it asks for none. */
export function jsonFormOf(output: string | undefined): JsonForm | null {
  return output === 'json' ? 'document' : output === 'ndjson' ? 'line' : null
}

/** How to report. */
export interface ReportOptions {
  /** Also print the JSON form to stdout: as a document, or in one line. */
  readonly json: JsonForm | null
  /** Also print the stack and what lies underneath. */
  readonly verbose: boolean
}

/**
 * Reports an error: one line on stderr, with `json` also an object on stdout.
 *
 * @param error whatever was thrown
 * @returns the exit status the process should end with
 */
export function reportFailure(error: unknown, {json, verbose}: ReportOptions): number {
  const interruption = interruptionOf(error)
  if (interruption !== null) return interruption.exit
  const failure = failureOf(error)
  if (json !== null) stdout.write(`${safeJson({error: failure}, json === 'line' ? undefined : 2)}\n`)
  const hint = failure.hint === null ? '' : ` (${failure.hint})`
  stderr.write(`qctl: ${safeText(`${failure.message}${hint}`)}\n`)
  if (verbose) stderr.write(`${safeText(stackOf(error), {multiline: true})}\n`)
  return failure.exit
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const stack = error.stack ?? error.message
  return error.cause === undefined ? stack : `${stack}\ncaused by ${stackOf(error.cause)}`
}

/**
 * Tells from the bare command line what an error should look like, for errors that come before or from parsing it.
 *
 * @param argv the arguments after `qctl`
 * @param env QCTL_OUTPUT counts when no flag says otherwise
 */
export function reportOptions(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): ReportOptions {
  const end = argv.indexOf('--')
  const own = end === -1 ? argv : argv.slice(0, end)
  let output: string | undefined = env['QCTL_OUTPUT']
  for (const [index, argument] of own.entries()) {
    const [, attached] = /^(?:--output=|-o=?)(.+)$/.exec(argument) ?? []
    if (argument === '--json') output = 'json'
    else if (argument === '-o' || argument === '--output') output = own[index + 1]
    else if (attached !== undefined) output = attached
  }
  return {json: jsonFormOf(output), verbose: own.includes('-v') || own.includes('--verbose')}
}
