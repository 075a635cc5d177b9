/** The names of the files that `produce --generate` writes. By them they are known for what they are, also when their jobs are gone. */
import {toIso} from './time.ts'

/**
 * @param wallMs UTC
 * @param random eight hexadecimal digits
 */
export function generatedName(wallMs: number, random: string): string {
  return `job-${toIso(wallMs).replaceAll(/[-:.]/g, '')}-${random}.txt`
}

/** What such a file is called while it is written. */
export function draftOf(path: string): string {
  return `${path}.tmp`
}

/** Also of one that a killed producer has not finished. */
export function isGeneratedName(name: string): boolean {
  return /^job-\d{8}T\d{9}Z-[0-9a-f]{8}\.txt(?:\.tmp)?$/.test(name)
}
