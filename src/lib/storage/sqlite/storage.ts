import {QctlError} from '../../errors.ts'
import type {Claim, Consumer, Enqueued, Lease, NewJob, Queue} from '../../job.ts'
import type {Standing} from '../../standing.ts'
import type {QueueStats} from '../../stats.ts'
import type {ChangedBy} from '../../store-event.ts'
import type {Clock} from '../../time.ts'
import type {
  Acted,
  Action,
  ClaimRequest,
  Extension,
  Held,
  JobRecord,
  Maintained,
  NewConsumer,
  Page,
  Query,
  QueueChange,
  Registered,
  Settled,
  StatsQuery,
  Storage,
  StorageInfo,
  Target,
  Transition,
} from '../storage.ts'
import {act} from './act.ts'
import {Bell} from './bell.ts'
import {claim, wouldGrant} from './claim.ts'
import type {Connection} from './connection.ts'
import {consumers, leave, register, unregister} from './consumers.ts'
import {deleteQueue, isSwept, sweepDeleted} from './delete-queue.ts'
import {enqueue} from './enqueue.ts'
import {explain} from './explain.ts'
import {find} from './find.ts'
import {GroupCommit, Joiner, type Rank} from './group-commit.ts'
import {type Also, newestEvents} from './history.ts'
import {type BootTime, getJobs} from './job-rows.ts'
import {extend, held} from './leases.ts'
import type {Viewpoint} from './machines.ts'
import {maintain, nothingToMaintain, shrink} from './maintain.ts'
import {type Durability, SCHEMA_VERSION} from './migrate.ts'
import {openConnection, openMemory, patiently, type SqliteOptions} from './open.ts'
import {queues, setQueue} from './queues.ts'
import {settle} from './settle.ts'
import {stats} from './stats.ts'
import type {Transaction} from './transaction.ts'
import {ChangeWatcher} from './watch.ts'

/** How many jobs of a deleted queue go in one transaction: others get the lock in between. */
const SWEEP_STEP = 2000

/** The storage contract on one SQLite file. Writes go through the group commit, reads run outside transactions. */
export class SqliteStorage implements Storage {
  readonly #db: Connection
  readonly #clock: Clock
  readonly #durability: Durability
  readonly #lockTimeoutMs: number
  readonly #commit: GroupCommit
  readonly #watcher: ChangeWatcher
  readonly #bell: Bell
  readonly #enqueue: Joiner<NewJob, Enqueued>
  readonly #settle: Joiner<Transition, Settled>
  #closed = false

  private constructor(db: Connection, durability: Durability, options: Pick<SqliteOptions, 'clock' | 'lockTimeoutMs'>) {
    this.#db = db
    this.#clock = options.clock
    this.#durability = durability
    this.#lockTimeoutMs = options.lockTimeoutMs
    this.#watcher = new ChangeWatcher(db, options.clock)
    this.#bell = new Bell(db.path)
    this.#commit = new GroupCommit(db, options.clock, options.lockTimeoutMs, () => this.#committed())
    this.#enqueue = new Joiner(this.#commit, 'enqueue', enqueue)
    this.#settle = new Joiner(this.#commit, 'settle', settle)
  }

  /**
   * Opens a file.
   * @throws QctlError `not_found`, `cannot_open`, `permission`, `not_a_database`, `newer_schema`, `busy`
   */
  static async open(path: string, options: SqliteOptions): Promise<SqliteStorage> {
    const {db, durability} = await openConnection(path, options)
    return new SqliteStorage(db, durability, options)
  }

  /** Opens a store in memory, for tests and simulations. */
  static inMemory(clock: Clock): SqliteStorage {
    return new SqliteStorage(openMemory(clock), 'full', {clock, lockTimeoutMs: 0})
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
    this.#assertOpen()
    return jobs.length === 0 ? [] : this.#enqueue.submit(jobs)
  }

  claim(request: ClaimRequest): Promise<readonly Lease[]> {
    const probe = (): readonly Lease[] | undefined =>
      wouldGrant(this.#db, request, this.#clock.wallNow()) ? undefined : []
    return this.#write('claim', tx => claim(tx, request), probe)
  }

  extend(extensions: readonly Extension[], leaseMs: number): Promise<readonly Claim[]> {
    return this.#write('change', tx => extend(tx, extensions, leaseMs))
  }

  async settle(transitions: readonly Transition[]): Promise<readonly Settled[]> {
    this.#assertOpen()
    return transitions.length === 0 ? [] : this.#settle.submit(transitions)
  }

  held(filter: {readonly consumerId?: number} = {}): Promise<readonly Held[]> {
    return this.#read(() => held(this.#db, this.#viewpoint(), filter.consumerId))
  }

  act(action: Action, targets: readonly Target[], actor: string): Promise<readonly Acted[]> {
    return this.#write('change', tx => act(tx, action, targets, actor))
  }

  find(query: Query): Promise<Page> {
    return this.#read(() => find(this.#db, query, this.#bootTime()))
  }

  get(ids: readonly number[], also: Also = {}): Promise<readonly JobRecord[]> {
    return this.#read(() => getJobs(this.#db, ids, this.#bootTime(), also))
  }

  explain(ids: readonly number[]): Promise<readonly Standing[]> {
    return this.#read(() => explain(this.#db, ids, this.#viewpoint()))
  }

  queues(names?: readonly string[]): Promise<readonly Queue[]> {
    return this.#read(() => queues(this.#db, names))
  }

  stats(query: StatsQuery): Promise<readonly QueueStats[]> {
    return this.#read(() => stats(this.#db, query, this.#clock.wallNow()))
  }

  setQueue(name: string, change: QueueChange): Promise<Queue> {
    return this.#write('change', tx => setQueue(tx, name, change))
  }

  deleteQueue(name: string, options: {readonly force: boolean; readonly by?: ChangedBy}): Promise<void> {
    return this.#write('change', tx => deleteQueue(tx, name, options)).then(() => this.#sweepDeleted())
  }

  async #sweepDeleted(): Promise<void> {
    try {
      while (!isSwept(this.#db)) await this.#write('change', tx => sweepDeleted(tx, SWEEP_STEP))
    } catch {
      // The queue is gone, and that is stored; its rows go with the next housekeeping.
    }
  }

  register(consumer: NewConsumer): Promise<Registered> {
    return this.#write('change', tx => register(tx, consumer))
  }

  unregister(consumerId: number, {leaving}: {readonly leaving: boolean} = {leaving: false}): Promise<void> {
    return this.#write('change', tx => (leaving ? leave(tx, consumerId) : unregister(tx, consumerId)))
  }

  consumers(): Promise<readonly Consumer[]> {
    return this.#read(() => consumers(this.#db))
  }

  async maintain({limit}: {readonly limit: number}): Promise<Maintained> {
    const probe = (): Maintained | undefined => nothingToMaintain(this.#db, this.#viewpoint())
    const maintained = await this.#write('change', tx => maintain(tx, limit), probe)
    await this.#read(() => shrink(this.#db))
    return maintained
  }

  watch(listener: (error: Error | null) => void, pollMs: number, isUrgent: () => boolean = () => true): () => void {
    this.#assertOpen()
    return this.#watcher.add(listener, pollMs, isUrgent)
  }

  info({events = 0}: {readonly events?: number} = {}): Promise<StorageInfo> {
    return this.#read(() => ({
      engine: 'sqlite',
      location: this.#db.path,
      schemaVersion: SCHEMA_VERSION,
      durability: this.#durability,
      engineVersion: String(this.#db.tuples('SELECT sqlite_version()')[0]?.[0]),
      events: events > 0 ? newestEvents(this.#db, events) : [],
    }))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#watcher.close()
    await this.#commit.idle()
    this.#bell.close()
    this.#db.close()
  }

  #committed(): void {
    this.#bell.ring()
    this.#watcher.changedHere()
  }

  async #write<T>(rank: Rank, run: (tx: Transaction) => T, probe: (() => T | undefined) | null = null): Promise<T> {
    this.#assertOpen()
    return this.#commit.submit(rank, run, probe)
  }

  async #read<T>(action: () => T): Promise<T> {
    this.#assertOpen()
    return patiently(this.#lockTimeoutMs, action)
  }

  #viewpoint(): Viewpoint {
    const {bootId, machineId} = this.#clock
    return {bootId, machineId, bootNow: this.#clock.bootNow(), now: this.#clock.wallNow()}
  }

  #bootTime(): BootTime {
    return {boot: this.#clock.bootId, boot_now: this.#clock.bootNow()}
  }

  #assertOpen(): void {
    if (this.#closed) throw new QctlError('conflict', 'the queue is closed')
  }
}
