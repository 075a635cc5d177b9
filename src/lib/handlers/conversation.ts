/** One peer on the channel: lines in, an answer to each out, within bounds. Nothing it sends can harm the consumer. */
import type {Socket} from 'node:net'
import {QctlError} from '../errors.ts'
import {LINE_MAX_BYTES, refusalOf, writeAnswer} from '../job-message.ts'
import {after, type CancelTimer} from '../time.ts'

const NEWLINE = 10

export interface ConversationOptions {
  /** From one message to the next, or to the end. */
  readonly patienceMs: number
  /** Something came, a whole line or not. */
  readonly onHeard: () => void
  /** Takes a line, or throws why not. */
  readonly onLine: (line: string) => void
  /** May be called more than once. */
  readonly onEnd: () => void
}

export class Conversation {
  readonly #socket: Socket
  readonly #options: ConversationOptions
  #chunks: Uint8Array[] = []
  #length = 0
  #cancelTimer: CancelTimer

  constructor(socket: Socket, options: ConversationOptions) {
    this.#socket = socket
    this.#options = options
    this.#cancelTimer = this.#limit()
    socket.on('data', (chunk: Uint8Array) => this.#take(chunk))
    socket.on('end', () => this.#finish())
    // A peer that went away needs no answer.
    socket.on('error', () => this.end())
    socket.on('close', () => this.end())
  }

  /** Hears and says nothing more. */
  end(): void {
    this.#cancelTimer()
    this.#chunks = []
    this.#socket.destroy()
    this.#options.onEnd()
  }

  #limit(): CancelTimer {
    return after(this.#options.patienceMs, () => this.end())
  }

  #take(chunk: Uint8Array): void {
    this.#options.onHeard()
    let rest = chunk
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      this.#keep(rest.subarray(0, end))
      this.#answerLine()
      rest = rest.subarray(end + 1)
    }
    this.#keep(rest)
    if (this.#length > LINE_MAX_BYTES) this.#refuse()
  }

  /** A line without an end: there is nothing to be made of what follows. */
  #refuse(): void {
    this.#socket.removeAllListeners('data')
    this.#answerLine()
    this.#socket.end(() => this.end())
  }

  /** The last line needs no end of its own. */
  #finish(): void {
    if (this.#length > 0) this.#answerLine()
    this.#socket.end()
  }

  #keep(bytes: Uint8Array): void {
    this.#length += bytes.length
    this.#chunks.push(bytes)
  }

  #answerLine(): void {
    const line = Buffer.concat(this.#chunks).toString()
    const length = this.#length
    this.#chunks = []
    this.#length = 0
    this.#cancelTimer()
    this.#cancelTimer = this.#limit()
    this.#answer(() => {
      if (length > LINE_MAX_BYTES) throw new QctlError('bad_input', `no message: longer than ${LINE_MAX_BYTES} bytes`)
      this.#options.onLine(line)
    })
  }

  #answer(action: () => void): void {
    let answer: string
    try {
      action()
      answer = writeAnswer({ok: true})
    } catch (error) {
      answer = writeAnswer(refusalOf(error))
    }
    if (this.#socket.write(`${answer}\n`) || this.#socket.isPaused()) return
    // One that does not read its answers is not read either.
    this.#socket.pause()
    this.#socket.once('drain', () => this.#socket.resume())
  }
}
