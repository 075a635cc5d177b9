/** What this host can prove about the death of a consumer, and its power over what such a one left running. */
import {realpathSync} from 'node:fs'
import {resolve} from 'node:path'
import {claimKey} from '../claim-key.ts'
import type {Claim, ProcessIdentity, RunOutput} from '../job.ts'
import type {LossCause} from '../outcome.ts'
import {SpoolDirectory} from '../output-spool.ts'
import {liveness} from '../process.ts'
import type {Coroner, Holding} from '../queue/queue.ts'
import {killSurvivors, processName} from '../survivors.ts'
import {kernelOf, systemClock} from '../time.ts'

/** How long the killing of survivors is tried before their jobs are left for the next round. */
const SURVIVOR_DEADLINE_MS = 1000

/** The coroner of this host. */
export class HostCoroner implements Coroner {
  /** The one name of the database that its handlers see; `null` when it is not a file. */
  readonly dbPath: string | null

  /** What runs print while they go on. */
  readonly spools: SpoolDirectory | null

  /** @param dbPath the file of the database by any of its names; `null` for a URL */
  constructor(dbPath: string | null) {
    this.dbPath = dbPath === null ? null : realPathOf(dbPath)
    this.spools = this.dbPath === null ? null : new SpoolDirectory(this.dbPath)
  }

  causeOfDeath(process: ProcessIdentity): LossCause | null {
    if (liveness(process) !== 'dead') return null
    return kernelOf(process.bootId) === kernelOf(systemClock.bootId) ? 'consumer_died' : 'host_rebooted'
  }

  async removeSurvivors(held: readonly Holding[]): Promise<readonly Claim[]> {
    const attempts = held.map(({id, fence, process}) => ({id, fence, workersOf: processName(process)}))
    const alive = await killSurvivors(attempts, this.dbPath, {deadlineMs: SURVIVOR_DEADLINE_MS})
    return held.filter(claim => alive.has(claimKey(claim)))
  }

  outputOf(claim: Claim): RunOutput | null {
    return this.spools?.read(claim) ?? null
  }

  forgetOutput(claim: Claim): void {
    this.spools?.remove(claim)
  }
}

/** A file that has vanished has no other name any more; its storage will say so. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path)
  }
}
