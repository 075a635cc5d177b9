/** What befalls a simulated host: crashes, processes that are stopped, clocks that jump, a store that answers nobody. */
import type {Host} from './host.ts'
import type {Life} from './life.ts'

export interface Victims {
  readonly lives: () => readonly Life[]
  readonly crash: (life: Life) => void
  readonly reboot: () => void
  /** Somebody sends a consumer a signal. */
  readonly disturb: () => void
}

const LONGEST_PEACE_MS = 1500
const LONGEST_FREEZE_MS = 6000
const LONGEST_SUSPEND_MS = 20_000
const LONGEST_OUTAGE_MS = 3000

export class Hazards {
  readonly #host: Host
  readonly #victims: Victims
  #isOver = false
  /** The furthest that the wall clock ever was. */
  #latest = 0

  constructor(host: Host, victims: Victims) {
    this.#host = host
    this.#victims = victims
  }

  begin(): void {
    const {time, random} = this.#host
    time.plan(random.between(0, LONGEST_PEACE_MS), null, () => {
      if (this.#isOver) return
      this.#strike()
      this.begin()
    })
  }

  /** The weather is fine from now on, and somebody puts the clock right. */
  end(): void {
    const {clock} = this.#host.time
    this.#isOver = true
    clock.setWall(Math.max(clock.wall, this.#latest))
    for (const life of this.#victims.lives()) if (life.isFrozen) life.thaw()
  }

  #strike(): void {
    const {random, weather, time, log, tally} = this.#host
    const victim = random.pickAny(this.#victims.lives())
    random.weighted<() => void>([
      [10, () => victim !== undefined && this.#victims.crash(victim)],
      [14, () => victim !== undefined && this.#freeze(victim)],
      [3, () => this.#victims.disturb()],
      [3, () => this.#stepWallClock()],
      [1, () => this.#suspend()],
      [1, () => {
        tally.reboots += 1
        this.#victims.reboot()
      }],
      [2, () => {
        weather.outageUntilMs = time.nowMs + random.between(0, LONGEST_OUTAGE_MS)
        log(() => `the store is out of order until ${weather.outageUntilMs}`)
      }],
    ])()
  }

  #freeze(life: Life): void {
    if (life.isFrozen) return
    const {time, random, tally, log} = this.#host
    const ms = random.between(1, LONGEST_FREEZE_MS)
    tally.freezes += 1
    log(() => `${life.name} is stopped for ${ms} ms`)
    life.freeze()
    time.plan(ms, null, () => {
      if (life.isDead || !life.isFrozen) return
      log(() => `${life.name} goes on`)
      life.thaw()
    })
  }

  /** The whole host sleeps: boot and wall clock go on, timers do not. */
  #suspend(): void {
    const {time, random, tally, log} = this.#host
    const ms = random.between(1, LONGEST_SUSPEND_MS)
    tally.suspends += 1
    log(() => `the host sleeps for ${ms} ms`)
    time.clock.pass(ms)
  }

  /** Never back past the end of an assignment or a key window: whether that revives it is left open. */
  #stepWallClock(): void {
    const {time, random, tally, store, log} = this.#host
    const ms = random.pick([-3_600_000, -5000, -300, 300, 5000, 3_600_000])
    tally.clockSteps += 1
    this.#latest = Math.max(this.#latest, time.clock.wall)
    time.clock.setWall(Math.max(time.clock.wall + ms, store.model.lastBoundary() + 1))
    log(() => `the wall clock steps by about ${ms} ms`)
  }
}
