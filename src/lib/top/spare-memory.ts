import {after} from '../time.ts'

/** A collection of what is young costs about a millisecond, less than the frames between two. */
const EVERY_MS = 2000

/**
 * Keeps the process small. Each frame leaves some megabytes behind, and Bun would let a hundred of them gather before it collects them.
 * @returns the function that ends it
 */
export async function spareMemory(): Promise<() => void> {
  if (process.versions.bun === undefined) return () => {}
  const {edenGC} = await import('bun:jsc')
  let cancel = (): void => {}
  const plan = (): void => {
    cancel = after(EVERY_MS, collect, {keepAlive: false})
  }
  const collect = (): void => {
    edenGC()
    plan()
  }
  plan()
  return () => cancel()
}
