import {describe} from 'bun:test'
import {actContract} from './act.ts'
import {atomicityContract, lifecycleContract} from './atomicity.ts'
import {assignmentContract, claimContract, suspectContract} from './claim.ts'
import {consumersContract} from './consumers.ts'
import {enqueueContract, keyContract} from './enqueue.ts'
import {explainContract} from './explain.ts'
import {findContract, getContract, historyContract} from './find.ts'
import {leaseContract} from './leases.ts'
import {maintainContract} from './maintain.ts'
import {deleteQueueContract, pauseContract, queuesContract, setQueueContract} from './queues.ts'
import {deadLetterContract, heldContract, settleContract, transitionContract} from './settle.ts'
import {statsContract} from './stats.ts'
import {type Ability, type EngineTraits, type OpenStore, Suite} from './suite.ts'
import {watchContract} from './watch.ts'

const GROUPS: Readonly<Record<string, (suite: Suite) => void>> = {
  enqueue: enqueueContract,
  keys: keyContract,
  claim: claimContract,
  assignment: assignmentContract,
  suspects: suspectContract,
  leases: leaseContract,
  settle: settleContract,
  transition: transitionContract,
  'dead letter': deadLetterContract,
  held: heldContract,
  act: actContract,
  find: findContract,
  get: getContract,
  history: historyContract,
  explain: explainContract,
  queues: queuesContract,
  stats: statsContract,
  'set queue': setQueueContract,
  pause: pauseContract,
  'delete queue': deleteQueueContract,
  consumers: consumersContract,
  maintain: maintainContract,
  watch: watchContract,
  atomicity: atomicityContract,
  lifecycle: lifecycleContract,
}

/**
 * The tests of the storage contract, for one engine: every sentence of `storage.ts` has one.
 * @param name of the engine
 * @param open makes a fresh, empty store
 * @param traits what the engine is by nature
 * @param abilities what its stores can do beyond the contract; a sentence that needs one which is missing is a visible skip
 */
export function storageContract(
  name: string,
  open: OpenStore,
  traits: EngineTraits,
  abilities: readonly Ability[],
): void {
  describe(`storage contract: ${name}`, () => {
    const suite = new Suite(open, traits, abilities)
    for (const [group, prove] of Object.entries(GROUPS)) describe(group, () => prove(suite))
    suite.comparesWithContract()
  })
}
