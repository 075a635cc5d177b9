/**
 * Makes a file, or the names in a directory, outlive a power cut: until then a new name may be gone although the content is safe.
 * Not for a database in use (see `Connection`).
 */
import {closeSync, fsyncSync, openSync} from 'node:fs'

/** Holds up the whole process meanwhile. */
export function makeDurableSync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

export async function makeDurable(path: string | Buffer): Promise<void> {
  // Loaded late: it takes 2 ms, and hardly any start needs it.
  const {open} = await import('node:fs/promises')
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
