/** The database itself: what it promises, whether it is whole, its log. */
import {readFileSync, statSync} from 'node:fs'
import {formatSizeShort} from '../units.ts'
import type {Examination} from '../upkeep.ts'
import {fault, type Finding, ok, warn} from './finding.ts'

const RECOVER = 'stop all of qctl, keep the file and its -wal, then: qctl restore BACKUP (or, without one, sqlite3 FILE .recover)'

/** What happens to a job whose id was given. */
export function checkDurability(durability: 'full' | 'normal'): Finding {
  const said = 'a job you were given an id for survives: process crash yes,'
  return durability === 'full'
    ? ok('durability', `${said} power cut yes if the disk honours fsync`)
    : warn('durability', `${said} power cut no: the last moments may be lost (durability normal)`, 'that was chosen with init; a new database with qctl init --durability full does not lose them')
}

/** Whether it is whole. */
export function checkIntegrity({damage, payloads, file}: Examination, full: boolean): readonly Finding[] {
  const found = damage.slice(0, 3).map(line => fault('integrity', `${file} is damaged: ${line}`, RECOVER))
  if (found.length === 0) found.push(ok('integrity', full ? 'the database is whole, tables and indexes' : 'a quick look finds the database whole (--full reads all of it)'))
  const {checked, bad, complete} = payloads
  if (bad.length > 0) {
    const fix = 'their consumers will fail them as corrupt and start no handler: submit them anew, or restore a backup'
    return [...found, fault('payloads', `the payload of ${bad.length === 1 ? 'job' : 'jobs'} ${bad.join(', ')} is not what was stored`, fix)]
  }
  return [...found, ok('payloads', `${complete ? `all ${checked}` : `the newest ${checked}`} payloads match their checksums`)]
}

const LARGE_LOG_BYTES = 64 * 1024 ** 2
const HUGE_LOG_BYTES = 1024 ** 3
/** As many pages as SQLite copies back by itself, several times over. */
const STUCK_PAGES = 5000

/** Whether the log is copied back; if not, who keeps it from that. */
export function checkLog({file, logBytes, log}: Examination): Finding {
  const size = `the log beside the database has ${formatSizeShort(logBytes)}`
  if (logBytes < LARGE_LOG_BYTES && log.stuck < STUCK_PAGES) return ok('log', size)
  const readers = readersOf(`${file}-shm`)
  const who = readers.length === 0 ? '' : `; a read has been open in process ${readers.join(', ')}`
  const fix = readers.length === 0 ? 'run a consumer or qctl reap, which cut it back' : `end or restart ${readers.length === 1 ? 'it' : 'them'}: the log grows as long as a read is open`
  const message = `${size}${log.stuck > 0 ? `, ${log.stuck} pages of which cannot be copied back yet` : ''}${who}`
  return logBytes >= HUGE_LOG_BYTES ? fault('log', message, fix) : warn('log', message, fix)
}

/** The locks of open reads: one byte each in the file of shared memory (sqlite.org/walformat.html, WAL_READ_LOCK 1…4). */
const FIRST_READ_LOCK = 124
const LAST_READ_LOCK = 127

/** The processes in which a read of the log is open. */
function readersOf(shm: string): readonly number[] {
  const stat = statSync(shm, {throwIfNoEntry: false})
  if (stat === undefined) return []
  try {
    return readersIn(readFileSync('/proc/locks', 'utf8'), stat.ino).filter(pid => pid !== process.pid)
  } catch {
    return []
  }
}

/** @param locks what /proc/locks shows */
export function readersIn(locks: string, inode: number): readonly number[] {
  const found = [...locks.matchAll(/^\d+: POSIX\s+\S+\s+READ\s+(\d+) [0-9a-f]+:[0-9a-f]+:(\d+) (\d+) (\d+)$/gm)]
  const reading = found.filter(([, , file, from]) => Number(file) === inode && Number(from) >= FIRST_READ_LOCK && Number(from) <= LAST_READ_LOCK)
  return [...new Set(reading.map(([, pid]) => Number(pid)))]
}
