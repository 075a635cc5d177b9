/** One file belongs to one running machine: which one, and what that means for the leases of the others. */
import {QctlError} from '../../errors.ts'
import type {Connection} from './connection.ts'
import {text} from './rows.ts'
import type {Transaction} from './transaction.ts'

/** Who looks, and when: the facts by which leases and registrations of other boots and machines are judged. */
export type Viewpoint = Pick<Transaction, 'bootId' | 'bootNow' | 'machineId' | 'now'>

/** The boot id without its time namespace. */
const kernel = (id: string): string => `substr(${id}, 1, instr(${id} || ':', ':') - 1)`

/** How long nothing was written until a store with consumers of another machine is taken to be no longer in use there. */
const SIGN_OF_LIFE_MS = 60_000
/** A machine that works on long leases alone writes nothing but their extensions. */
const isSilent = (now: string): string => `
abs(${now} - max(coalesce((SELECT max(updated_at) FROM queue), 0), coalesce((SELECT max(extended_at) FROM consumer), 0)))
  > ${SIGN_OF_LIFE_MS} + coalesce((SELECT max(lease_ms) FROM lease), 0)`

/** The viewpoint as bound values, in the order that `expired` names them. */
export type BoundViewpoint = readonly [string, number, string, number]

/**
 * Puts a viewpoint into the order of a statement with `expired` in it.
 * @param viewpoint `bootNow` and `now` in ms, on the boot clock and the wall clock
 * @returns boot id, boot clock, machine id, wall clock
 */
export function boundViewpoint({bootId, bootNow, machineId, now}: Viewpoint): BoundViewpoint {
  return [bootId, bootNow, machineId, now]
}

/**
 * Whether the lease `l` of consumer `c` is over. On the boot clock it was granted on, time tells. The same boot but another time
 * namespace (`BOOT:NAMESPACE`): the two clocks cannot be compared, so it is left to somebody who shares that clock. Another boot of
 * the same machine: it was started anew, all its leases are over. Another machine: not before the store was taken from it.
 * @param parameters the names of those of `boundViewpoint`, in its order
 */
export const expired = ([boot, bootNow, machine, now]: readonly [string, string, string, string]): string =>
  `CASE WHEN c.boot_id = ${boot} THEN l.until <= ${bootNow}
  WHEN ${kernel('c.boot_id')} = ${kernel(boot)} THEN 0
  WHEN c.machine_id = ${machine} THEN 1
  ELSE c.ended_at IS NOT NULL OR ${isSilent(now)} END`

const FOREIGN = (boot: string, machine: string): string =>
  `ended_at IS NULL AND ${kernel('boot_id')} <> ${kernel(boot)} AND machine_id <> ${machine}`
const FOREIGN_IN_USE = `SELECT name, host FROM consumer WHERE ${FOREIGN('?1', '?2')} AND NOT (${isSilent('?3')}) LIMIT 1`
const END_FOREIGN = `UPDATE consumer SET ended_at = ?3 WHERE ${FOREIGN('?1', '?2')}`

/** @throws QctlError `foreign_host` while another machine shows life in this store */
export function assertOneMachine(db: Connection, {bootId, machineId, now}: Omit<Viewpoint, 'bootNow'>): void {
  const foreign = db.get(FOREIGN_IN_USE, bootId, machineId, now)
  if (foreign === undefined) return
  const message = `${db.path} is in use by consumer ${text(foreign['name'])} on another machine (${text(foreign['host'])})`
  throw new QctlError('foreign_host', message, {hint: 'one SQLite file belongs to one running machine; use PostgreSQL for several'})
}

/**
 * Makes this machine the store's: the registrations of others end, and with them their leases.
 * @throws QctlError `foreign_host` while another machine shows life in this store
 */
export function takeStore(tx: Transaction, machine: Pick<Viewpoint, 'bootId' | 'machineId'>): void {
  assertOneMachine(tx.db, {...machine, now: tx.now})
  tx.db.run(END_FOREIGN, machine.bootId, machine.machineId, tx.now)
}
