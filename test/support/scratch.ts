import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

const made: string[] = []

/**
 * Makes an empty directory that is removed when the tests end.
 *
 * @returns its absolute path
 */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'qctl-test-'))
  made.push(directory)
  return directory
}

/** Removes all of them. */
export function removeScratch(): void {
  for (const path of made.splice(0)) rmSync(path, {recursive: true, force: true})
}
