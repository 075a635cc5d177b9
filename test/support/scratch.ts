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
  if (made.length === 0) process.on('exit', () => made.forEach((path) => rmSync(path, {recursive: true, force: true})))
  made.push(directory)
  return directory
}
