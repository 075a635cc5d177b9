const LINE_FEED = 10

/** What is done about a line that never ends. */
export interface LineLimit {
  /** The longest line, without its line feed. */
  readonly maxBytes: number
  /** The error for a longer one. */
  readonly tooLong: () => Error
}

/**
 * Cuts a stream of bytes behind line feeds.
 * @param source chunks as they come
 * @param limit an unfinished line above it is refused at once: nothing more is read
 * @returns blocks of whole lines; each ends with a line feed, except perhaps the last
 */
export async function* wholeLines(source: AsyncIterable<Uint8Array>, limit: LineLimit): AsyncGenerator<Uint8Array> {
  let unfinished: Uint8Array[] = []
  let length = 0
  for await (const chunk of source) {
    const end = chunk.lastIndexOf(LINE_FEED) + 1
    if (end > 0) {
      yield unfinished.length === 0 ? chunk.subarray(0, end) : Buffer.concat([...unfinished, chunk.subarray(0, end)])
      unfinished = []
      length = 0
    }
    if (end === chunk.length) continue
    unfinished.push(chunk.subarray(end))
    length += chunk.length - end
    if (length > limit.maxBytes) throw limit.tooLong()
  }
  if (length > 0) yield Buffer.concat(unfinished)
}

/**
 * Cuts whole lines apart.
 * @param block lines as from `wholeLines`
 * @returns each line without its line feed
 */
export function* splitLines(block: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < block.length; ) {
    const found = block.indexOf(LINE_FEED, start)
    const end = found === -1 ? block.length : found
    yield block.subarray(start, end)
    start = end + 1
  }
}
