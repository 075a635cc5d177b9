import {existsSync, mkdtempSync, rmSync, unlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {openStorage} from '../../../src/lib/storage/open.ts'
import type {Storage} from '../../../src/lib/storage/storage.ts'
import type {Clock} from '../../../src/lib/time.ts'
import type {Store} from '../contract/suite.ts'

/** Memory where there is some: these tests are about rules, not about disks. */
const SCRATCH = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A fresh SQLite file in a directory of its own. */
export async function openSqliteStore(clock: Clock): Promise<Store> {
  const directory = mkdtempSync(join(SCRATCH, 'qctl-contract-'))
  const path = join(directory, 'qctl.db')
  const handles: Storage[] = []
  const reopen = async (other: Clock = clock): Promise<Storage> => {
    const storage = await openStorage(path, {create: true, durability: 'normal', clock: other})
    handles.push(storage)
    return storage
  }
  const storage = await reopen()
  let probe: DatabaseSync | null = null
  const behindItsBack = (): DatabaseSync => (probe ??= new DatabaseSync(path))
  let hasVanished = false
  return {
    storage,
    reopen,
    async damagePayload(id) {
      behindItsBack().prepare('UPDATE job SET payload = ? WHERE id = ?').run(new Uint8Array([1, 2, 3]), id)
    },
    async writes() {
      return Number(behindItsBack().prepare('PRAGMA data_version').get()?.['data_version'])
    },
    async traces(id) {
      const count = (table: string): number =>
        Number(behindItsBack().prepare(`SELECT count(*) AS rows FROM ${table} WHERE job_id = ?`).get(id)?.['rows'])
      return ['lease', 'attempt', 'output', 'result', 'event'].reduce((sum, table) => sum + count(table), 0)
    },
    async vanish() {
      unlinkSync(path)
      hasVanished = true
    },
    async close() {
      // One whose file has vanished says so, whatever it is asked.
      for (const handle of handles) await handle.close().catch(error => hasVanished || Promise.reject(error))
      probe?.close()
      rmSync(directory, {recursive: true, force: true})
    },
  }
}
