/** No queue at all: bare node:sqlite, a narrow table, finished rows moved to another. The limit for everything on SQLite. */
import {join} from 'node:path'
import {setImmediate as turn} from 'node:timers/promises'
import type {Durability} from '../engine-bench.ts'
import {IdealQueue} from '../ideal.ts'
import {NOTHING_RUNS, type OpenPeer, type Payload, type Peer, type Place, type Running} from './peer.ts'

const BATCH = 100

class Sqlite implements Peer {
  readonly name = 'bare SQLite, no queue'
  readonly settings = [{name: 'synchronous=FULL', durable: true}, {name: 'synchronous=NORMAL', durable: false}] as const
  readonly inHand = `${BATCH} a transaction`
  readonly pollMs = null

  version(): string {
    return process.versions['sqlite'] ?? 'unknown'
  }

  async start(): Promise<Running> {
    return NOTHING_RUNS
  }

  async open({directory, setting}: Place): Promise<OpenPeer> {
    const durability: Durability = setting === this.settings[0].name ? 'full' : 'normal'
    return new OpenSqlite(new IdealQueue(join(directory, 'ideal.db'), durability))
  }
}

class OpenSqlite implements OpenPeer {
  readonly #queue: IdealQueue

  constructor(queue: IdealQueue) {
    this.#queue = queue
  }

  async produceOne(payload: Payload): Promise<void> {
    this.#queue.insert([bytes(payload)], 1)
  }

  async produceMany(payloads: readonly Payload[]): Promise<void> {
    this.#queue.insert(payloads.map(bytes), payloads.length)
  }

  /** Of rows that were inserted in order from 0. */
  async consume(work: (n: number) => void, stop: AbortSignal): Promise<void> {
    let taken: readonly number[] = []
    while (!stop.aborted || taken.length > 0) {
      taken = this.#queue.turn(taken, stop.aborted ? 0 : BATCH)
      for (const id of taken) work(id - 1)
      await turn()
    }
  }

  async left(): Promise<number> {
    return this.#queue.count().left
  }

  async close(): Promise<void> {
    this.#queue.close()
  }
}

function bytes(payload: Payload): Uint8Array {
  return Buffer.from(JSON.stringify(payload))
}

export const peer: Peer = new Sqlite()
