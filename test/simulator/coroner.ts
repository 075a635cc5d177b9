/** What a consumer of the simulated host can tell about the death of others, and its power over what they left running. */
import type {Claim, ProcessIdentity} from '../../src/lib/job.ts'
import type {LossCause} from '../../src/lib/outcome.ts'
import type {Coroner, Holding} from '../../src/lib/queue/queue.ts'
import type {Life} from './life.ts'
import type {Random} from './random.ts'
import type {VirtualTime} from './virtual-time.ts'
import type {Work} from './work.ts'

/** What a look at all processes, and their killing, takes. */
const KILLING_MS = 40

export class SimulatedCoroner implements Coroner {
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #work: Work
  readonly #lives: ReadonlyMap<number, Life>

  /** @param lives of this host, dead or alive, by their pid */
  constructor(time: VirtualTime, random: Random, work: Work, lives: ReadonlyMap<number, Life>) {
    this.#time = time
    this.#random = random
    this.#work = work
    this.#lives = lives
  }

  causeOfDeath(process: ProcessIdentity): LossCause | null {
    if (process.bootId !== this.#time.clock.bootId) return 'host_rebooted'
    const life = this.#lives.get(process.pid)
    const isThere = life !== undefined && !life.isDead && life.process.startTime === process.startTime
    return isThere ? null : 'consumer_died'
  }

  async removeSurvivors(held: readonly Holding[]): Promise<readonly Claim[]> {
    const left = held.filter(claim => !this.#work.kill(claim))
    await this.#time.pause(this.#random.between(0, KILLING_MS))
    return left
  }

  outputOf(): null {
    return null
  }

  forgetOutput(): void {}
}
