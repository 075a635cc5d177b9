/** What the processes of a simulated host share. */
import type {SimulatedCoroner} from './coroner.ts'
import type {Life} from './life.ts'
import type {Random} from './random.ts'
import type {WatchedStore} from './store.ts'
import type {Tally} from './tally.ts'
import type {VirtualTime} from './virtual-time.ts'
import type {Weather, Wire} from './wire.ts'
import type {Work} from './work.ts'

export interface Host {
  readonly time: VirtualTime
  readonly random: Random
  readonly store: WatchedStore
  readonly work: Work
  readonly coroner: SimulatedCoroner
  readonly weather: Weather
  /** Handlers take a moment only. */
  readonly isHasty: boolean
  readonly tally: Tally
  /** Something is wrong with what is simulated: the end of the world. */
  readonly fail: (error: unknown) => void
  readonly log: (line: () => string) => void
}

/** A process that may be hired as a consumer. */
export interface Post {
  readonly host: Host
  readonly life: Life
  readonly wire: Wire
  readonly queues: readonly string[]
  readonly concurrency: number
}
