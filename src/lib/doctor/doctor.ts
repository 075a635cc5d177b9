import {type ErrorCode, QctlError, sentence} from '../errors.ts'
import type {Storage} from '../storage/storage.ts'
import {systemClock} from '../time.ts'
import type {Upkeep} from '../upkeep.ts'
import {checkDisk} from './disk.ts'
import {fault, type Finding, ok} from './finding.ts'
import {checkClock, checkVersions} from './host.ts'
import {checkFileSystem, checkPermissions, checkSpace} from './place.ts'
import {checkDurability, checkIntegrity, checkLog} from './store.ts'
import {checkWork} from './work.ts'

/** The patient. */
export interface Patient {
  /** Its file, links followed. */
  readonly file: string
  readonly upkeep: Pick<Upkeep, 'examine'>
  readonly open: () => Promise<Storage>
  /** True reads all of it. */
  readonly full: boolean
}

/** What is no database of ours, or no file at all. */
const STRANGE: ReadonlySet<ErrorCode> = new Set(['not_a_database', 'cannot_open'])

/** Examines a database and what it rests on. A check that cannot be made is a finding, too. */
export async function examine({file, upkeep, open, full}: Patient): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  let isOurs = true
  const look = async (check: string, looking: () => Promise<readonly Finding[]>): Promise<void> => {
    try {
      findings.push(...(await looking()))
    } catch (error) {
      // What keeps it from being opened keeps it from being examined, too: that is one fault.
      const finding = failed(check, error)
      if (!findings.some(({message}) => message === finding.message)) findings.push(finding)
      if (error instanceof QctlError && STRANGE.has(error.code)) isOurs = false
    }
  }
  let storage: Storage | null = null
  await look('open', async () => {
    storage = await open()
    const {location, schemaVersion} = await storage.info()
    return [ok('open', `${location} opens (schema ${schemaVersion})`)]
  })
  // Whatever it is, its owner knows how it has to lie there.
  if (!isOurs) return findings
  await look('file_system', async () => [checkFileSystem(file), checkSpace(file)])
  await look('permissions', async () => checkPermissions(file))
  await look('integrity', async () => {
    const examination = await upkeep.examine(full)
    return [checkVersions(examination.engineVersion, process.versions), ...checkIntegrity(examination, full), checkLog(examination)]
  })
  if (storage !== null) await examineOpen(storage, file, look)
  return findings
}

async function examineOpen(storage: Storage, file: string, look: (check: string, looking: () => Promise<readonly Finding[]>) => Promise<void>): Promise<void> {
  const {durability} = await storage.info()
  await look('durability', async () => [checkDurability(durability)])
  await look('fsync', async () => [checkDisk(file, durability)])
  await look('work', () => checkWork(storage, systemClock.wallNow()))
  await look('clock', async () => [await checkClock(storage, systemClock.wallNow())])
}

function failed(check: string, error: unknown): Finding {
  if (error instanceof QctlError) return fault(check, error.message, error.hint ?? 'see the message')
  return fault(check, `this could not be checked: ${sentence(error)}`, 'see to the cause, then run qctl doctor again')
}
