/**
 * Meters as bytes: whole numbers, each in as few bytes as it needs (seven bits to a byte, the low ones first, as in LEB128). Several in a
 * row are their sum: a commit only appends what it counted, which costs it a third of reading and writing the whole.
 */
import type {Histogram} from '../../histogram.ts'
import {RUN_OUTCOMES, type RunOutcome} from '../../job.ts'
import type {Meter} from '../../meter.ts'

/** The additions are not in it: they have a column of their own, since most writes count nothing else. */
export function encodeMeter({resubmitted, retried, failed, cancelled, runs, wait, run}: Meter): Uint8Array {
  const numbers = [resubmitted, retried, failed, cancelled]
  for (const {count, sumMs, maxMs, first, counts} of [wait, run]) {
    numbers.push(count, sumMs, maxMs, first, counts.length)
    for (let i = 0; i < counts.length; i += 1) numbers.push(counts[i] ?? 0)
  }
  // How many there are is said: some day there may be more.
  numbers.push(RUN_OUTCOMES.length)
  for (const outcome of RUN_OUTCOMES) numbers.push(runs[outcome] ?? 0)
  return pack(numbers)
}

/** The meters that lie in a row, without additions. */
export function decodeMeters(bytes: Uint8Array): readonly Meter[] {
  const numbers = unpack(bytes)
  const meters: Meter[] = []
  for (let at = 0; at < numbers.length; ) {
    const [meter, end] = meterAt(numbers, at)
    meters.push(meter)
    at = end
  }
  return meters
}

/** @returns it, and the place after it */
function meterAt(numbers: readonly number[], at: number): readonly [Meter, number] {
  const [resubmitted = 0, retried = 0, failed = 0, cancelled = 0] = numbers.slice(at, at + 4)
  const [wait, afterWait] = histogramAt(numbers, at + 4)
  const [run, afterRun] = histogramAt(numbers, afterWait)
  const runs: Partial<Record<RunOutcome, number>> = {}
  for (const [i, outcome] of RUN_OUTCOMES.entries()) {
    const count = numbers[afterRun + 1 + i] ?? 0
    if (count > 0) runs[outcome] = count
  }
  return [{added: 0, resubmitted, retried, failed, cancelled, runs, wait, run}, afterRun + 1 + (numbers[afterRun] ?? 0)]
}

/** @returns it, and the place after it */
function histogramAt(numbers: readonly number[], at: number): readonly [Histogram, number] {
  const [count = 0, sumMs = 0, maxMs = 0, first = 0, length = 0] = numbers.slice(at, at + 5)
  const end = at + 5 + length
  return [{count, sumMs, maxMs, first, counts: numbers.slice(at + 5, end)}, end]
}

/** Longer than any number that is exact. */
const LONGEST = 8

function pack(numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * LONGEST)
  let at = 0
  for (let i = 0; i < numbers.length; i += 1) {
    let rest = numbers[i] ?? 0
    // No shifts: a sum of times has more than 32 bits.
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128
    bytes[at++] = rest
  }
  return bytes.slice(0, at)
}

function unpack(bytes: Uint8Array): readonly number[] {
  const numbers: number[] = []
  let value = 0
  let weight = 1
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0
    value += (byte & 127) * weight
    weight *= 128
    if (byte > 127) continue
    numbers.push(value)
    value = 0
    weight = 1
  }
  return numbers
}
