/** What is wrong with a module of the user's, as its user wants to read it: their places in it, and none of this program's. */
import {dirname, relative} from 'node:path'

/** How Bun says where something is wrong in a source file. */
interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly lineText: string
}

const FRAME = /^\s+at /
const LOCATION = /([^\s()]+):\d+:\d+\)?$/

/**
 * Why a module cannot be loaded.
 * @param error what its import threw
 * @param file the module
 * @param ownFile as `fileOf` names the file from which it was imported
 * @returns a sentence with the first fault, and all there is to say
 */
export function loadFault(error: unknown, file: string, ownFile: string | null): {readonly sentence: string; readonly all: string} {
  const faults: readonly unknown[] = error instanceof AggregateError && error.errors.length > 0 ? error.errors : [error]
  const sentences = faults.map(fault => placed(fault, dirname(file)))
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : ''
  return {sentence: `${sentences[0]}${more}`, all: faults.map((fault, i) => textOf(fault, sentences[i] ?? '', ownFile)).join('\n')}
}

/** The stack of an error without the frames of this program, which called the user's function from that file. */
export function usersStack(error: Error, ownFile: string | null): string {
  const lines = (error.stack || String(error)).split('\n')
  const isOwn = (line: string): boolean => ownFile !== null && LOCATION.exec(line)?.[1] === ownFile
  const from = lines.findIndex(line => FRAME.test(line))
  if (from < 0) return lines.join('\n')
  // What the user called of this program comes first, what called the user last.
  const begin = lines.findIndex((line, i) => i >= from && !isOwn(line))
  const end = lines.findIndex((line, i) => i > begin && i >= from && isOwn(line))
  return [...lines.slice(0, from), ...(begin < 0 ? [] : lines.slice(begin, end < 0 ? undefined : end))].join('\n')
}

/** The file in which an error was made, as stacks name it: in the compiled program that is none there is. */
export function fileOf({stack = ''}: Error): string | null {
  const frame = stack.split('\n').find(line => FRAME.test(line))
  return LOCATION.exec(frame ?? '')?.[1] ?? null
}

/** One line: where and what. */
function placed(fault: unknown, directory: string): string {
  const what = String(fault instanceof Error ? fault.message : fault).split('\n')[0] ?? ''
  const place = placeOf(fault)
  return place === null ? what : `${relative(directory, place.file)}:${place.line}:${place.column}: ${what}`
}

/** With the line that is wrong, or the stack. */
function textOf(fault: unknown, sentence: string, ownFile: string | null): string {
  const place = placeOf(fault)
  if (place !== null) return `${sentence}\n  ${place.lineText}\n  ${' '.repeat(Math.max(0, place.column - 1))}^`
  return fault instanceof Error ? usersStack(fault, ownFile) : String(fault)
}

function placeOf(fault: unknown): Place | null {
  const place = fault instanceof Error && 'position' in fault ? (fault.position as Partial<Place> | null) : null
  if (typeof place?.file !== 'string' || typeof place.line !== 'number' || typeof place.column !== 'number') return null
  return {file: place.file, line: place.line, column: place.column, lineText: place.lineText ?? ''}
}
