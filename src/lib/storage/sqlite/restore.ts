/** Puts a checked copy in the place of the database. */
import {existsSync, linkSync, renameSync, statSync, unlinkSync} from 'node:fs'
import {dirname} from 'node:path'
import {makeDurableSync} from '../../durable.ts'
import {QctlError} from '../../errors.ts'
import {type Clock, toIso} from '../../time.ts'
import type {Restored} from '../../upkeep.ts'
import {checkCopy, copyInto} from './backup.ts'
import {Connection} from './connection.ts'
import {giveNewName, isTaken} from './copy-names.ts'
import {fileError} from './file-error.ts'
import {LAST_ID} from './ids.ts'
import {openConnection} from './open.ts'
import {keptName, otherNamesOf, removeTemporary} from './temporary.ts'

/** More jobs than anybody adds between a backup and the loss of the original. Ids go on at the next multiple. */
const ID_STEP = 1_000_000

const RAISE_IDS = 'UPDATE store SET last_job_id = ?'
/** The reaper finds the holders dead by a boot that is over, which counts as nobody's crash. */
const END_CONSUMERS = `UPDATE consumer SET ended_at = coalesce(ended_at, ?1), boot_id = 'restored:0', machine_id = ?2`
const EXPIRE_LEASES = 'UPDATE lease SET until = 0'

const LOGS = ['-wal', '-shm'] as const
const MOVE_AWAY = 'move it away with its -wal and -shm while nobody uses it, then repeat this'

/**
 * Replaces `target` by a copy of `file`; what is there is kept beside it.
 * @throws QctlError
 */
export async function restore(file: string, target: string, clock: Clock, lockTimeoutMs: number): Promise<Restored> {
  const facts = checkCopy(file)
  const copy = copyInto(file, target)
  try {
    const idFloor = Math.ceil((Math.max(facts.lastId, lastIdOf(target)) + ID_STEP) / ID_STEP) * ID_STEP
    await prepare(copy, idFloor, clock, lockTimeoutMs)
    const kept = existsSync(target) ? replace(target, copy, clock) : null
    if (kept === null) giveNewName(copy, target)
    makeDurableSync(dirname(target))
    return {...facts, kept, idFloor}
  } catch (error) {
    throw fileError(error, `cannot put a copy of ${file} in the place of ${target}`)
  } finally {
    removeTemporary(copy)
  }
}

/** The highest id given in the database that is to be replaced; 0 when it cannot say. */
function lastIdOf(target: string): number {
  if (!existsSync(target)) return 0
  try {
    const db = new Connection(target, {readOnly: true})
    try {
      return db.number(LAST_ID) ?? 0
    } finally {
      db.close()
    }
  } catch (error) {
    if (error instanceof QctlError) return 0
    throw error
  }
}

async function prepare(copy: string, idFloor: number, clock: Clock, lockTimeoutMs: number): Promise<void> {
  const {db} = await openConnection(copy, {create: false, durability: 'full', lockTimeoutMs, clock, onCreate: () => {}})
  try {
    db.exec('BEGIN IMMEDIATE')
    db.run(RAISE_IDS, idFloor)
    db.run(END_CONSUMERS, clock.wallNow(), clock.machineId)
    db.run(EXPIRE_LEASES)
    db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
  }
  makeDurableSync(copy)
}

/**
 * Gives the old database another name, with its log, which must never meet the new file; and the copy its name, in one step: at no moment
 * there is none, so that nobody makes an empty one. Nobody writes meanwhile: who has it open finds out that the file was replaced, and
 * a file of two names is refused. SQLite itself leaves alone what lies under the name of a file that was moved.
 * @returns its new name
 */
function replace(target: string, copy: string, clock: Clock): string {
  const before = identityOf(target)
  const lock = lockOf(target)
  try {
    if (identityOf(target) !== before) throw new QctlError('conflict', `${target} has just been replaced by somebody else`, {hint: 'look at it before you repeat this'})
    const earlier = keptEarlier(target)
    const kept = earlier ?? nameAnew(target, clock)
    const moved: string[] = []
    try {
      moveLog(target, kept, moved)
      renameSync(copy, target)
    } catch (error) {
      // In this order: as long as the file has two names it is refused without its log.
      for (const suffix of moved) renameSync(`${kept}${suffix}`, `${target}${suffix}`)
      if (earlier === null) unlinkSync(kept)
      throw error
    }
    return kept
  } finally {
    lock?.closeMoved()
  }
}

function identityOf(path: string): string {
  const {dev, ino} = statSync(path)
  return `${dev}:${ino}`
}

/** The name that an interrupted restore has given it already. */
function keptEarlier(target: string): string | null {
  return otherNamesOf(target).find(name => name.startsWith(keptName(target, ''))) ?? null
}

/** Gives it a second name that nobody has, nor a log. */
function nameAnew(target: string, clock: Clock): string {
  const name = keptName(target, toIso(clock.wallNow()).replace(/[-:]|\.\d+/g, ''))
  for (let n = 1; ; n += 1) {
    const kept = n === 1 ? name : `${name}.${n}`
    if (LOGS.some(suffix => existsSync(`${kept}${suffix}`))) continue
    try {
      linkSync(target, kept)
      return kept
    } catch (error) {
      if (!isTaken(error)) throw fileError(error, `cannot keep ${target} under a second name (a hard link)`, {permission: MOVE_AWAY, place: MOVE_AWAY})
    }
  }
}

/** @param moved told what is there no more */
function moveLog(from: string, to: string, moved: string[]): void {
  for (const suffix of LOGS) {
    // What an interrupted restore has moved already is the log; another one was made by who looked since, and is empty.
    if (!existsSync(`${from}${suffix}`) || existsSync(`${to}${suffix}`)) continue
    renameSync(`${from}${suffix}`, `${to}${suffix}`)
    moved.push(suffix)
  }
}

/** Keeps others from writing; `null` when the file is so damaged that it cannot be opened. */
function lockOf(target: string): Connection | null {
  let db: Connection | null = null
  try {
    db = new Connection(target)
    db.exec('BEGIN IMMEDIATE')
    return db
  } catch (error) {
    db?.close()
    if (error instanceof QctlError && error.code === 'busy') throw error
    return null
  }
}
