import {QctlError} from '../errors.ts'
import type {NewJob} from '../job.ts'
import {newJob} from '../queue/new-job.ts'
import {parseJobLine} from './job-line.ts'
import type {JobDefaults, NumberedJob} from './numbered-job.ts'
import {formatSize} from '../units.ts'
import {splitLines, wholeLines} from './whole-lines.ts'

/** The longest JSON of a payload byte is `\u0000`; the rest of the line has room beside it. */
const ESCAPED_BYTES = 6
const OTHER_FIELDS_BYTES = 64 * 1024

/**
 * Reads one JSON job per line; lines of blanks are no jobs.
 * @param source the bytes, as they come
 * @param defaults what a line has when it does not say otherwise
 * @param maxPayloadBytes the largest payload of any queue; nothing is read behind a line that cannot hold a smaller one
 * @throws QctlError `bad_input` or `payload_too_large` naming the line; the jobs before it are given out first
 */
export async function* readNdjsonJobs(
  source: AsyncIterable<Uint8Array>,
  defaults: JobDefaults,
  maxPayloadBytes: number,
): AsyncGenerator<readonly NumberedJob[]> {
  const maxBytes = maxPayloadBytes * ESCAPED_BYTES + OTHER_FIELDS_BYTES
  let line = 0
  const tooLong = () =>
    new QctlError('payload_too_large', `line ${line + 1} is longer than ${formatSize(maxBytes)}; nothing of it was stored`)
  for await (const block of wholeLines(source, {maxBytes, tooLong})) {
    const jobs: NumberedJob[] = []
    let failure: unknown = null
    try {
      for (const text of textLines(block)) {
        line += 1
        if (text.length > maxBytes) throw new QctlError('payload_too_large', `longer than ${formatSize(maxBytes)}`)
        if (!isBlank(text)) jobs.push({line, job: jobOf(text, defaults)})
      }
    } catch (error) {
      failure = error
    }
    yield jobs
    if (failure !== null) throw atLine(line, failure)
  }
}

/**
 * Decodes whole lines at once, because one call per line takes longer than parsing them;
 * only when something in the block is not UTF-8 they are decoded one by one, to know which.
 */
function* textLines(block: Uint8Array): Generator<string> {
  let text: string
  try {
    text = decode(block)
  } catch {
    for (const line of splitLines(block)) yield decodeOr(line, NOT_UTF8)
    return
  }
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  yield* lines
}

const DECODER = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true})
/** No JSON, so that the line is refused where its number is known. */
const NOT_UTF8 = '\ufffd'

function decode(bytes: Uint8Array): string {
  return DECODER.decode(bytes)
}

function decodeOr(bytes: Uint8Array, otherwise: string): string {
  try {
    return decode(bytes)
  } catch {
    return otherwise
  }
}

function isBlank(text: string): boolean {
  return text.charCodeAt(0) !== 123 && text.trim() === ''
}

function jobOf(text: string, defaults: JobDefaults): NewJob {
  if (text === NOT_UTF8) throw new QctlError('bad_input', 'not UTF-8')
  return newJob(parseJobLine(text, defaults))
}

function atLine(line: number, error: unknown): unknown {
  if (!(error instanceof QctlError)) return error
  const code = error.code === 'usage' ? 'bad_input' : error.code
  return new QctlError(code, `line ${line}: ${error.message}`, error.hint === null ? {} : {hint: error.hint})
}
