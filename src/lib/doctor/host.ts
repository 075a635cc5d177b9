/** The programs and the clock. */
import type {Storage} from '../storage/storage.ts'
import {formatDurationShort} from '../time.ts'
import {fault, type Finding, ok, warn} from './finding.ts'

/** Before it, writers that met at the end of the log could damage a database (sqlite.org/wal.html, the WAL-reset bug). */
const SQLITE = '3.51.3'
const BUN = '1.4.0'
const NODE = '24.0.0'

/** Versions of what everything rests on. */
export function checkVersions(sqlite: string, {bun, node}: {readonly bun?: string | undefined; readonly node: string}): Finding {
  const runtime = bun === undefined ? `Node ${node}` : `Bun ${bun}`
  const text = `SQLite ${sqlite}, ${runtime}`
  if (isOlder(sqlite, SQLITE)) return fault('versions', `${text}: SQLite before ${SQLITE} can damage a database under several writers`, 'use the qctl binary, or a newer Node')
  if (bun === undefined ? isOlder(node, NODE) : isOlder(bun, BUN)) {
    return fault('versions', `${text}: qctl is made for Bun ${BUN} or Node ${NODE} and newer`, 'use the qctl binary, or a newer runtime')
  }
  return ok('versions', text)
}

function isOlder(version: string, than: string): boolean {
  const [have, want] = [version, than].map(text => text.split('.').map(part => Number.parseInt(part, 10)))
  for (const i of [0, 1, 2]) {
    const difference = (have?.[i] ?? 0) - (want?.[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

/** A clock that is slower than what was stored by it. */
const TOLERATED_MS = 1000

/** Whether the clock went back since the newest job was added. */
export async function checkClock(storage: Pick<Storage, 'find'>, now: number): Promise<Finding> {
  const {jobs: [newest]} = await storage.find({filter: null, order: {field: 'id', descending: true}, limit: 1, cursor: null, scanLimit: 1})
  const ahead = newest === undefined ? 0 : newest.updatedAt - now
  if (ahead <= TOLERATED_MS) return ok('clock', 'the clock is not behind what was stored')
  return warn(
    'clock',
    `the clock went back: job ${newest?.id} was stored ${formatDurationShort(ahead)} from now; leases are safe, delays and retention wait for it to catch up`,
    'see to the time service (timedatectl)',
  )
}
