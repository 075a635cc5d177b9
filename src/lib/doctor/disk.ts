/** How long the disk takes to keep something, measured beside the database. */
import {closeSync, fsyncSync, openSync, rmSync, writeSync} from 'node:fs'
import {monotonicMs} from '../time.ts'
import {type Finding, ok, warn} from './finding.ts'

const TIMES = 20
const SLOW_MS = 50
/** No disk, and no battery behind one, is as fast: nobody waited for it. */
const INSTANT_MS = 0.02

/** Writes and syncs a small file, again and again. */
export function checkDisk(file: string, durability: 'full' | 'normal'): Finding {
  return judgeDisk(measureSync(`${file}.doctor-${process.pid}`), durability)
}

/** @param timesMs of single syncs */
export function judgeDisk(timesMs: readonly number[], durability: 'full' | 'normal'): Finding {
  const sorted = timesMs.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  const text = `the disk keeps a write in ${inMs(median)} (slowest of ${sorted.length}: ${inMs(sorted.at(-1) ?? 0)})`
  if (durability === 'full' && median < INSTANT_MS) {
    return warn('fsync', `${text}: too fast to be true; it probably does not honour fsync, and a power cut can lose jobs`, 'ask who runs the disk or the virtual machine')
  }
  if (median > SLOW_MS) return warn('fsync', `${text}: every commit waits for that`, 'add jobs in batches (--lines), raise -c, or use a faster disk')
  return ok('fsync', text)
}

function measureSync(scratch: string): readonly number[] {
  const descriptor = openSync(scratch, 'wx', 0o600)
  try {
    const block = new Uint8Array(4096)
    return Array.from({length: TIMES}, () => {
      writeSync(descriptor, block)
      const start = monotonicMs()
      fsyncSync(descriptor)
      return monotonicMs() - start
    })
  } finally {
    closeSync(descriptor)
    rmSync(scratch, {force: true})
  }
}

function inMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`
}
