import {existsSync} from 'node:fs'
import {type BusyConsumer, withJobs} from '../cli/consumer-json.ts'
import type {Session} from '../cli/session.ts'
import {METER_KEPT_MS, minuteOf, MINUTE_MS} from '../meter.ts'
import type {MinuteMeter, QueueStats} from '../stats.ts'
import {systemClock} from '../time.ts'
import type {Beside} from './beside.ts'
import {JobReader} from './job-reader.ts'
import {JobSearch} from './job-search.ts'

/** How many minutes back the graphs may reach. */
const GRAPH_MINUTES = 180

/** What screens may ask: the open database, and what many of them want of it. One per connection. */
export class Sources {
  readonly session: Session
  /** `-Q`: only these queues; `null` = all. */
  readonly names: readonly string[] | null
  readonly search: JobSearch
  readonly reader: JobReader
  readonly beside: Beside
  /** By queue, the minutes that are over. */
  #minutes = new Map<string, readonly MinuteMeter[]>()
  /** The first minute to ask for; what is before it is known. */
  #next: number | null = null

  constructor(session: Session, names: readonly string[] | null, beside: Beside) {
    this.session = session
    this.names = names
    this.search = new JobSearch(session.inspector)
    this.reader = new JobReader(session.storage)
    this.beside = beside
  }

  /** The wall clock, UTC ms. */
  now(): number {
    return systemClock.wallNow()
  }

  /** Queues in figures with the minutes of the graphs. Asks the store only for the minutes it has not seen the end of. */
  async stats(): Promise<readonly QueueStats[]> {
    const now = this.now()
    const start = minuteOf(now) - Math.min(GRAPH_MINUTES * MINUTE_MS, METER_KEPT_MS)
    // A clock that stepped back makes minutes count again that seemed to be over.
    const since = this.#next === null || this.#next > now ? start : this.#next
    const queues = await this.session.inspector.stats({...(this.names === null ? {} : {names: this.names}), since})
    const before = (name: string): readonly MinuteMeter[] => (this.#minutes.get(name) ?? []).filter(({at}) => at >= start && at < since)
    const whole = queues.map(queue => ({...queue, minutes: [...before(queue.name), ...queue.minutes]}))
    this.#minutes = new Map(whole.map(({name, minutes}) => [name, minutes]))
    // The minute before this one is asked for again: what was stored at its very end may not have been seen.
    this.#next = minuteOf(now) - MINUTE_MS
    return whole
  }

  /** Consumers with the jobs in their hands; of those queues only, when some were named. */
  async consumers(): Promise<readonly BusyConsumer[]> {
    const {storage} = this.session
    const [consumers, held] = await Promise.all([storage.consumers(), storage.held()])
    const all = withJobs(consumers, held)
    return this.names === null ? all : all.filter(({queues}) => queues.some(queue => this.names?.includes(queue)))
  }

  /** The file of the database; `null` where it is none. */
  async file(): Promise<string | null> {
    const {location} = await this.session.storage.info()
    return existsSync(location) ? location : null
  }
}
