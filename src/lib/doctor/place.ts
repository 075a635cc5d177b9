/** Where the database lies: the file system, the space on it, who may read it. */
import {statfsSync, type StatsFs, statSync} from 'node:fs'
import {dirname} from 'node:path'
import {formatSizeShort} from '../units.ts'
import {fault, type Finding, ok, warn} from './finding.ts'

/** Kinds of file systems by their magic number (statfs(2)). */
const LOCAL: Readonly<Record<number, string>> = {
  0xef53: 'ext4', 0x58465342: 'xfs', 0x9123683e: 'btrfs', 0x2fc12fc1: 'zfs', 0xf2f52010: 'f2fs', 0xca451a4e: 'bcachefs',
}
const NETWORK: Readonly<Record<number, string>> = {
  0x6969: 'NFS', 0x517b: 'SMB', 0xff534d42: 'CIFS', 0xfe534d42: 'SMB', 0x01021997: '9p', 0x00c36400: 'Ceph', 0x5346414f: 'AFS',
  0x0bd00bd0: 'Lustre', 0x47504653: 'GPFS',
}
const MEMORY: Readonly<Record<number, string>> = {0x01021994: 'tmpfs', 0x858458f6: 'ramfs'}
const OVERLAY = 0x794c7630
const FUSE = 0x65735546

const ELSEWHERE = 'move it to a local disk: qctl backup, then qctl restore with --db or QCTL_DB of the new place'

/** The file system that the database is on. */
export function checkFileSystem(file: string): Finding {
  return judgeFileSystem(statfsSync(dirname(file)).type, file)
}

/** @param type as statfs tells it, which may be negative */
export function judgeFileSystem(type: number, file: string): Finding {
  const kind = type >>> 0
  const check = 'file_system'
  if (NETWORK[kind] !== undefined) {
    return fault(check, `${file} is on a network file system (${NETWORK[kind]}), where locks do not keep processes apart: jobs can be lost or done twice`, ELSEWHERE)
  }
  if (MEMORY[kind] !== undefined) return warn(check, `${file} is in memory (${MEMORY[kind]}): all jobs are gone when the machine stops`, ELSEWHERE)
  if (kind === OVERLAY) {
    return warn(check, `${file} is on the writable layer of a container (overlay): all jobs are gone with the container`, 'put it on a volume')
  }
  if (kind === FUSE) return warn(check, `${file} is on a FUSE file system: whether it keeps locks and fsync is up to its program`, ELSEWHERE)
  return ok(check, `the file system is local (${LOCAL[kind] ?? `0x${kind.toString(16)}`})`)
}

const GIB = 1024 ** 3
const FULL_BYTES = GIB / 8
const TIGHT_BYTES = 2 * GIB
const TIGHT_SHARE = 0.05

/** What is free on it. */
export function checkSpace(file: string): Finding {
  return judgeSpace(statfsSync(dirname(file)), dirname(file))
}

/**
 * Says whether a file system has room enough.
 * @param stats its blocks, the bytes of one (`bsize`) and its files: how many there may be, how many are free
 * @param directory named in the finding
 * @returns a fault when it is nearly full, a warning when it is getting there
 */
export function judgeSpace({bavail, blocks, bsize, ffree, files}: Pick<StatsFs, 'bavail' | 'blocks' | 'bsize' | 'ffree' | 'files'>, directory: string): Finding {
  const free = bavail * bsize
  const share = blocks === 0 ? 1 : bavail / blocks
  const text = `${formatSizeShort(free)} free (${Math.floor(share * 100)} %) in ${directory}`
  const fix = 'free some, or keep jobs for a shorter time: qctl queues set NAME --retention done=1d'
  if (free < FULL_BYTES) return fault('disk_space', `the disk is nearly full: ${text}; when it is full nothing can be stored`, fix)
  if (files > 0 && ffree < 100) return fault('disk_space', `no more files can be made in ${directory}: ${ffree} left`, 'delete files there')
  if (free < TIGHT_BYTES || share < TIGHT_SHARE) return warn('disk_space', `disk space is getting short: ${text}`, fix)
  return ok('disk_space', text)
}

/** Who may read and write it. Payloads may be anything. */
export function checkPermissions(file: string): readonly Finding[] {
  const uid = process.geteuid?.()
  const findings = [file, `${file}-wal`, `${file}-shm`].flatMap(path => {
    const stat = statSync(path, {throwIfNoEntry: false})
    if (stat === undefined) return []
    if ((stat.mode & 0o077) !== 0) return [warn('permissions', `${path} is open to other users (mode ${octal(stat.mode)})`, `chmod 600 ${path}`)]
    if (uid !== undefined && stat.uid !== uid) {
      return [warn('permissions', `${path} belongs to user ${stat.uid}, this is user ${uid}: files made by both shut one of them out`, 'run all qctl processes as one user')]
    }
    return []
  })
  const directory = dirname(file)
  const {mode} = statSync(directory)
  if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) {
    findings.push(warn('permissions', `others may replace files in ${directory} (mode ${octal(mode)})`, `chmod 700 ${directory}`))
  }
  return findings.length > 0 ? findings : [ok('permissions', `only its owner can read ${file}`)]
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}
