/** Cuts what a worker writes into lines, in bounded memory. */

/** What no worker that keeps to the rules would write. */
export class Lie extends Error {}

/** A result may have 1 MiB, and a byte of it up to six characters (`\u0000`). */
export const LINE_MAX_BYTES = 8 * 1024 * 1024

const LINE_FEED = 10

export class LineReader {
  readonly #maxBytes: number
  /** The beginning of a line whose end has not come yet. */
  #begun: Uint8Array[] = []
  #begunBytes = 0

  /** @param maxBytes of a line */
  constructor(maxBytes = LINE_MAX_BYTES) {
    this.#maxBytes = maxBytes
  }

  /**
   * Takes the next bytes.
   * @param chunk is copied if it is kept
   * @returns the lines that end in it; bytes that are not UTF-8 come out as replacement characters
   * @throws Lie when a line is longer than that
   */
  push(chunk: Uint8Array): readonly string[] {
    const end = chunk.lastIndexOf(LINE_FEED)
    if (end === -1) {
      this.#keep(chunk)
      return []
    }
    const whole = Buffer.concat([...this.#begun, chunk.subarray(0, end)]).toString('utf8')
    this.#begun = []
    this.#begunBytes = 0
    if (end + 1 < chunk.length) this.#keep(chunk.subarray(end + 1))
    return whole.split('\n')
  }

  #keep(part: Uint8Array): void {
    this.#begunBytes += part.length
    if (this.#begunBytes > this.#maxBytes) throw new Lie(`a line of more than ${this.#maxBytes} bytes`)
    this.#begun.push(part.slice())
  }
}
