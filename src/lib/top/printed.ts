import {counted} from '../cli/counted.ts'
import {wholeRecords} from '../cli/output-printer.ts'
import {safeBytes} from '../cli/safe-output.ts'
import type {RunOutput} from '../job.ts'
import {OUTPUT_START, type OutputRecord, type OutputStream} from '../output-record.ts'
import {storedAfter} from '../queue/run-output.ts'
import {clockTime} from './shown.ts'
import {folded, type Words} from './words.ts'

interface PrintedLine {
  readonly stream: OutputStream
  /** When its beginning was read, UTC ms. */
  readonly at: number
  text: string
}

/** More lines are not shown; the last ones are what matters. */
const MOST_LINES = 5000
const SHORT: Readonly<Record<OutputStream, string>> = {stdout: 'out', stderr: 'err'}
/** `12:00:10.114 out  `. */
const MARGIN = 19

/** What a run printed, line by line, each with the time it was read and where it was written to. */
export function printedLines(output: RunOutput | null, width: number): readonly Words[] {
  const lines = linesOf(storedAfter(output, OUTPUT_START))
  const shown = lines.slice(-MOST_LINES)
  const before: readonly Words[] = shown.length === lines.length ? [] : [{text: ` ${counted(lines.length - shown.length, 'line')} before`, tone: 'dim'}]
  return [...before, ...shown.flatMap(line => wordsOf(line, width))]
}

function wordsOf({stream, at, text}: PrintedLine, width: number): readonly Words[] {
  const time = `${clockTime(at)}.${String(at % 1000).padStart(3, '0')}`
  return folded(text, Math.max(1, width - MARGIN)).map((part, nth): Words =>
    nth === 0 ? [{text: ` ${time} `, tone: 'dim'}, {text: `${SHORT[stream]}  `, tone: stream === 'stderr' ? 'warning' : 'dim'}, part] : [' '.repeat(MARGIN - 1), part],
  )
}

/** Puts together what was written in pieces: each stream has one line that is not over. */
function linesOf(records: readonly OutputRecord[]): readonly PrintedLine[] {
  const lines: PrintedLine[] = []
  const open: Partial<Record<OutputStream, PrintedLine>> = {}
  for (const record of wholeRecords(records)) {
    const {stream, at} = record
    if (record.kind === 'gap') {
      delete open[stream]
      lines.push({stream, at, text: `... ${counted(record.length, 'byte')} not kept ...`})
      continue
    }
    const parts = safeBytes(record.bytes, {multiline: true}).split('\n')
    for (const [nth, part] of parts.entries()) {
      const isLast = nth === parts.length - 1
      // Nothing behind the last line feed is no line.
      if (isLast && part === '') break
      const line = open[stream] ?? {stream, at, text: ''}
      if (open[stream] === undefined) lines.push(line)
      line.text += part
      open[stream] = line
      if (!isLast) delete open[stream]
    }
  }
  return lines.map(line => ({...line, text: line.text.replace(/\\x0d$/, '')}))
}
