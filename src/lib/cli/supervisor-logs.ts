import {readdirSync} from 'node:fs'
import {basename, join} from 'node:path'
import {QctlError} from '../errors.ts'
import {loggedText} from '../log.ts'
import {nearest} from '../nearest.ts'
import {safeText} from '../safe-text.ts'
import {followLines, lastLines} from '../supervisor/log-files.ts'
import type {Place} from '../supervisor/place.ts'
import {type FlagTable, parseCount} from './flags.ts'
import type {Printer} from './print.ts'
import {endWithReader} from './reader-gone.ts'

/** For `supervisor logs`. */
export const LINES_FLAGS = {
  lines: {kind: 'value', char: 'l', shape: 'N', parse: parseCount, summary: 'how many of the last lines [default: 20]'},
} as const satisfies FlagTable
export const FOLLOW_FLAGS = {
  follow: {kind: 'switch', char: 'f', summary: 'go on printing what comes'},
} as const satisfies FlagTable

const DEFAULT_LINES = 20
const SUFFIX = '.out.log'

/** A log of a process. */
interface LogFile {
  readonly name: string
  readonly path: string
}

/** What to print. */
export interface LogsRequest {
  /** As they were typed; none = all. */
  readonly words: readonly string[]
  readonly lines: number | undefined
  readonly follow: boolean
  readonly signal: () => AbortSignal
}

/**
 * Prints what processes have printed. It needs no supervisord: the files are there without it.
 * @throws QctlError `not_found` when a word names no log
 */
export async function printProcessLogs(place: Place, {words, lines = DEFAULT_LINES, follow, signal}: LogsRequest, print: Printer): Promise<void> {
  if (follow && print.isJson) throw new QctlError('usage', '--follow has no end to put into one document', {hint: 'use -o ndjson'})
  const files = chosenLogs(words, logFiles(place))
  const last = files.map(file => ({file, lines: lastLines(file.path, lines)}))
  if (print.isJson) return print.json({items: last.flatMap(({file, lines}) => lines.map(line => ({process: file.name, line})))})
  const printer = new LinePrinter(files, print)
  const end = follow ? signal() : null
  if (follow) await endWithReader()
  for (const {file, lines} of last) printer.lines(file, lines)
  if (end !== null) await Promise.all(files.map(file => printer.follow(file, end)))
}

class LinePrinter {
  readonly #width: number
  readonly #print: Printer

  /** Who prints one log need not say which. */
  constructor(files: readonly LogFile[], print: Printer) {
    this.#width = files.length < 2 ? 0 : Math.max(...files.map(({name}) => name.length))
    this.#print = print
  }

  lines({name}: LogFile, lines: readonly string[]): void {
    const head = this.#width === 0 ? '' : `${name.padEnd(this.#width)} | `
    for (const line of lines) {
      if (this.#print.isMachine) this.#print.json({process: name, line})
      else this.#print.line(safeText(head + this.#shown(line)))
    }
  }

  /** Our own lines are JSON in a file; who reads them on a terminal need not know. */
  #shown(line: string): string {
    return (this.#print.isScreen('stdout') ? loggedText(line) : null) ?? line
  }

  async follow(file: LogFile, signal: AbortSignal): Promise<void> {
    for await (const lines of followLines(file.path, signal)) this.lines(file, lines)
  }
}

/** By name, supervisord's own last. */
function logFiles({logs, log}: Place): readonly LogFile[] {
  const names = existing(logs).filter(name => name.endsWith(SUFFIX)).toSorted()
  return [...names.map(name => ({name: basename(name, SUFFIX), path: join(logs, name)})), {name: 'supervisord', path: log}]
}

function existing(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function chosenLogs(words: readonly string[], files: readonly LogFile[]): readonly LogFile[] {
  if (words.length === 0) return files
  const isMeant = ({name}: LogFile, word: string): boolean => [name, name.replace(/_\d+$/, '')].includes(word.split(':').at(-1) ?? '')
  for (const word of words) if (!files.some(file => isMeant(file, word))) throw noSuchLog(word, files)
  return files.filter(file => words.some(word => isMeant(file, word)))
}

function noSuchLog(word: string, files: readonly LogFile[]): QctlError {
  const meant = nearest(word, files.map(({name}) => name))
  return new QctlError('not_found', `there is no log of ${JSON.stringify(word)}`, {
    hint: meant === null ? 'qctl supervisor status lists the processes' : `did you mean "${meant}"?`,
  })
}
