/**
 * Distributions of times. Buckets grow with what they hold: exact below 32 ms, then sixteen to each doubling, so that a percentile
 * is off by 3 % at most, whatever its size, and two histograms are added bucket by bucket.
 */

/** How often each time was measured. Data only. */
export interface Histogram {
  readonly count: number
  readonly sumMs: number
  readonly maxMs: number
  /** The bucket (see `bucketOf`) of the first of `counts`; those before it and after the last are empty. */
  readonly first: number
  readonly counts: readonly number[]
}

export const EMPTY_HISTOGRAM: Histogram = {count: 0, sumMs: 0, maxMs: 0, first: 0, counts: []}

const EXACT = 32
const PER_DOUBLING = 16
/** 24 days; what takes longer counts as that long, in the buckets only. */
const MAX_MS = 2 ** 31 - 1
const BUCKETS = 448

/** The bucket of a time in whole milliseconds. */
export function bucketOf(ms: number): number {
  const value = Math.min(ms, MAX_MS)
  if (value < EXACT) return value
  const shift = 27 - Math.clz32(value)
  return EXACT + (shift - 1) * PER_DOUBLING + (value >>> shift) - PER_DOUBLING
}

/** The smallest time of a bucket, and the smallest that is above it, ms. */
export function boundsOf(bucket: number): readonly [number, number] {
  if (bucket < EXACT) return [bucket, bucket + 1]
  const place = bucket - EXACT
  const width = 2 ** (Math.floor(place / PER_DOUBLING) + 1)
  const from = (PER_DOUBLING + (place % PER_DOUBLING)) * width
  return [from, from + width]
}

/** A histogram that is being filled. */
export class HistogramDraft {
  #count = 0
  #sumMs = 0
  #maxMs = 0
  #first = BUCKETS
  #last = -1
  /** Made for the first measurement. */
  #counts: number[] | null = null

  /** Counts one measurement. */
  note(ms: number): void {
    const whole = Math.max(0, Math.round(ms))
    this.#count += 1
    this.#sumMs += whole
    if (whole > this.#maxMs) this.#maxMs = whole
    const bucket = bucketOf(whole)
    const own = (this.#counts ??= new Array<number>(BUCKETS).fill(0))
    own[bucket] = (own[bucket] ?? 0) + 1
    if (bucket < this.#first) this.#first = bucket
    if (bucket > this.#last) this.#last = bucket
  }

  /** Counts all that another one counted. */
  add({count, sumMs, maxMs, first, counts}: Histogram): void {
    this.#count += count
    this.#sumMs += sumMs
    this.#maxMs = Math.max(this.#maxMs, maxMs)
    if (counts.length === 0) return
    const own = (this.#counts ??= new Array<number>(BUCKETS).fill(0))
    for (let i = 0; i < counts.length; i += 1) own[first + i] = (own[first + i] ?? 0) + (counts[i] ?? 0)
    this.#first = Math.min(this.#first, first)
    this.#last = Math.max(this.#last, first + counts.length - 1)
  }

  finish(): Histogram {
    if (this.#counts === null) return EMPTY_HISTOGRAM
    const counts = this.#counts.slice(this.#first, this.#last + 1)
    return {count: this.#count, sumMs: this.#sumMs, maxMs: this.#maxMs, first: this.#first, counts}
  }
}

/**
 * The time that so much of all measurements do not exceed.
 * @param share 0…1, for instance 0.95
 * @returns ms, `null` when nothing was measured
 */
export function percentile({count, maxMs, first, counts}: Histogram, share: number): number | null {
  let left = Math.max(1, Math.ceil(share * count))
  for (let i = 0; i < counts.length; i += 1) {
    left -= counts[i] ?? 0
    if (left <= 0) return middleOf(first + i, maxMs)
  }
  return null
}

function middleOf(bucket: number, maxMs: number): number {
  const [from, to] = boundsOf(bucket)
  return bucket < EXACT ? from : Math.min(maxMs, (from + to) / 2)
}

/** How many measurements are below a time; exact where a bucket begins, as at every power of two. */
export function countBelow({first, counts}: Histogram, ms: number): number {
  let sum = 0
  for (let i = 0; i < counts.length && boundsOf(first + i)[1] <= ms; i += 1) sum += counts[i] ?? 0
  return sum
}

/** The average, ms; `null` when nothing was measured. */
export function average({count, sumMs}: Histogram): number | null {
  return count === 0 ? null : sumMs / count
}
