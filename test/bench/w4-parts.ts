/** Producers and consumers of W4, each way: what one process does. */
import {Consumer} from '../../src/lib/consumer/consumer.ts'
import {DEFAULT_SETTINGS, type Lease} from '../../src/lib/job.ts'
import {bareEnd} from '../../src/lib/outcome.ts'
import {identifySelf} from '../../src/lib/process.ts'
import {decide} from '../../src/lib/queue/decide.ts'
import {newJob} from '../../src/lib/queue/new-job.ts'
import {claim, wouldGrant} from '../../src/lib/storage/sqlite/claim.ts'
import type {Connection} from '../../src/lib/storage/sqlite/connection.ts'
import {register} from '../../src/lib/storage/sqlite/consumers.ts'
import {enqueue} from '../../src/lib/storage/sqlite/enqueue.ts'
import {openConnection} from '../../src/lib/storage/sqlite/open.ts'
import {settle} from '../../src/lib/storage/sqlite/settle.ts'
import {Transaction} from '../../src/lib/storage/sqlite/transaction.ts'
import {sleep, systemClock} from '../../src/lib/time.ts'
import {openStore, type Store} from './engine-bench.ts'
import {FunctionHandler} from './function-handler.ts'
import {IdealQueue} from './ideal.ts'
import {wallMs} from './worker.ts'

/** How long SQLite itself waits for the lock. */
const BUSY_TIMEOUT_MS = 60_000
const NEVER = new AbortController().signal

/** What one process did. */
export interface Part {
  /** Adds one job, durably. */
  add(payload: Uint8Array): Promise<void> | void
  /** Works until there is nothing left after `stop`. */
  consume(options: Consuming): Promise<Consumed>
}

export interface Consuming {
  readonly name: string
  readonly batch: number
  readonly stop: AbortSignal
}

export interface Consumed {
  /** Of the jobs whose handler ran. */
  readonly ids: readonly number[]
  /** When the last end was committed, on the wall clock. */
  readonly lastAt: number
}

/** Opens the database of a contest. */
export async function openPart(way: 'qctl' | 'same' | 'ideal', path: string): Promise<Part> {
  switch (way) {
    case 'qctl':
      return new LibraryPart(await openStore(path))
    case 'same':
      return new RawPart((await openConnection(path, {
        create: false, durability: 'full', lockTimeoutMs: BUSY_TIMEOUT_MS, clock: systemClock, onCreate: () => {},
      })).db)
    case 'ideal':
      return new IdealPart(new IdealQueue(path, 'full', BUSY_TIMEOUT_MS))
  }
}

/** The library, and a whole consumer with a handler that is a function. */
class LibraryPart implements Part {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async add(payload: Uint8Array): Promise<void> {
    await this.#store.queue.enqueue([{payload}])
  }

  async consume({name, batch, stop}: Consuming): Promise<Consumed> {
    const handler = new FunctionHandler()
    let lastAt = 0
    const {queue, storage, path} = this.#store
    await new Consumer({
      queue, storage, dbPath: path, handler, name, queues: ['default'], concurrency: batch, leaseMs: null, timeoutMs: null,
      graceMs: 1000, drain: false, maxJobs: null, stop, kill: NEVER,
      log: ({kind}) => {
        if (kind === 'ended') lastAt = wallMs()
      },
    }).run()
    await storage.close()
    return {ids: handler.ids, lastAt}
  }
}

/** Calls `turn` with what the turn before claimed, and looks again every 5 to 10 ms when there is nothing. */
async function poll(stop: AbortSignal, mayClaim: () => boolean, turn: (taken: readonly number[]) => readonly number[]): Promise<Consumed> {
  const ids: number[] = []
  let lastAt = 0
  let taken: readonly number[] = []
  for (;;) {
    if (taken.length === 0 && !mayClaim()) {
      if (stop.aborted) return {ids, lastAt}
      await sleep(5 + Math.random() * 5)
      continue
    }
    const finished = taken
    taken = turn(finished)
    ids.push(...finished)
    if (finished.length > 0) lastAt = wallMs()
  }
}

/** The statements of the engine in bare transactions, with SQLite's own waiting. */
class RawPart implements Part {
  readonly #db: Connection

  constructor(db: Connection) {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    this.#db = db
  }

  add(payload: Uint8Array): void {
    this.#write(tx => enqueue(tx, [newJob({payload})]))
  }

  consume({name, batch, stop}: Consuming): Promise<Consumed> {
    const consumer = {name, process: identifySelf(), queues: ['default'], concurrency: batch, replaces: null}
    const registered = this.#write(tx => register(tx, consumer))
    if (registered.kind === 'taken') throw new TypeError(`there is another ${name}`)
    const request = {consumerId: registered.id, queues: ['default'], limit: batch, leaseMs: null}
    const end = bareEnd({kind: 'done', result: null})
    let leases: readonly Lease[] = []
    const turn = (): readonly number[] => {
      const ended = leases.map(lease => decide(lease, end, DEFAULT_SETTINGS, Math.random))
      leases = this.#write(tx => {
        if (ended.length > 0) settle(tx, ended)
        return claim(tx, request)
      })
      return leases.map(({id}) => id)
    }
    return poll(stop, () => wouldGrant(this.#db, request, Date.now()), turn)
  }

  #write<T>(run: (tx: Transaction) => T): T {
    this.#db.run('BEGIN IMMEDIATE')
    const tx = new Transaction(this.#db, systemClock)
    const value = run(tx)
    tx.flush()
    this.#db.run('COMMIT')
    return value
  }
}

class IdealPart implements Part {
  readonly #queue: IdealQueue

  constructor(queue: IdealQueue) {
    this.#queue = queue
  }

  add(payload: Uint8Array): void {
    this.#queue.add(payload)
  }

  consume({batch, stop}: Consuming): Promise<Consumed> {
    return poll(stop, () => this.#queue.hasReady(), taken => this.#queue.turn(taken, batch))
  }
}
