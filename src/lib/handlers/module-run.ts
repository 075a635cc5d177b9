/** One job inside the worker of a module. */
import {format} from 'node:util'
import {keptError, sentence} from '../errors.ts'
import type {OutputStream} from '../output-record.ts'
import type {FunctionJob} from './function.ts'
import {fileOf, usersStack} from './module-faults.ts'
import type {HandlerContext, ModuleHandler} from './module-handler.ts'
import {doneWith, resultBytes} from './result.ts'

const THIS_FILE = fileOf(new Error())
const PART_CHARS = 1024 * 1024

/** The line that gave the job, as `jobLine` writes it. */
export interface JobLine {
  readonly id: number
  readonly fence: number
  readonly queue: string
  readonly attempt: number
  readonly key: string | null
  readonly content_type: string | null
  readonly file: boolean
  readonly timeout_ms: number | null
  readonly payload?: string
  readonly payload_base64?: string
}

/** Takes an object for the consumer. */
type Say = (message: Readonly<Record<string, unknown>>) => void

export class ModuleRun {
  readonly #job: ModuleJob
  readonly #say: Say
  readonly #context: RunContext

  constructor(line: JobLine, say: Say) {
    const {id, fence} = line
    this.#job = new ModuleJob(line)
    this.#say = message => say({id, fence, ...message})
    this.#context = new RunContext(this)
  }

  /** Runs the function and says what came of it. Never rejects. */
  async run(work: ModuleHandler): Promise<void> {
    try {
      this.#say(answerWith(await work(this.#job, this.#context)))
    } catch (error) {
      // It ended because it was told to.
      if (!this.#context.isStopped && error instanceof Error && verdictOf(error) === null) this.print('stderr', `${usersStack(error, THIS_FILE)}\n`)
      this.#say(failureOf(error))
    }
  }

  /** Tells the function to end. */
  stop(cause: string): void {
    this.#context.stop(new DOMException(`the job has to end: ${cause}`, 'AbortError'))
  }

  progress(value: number): void {
    if (!(value >= 0 && value <= 1)) throw new RangeError(`progress is a number from 0 to 1, not ${value}`)
    this.#say({progress: value})
  }

  print(stream: OutputStream, text: string): void {
    for (const part of partsOf(text)) this.#say({[stream]: part})
  }
}

/** Functions in it can be taken out: `async (job, {log, progress}) => …`. */
class RunContext implements HandlerContext {
  readonly log: HandlerContext['log']
  readonly progress: HandlerContext['progress']
  #abort: AbortController | null = null
  #reason: DOMException | null = null

  constructor(run: ModuleRun) {
    this.log = (...data) => run.print('stdout', `${format(...data)}\n`)
    this.progress = value => run.progress(value)
  }

  get isStopped(): boolean {
    return this.#reason !== null
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#reason !== null) this.#abort.abort(this.#reason)
    return this.#abort.signal
  }

  stop(reason: DOMException): void {
    this.#reason = reason
    this.#abort?.abort(reason)
  }
}

class ModuleJob implements FunctionJob {
  readonly id: number
  readonly queue: string
  readonly attempt: number
  readonly fence: number
  readonly key: string | null
  readonly contentType: string | null
  readonly file: boolean
  readonly #line: JobLine

  constructor(line: JobLine) {
    this.id = line.id
    this.queue = line.queue
    this.attempt = line.attempt
    this.fence = line.fence
    this.key = line.key
    this.contentType = line.content_type
    this.file = line.file
    this.#line = line
  }

  get payload(): Uint8Array<ArrayBuffer> {
    const {payload, payload_base64: base64} = this.#line
    return payload === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(payload)
  }

  text(): string {
    return this.#line.payload ?? new TextDecoder().decode(this.payload)
  }

  json(): unknown {
    return JSON.parse(this.text())
  }
}

/** However much is printed at once, no line is longer than the consumer takes: JSON makes six bytes of a character at most. */
function* partsOf(text: string): Generator<string> {
  for (let from = 0, to = 0; from < text.length; from = to) {
    to = from + PART_CHARS
    // The two halves of one character stay together.
    if (isHighSurrogate(text.charCodeAt(to - 1))) to += 1
    yield text.slice(from, to)
  }
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

/** A result that is too large is refused here: its line could be longer than the consumer takes, and others would pay for that. */
function answerWith(result: unknown): Readonly<Record<string, unknown>> {
  const bytes = resultBytes(result)
  const outcome = doneWith(bytes)
  if (outcome.kind === 'rejected') return {error: outcome.error, retry: false}
  if (bytes === null) return {ok: true}
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // Text and JSON as text, so that they are stored as they were written here.
  return result instanceof Uint8Array ? {ok: true, result_base64: buffer.toString('base64')} : {ok: true, result: buffer.toString()}
}

function failureOf(error: unknown): Readonly<Record<string, unknown>> {
  const message = keptError(sentence(error))
  switch (verdictOf(error)) {
    case 'Permanent':
      return {error: message, retry: false}
    case 'Snooze': {
      const {delayMs} = error as {readonly delayMs?: unknown}
      return {snooze: typeof delayMs === 'number' ? `${Math.max(0, Math.round(delayMs))}ms` : null}
    }
    case null:
      return {error: message}
  }
}

/** By name: the class may be that of another copy of this package. */
function verdictOf(error: unknown): 'Permanent' | 'Snooze' | null {
  const name = error instanceof Error ? error.name : null
  return name === 'Permanent' || name === 'Snooze' ? name : null
}
