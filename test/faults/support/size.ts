/** True for `npm run faults`: every scenario at its full size. */
export const IS_FULL = process.env['FAULTS'] === 'full'

/**
 * How much of something a scenario does.
 * @param short in every test run
 * @param full on demand
 */
export function sized(short: number, full: number): number {
  return IS_FULL ? full : short
}

/** Half and the whole of some durations, as `p50 … max …`. */
export function spread(ms: readonly number[]): string {
  const sorted = ms.toSorted((a, b) => a - b)
  const at = (part: number): string => `${Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0)} ms`
  return `n ${sorted.length}, p50 ${at(0.5)}, p95 ${at(0.95)}, max ${Math.round(sorted.at(-1) ?? 0)} ms`
}
