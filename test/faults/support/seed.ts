/** What decides the moments and places of this round; `FAULTS_SEED` takes that of an earlier one again. */
export const SEED = Number(process.env['FAULTS_SEED'] ?? Math.floor(Math.random() * 2 ** 32)) >>> 0

let state = SEED

/** Begins anew, so that a scenario draws the same numbers alone as among others. */
export function reseed(): void {
  state = SEED
}

/** The next number, from 0 to below 1 (mulberry32). */
export function random(): number {
  state = (state + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

/** One of some things. */
export function pick<T>(items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new RangeError('nothing to pick from')
  return item
}
