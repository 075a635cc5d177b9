import {realpathSync} from 'node:fs'
import {isStopped, liveness} from '../process.ts'
import type {Eyes} from '../queue/explain.ts'
import {processName, survivors} from '../survivors.ts'

/**
 * The eyes of this host.
 * @param dbPath the file of the database, as handlers know it; `null` for a URL
 */
export function eyesOf(dbPath: string | null): Eyes {
  const name = dbPath === null ? null : realpathSync(dbPath)
  return {
    liveness,
    isStopped,
    pidsOf({id, fence}, holder) {
      const found = survivors([{id, fence, workersOf: processName(holder)}], name)
      return [...found.values()].flat().map(({pid}) => pid)
    },
  }
}
