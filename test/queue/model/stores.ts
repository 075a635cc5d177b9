import {existsSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {openMemoryStorage, openStorage} from '../../../src/lib/storage/open.ts'
import type {Storage} from '../../../src/lib/storage/storage.ts'
import type {Clock} from '../../../src/lib/time.ts'

/** Where a run of the model test keeps its jobs. */
export interface ModelStore {
  readonly storage: Storage
  /** Closes everything and opens it again. */
  reopen(): Promise<Storage>
  /** The other of two handles on the same jobs. */
  otherHandle(): Promise<Storage>
  close(): Promise<void>
}

/** Jobs in memory: fast, and gone with the handle, so there is never another one. */
export async function memoryStore(clock: Clock): Promise<ModelStore> {
  const storage = await openMemoryStorage(clock)
  const same = async (): Promise<Storage> => storage
  return {storage, reopen: same, otherHandle: same, close: () => storage.close()}
}

const SCRATCH = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** Jobs in a file. */
export async function fileStore(clock: Clock): Promise<ModelStore> {
  const directory = mkdtempSync(join(SCRATCH, 'qctl-model-'))
  const open = (): Promise<Storage> => openStorage(join(directory, 'qctl.db'), {create: true, durability: 'normal', clock})
  let handles = [await open()]
  const closeAll = async (): Promise<void> => {
    for (const handle of handles) await handle.close()
  }
  return {
    storage: handles[0] ?? (await open()),
    async reopen() {
      await closeAll()
      const storage = await open()
      handles = [storage]
      return storage
    },
    async otherHandle() {
      const [current, other = await open()] = handles
      handles = current === undefined ? [other] : [other, current]
      return other
    },
    async close() {
      await closeAll()
      rmSync(directory, {recursive: true, force: true})
    },
  }
}
