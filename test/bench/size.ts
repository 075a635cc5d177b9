/** How much is measured: `SCALE=0.05 ROUNDS=1` is for trying the bench out, the figures of such a run are none. */
const scale = Number(process.env['SCALE'] ?? 1)
const rounds = process.env['ROUNDS']

/** A number of jobs, or of anything else that may be made smaller. */
export function scaled(count: number, step = 1): number {
  return Math.max(step, Math.round((count * scale) / step) * step)
}

/** How often each way is measured. */
export function roundsOr(count: number): number {
  return rounds === undefined ? count : Number(rounds)
}

/** True for the sizes the goals are meant for. */
export const isFullSize = scale === 1 && rounds === undefined
