const NOTHING = new Uint8Array(0)

/** Keeps the last bytes of a stream in constant memory and counts the rest. */
export class Tail {
  readonly #limit: number
  #buffer = NOTHING
  /** How much of the buffer is in use; once it equals the limit the buffer is a ring. */
  #length = 0
  /** Where the next byte goes once the buffer is a ring. */
  #next = 0
  #dropped = 0

  /** @param limit how many bytes to keep */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** How many bytes were let go. */
  get droppedBytes(): number {
    return this.#dropped
  }

  /** How many bytes the stream had, those that were let go included. */
  get totalBytes(): number {
    return this.#dropped + this.#length
  }

  /** Takes the next bytes of the stream; they are copied. */
  push(chunk: Uint8Array): void {
    const kept = chunk.length > this.#limit ? chunk.subarray(chunk.length - this.#limit) : chunk
    this.#dropped += chunk.length - kept.length + Math.max(0, this.#length + kept.length - this.#limit)
    const room = Math.min(this.#limit - this.#length, kept.length)
    this.#grow(this.#length + room)
    this.#buffer.set(kept.subarray(0, room), this.#length)
    this.#length += room
    this.#overwrite(kept.subarray(room))
  }

  /**
   * Kept bytes in order, as a copy.
   * @param from where to begin, in bytes from the start of the stream; what was let go before it is missing
   * @param to where to end; default: at the end of the stream
   */
  bytes(from = this.#dropped, to = this.totalBytes): Uint8Array {
    const start = Math.max(from, this.#dropped) - this.#dropped
    const end = Math.min(to, this.totalBytes) - this.#dropped
    if (end <= start) return NOTHING
    // In the ring the oldest byte is where the next one goes.
    const first = this.#buffer.subarray(this.#next, this.#length)
    if (end <= first.length) return first.slice(start, end)
    const rest = this.#buffer.subarray(0, this.#next)
    if (start >= first.length) return rest.slice(start - first.length, end - first.length)
    const bytes = new Uint8Array(end - start)
    bytes.set(first.subarray(start))
    bytes.set(rest.subarray(0, end - first.length), first.length - start)
    return bytes
  }

  #grow(needed: number): void {
    if (needed <= this.#buffer.length) return
    const larger = new Uint8Array(Math.min(this.#limit, Math.max(needed, 2 * this.#buffer.length)))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
  }

  /** Writes over the oldest bytes of the full ring. At most one round. */
  #overwrite(bytes: Uint8Array): void {
    const first = bytes.subarray(0, this.#limit - this.#next)
    this.#buffer.set(first, this.#next)
    this.#buffer.set(bytes.subarray(first.length), 0)
    if (bytes.length > 0) this.#next = (this.#next + bytes.length) % this.#limit
  }
}
