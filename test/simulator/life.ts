/** A process of the simulated host: it lives, is stopped and goes on, and dies. */
import type {ProcessIdentity} from '../../src/lib/job.ts'
import type {Clock} from '../../src/lib/time.ts'
import type {Owner, VirtualTime} from './virtual-time.ts'

export class Life implements Owner {
  readonly name: string
  readonly process: ProcessIdentity
  /** By so much its wall clock differs from the others'. */
  readonly skewMs: number
  readonly #time: VirtualTime
  #isDead = false
  #isFrozen = false
  #onDeath: (() => void)[] = []

  constructor(name: string, pid: number, time: VirtualTime, skewMs: number) {
    const {bootId, machineId} = time.clock
    this.name = name
    this.skewMs = skewMs
    this.process = {pid, startTime: String(time.nowMs), bootId, pidNamespace: '4', host: 'here', machineId}
    this.#time = time
  }

  /** The clocks as this process reads them. */
  get clock(): Clock {
    const {skewMs} = this
    const {clock} = this.#time
    return {
      wallNow: () => clock.wallNow() + skewMs,
      bootNow: () => clock.bootNow(),
      bootId: this.process.bootId,
      machineId: clock.machineId,
    }
  }

  get isDead(): boolean {
    return this.#isDead
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  onDeath(action: () => void): void {
    this.#onDeath.push(action)
  }

  die(): void {
    if (this.#isDead) return
    this.#isDead = true
    for (const action of this.#onDeath) action()
  }

  freeze(): void {
    this.#isFrozen = true
  }

  thaw(): void {
    this.#isFrozen = false
    this.#time.thaw(this)
  }
}
