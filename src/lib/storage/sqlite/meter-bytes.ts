/**
 * A meter as bytes: whole numbers, each in as few bytes as it needs (seven bits to a byte, the low ones first, as in LEB128). It is read
 * and written with every commit that ends a run: as JSON that cost a third of the commit.
 */
import type {Histogram} from '../../histogram.ts'
import {RUN_OUTCOMES, type RunOutcome} from '../../job.ts'
import type {Meter} from '../../meter.ts'

/** Longer than any number that is exact. */
const LONGEST = 8

/** The additions are not in it: they have a column of their own, since most writes count nothing else. */
export function encodeMeter({resubmitted, retried, failed, cancelled, runs, wait, run}: Meter): Uint8Array {
  const numbers = 4 + 2 * 5 + wait.counts.length + run.counts.length + RUN_OUTCOMES.length
  const writer = new NumberWriter(numbers)
  for (const count of [resubmitted, retried, failed, cancelled]) writer.put(count)
  for (const histogram of [wait, run]) putHistogram(writer, histogram)
  // Last, so that there may be more of them some day.
  for (const outcome of RUN_OUTCOMES) writer.put(runs[outcome] ?? 0)
  return writer.finish()
}

function putHistogram(writer: NumberWriter, {count, sumMs, maxMs, first, counts}: Histogram): void {
  for (const number of [count, sumMs, maxMs, first, counts.length]) writer.put(number)
  for (let i = 0; i < counts.length; i += 1) writer.put(counts[i] ?? 0)
}

export function decodeMeter(bytes: Uint8Array, added: number): Meter {
  const reader = new NumberReader(bytes)
  const counts = {added, resubmitted: reader.take(), retried: reader.take(), failed: reader.take(), cancelled: reader.take()}
  const wait = takeHistogram(reader)
  const run = takeHistogram(reader)
  const runs: Partial<Record<RunOutcome, number>> = {}
  for (const outcome of RUN_OUTCOMES) {
    const some = reader.take()
    if (some > 0) runs[outcome] = some
  }
  return {...counts, runs, wait, run}
}

function takeHistogram(reader: NumberReader): Histogram {
  const head = {count: reader.take(), sumMs: reader.take(), maxMs: reader.take(), first: reader.take()}
  const counts = new Float64Array(reader.take())
  for (let i = 0; i < counts.length; i += 1) counts[i] = reader.take()
  return {...head, counts}
}

class NumberWriter {
  readonly #bytes: Uint8Array
  #at = 0

  /** @param most so many numbers at most */
  constructor(most: number) {
    this.#bytes = new Uint8Array(most * LONGEST)
  }

  put(value: number): void {
    let rest = value
    // No shifts: a sum of times has more than 32 bits.
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#byte((rest % 128) | 128)
    this.#byte(rest)
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at)
  }

  #byte(byte: number): void {
    this.#bytes[this.#at] = byte
    this.#at += 1
  }
}

/** What lies past the end reads as zero. */
class NumberReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  take(): number {
    let value = 0
    for (let weight = 1; ; weight *= 128) {
      const byte = this.#bytes[this.#at] ?? 0
      this.#at += 1
      value += (byte & 127) * weight
      if (byte < 128) return value
    }
  }
}
