import type {Clock} from '../../../src/lib/time.ts'

/** Both clocks of a host, moved by hand. */
export class FakeClock implements Clock {
  wall = 1_800_000_000_000
  boot = 5_000_000
  bootId = 'boot-1:0'
  machineId = 'machine-1'

  wallNow(): number {
    return this.wall
  }

  bootNow(): number {
    return this.boot
  }

  /** Time passes. */
  pass(ms: number): void {
    this.wall += ms
    this.boot += ms
  }

  /** Somebody sets the wall clock. */
  setWall(ms: number): void {
    this.wall = ms
  }

  /** The clocks of another machine at this moment. */
  elsewhere(): FakeClock {
    const other = new FakeClock()
    other.wall = this.wall
    other.boot = 77_000
    other.bootId = 'boot-9:0'
    other.machineId = 'machine-2'
    return other
  }

  /** The same host after it started again: a new boot clock, near zero. */
  afterReboot(): FakeClock {
    const next = new FakeClock()
    next.wall = this.wall + 60_000
    next.boot = 20_000
    next.bootId = this.bootId.replace(':', '+:')
    return next
  }
}
