import type {ChildInput} from '../child.ts'
import type {Flight} from './flight.ts'
import {jobLine} from './messages.ts'

/** Lines are written together up to about this many characters. */
const WRITE_CHARACTERS = 64 * 1024

/** The jobs of a worker on their way to it: written together, and only as fast as it reads. */
export class Outbox {
  readonly #onSent: () => void
  #unsent: Flight[] = []
  #input: ChildInput | null = null
  #isWriting = false

  /** @param onSent told when the worker was given jobs */
  constructor(onSent: () => void) {
    this.#onSent = onSent
  }

  /** The worker runs and can be written to. */
  open(input: ChildInput | null): void {
    this.#input = input
    void this.#write()
  }

  add(flight: Flight): void {
    this.#unsent.push(flight)
    if (this.#isWriting || this.#input === null) return
    this.#isWriting = true
    // Jobs that are claimed together are written together.
    queueMicrotask(() => void this.#write())
  }

  /** Takes back a job that was not sent. */
  remove(flight: Flight): void {
    this.#unsent = this.#unsent.filter(unsent => unsent !== flight)
  }

  /** Takes back all jobs that were not sent. */
  takeUnsent(): readonly Flight[] {
    return this.#unsent.splice(0)
  }

  /** Writes a line beside the jobs. */
  say(line: string): void {
    void this.#input?.write(line)
  }

  /** There will be nothing more. */
  close(): void {
    this.#input?.end()
  }

  async #write(): Promise<void> {
    this.#isWriting = true
    while (this.#unsent.length > 0 && this.#input !== null) {
      const room = this.#input.write(this.#nextLines())
      this.#onSent()
      if (room !== null) await room
    }
    this.#isWriting = false
  }

  #nextLines(): string {
    let text = ''
    let count = 0
    for (const flight of this.#unsent) {
      if (text.length >= WRITE_CHARACTERS) break
      flight.isSent = true
      text += jobLine(flight.lease, flight.context)
      count += 1
    }
    this.#unsent = this.#unsent.slice(count)
    return text
  }
}
