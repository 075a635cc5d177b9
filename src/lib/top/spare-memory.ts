import {after} from '../time.ts'

const EVERY_MS = 8000

/**
 * Keeps the process small. Each frame leaves some megabytes behind, and Bun would let a hundred of them gather before it collects them.
 * @returns the function that ends it
 */
export function spareMemory(): () => void {
  if (process.versions.bun === undefined) return () => {}
  let cancel = (): void => {}
  const collect = (): void => {
    Bun.gc(false)
    cancel = after(EVERY_MS, collect, {keepAlive: false})
  }
  cancel = after(EVERY_MS, collect, {keepAlive: false})
  return () => cancel()
}
