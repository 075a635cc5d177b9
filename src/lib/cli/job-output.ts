import type {RunOutput} from '../job.ts'
import {bytesOfStream, decodeOutput} from '../output-record.ts'
import {counted} from './counted.ts'
import type {Printer} from './print.ts'
import {safeBytes} from './safe-output.ts'

/** How much of the end of a stream is shown to people. */
const SHOWN_LINES = 20
const SHOWN_BYTES = 4096
const LINE_FEED = 10

/**
 * Prints the end of what a handler printed in one run, for people; nothing when it printed nothing.
 * @param output as `Storage.get` gives it
 * @param run which run it is of
 */
export function printOutput(output: RunOutput, run: number, print: Printer): void {
  const {records} = decodeOutput(output.records)
  printStream(`stdout of run ${run}`, bytesOfStream(records, 'stdout'), output.stdoutDroppedBytes, print)
  printStream(`stderr of run ${run}`, bytesOfStream(records, 'stderr'), output.stderrDroppedBytes, print)
}

function printStream(name: string, bytes: Uint8Array, dropped: number, print: Printer): void {
  if (bytes.length === 0 && dropped === 0) return
  const from = startOfTail(bytes)
  const before = dropped + from
  print.line(print.paint.bold(name))
  if (before > 0) print.line(print.paint.dim(`  … ${counted(before, 'byte')} before`))
  const shown = safeBytes(bytes.subarray(from), {multiline: true})
  for (const line of shown.replace(/\n$/, '').split('\n')) print.line(`  ${line}`)
}

/** Where the last lines begin; later when they are long, then at the start of a character. */
function startOfTail(bytes: Uint8Array): number {
  const earliest = Math.max(0, bytes.length - SHOWN_BYTES)
  // A line feed at the very end ends the last line and begins none.
  let at = bytes.length
  for (let lines = 0; lines < SHOWN_LINES && at > earliest; lines += 1) at = bytes.subarray(0, at - 1).lastIndexOf(LINE_FEED) + 1
  if (at >= earliest) return at
  return skipRest(bytes, earliest)
}

/** Skips what is left of a UTF-8 character that was cut. */
function skipRest(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < from + 3 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at += 1
  return at
}
