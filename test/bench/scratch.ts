/** Where the files of a run lie: a directory on the disk that is to be measured, gone at the end. */
import {copyFileSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

/** `BENCH_DIR` names another disk than that of the temporary files. */
export const scratch = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'qctl-bench-'))
process.on('exit', () => rmSync(scratch, {recursive: true, force: true}))

let made = 0

/** A path that nothing has yet. */
export function newPath(extension = 'db'): string {
  made += 1
  return join(scratch, `${made}.${extension}`)
}

/** A database of its own to write in; the original must be closed. */
export function copyOf(path: string): string {
  const copy = newPath()
  copyFileSync(path, copy)
  return copy
}

/** Removes a database and what SQLite laid beside it. */
export function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, {force: true})
}
