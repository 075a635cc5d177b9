import {fstatSync} from 'node:fs'
import cliProgress from 'cli-progress'
import type {SubmitProgress} from '../producer/submit.ts'

/** Shows on a terminal how far a submission is. Only for people: the numbers are on stdout in the end. */
export class ProgressBar {
  readonly #bar: cliProgress.SingleBar
  readonly #total: number | null
  #bytes = 0

  /**
   * @param stream the terminal
   * @param total bytes of the input; `null` when nobody knows
   */
  constructor(stream: NodeJS.WriteStream, total: number | null) {
    this.#total = total
    const counts = '{read} read, {stored} stored'
    const format = total === null ? counts : `{bar} {percentage}%  ${counts}  {eta_formatted} left`
    // A signal may end the process at any time, so nothing of the terminal is changed that would stay so.
    const untouched = {hideCursor: null, linewrap: true}
    this.#bar = new cliProgress.SingleBar({format, stream, clearOnComplete: true, etaBuffer: 50, barsize: 30, ...untouched})
    this.#bar.start(total ?? 1, 0, {read: '0', stored: '0'})
  }

  /** Passes bytes on and counts them. */
  async *count(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.#bytes += chunk.length
      yield chunk
    }
  }

  /** Shows the numbers. */
  update({read, stored}: SubmitProgress): void {
    const counts = {read: read.toLocaleString('en'), stored: stored.toLocaleString('en')}
    this.#bar.update(this.#total === null ? 0 : Math.min(this.#bytes, this.#total), counts)
  }

  /** Takes it off the screen. */
  stop(): void {
    this.#bar.stop()
  }
}

/** How many bytes stdin has when it is a file; `null` for a pipe or a terminal. */
export function stdinBytes(): number | null {
  try {
    const stat = fstatSync(0)
    return stat.isFile() ? stat.size : null
  } catch {
    return null
  }
}
